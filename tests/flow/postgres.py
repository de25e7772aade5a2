"""A PostgreSQL server for the tests: a cluster in a temporary directory, on a free loopback port, without passwords.

    with Postgres() as postgres:
        postgres.query("SELECT 1", database="postgres")     # "1"
        url = postgres.create_database("one")               # postgres://roost@127.0.0.1:…/one
        postgres.pause(); postgres.resume()                 # stops all its processes, and resumes them
        postgres.kill()                                     # immediate shutdown; start() recovers

OnPostgres runs the workers of a flow test on one.

It runs as the user "postgres" where the tests run as root, since PostgreSQL refuses to, and ends when the process that
started it ends for any reason. Its collation is a natural language's: statements that rely on byte order have to say
so."""

import contextlib
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SETTINGS = {"listen_addresses": "127.0.0.1", "max_connections": "200", "shared_buffers": "32MB",
            "logging_collector": "off", "log_min_messages": "warning", "autovacuum_naptime": "10min",
            "max_wal_size": "256MB"}
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}


def program(name):
    """The newest installed server's programs; Debian keeps them out of PATH."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    path = str(found[-1]) if found else shutil.which(name)
    if not path:
        raise FileNotFoundError(f"no {name}: install what the tests need with deploy/install-deps --tests")
    return path


def as_another_user(user):
    """Drops root privileges, and ends with the process that started it."""
    command = ["setpriv", "--pdeathsig", "SIGQUIT"]
    return command + ([f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else [])


def children(pid):
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(child) for child in path.read_text().split()]
    except OSError:
        return []


class Postgres:
    def __init__(self, safe=False, settings=None, prefix=(), address="127.0.0.1"):
        """safe=True syncs like a production server, for tests that kill it and count. `prefix`: the words before each
        command that make it run elsewhere, where `address` is its own."""
        self.user = "postgres" if os.geteuid() == 0 else None
        self.prefix, self.address = prefix, address
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="roost-pg-"))
        self.settings = {**SETTINGS, **({} if safe else UNSAFE_BUT_FAST), **(settings or {})}
        self.process = None
        self.port = self.free_port()
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(self.directory, account.pw_uid, account.pw_gid)
        self.make_data()
        self.start()

    def make_data(self):
        self.run(program("initdb"), "-D", self.directory / "data", "-U", "roost", "-A", "trust", "-E", "UTF8",
                 "--no-sync", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def free_port(self):
        """Below the range the kernel uses for outgoing connections, which could take it first."""
        while True:
            port = random.randrange(15000, 32000)
            with contextlib.closing(socket.socket()) as sock, contextlib.suppress(OSError):
                sock.bind(("127.0.0.1", port))
                return port

    def run(self, *command):
        done = subprocess.run([*self.prefix, *as_another_user(self.user), *map(str, command)], cwd="/",
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, timeout_s=60):
        settings = [f"-c{name}={value}" for name, value in self.settings.items()]
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *as_another_user(self.user), program("postgres"), "-D", self.directory / "data", "-p",
                 str(self.port), "-k", self.directory, *settings], cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return self.query("SELECT 1", database="postgres")
            except RuntimeError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{error}\n{self.log()}") from error
                time.sleep(0.05)

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def url(self, database, host=None, port=None):
        return f"postgres://roost@{host or self.address}:{port or self.port}/{database}"

    def create_database(self, name):
        self.query(f'CREATE DATABASE "{name}"', database="postgres")
        return self.url(name)

    def query(self, sql, database):
        """The rows of psql, columns separated by '|'."""
        done = subprocess.run([program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url(database)],
                              cwd="/", capture_output=True, text=True, check=False,
                              env={**os.environ, "PGCONNECT_TIMEOUT": "5"})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.rstrip("\n")

    def processes(self):
        return [self.process.pid, *children(self.process.pid)]

    def pause(self):
        """Stops all its processes; connections stay open but unresponsive."""
        os.kill(self.process.pid, signal.SIGSTOP)  # first, so that it starts no other processes
        for pid in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in reversed(self.processes()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def kill(self):
        """Ends at once, without writing anything: every commit under way is cut."""
        if self.process is None:
            return
        self.resume()
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class OnPostgres:
    """Before FlowTest among the base classes: the workers are on PostgreSQL. One server for the tests of a class, and a
    database of its own for each."""

    safe = False  # as Postgres takes it

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres = Postgres(cls.safe)
        cls.addClassCleanup(cls.postgres.close)
        cls.databases_made = 0

    def setUp(self):
        type(self).databases_made += 1
        self.url = self.postgres.create_database(f"test{self.databases_made}")
        super().setUp()  # may start workers

    def database(self):
        return self.url

    def query(self, sql):
        """Of this test's database, as Postgres.query."""
        return self.postgres.query(sql, self.url.rpartition("/")[2])
