"""The cost of a like, on SQLite and on PostgreSQL: one hot tweet and 10,000 tweets, 64 and 256 connections, every like
durable before it is acknowledged. For comparison, in the same round, one UPDATE and one commit per like on a database
of the same kind, with the same client library, without worker, HTTP or batcher: over one connection, over 8 and, on
PostgreSQL, over 64, one thread each; the best of these rates is shown, with its number of connections.

Worker and direct program have one core; wrk and PostgreSQL share another. PostgreSQL is started for the run, with its
default durability (fsync, synchronous_commit). Rounds are interleaved; figures are medians.

Answered likes count; those of the direct program count when their commit has returned. µs/like is CPU: of the program
and, after the +, of PostgreSQL's processes; SQLite runs inside the program. Statements are those of the batches (two
each on SQLite, the fence and the deltas; one on PostgreSQL) per applied like; "nan" if none was due in time."""

import argparse
import contextlib
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field

import like_databases
import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(measure.os.environ.get("ROOST_BIN", ROOT / "build/release/bin"))
LUA = ROOT / "bench/numbered.lua"
COLUMNS = ("database", "tweets", "connections", "likes/s", "p50 ms", "p99 ms", "errors", "µs/like", "likes/statement",
           "one UPDATE each: likes/s", "connections", "µs/like", "times")


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return {name: float(value) for name, value in re.findall(r"(?m)^(\w+) (\S+)$", answer.read().decode())}


class Worker(measure.Server):
    def __init__(self, directory, url):
        port = measure.free_port()
        super().__init__("roost-api", [BIN / "roost-api", "--listen", f"127.0.0.1:{port}", "--data",
                                       pathlib.Path(directory) / "data", "--database", url, "--demo"], port, directory)
        deadline = time.monotonic() + 20
        while measure.fetch(port, "/readyz")[0] != 200:
            if time.monotonic() > deadline:
                self.stop()
                raise measure.BenchError("roost-api does not become ready")
            time.sleep(0.05)

    def like(self, tweets, seconds, connections):
        """One round of likes for the tweets 1 to `tweets`."""
        return measure.run_wrk(self, "/", seconds, LUA, ["POST", "/like/", tweets], connections)

    def fill_cache(self, tweets, connections):
        """Likes every tweet once, so that all are cached."""
        for _ in range(20):
            if self.like(tweets, 1, connections).requests >= tweets + connections:
                return
        raise measure.BenchError(f"roost-api does not get to like {tweets} tweets")


@contextlib.contextmanager
def fresh(database):
    """(directory, URL of a new database)"""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as directory:
        url = database.fresh(directory)
        try:
            yield directory, url
        finally:
            database.drop(url)


@dataclass
class Likes:
    """The rounds of one row, of the worker and of the direct program."""

    database: object
    tweets: int
    connections: int
    figure: measure.Figure = field(default_factory=measure.Figure)
    server_us: list = field(default_factory=list)  # CPU of the database's processes per like
    per_statement: list = field(default_factory=list)
    direct: dict = field(init=False)  # by number of connections

    def __post_init__(self):
        self.direct = {connections: [] for connections in self.database.direct_connections}

    def work(self, seconds):
        """One round with a new worker."""
        with fresh(self.database) as (directory, url):
            worker = Worker(directory, url)
            try:
                self.database.fill(url, self.tweets)
                worker.fill_cache(self.tweets, self.connections)
                before, before_s = metrics(worker.port), self.database.server_cpu_s()
                done = worker.like(self.tweets, seconds, self.connections)
                server_s, after = self.database.server_cpu_s() - before_s, metrics(worker.port)
            finally:
                worker.stop()
        applied = after["roost_likes_applied_total"] - before["roost_likes_applied_total"]
        batches = after["roost_like_batches_total"] - before["roost_like_batches_total"]
        statements = batches * self.database.statements_per_batch
        self.figure.rounds.append(done)
        self.server_us.append(server_s * 1e6 / done.requests)
        self.per_statement.append(applied / statements if statements else float("nan"))

    def work_directly(self, connections, seconds):
        """One round of one UPDATE per like: likes per second, and CPU per like of the program and of the server."""
        with fresh(self.database) as (_, url):
            command = ["taskset", "-c", measure.SERVER_CORE, BIN / "direct_likes", url, self.tweets, seconds,
                       connections]
            with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as program:
                program.stdout.readline()
                before_s = self.database.server_cpu_s()
                figures = program.stdout.readline().split()
                server_s = self.database.server_cpu_s() - before_s
        if len(figures) != 3:
            raise measure.BenchError(f"direct_likes ended with {program.returncode}")
        likes, per_s, cpu_us = map(float, figures)
        self.direct[connections].append((per_s, cpu_us, server_s * 1e6 / likes))

    def cpu(self, own_us, server_us):
        return f"{own_us:.1f}" + (f" + {server_us:.1f}" if self.database.has_server else "")

    def row(self):
        direct = {n: [statistics.median(values) for values in zip(*rounds)] for n, rounds in self.direct.items()}
        best = max(direct, key=lambda n: direct[n][0])
        median = self.figure.median
        return [self.database.name, f"{self.tweets:,}", self.connections, f"{median('per_s'):,.0f}",
                f"{median('p50_us') / 1e3:.2f}", f"{median('p99_us') / 1e3:.2f}", self.figure.errors,
                self.cpu(median("cpu_us"), statistics.median(self.server_us)),
                f"{statistics.median(self.per_statement):,.0f}", f"{direct[best][0]:,.0f}", best,
                self.cpu(*direct[best][1:]), f"{median('per_s') / direct[best][0]:.1f}"]


def line_of(cells):
    return f"| {' | '.join(map(str, cells))} |"


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="bench/run likes", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=[*like_databases.KINDS, "both"], default="both")
    parser.add_argument("--rounds", type=measure.at_least(1), default=3, metavar="N")
    parser.add_argument("--seconds", type=measure.at_least(1), default=5, metavar="N")
    return parser.parse_args(arguments)


def measure_rows(options, databases):
    """Yields each row of the table when it is complete."""
    for database in databases:
        for tweets in (1, 10_000):
            for connections in (64, 256):
                likes = Likes(database, tweets, connections)
                for number in range(options.rounds):
                    measure.progress(f"{database.name}, {tweets:,} tweets, {connections} connections, "
                                     f"round {number + 1}")
                    for direct_connections in database.direct_connections:
                        likes.work_directly(direct_connections, options.seconds)
                    likes.work(options.seconds)
                measure.progress("")
                yield line_of(likes.row())


def main(arguments=None):
    options = options_from(arguments)
    measure.need("wrk", "taskset", BIN / "roost-api", BIN / "direct_likes")
    lines = [f"{measure.environment()}; durable; {options.rounds} rounds of {options.seconds} s, medians", "",
             line_of(COLUMNS), f"|--|{'--:|' * (len(COLUMNS) - 1)}"]
    print("\n".join(lines), flush=True)
    with contextlib.ExitStack() as stack:
        databases = [stack.enter_context(contextlib.closing(kind())) for name, kind in like_databases.KINDS.items()
                     if options.database in (name, "both")]
        for line in measure_rows(options, databases):
            print(line, flush=True)
            lines.append(line)
    results = ROOT / "bench/results"
    results.mkdir(exist_ok=True)
    (results / "likes.md").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(measure.say_what_is_wrong("bench/run likes", main))
