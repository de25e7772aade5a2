"""PostgreSQL servers on hosts of their own, one the standby of another, and PgBouncer."""

import os
import pathlib
import pwd
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from postgres import Postgres, program  # noqa: E402

ANYBODY = "host all,replication all 10.77.0.0/24 trust\n"


class HostedPostgres(Postgres):
    """A server on a host. Given `primary`, it begins as its standby, which streams from it and is asked for by the
    name `name` in synchronous_standby_names."""

    def __init__(self, host, name, primary=None, settings=None):
        self.host, self.name, self.primary = host, name, primary
        super().__init__(safe=True, settings={"listen_addresses": "*", "wal_keep_size": "256MB", "hot_standby": "on",
                                              **(settings or {})}, prefix=host.command(), address=host.address)

    def free_port(self):
        return 5432

    def make_data(self):
        if self.primary is None:
            super().make_data()
            with open(self.directory / "data/pg_hba.conf", "a", encoding="utf-8") as rules:
                rules.write(ANYBODY)
        else:
            self.copy_of(self.primary)

    def copy_of(self, primary):
        source = f"host={primary.address} port={primary.port} user=roost application_name={self.name}"
        self.run(program("pg_basebackup"), "-D", self.directory / "data", "-R", "-X", "stream", "-c", "fast",
                 "--no-sync", "-d", source)

    def rebuild_from(self, primary):
        """Throws its data away and comes back as the standby of `primary`."""
        self.kill()
        shutil.rmtree(self.directory / "data")
        self.copy_of(primary)
        self.start()

    def promote(self):
        self.query("SELECT pg_promote()", database="postgres")

    def is_standby(self):
        return self.query("SELECT pg_is_in_recovery()", database="postgres") == "t"

    def streams_to(self, name):
        return self.query(f"SELECT count(*) FROM pg_stat_replication WHERE application_name = '{name}' "
                          "AND state = 'streaming'", database="postgres") == "1"

    def reconfigure(self, **settings):
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            self.query(f"ALTER SYSTEM SET {name} = '{quoted}'", database="postgres")
        self.query("SELECT pg_reload_conf()", database="postgres")


def pgbouncer_words(directory, listen, port, servers, extra=""):
    """Writes the configuration of a PgBouncer in transaction mode, and returns the words that start it. `servers`: the
    connection string by which it reaches PostgreSQL, without the database."""
    path = pathlib.Path(directory) / f"pgbouncer-{port}.ini"
    path.write_text(f"[databases]\n* = {servers}\n[pgbouncer]\nlisten_addr = {listen}\nlisten_port = {port}\n"
                    "unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n"
                    f"max_client_conn = 200\nserver_login_retry = 1\n{extra}\n")
    os.chmod(directory, 0o755)
    return ["pgbouncer", *(["-u", pwd.getpwnam("postgres").pw_name] if os.geteuid() == 0 else []), str(path)]
