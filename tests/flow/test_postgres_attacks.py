"""The attacks that reach the database, with workers on PostgreSQL."""

import test_api_attacks
from harness import *
from postgres import OnPostgres


class Injection(OnPostgres, test_api_attacks.Injection):
    pass


class Tokens(OnPostgres, test_api_attacks.Tokens):
    pass


class OthersThings(OnPostgres, test_api_attacks.OthersThings):
    pass


class Sharing(OnPostgres, test_api_attacks.Sharing):
    pass


class Size(OnPostgres, test_api_attacks.Size):
    pass


if __name__ == "__main__":
    main()
