#!/usr/bin/env python3
"""bench/run loops: the same fixed answer on three ways to wait for events: epoll, libuv, io_uring.

    --rounds N      rounds, of which the median counts (default 5)
    --seconds N     length of a round (default 3)
    --clients N     connections (default 64)

None of them does any HTTP: what differs is the loop. Writes bench/results/loops.json."""

import argparse
import contextlib
import json
import os
import pathlib
import sys
import tempfile

from measure import Figure, Server, at_least, environment, free_port, need, progress, run_wrk, say_what_is_wrong

HERE = pathlib.Path(__file__).resolve().parent
LOOPS = {"epoll": "epoll_floor", "libuv": "uv_floor", "io_uring": "uring_floor"}
BODY_SIZE = 1024


def main():
    parser = argparse.ArgumentParser(prog="bench/run loops", description="epoll, libuv and io_uring.")
    parser.add_argument("--rounds", type=at_least(1), default=5, metavar="N")
    parser.add_argument("--seconds", type=at_least(1), default=3, metavar="N")
    parser.add_argument("--clients", type=at_least(1), default=64, metavar="N")
    options = parser.parse_args()
    binaries = pathlib.Path(os.environ.get("ROOST_BIN", HERE.parent / "build/release/bin"))
    need("wrk", "taskset", *(binaries / program for program in LOOPS.values()))
    figures = {name: Figure() for name in LOOPS}
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
        servers = {}
        for name, program in LOOPS.items():
            port = free_port()
            servers[name] = Server(name, [binaries / program, port, BODY_SIZE], port, directory)
            stack.callback(servers[name].stop)
        for number in range(1, options.rounds + 1):
            for name, server in servers.items():
                progress(f"{name}, round {number} of {options.rounds}")
                figures[name].rounds.append(run_wrk(server, "/", options.seconds, connections=options.clients))
        progress("")
    base = figures["epoll"].median("cpu_us")
    print(f"{environment()}\n\n{'':<12}CPU µs/request    ± %   × epoll   requests/s   p99 µs")
    for name, figure in figures.items():
        own = figure.median("cpu_us")
        print(f"{name:<12}{own:>14.2f}{figure.spread * 100:>7.1f}{own / base:>10.2f}{figure.median('per_s'):>13,.0f}"
              f"{figure.median('p99_us'):>9,.0f}")
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    result = {"machine": environment(), "loops": {name: {"cpu_us": figure.median("cpu_us"), "spread": figure.spread}
                                                  for name, figure in figures.items()}}
    (folder / "loops.json").write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run loops", main))
