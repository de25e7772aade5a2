"""The databases of the scenarios, filled once; every run gets a copy of its own."""

import contextlib
import os
import pathlib
import shutil
import sqlite3

import like_databases
import measure
from postgres import Postgres
from traffic.workloads import TWEETS, USERS

STATISTICS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "off"}
# A tweet of about a hundred characters, by an author chosen so that neighbours differ.
WORDS = "what there is to say about it takes about as many words as this " * 2
CONTENT = f"'Tweet ' || i || ': ' || substr('{WORDS}', 1, 90)"


class Sqlite:
    name = "SQLite"

    def __init__(self, directory):
        self.seed = pathlib.Path(directory) / "seed.db"

    def url_of_seed(self):
        return f"sqlite:{self.seed}"

    def fill(self):
        """What a worker has made gets users and tweets."""
        with contextlib.closing(sqlite3.connect(self.seed, timeout=10)) as database, database:
            database.execute(f"""
                WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {USERS})
                INSERT INTO users(id, username, username_folded, email, email_folded, display_name,
                                  display_name_folded, created_at_ms, updated_at_ms)
                SELECT i, 'user' || i, 'user' || i, '', '', 'User ' || i, 'user ' || i, 0, 0 FROM n""")
            database.execute(f"""
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TWEETS})
                INSERT INTO tweets(id, user_id, content, created_at_ms, updated_at_ms)
                SELECT i, 1 + i % {USERS}, {CONTENT}, 0, 0 FROM n""")
        with contextlib.closing(sqlite3.connect(self.seed, timeout=10)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("ANALYZE")

    def fresh(self, directory):
        path = pathlib.Path(directory) / "likes.db"
        shutil.copyfile(self.seed, path)
        return f"sqlite:{path}"

    def statements(self, _url):
        """Nothing counts them but the workers."""

    def likes(self, url):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:"), timeout=10)) as database:
            return database.execute("SELECT coalesce(sum(likes), 0) FROM tweets").fetchone()[0]

    def cpu_s(self):
        return 0.0

    def drop(self, url):
        """Its directory is removed."""

    def close(self):
        pass


class Postgresql:
    """With default durability and memory, on the core of the servers."""

    name = "PostgreSQL"

    def __init__(self, _directory):
        self.server = Postgres(safe=True, settings={**like_databases.DEFAULTS, **STATISTICS})
        self.made = 0
        self.gone_s = 0.0  # CPU of servers that were killed
        self.pin()
        self.server.create_database("seed")
        self.server.query("CREATE EXTENSION pg_stat_statements", "postgres")

    def pin(self):
        for pid in self.server.processes():  # inherited by the processes it starts from now on
            os.sched_setaffinity(pid, {measure.SERVER_CORE})

    def url_of_seed(self):
        return self.server.url("seed")

    def fill(self):
        self.server.query(f"""
            INSERT INTO users(id, username, username_folded, email, email_folded, display_name, display_name_folded,
                              created_at_ms, updated_at_ms)
            SELECT i, 'user' || i, 'user' || i, '', '', 'User ' || i, 'user ' || i, 0, 0
            FROM generate_series(2, {USERS}) AS i;
            INSERT INTO tweets(id, user_id, content, words, created_at_ms, updated_at_ms)
            SELECT i, 1 + i % {USERS}, {CONTENT}, '', 0, 0 FROM generate_series(1, {TWEETS}) AS i;
            SELECT setval(pg_get_serial_sequence('tweets', 'id'), {TWEETS});
            SELECT setval(pg_get_serial_sequence('users', 'id'), {USERS})""", "seed")
        self.server.query("VACUUM ANALYZE", "seed")

    def fresh(self, _directory):
        self.made += 1
        if self.server.process is None:  # a run failed while it was away, or was standing still
            self.start()
        self.server.resume()
        name = f"run{self.made}"
        self.server.query(f"CREATE DATABASE {name} TEMPLATE seed", "postgres")
        self.server.query("CHECKPOINT", "postgres")
        return self.server.url(name)

    def likes(self, url):
        return int(self.server.query("SELECT coalesce(sum(likes), 0) FROM tweets", url.rpartition("/")[2]))

    def statements(self, url):
        """By pg_stat_statements, as a check of what the workers logged."""
        return int(self.server.query(
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
            f"WHERE d.datname = '{url.rpartition('/')[2]}'", "postgres"))

    def cpu_s(self):
        """CPU of running and ended processes."""
        if self.server.process is None:
            return self.gone_s
        first, *others = self.server.processes()
        return (self.gone_s + measure.process_cpu_s(first, ended_children=True)
                + sum(map(measure.process_cpu_s, others)))

    def kill(self):
        self.gone_s = self.cpu_s()
        self.server.kill()

    def start(self):
        self.server.start()
        self.pin()

    def drop(self, url):
        self.server.query(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)", "postgres")

    def close(self):
        self.server.close()


KINDS = {"sqlite": Sqlite, "postgres": Postgresql}
