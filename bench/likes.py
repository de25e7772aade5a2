"""What a like costs a worker: one hot tweet and 10,000 tweets, 64 and 256 connections, every like durable before it is
acknowledged; beside it, in the same round, one UPDATE and one commit a like on the same kind of database, without
worker, HTTP or batcher. Worker and direct program alone on one core, wrk on another, rounds interleaved, medians.

A like answered counts; the direct program's are counted when their commit has returned. Statements are those that the
batches of likes needed (two each: the fence and the deltas), over likes applied; "nan" where none was due in time."""

import argparse
import contextlib
import pathlib
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request

import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(measure.os.environ.get("ROOST_BIN", ROOT / "build/release/bin"))
LUA = ROOT / "bench/like.lua"
STATEMENTS_PER_BATCH = 2


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return {name: float(value) for name, value in re.findall(r"(?m)^(\w+) (\S+)$", answer.read().decode())}


def fill(database, tweets):
    """Gives the worker's database the tweets 1 to `tweets`."""
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        connection.executescript(f"""
            BEGIN;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tweets})
            INSERT OR IGNORE INTO tweets(id, user_id, content, created_at_ms, updated_at_ms)
            SELECT i, (SELECT min(id) FROM users), 'a tweet of some length', 0, 0 FROM n;
            COMMIT;""")


class Worker(measure.Server):
    def __init__(self, directory, tweets):
        port = measure.free_port()
        data = pathlib.Path(directory) / "data"
        super().__init__("roost-api", [BIN / "roost-api", "--listen", f"127.0.0.1:{port}", "--data", data, "--demo"],
                         port, directory)
        deadline = time.monotonic() + 20
        while measure.fetch(port, "/readyz")[0] != 200:
            if time.monotonic() > deadline:
                raise measure.BenchError("roost-api does not become ready")
            time.sleep(0.05)
        fill(data / "roost.db", tweets)


def round_of_likes(tweets, connections, seconds):
    """(round, likes per statement) of a worker of its own."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as directory:
        worker = Worker(directory, tweets)
        try:
            measure.run_wrk(worker, "/", 1, LUA, [tweets], connections)  # fills the cache of tweets
            before = metrics(worker.port)
            done = measure.run_wrk(worker, "/", seconds, LUA, [tweets], connections)
            after = metrics(worker.port)
        finally:
            worker.stop()
    applied = after["roost_likes_applied_total"] - before["roost_likes_applied_total"]
    batches = after["roost_like_batches_total"] - before["roost_like_batches_total"]
    return done, applied / (batches * STATEMENTS_PER_BATCH) if batches else float("nan")


def direct(tweets, seconds):
    """(likes per second, CPU microseconds per like) of one UPDATE per like."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as directory:
        command = ["taskset", "-c", str(measure.SERVER_CORE), BIN / "direct_likes", f"{directory}/direct.db", tweets,
                   seconds]
        text = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout
    per_s, cpu_us = map(float, text.split())
    return per_s, cpu_us


def main():
    parser = argparse.ArgumentParser(prog="bench/run likes", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    lines = [f"{measure.environment()}; SQLite, durable; {options.rounds} rounds of {options.seconds} s, medians", "",
             "| tweets | connections | likes/s | p50 ms | p99 ms | errors | worker µs/like | likes/statement "
             "| one UPDATE each: likes/s | µs/like | times |", "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    print("\n".join(lines), flush=True)
    for tweets in (1, 10_000):
        for connections in (64, 256):
            rounds, folded, singles = [], [], []
            for number in range(options.rounds):
                measure.progress(f"{tweets} tweets, {connections} connections, round {number + 1}")
                singles.append(direct(tweets, options.seconds))
                done, likes_per_statement = round_of_likes(tweets, connections, options.seconds)
                rounds.append(done)
                folded.append(likes_per_statement)
            measure.progress("")
            figure = measure.Figure(rounds)
            single = statistics.median(per_s for per_s, _ in singles)
            p50_ms, p99_ms = figure.median("p50_us") / 1e3, figure.median("p99_us") / 1e3
            line = (f"| {tweets:,} | {connections} | {figure.median('per_s'):,.0f} | {p50_ms:.2f} | {p99_ms:.2f} "
                    f"| {figure.errors} | {figure.median('cpu_us'):.1f} "
                    f"| {statistics.median(folded):,.0f} | {single:,.0f} "
                    f"| {statistics.median(cpu for _, cpu in singles):.1f} | {figure.median('per_s') / single:.1f} |")
            print(line, flush=True)
            lines.append(line)
    results = ROOT / "bench/results"
    results.mkdir(exist_ok=True)
    (results / "likes.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
