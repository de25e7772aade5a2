#!/usr/bin/env python3
"""90% reads and 10% likes on a running stack, and the books afterwards: is every acknowledged like in the database?

    deploy/up --detach && bench/mix.py              30 s of wrk, then at most 75 s for the last batches to arrive
    bench/mix.py --kill                             the same, while each worker in turn is killed with SIGKILL

Exits with 1 when a read failed, a socket broke, or the database does not hold every acknowledged like exactly once."""

import argparse
import contextlib
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
import urllib.request

LUA = pathlib.Path(__file__).with_name("mix.lua")


def likes_in_database(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute("SELECT COALESCE(SUM(likes), 0) FROM tweets").fetchone()[0]


def likes_in_logs(folder):
    """Likes that the workers answered 202, by their own request logs."""
    found = 0
    for path in folder.glob("requests-*.log*"):
        with open(path, encoding="utf-8", errors="replace") as lines:
            found += sum('"endpoint":"/like/' in line and '"status":202' in line for line in lines)
    return found


def post_json(url, body, token=None):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def new_token(url):
    """Of an account of its own, new with each run."""
    name, password = f"mix_{secrets.token_hex(8)}", secrets.token_hex(16)
    account = {"username": name, "email": f"{name}@example.org", "password": password, "display_name": "The mix"}
    post_json(f"{url}/api/users/register", account)
    return post_json(f"{url}/api/users/login", {"username": name, "password": password})["access_token"]


def tweet_ids(url, wanted=20):
    token = new_token(url)
    for i in range(wanted):
        post_json(f"{url}/api/tweets", {"content": f"A tweet to read and to like, number {i + 1}."}, token)
    with urllib.request.urlopen(f"{url}/api/tweets?limit={wanted}", timeout=10) as answer:
        return [tweet["id"] for tweet in json.load(answer)]


def start_wrk(url, ids, seconds, connections, likes_percent):
    environment = {**os.environ, "MIX_IDS": ",".join(map(str, ids)), "MIX_LIKES": str(likes_percent)}
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(LUA), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def counted(process):
    output, _ = process.communicate()
    found = re.search(r"^MIX (.*)$", output, re.M)
    if not found:
        sys.exit(f"wrk said nothing that could be read:\n{output}")
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
        name = sorted(pids)[killed % len(pids)]
        os.kill(pids[name], signal.SIGKILL)
        print(f"  killed {name} (pid {pids[name]}), {len(pids) - 1} left", flush=True)
        killed += 1
    return killed


def wait_for(database, goal, seconds):
    """Waits until the database holds `goal` likes, and a moment longer for what would be too many."""
    deadline = time.monotonic() + seconds
    begun = time.monotonic()
    while likes_in_database(database) < goal and time.monotonic() < deadline:
        time.sleep(0.25)
    waited = time.monotonic() - begun
    time.sleep(3)
    return waited


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data"))
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--kill", action="store_true", help="kill -9 a worker every 4 s, each in turn")
    options = parser.parse_args()

    database = options.data / "roost.db"
    ids = tweet_ids(options.url)
    before = likes_in_database(database)
    logged_before = likes_in_logs(options.data / "logs")
    print(f"wrk for {options.seconds} s on {options.url}, {options.connections} connections, {len(ids)} tweets",
          flush=True)
    if options.kill:
        # Two wrk side by side, so that a failed read cannot hide among likes that found their worker dead.
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
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
