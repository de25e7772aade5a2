"""The API's contract, line by line, with workers on PostgreSQL: directly and through the proxy."""

import test_api_contract
from harness import *
from postgres import Postgres


class OnPostgres(test_api_contract.Contract):
    """One cluster, and a database for each test."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)
        cls.made = 0

    def setUp(self):
        type(self).made += 1
        self.url = self.postgres.create_database(f"contract{self.made}")
        super().setUp()

    def database(self):
        return self.url


class OfAWorker(OnPostgres, FlowTest):
    pass


class ThroughTheProxy(OnPostgres, FlowTest):
    slash = proxied = True


if __name__ == "__main__":
    main()
