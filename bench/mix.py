#!/usr/bin/env python3
"""90% reads and 10% likes on a running stack; afterwards, is every acknowledged like in the database?

    ROOST_API_LIKES_PER_ADDRESS=0 deploy/up --detach && bench/mix.py
                                                    30 s of wrk, then at most 75 s for the last batches to arrive
    bench/mix.py --kill                             the same, while each worker in turn is killed with SIGKILL
    bench/mix.py --database postgres://…            on a stack that was started with the same --database

Exits with 1 if there is no answer, a read failed, a connection broke, or the database does not have every acknowledged
like exactly once."""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/flow"))
from measure import BenchError, at_least, need, output_of, say_what_is_wrong  # noqa: E402
from postgres import program  # noqa: E402

LUA = pathlib.Path(__file__).with_name("mix.lua")
ALL_LIKES = "SELECT COALESCE(SUM(likes), 0) FROM tweets"


def likes_in_database(url):
    if url.startswith("postgres"):
        return int(output_of([program("psql"), "-XAtq", "-c", ALL_LIKES, url]))
    path = pathlib.Path(url.removeprefix("sqlite:"))
    if not path.exists():
        raise BenchError(f"no {path}: say with --data or --database where the running stack keeps its likes")
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
            return database.execute(ALL_LIKES).fetchone()[0]
    except sqlite3.Error as error:
        raise BenchError(f"{path}: {error}") from error


def likes_in_logs(folder):
    """Likes that the workers answered 202, according to their request logs."""
    found = 0
    for path in folder.glob("requests-*.log*"):
        with open(path, encoding="utf-8", errors="replace") as lines:
            found += sum('"endpoint":"/like/' in line and '"status":202' in line for line in lines)
    return found


def ask(url, path, body=None, token=None):
    """The JSON of an answer."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    asked = urllib.request.Request(url + path, json.dumps(body).encode() if body else None, headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise BenchError(f"{path} is answered {error.code} at {url}: is it a stack that is ready?") from error
    except OSError as error:
        raise BenchError(f"nobody answers at {url}; start it with deploy/up --detach") from error
    except (ValueError, http.client.HTTPException) as error:
        raise BenchError(f"what is answered at {url} is not Roost's; say with --url where the stack is") from error


def new_token(url):
    """Of a new account, created for this run."""
    name, password = f"mix_{secrets.token_hex(8)}", secrets.token_hex(16)
    account = {"username": name, "email": f"{name}@example.org", "password": password, "display_name": "The mix"}
    ask(url, "/api/users/register", account)
    return ask(url, "/api/users/login", {"username": name, "password": password})["access_token"]


def tweet_ids(url, wanted=20):
    token = new_token(url)
    for i in range(wanted):
        ask(url, "/api/tweets", {"content": f"A tweet to read and to like, number {i + 1}."}, token)
    return [tweet["id"] for tweet in ask(url, f"/api/tweets?limit={wanted}")]


def start_wrk(url, ids, seconds, connections, likes_percent):
    environment = {**os.environ, "MIX_IDS": ",".join(map(str, ids)), "MIX_LIKES": str(likes_percent)}
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(LUA), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def counted(process):
    output, _ = process.communicate()
    found = re.search(r"^MIX (.*)$", output, re.M)
    if not found:
        raise BenchError(f"wrk said nothing that could be read:\n{output}")
    return json.loads(found[1])


def worker_pids(data):
    """The workers of this data directory, by name."""
    pids = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if pathlib.Path(words[0]).name != "roost-api" or "--worker" not in words:
            continue
        if str(data) in words or str(data.resolve()) in words:
            pids[words[words.index("--worker") + 1]] = int(entry.name)
    return pids


def kill_in_turn(data, until, every_s):
    killed = 0
    while time.monotonic() + every_s < until:
        time.sleep(every_s)
        pids = worker_pids(data)
        if not pids:
            raise BenchError(f"no worker with the data in {data} is there to be killed")
        name = sorted(pids)[killed % len(pids)]
        os.kill(pids[name], signal.SIGKILL)
        print(f"  killed {name} (pid {pids[name]}), {len(pids) - 1} left", flush=True)
        killed += 1
    return killed


def wait_for(database, goal, seconds):
    """Waits until the database has `goal` likes, and a moment longer to detect surplus ones."""
    deadline = time.monotonic() + seconds
    begun = time.monotonic()
    while likes_in_database(database) < goal and time.monotonic() < deadline:
        time.sleep(0.25)
    waited = time.monotonic() - begun
    time.sleep(3)
    return waited


def http_url(text):
    if not re.fullmatch(r"http://[^/\s]+/?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not http://HOST:PORT")
    return text.rstrip("/")


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="bench/mix.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", type=http_url, default="http://127.0.0.1:8080", help="of its proxy (%(default)s)")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data"), help="its directory (%(default)s)")
    parser.add_argument("--database", help="sqlite:PATH or postgres://… (sqlite:DATA/roost.db)")
    parser.add_argument("--seconds", type=at_least(1), default=30)
    parser.add_argument("--connections", type=at_least(1), default=32)
    parser.add_argument("--kill", action="store_true", help="kill -9 a worker every 4 s, each in turn")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = options_from(arguments)
    need("wrk")
    database = options.database or f"sqlite:{options.data / 'roost.db'}"
    ask(options.url, "/api/tweets")
    likes_in_database(database)  # Is it running?
    ids = tweet_ids(options.url)
    before = likes_in_database(database)
    logged_before = likes_in_logs(options.data / "logs")
    print(f"wrk for {options.seconds} s on {options.url}, {options.connections} connections, {len(ids)} tweets",
          flush=True)
    if options.kill:
        # Two wrk at a time, so that failed reads are not hidden among likes whose worker was killed.
        reads = start_wrk(options.url, ids, options.seconds, options.connections, 0)
        likes = start_wrk(options.url, ids, options.seconds, max(2, options.connections // 8), 100)
        killed = kill_in_turn(options.data, time.monotonic() + options.seconds, 4)
        read, liked = counted(reads), counted(likes)
    else:
        killed = 0
        read = liked = counted(start_wrk(options.url, ids, options.seconds, options.connections, 10))
    acknowledged, unclear = liked["acknowledged"], liked["other"] if options.kill else 0
    waited = wait_for(database, before + acknowledged, 75)
    added = likes_in_database(database) - before
    logged = likes_in_logs(options.data / "logs") - logged_before
    # wrk ends with requests under way, whose answers it does not count; and a killed worker may have written its likes
    # to disk without having answered, or have answered without having logged it.
    in_flight = options.connections

    kinds = ("connect", "read", "write", "timeout")
    sockets = {name: read[name] + (liked[name] if options.kill else 0) for name in kinds}
    rate = (read["requests"] + (liked["requests"] if options.kill else 0)) / (read["duration_us"] / 1e6)
    print(f"""
  requests a second      {rate:12,.0f}
  reads answered 200     {read["ok"]:12,}
  reads answered else    {read["other"]:12,}  {read["others"]}
  likes answered 202     {acknowledged:12,}
  … by the logs          {logged:12,}
  likes answered else    {unclear:12,}  {liked["others"] if options.kill else ""}
  socket errors          {sum(sockets.values()):12,}
  workers killed         {killed:12,}
  likes in the database  {added:12,}  after {waited:.1f} s of rest
""")
    exact = acknowledged <= added <= acknowledged + unclear + in_flight and (options.kill or added == logged)
    good = exact and read["other"] == 0 and sum(sockets.values()) == 0 and acknowledged > 0
    print("ok: every read answered, every acknowledged like in the database once" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/mix.py", main))
