"""The servers of one run: a database, workers and what stands before them, all on one core."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass

import measure

# What is added, step by step, and the architecture beside it.
STEPS = ("bare", "cache", "batcher", "proxy", "nginx")
WORKERS = 3
DRAIN_S = 15  # that a worker may take to write its likes when it is told to end
ANSWER_LIMIT_S = 2  # that both proxies give a worker
NO_CACHE = "Cache-Control: no-cache"

ROOST = """
[proxy]
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
upstream = [{backends}]
threads = 1
first_byte_timeout = "{limit}s"
[health]
check = "/readyz"
[cache]
size = "{cache}"
[[route]]
path = "/"
buffer_requests = "all"
[[route]]
path = "/api/tweets"
buffer_requests = "all"
ignore_client_cache_control = true
[[route]]
path = "/api/users"
buffer_requests = "all"
ignore_client_cache_control = true
"""
NGINX_KEYS_PER_MIB = 8000  # of a zone, by its manual
# As nginx's manual recommends for a cache: one request fetches, what is stale is served meanwhile and on errors.
NGINX = """
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.error.log crit;
worker_rlimit_nofile 65536;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  open_file_cache max=20000 inactive=300s;
  client_body_temp_path {directory}/nginx.body;
  proxy_temp_path {directory}/nginx.temp;
  fastcgi_temp_path {directory}/nginx.fcgi;
  uwsgi_temp_path {directory}/nginx.uwsgi;
  scgi_temp_path {directory}/nginx.scgi;
  proxy_cache_path {directory}/nginx.cache levels=1:2 keys_zone=roost:{zone} max_size=1g inactive=10m
                   use_temp_path=off;
  upstream workers {{
    least_conn;
    {servers}
    keepalive 128;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_read_timeout {limit}s;
    proxy_connect_timeout {limit}s;
    proxy_cache roost;
    proxy_cache_lock on;
    proxy_cache_background_update on;
    proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
    add_header X-Cache $upstream_cache_status;
    location / {{ proxy_pass http://workers; }}
  }}
}}
"""


@dataclass(frozen=True)
class Settings:
    """What a scenario changes."""

    proxy_cache: str = "64MiB"
    nginx_keys: int = 500_000  # as many as fit; nginx bounds the bytes of its cache only in the background, later
    db_cache_ttl: str = "58s"


def metrics_of(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return {name: float(value) for name, value in re.findall(r"(?m)^([a-z]\S*) (\S+)$", answer.read().decode())}


def wait_until(predicate, what, limit_s=20):
    deadline = time.monotonic() + limit_s
    while not predicate():
        if time.monotonic() > deadline:
            raise measure.BenchError(f"{what} does not happen within {limit_s} s")
        time.sleep(0.02)


def is_ready(port, path="/readyz"):
    try:
        return measure.fetch(port, path)[0] == 200
    except (OSError, ValueError, IndexError):
        return False


class Stack:
    """`step` is one of STEPS. A context manager."""

    def __init__(self, binaries, directory, database, step, seed, settings=Settings()):
        self.binaries, self.directory, self.database = binaries, pathlib.Path(directory), database
        self.step, self.settings = step, settings
        self.data = self.directory / "data"
        self.data.mkdir()
        (self.data / "token.key").write_bytes(seed.key)
        (self.data / "token.key").chmod(0o600)
        self.token = seed.token
        self.url = database.fresh(directory)
        self.workers, self.front, self.admin = [], None, None
        self.gone = {"workers": 0.0}  # CPU of processes that were killed
        self.gone_metrics = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def proxied(self):
        return self.step in ("proxy", "nginx")

    @property
    def fields(self):
        """Header lines of every request."""
        return [NO_CACHE] if self.step == "bare" else []

    def start(self):
        if self.step == "proxy":
            self.admin = measure.free_port()
        for number in range(WORKERS if self.proxied else 1):
            self.workers.append(self.start_worker(measure.free_port(), f"w{number + 1}"))
        for worker in self.workers:
            wait_until(lambda worker=worker: is_ready(worker.port), f"that {worker.name} is ready")
        self.front = self.workers[0] if not self.proxied else self.start_proxy()

    def start_worker(self, port, name):
        if self.step in ("bare", "cache"):
            command = [self.binaries / "bare_worker", port, self.data, self.url]
        else:
            command = [self.binaries / "roost-api", "--listen", f"127.0.0.1:{port}", "--data", self.data, "--worker",
                       name, "--database", self.url]
            command += ["--proxy", f"127.0.0.1:{self.admin}"] if self.admin else []
            command = ["env", f"ROOST_DB_CACHE_TTL={self.settings.db_cache_ttl}", "ROOST_LOGS_ROTATE=1GiB", *command]
        return measure.Server(name, command, port, self.directory)

    def start_proxy(self):
        port = measure.free_port()
        values = {"port": port, "directory": self.directory, "limit": ANSWER_LIMIT_S, "admin": self.admin,
                  "backends": ", ".join(f'"127.0.0.1:{worker.port}"' for worker in self.workers),
                  "servers": "\n    ".join(f"server 127.0.0.1:{worker.port};" for worker in self.workers)}
        if self.step == "proxy":
            config = self.directory / "roost.toml"
            config.write_text(ROOST.format(cache=self.settings.proxy_cache, **values))
            command = [self.binaries / "roost-proxy", "--config", config]
        else:
            config = self.directory / "nginx.conf"
            zone = f"{self.settings.nginx_keys * 1024 // NGINX_KEYS_PER_MIB}k"
            config.write_text(NGINX.format(zone=zone, **values))
            command = ["nginx", "-p", self.directory, "-e", self.directory / "nginx.error.log", "-c", config]
        server = measure.Server(self.step, command, port, self.directory)
        self.front = server
        wait_until(lambda: is_ready(port, "/api/tweets/1"), f"that {self.step} answers")
        return server

    # ---- what happens to it ----------------------------------------------------------------------------------------

    def kill_worker(self, number=0):
        worker = self.workers[number]
        self.gone["workers"] += worker.cpu_s()
        with contextlib.suppress(OSError):
            self.gone_metrics.append(metrics_of(worker.port))
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()

    def restart_worker(self, number=0):
        old = self.workers[number]
        self.workers[number] = self.start_worker(old.port, old.name)
        if self.front is old:
            self.front = self.workers[number]

    def signal_worker(self, name, number=0):
        os.kill(self.workers[number].process.pid, getattr(signal, f"SIG{name}"))

    # ---- what it has done ------------------------------------------------------------------------------------------

    def statements(self):
        """As the workers' logs have them: a line for each access of the database."""
        found = 0
        for path in (self.data / "logs").glob("requests-*.log*"):
            found += path.read_bytes().count(b'"kind":"db"')
        return found

    def cpu_s(self):
        cpu_s = {"workers": sum(worker.cpu_s() for worker in self.workers) + self.gone["workers"],
                 "database": self.database.cpu_s()}
        return cpu_s | ({"proxy": self.front.cpu_s()} if self.proxied else {})

    def reading(self):
        """Counts since the start. One taken from the other is what happened between."""
        worker_metrics = list(self.gone_metrics)
        for worker in self.workers:
            with contextlib.suppress(OSError):
                worker_metrics.append(metrics_of(worker.port))

        def total(name):
            return sum(metrics.get(name, 0.0) for metrics in worker_metrics)

        kinds = ("hit", "miss", "join", "bypass")
        time.sleep(0.05)  # for the logs' last lines
        return {"statements": self.statements(), "server_statements": self.database.statements(self.url),
                "cpu_s": self.cpu_s(), "batches": total("roost_like_batches_total"),
                "applied": total("roost_likes_applied_total"),
                "db_cache": {kind: total(f'roost_db_cache_reads_total{{result="{kind}"}}') for kind in kinds}}

    def cache_bytes(self):
        """{cache: (bytes, entries)} where the program says so."""
        worker = metrics_of(self.workers[0].port)
        found = {"db_cache": (worker.get("roost_db_cache_bytes", 0), worker.get("roost_db_cache_entries", 0))}
        if self.step == "proxy":
            proxy = metrics_of(self.admin)
            found["proxy"] = (proxy.get("roost_proxy_cache_bytes", 0), proxy.get("roost_proxy_cache_entries", 0))
        return found

    def settle(self, acknowledged):
        """Ends workers and proxy; the likes in the database afterwards. What a worker could not write before its end, a
        new one reads back from the journal, as it does after a crash."""
        self.end(DRAIN_S)
        if self.step in ("bare", "cache") or self.database.likes(self.url) >= acknowledged:
            return self.database.likes(self.url)
        self.workers.append(self.start_worker(measure.free_port(), "heir"))
        with contextlib.suppress(measure.BenchError):  # then the count says it
            wait_until(lambda: self.database.likes(self.url) >= acknowledged, "that all likes are counted", 30)
        self.end(DRAIN_S)
        return self.database.likes(self.url)

    def end(self, limit_s):
        servers = list({id(s): s for s in [self.front, *self.workers] if s}.values())
        for server in servers:
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGCONT)
                server.process.send_signal(signal.SIGTERM)
        for server in servers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.process.wait(limit_s)
            server.stop()
        self.workers, self.front = [], None

    def close(self):
        self.end(0.1)
        self.database.drop(self.url)


@dataclass(frozen=True)
class Seed:
    """What every copy of the database goes with: the key of the tokens, and a user's token."""

    key: bytes
    token: str


def make_seed(binaries, directory, database):
    """Fills the database that all runs copy."""
    data = pathlib.Path(directory) / f"seed-{database.name}"
    port = measure.free_port()
    command = [binaries / "roost-api", "--listen", f"127.0.0.1:{port}", "--data", data, "--database",
               database.url_of_seed()]
    worker = measure.Server("seed", command, port, directory)
    try:
        wait_until(lambda: is_ready(port), "that the first worker is ready")
        account = {"username": "reader", "email": "reader@example.org", "password": "correct horse battery"}
        ask(port, "/api/users/register", account)
        login = {"username": account["username"], "password": account["password"]}
        token = ask(port, "/api/users/login", login)["access_token"]
    finally:
        worker.stop()
    database.fill()
    return Seed((data / "token.key").read_bytes(), token)


def ask(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)
