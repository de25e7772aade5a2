"""The databases of bench/likes.py. Every round has a new one, given by a URL that roost-api accepts."""

import contextlib
import os
import pathlib
import sqlite3
import sys

import measure

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/flow"))
from postgres import Postgres  # noqa: E402

# PostgreSQL's defaults, where the tests use less.
DEFAULTS = {"shared_buffers": "128MB", "max_wal_size": "1GB", "autovacuum_naptime": "1min"}


class Sqlite:
    name = "SQLite"
    statements_per_batch = 2  # the fence and the deltas
    has_server = False
    direct_connections = (1, 8)  # SQLite has one writer at a time; more connections only wait.

    def fresh(self, directory):
        return f"sqlite:{directory}/likes.db"

    def fill(self, url, tweets):
        """Inserts the tweets 1 to `tweets` into the worker's database."""
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:"), timeout=10)) as connection, connection:
            connection.execute(f"""
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tweets})
                INSERT OR IGNORE INTO tweets(id, user_id, content, created_at_ms, updated_at_ms)
                SELECT i, (SELECT min(id) FROM users), 'a tweet of some length', 0, 0 FROM n""")

    def drop(self, url):
        """Called before its directory is removed."""

    def server_cpu_s(self):
        return 0.0

    def close(self):
        pass


class Postgresql:
    """A server with default durability, on the core of the load generator: the worker has its core for itself."""

    name = "PostgreSQL"
    statements_per_batch = 1
    has_server = True
    direct_connections = (1, 8, 64)

    def __init__(self):
        self.server = Postgres(safe=True, settings=DEFAULTS)
        self.made = 0
        for pid in self.server.processes():  # Inherited by the processes it starts from now on.
            os.sched_setaffinity(pid, {measure.LOAD_CORE})

    def fresh(self, _directory):
        self.made += 1
        return self.server.create_database(f"likes{self.made}")

    def fill(self, url, tweets):
        database = url.rpartition("/")[2]
        self.server.query(f"""
            INSERT INTO tweets(id, user_id, content, words, created_at_ms, updated_at_ms)
            SELECT i, (SELECT min(id) FROM users), 'a tweet of some length', '', 0, 0
            FROM generate_series(1, {tweets}) AS i ON CONFLICT DO NOTHING""", database)
        self.server.query("VACUUM ANALYZE tweets", database)

    def drop(self, url):
        self.server.query(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)", "postgres")

    def server_cpu_s(self):
        """CPU of running and ended processes."""
        first, *others = self.server.processes()
        return measure.process_cpu_s(first, ended_children=True) + sum(map(measure.process_cpu_s, others))

    def close(self):
        self.server.close()


KINDS = {"sqlite": Sqlite, "postgres": Postgresql}
