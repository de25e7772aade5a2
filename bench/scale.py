#!/usr/bin/env python3
"""Reads on a large database, bypassing the worker's cache: 100,000 people, 1 million tweets and 5 million follows.

    bench/run scale [--database sqlite|postgres|both] [--users N] [--tweets N] [--follows N] [--seconds S] [--rate R]

One worker, R requests a second however long the answers take; times are counted from when a request was due, so that
waiting behind a slow one counts. On PostgreSQL the plans of a few requests of each kind are inspected afterwards, and
sequential scans reported."""

import argparse
import http.client
import json
import os
import pathlib
import queue
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/flow"))
from measure import BenchError, at_least, free_port, need, say_what_is_wrong  # noqa: E402
from postgres import Postgres  # noqa: E402
from scale_data import Data, load_postgres, load_sqlite  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin"))
THREADS = 16
CLEAR_OF_LOADING = {"shared_buffers": "512MB", "work_mem": "16MB", "maintenance_work_mem": "512MB",
                    "max_wal_size": "8GB", "session_preload_libraries": "auto_explain"}


class Worker:
    def __init__(self, data, database):
        self.port = free_port()
        command = [PROGRAMS / "roost-api", "--listen", f"127.0.0.1:{self.port}", "--data",
                   data, *(["--database", database] if database else [])]
        self.process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while self.status("/readyz") != 200:
            if self.process.poll() is not None:
                raise BenchError(f"the worker ended with {self.process.returncode}")
            if time.monotonic() > deadline:
                self.stop()
                raise BenchError("the worker does not become ready")
            time.sleep(0.05)

    def status(self, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Asking:
    """Sends `rate` requests a second for `seconds`; times in milliseconds, and answers other than 200 and 404."""

    def __init__(self, port, paths, rate, seconds):
        self.port, self.times_ms, self.bad = port, [], []
        self.due = queue.Queue()
        self.begun = time.monotonic() + 0.2
        for i in range(int(rate * seconds)):
            self.due.put((self.begun + i / rate, next(paths)))
        threads = [threading.Thread(target=self.ask) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while True:
            try:
                at, path = self.due.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, at - time.monotonic()))
            connection.request("GET", path, headers={"Cache-Control": "no-cache"})
            answer = connection.getresponse()
            answer.read()
            self.times_ms.append((time.monotonic() - at) * 1000)
            if answer.status not in (200, 404):
                self.bad.append((path, answer.status))

    def quantile(self, q):
        ordered = sorted(self.times_ms)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def kinds(data, seed=7):
    """Name and endless paths of each kind of read: common and rare words, users with many and few followers."""
    rng = random.Random(seed)
    user = lambda: rng.randint(1, data.users) if rng.random() < 0.7 else rng.randint(1, 50)  # noqa: E731
    word = lambda: data.words[int(len(data.words) ** rng.random()) - 1]  # noqa: E731
    tag = lambda: data.tags[int(len(data.tags) ** rng.random()) - 1]  # noqa: E731

    def endless(make):
        while True:
            yield make()

    return {name: endless(make) for name, make in {
        "timeline": lambda: f"/api/tweets?before={rng.randint(1000, data.tweets)}",
        "profile": lambda: f"/api/users/search?q=user_{user()}",
        "profile's tweets": lambda: f"/api/users/{user()}/tweets",
        "followers' count": lambda: f"/api/users/{user()}/followers/count",
        "people": lambda: f"/api/users?before={rng.randint(100, data.users)}",
        "search, a word": lambda: f"/api/tweets/search?query={word()}",
        "search, two words": lambda: f"/api/tweets/search?query={word()}+{word()}",
        "hashtag": lambda: f"/api/tweets/hashtag/search?query={tag()}",
    }.items()}


def measure(name, worker, data, options, rows):
    print(f"\n  {'database':<10} {'reading':<18} {'count':>6} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'bad':>6}")
    for kind, paths in kinds(data).items():
        asking = Asking(worker.port, paths, options.rate, options.seconds)
        row = [name, kind, len(asking.times_ms), asking.quantile(0.5), asking.quantile(0.99), max(asking.times_ms),
               len(asking.bad)]
        rows.append(row)
        times = "".join(f"{time_ms:>9.1f}" for time_ms in row[3:6])
        print(f"  {name:<10} {kind:<18} {row[2]:>6}{times} {row[6]:>6}", flush=True)


def look_at_plans(postgres, worker, data):
    """Tables that PostgreSQL scanned sequentially for a few requests of each kind."""
    postgres.query("ALTER SYSTEM SET auto_explain.log_min_duration = 0", database="postgres")
    postgres.query("SELECT pg_reload_conf()", database="postgres")
    time.sleep(1)
    before = len(postgres.log())
    for paths in kinds(data, seed=8).values():
        Asking(worker.port, paths, 20, 1)
    log = postgres.log()[before:]
    scans = re.findall(r"Seq Scan on (\w+)", log)
    plans = log.count("Query Text:")
    print(f"  {plans} plans looked at; whole tables read: {', '.join(sorted(set(scans))) or 'none'}")
    return {"plans": plans, "whole_tables": sorted(set(scans))}


def run_sqlite(folder, data, options, rows):
    Worker(folder, None).stop()  # creates the schema
    load_sqlite(folder / "roost.db", data)
    worker = Worker(folder, None)
    try:
        measure("sqlite", worker, data, options, rows)
    finally:
        worker.stop()


def run_postgres(folder, data, options, rows):
    with Postgres(settings=CLEAR_OF_LOADING) as postgres:
        url = postgres.create_database("scale")
        Worker(folder, url).stop()
        load_postgres(url, data)
        worker = Worker(folder, url)
        try:
            measure("postgresql", worker, data, options, rows)
            return look_at_plans(postgres, worker, data)
        finally:
            worker.stop()


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="bench/run scale", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--users", type=at_least(100), default=100_000)
    parser.add_argument("--tweets", type=at_least(1000), default=1_000_000)
    parser.add_argument("--follows", type=at_least(1), default=5_000_000)
    parser.add_argument("--seconds", type=at_least(1), default=20)
    parser.add_argument("--rate", type=at_least(1), default=50)
    options = parser.parse_args(arguments)
    if options.follows > options.users * options.users // 2:
        parser.error(f"{options.users} people do not follow each other {options.follows} times")
    return options


def main(arguments=None):
    options = options_from(arguments)
    need(PROGRAMS / "roost-api")
    rows, plans = [], None
    with tempfile.TemporaryDirectory(prefix="roost-scale-") as folder:
        for name, run in (("sqlite", run_sqlite), ("postgres", run_postgres)):
            if options.database not in (name, "both"):
                continue
            print(f"\n  loading {name}", flush=True)
            place = pathlib.Path(folder) / name
            place.mkdir()
            data = Data(options.users, options.tweets, options.follows)
            plans = run(place, data, options, rows) or plans
    results = ROOT / "bench/results"
    results.mkdir(exist_ok=True)
    (results / "scale.json").write_text(json.dumps({"options": vars(options), "rows": rows, "plans": plans}, indent=1))
    worst = max(row[4] for row in rows)
    print(f"\n  the slowest p99 is {worst:.1f} ms; written to bench/results/scale.json")
    return 1 if any(row[6] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run scale", main))
