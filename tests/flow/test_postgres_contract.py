"""The API's contract, line by line, with workers on PostgreSQL: directly and through the proxy."""

import test_api_contract
from harness import *
from postgres import OnPostgres


class OfAWorker(OnPostgres, test_api_contract.Contract, FlowTest):
    pass


class ThroughTheProxy(OnPostgres, test_api_contract.Contract, FlowTest):
    slash = proxied = True


if __name__ == "__main__":
    main()
