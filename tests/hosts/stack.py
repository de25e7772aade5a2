"""A stack spread over hosts: proxies, workers, a PostgreSQL and its standby, each in a network namespace of its own."""

import json
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "hosts"), str(TESTS / "flow"), str(TESTS / "faults")]
from harness import *  # noqa: E402,F403
from like_load import LikeCounts, LikeThreads  # noqa: E402,F401
from network import Network  # noqa: E402
from servers import HostedPostgres, pgbouncer_words  # noqa: E402,F401

ADMIN_TOKEN = "told-by-workers"
LAN = "10.77.0.0/24"
DURABLE = {"synchronous_standby_names": "ANY 1 (one, two)"}


class HostsTest(FlowTest):
    """One network for the tests of a class, with the host of a primary and that of its standby."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.impossible = None
        try:
            cls.network = Network()
        except unittest.SkipTest as why:  # told for each test
            cls.impossible = str(why)
            return
        cls.addClassCleanup(cls.network.close)
        cls.one = HostedPostgres(cls.network.host("db-one"), "one")
        cls.addClassCleanup(cls.one.close)
        cls.two = HostedPostgres(cls.network.host("db-two"), "two", cls.one)
        cls.addClassCleanup(cls.two.close)
        cls.primary = cls.one
        cls.databases_made = 0

    def setUp(self):
        if self.impossible:
            self.skipTest(self.impossible)
        super().setUp()
        type(self).databases_made += 1
        self.database_name = f"test{self.databases_made}"
        self.primary.create_database(self.database_name)
        self.key = self.write("token.key", "k" * 64)
        self.key.chmod(0o600)
        self.admins = []

    def query(self, sql):
        return self.primary.query(sql, self.database_name)

    def stored(self, tweets):
        rows = [row.split("|") for row in self.query("SELECT id, likes FROM tweets").splitlines()]
        likes = {int(tweet): int(count) for tweet, count in rows}
        return {tweet: likes[tweet] for tweet in tweets}

    def either(self):
        """The URL of whichever server takes writes."""
        return (f"postgres://roost@{self.one.address},{self.two.address}:5432/{self.database_name}"
                "?target_session_attrs=read-write")

    def worker(self, host, url=None, name="w1", environment=None):
        """A worker on a host, with a data directory of its own; not waited for."""
        address = f"{host.address}:9001"
        settings = {**CHEAP_PASSWORDS, "ROOST_DATABASE_URL": url or self.either(), "ROOST_API_USER": "root",
                    "ROOST_API_TOKEN_KEY": str(self.key), "ROOST_API_TRUSTED_PROXIES": LAN, "ROOST_LOGS_ACCESS": "open",
                    "ROOST_API_PROXIES": ",".join(self.admins), "ROOST_ADMIN_TOKEN": ADMIN_TOKEN,
                    "ROOST_BATCHER_MAX_AGE": "200ms", **(environment or {})}
        program = self.program(*host.command(BIN / "roost-api"), "--listen", address, "--data",
                               self.directory / f"data-{host.name}", "--worker", name, environment=settings)
        program.address, program.host = address, host
        return program

    def ready(self, *workers):
        for worker in workers:
            wait_until(lambda worker=worker: self.is_ready(worker), 60, f"the worker on {worker.host.name}")
        return workers

    def is_ready(self, worker):
        self.assertTrue(worker.running(), worker.output())
        return accepts_connections(worker.address) and get(worker.address, "/readyz").status == 200

    def front(self, host, addresses):
        """A proxy on a host, before workers at these addresses."""
        address, admin = f"{host.address}:8080", f"{host.address}:8081"
        upstreams = [word for upstream in addresses for word in ("--upstream", upstream)]
        program = self.program(*host.command(BIN / "roost-proxy"), "--listen", address, "--admin", admin, *upstreams,
                               environment={"ROOST_ADMIN_TOKEN": ADMIN_TOKEN, "ROOST_PROXY_USER": "root"})
        program.address, program.admin, program.host = address, admin, host
        wait_until(lambda: accepts_connections(address), 30, f"the proxy on {host.name}")
        return program

    def metrics(self, worker):
        lines = get(worker.address, "/metrics").body.decode().splitlines()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def shown(self, address, tweet):
        answer = get(address, f"/like/{tweet}")
        return json.loads(answer.body)["likes"] if answer.status == 200 else answer.status
