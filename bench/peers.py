#!/usr/bin/env python3
"""bench/run peers: Roost, nginx, HAProxy and Varnish, with the floor programs in the same run.

    --rounds N      rounds per figure, of which the median counts (default 3)
    --seconds N     length of a round (default 3, at most 5)
    --only TEXT     only the rows whose name contains TEXT
    --servers A,B   only these servers (floor, roost, nginx, haproxy, varnish)

Writes bench/results/peers.txt, peers.json and peers.svg."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import chart
import contestants
from measure import (LOAD_CORE, SERVER_CORE, BenchError, Figure, Server, environment, fetch, fetch_all, free_port,
                     missing_programs, need, progress, run_wrk, say_what_is_wrong)

HERE = pathlib.Path(__file__).resolve().parent
BODY_SIZE = 1024
KEYS = 10000


@dataclass
class Row:
    name: str
    floor: str  # the server that is the floor of this work
    target: str
    cached: bool
    script: str = None
    arguments: tuple = ()


ROWS = [
    Row("cached GET, 1 KiB, one key", "floor", "/cached/1", True),
    Row("cached GET, 1 KiB, 10,000 keys", "floor", "/cached/1", True, "numbered.lua", ("GET", "/cached/", KEYS)),
    Row("pass-through GET, 1 KiB, two backends", "byte relay", "/pass", False),
    Row("pass-through POST, 1 KiB each way", "byte relay", "/pass", False, "post.lua", (BODY_SIZE,)),
]


class Bench:
    def __init__(self, options, binaries, directory):
        self.options, self.binaries, self.directory = options, binaries, directory
        self.servers = {}  # by name, in the order of the table
        self.origins = []
        self.left_out = {}  # name: why

    def start(self, stack):
        for i in range(2):
            port = free_port()
            command = [self.binaries / "origin", port, BODY_SIZE]
            self.origins.append(Server(f"origin {i}", command, port, self.directory, LOAD_CORE))
            stack.callback(self.origins[-1].stop)
        self.add(stack, "floor", lambda: contestants.floor(self.binaries, self.directory, BODY_SIZE))
        self.add(stack, "byte relay", lambda: contestants.relay(self.binaries, self.directory, self.origins), "floor")
        if (self.binaries / "roost-proxy").exists():
            self.add(stack, "Roost", lambda: contestants.roost(self.binaries, self.directory, self.origins))
        else:
            self.left_out["Roost"] = "roost-proxy is not built"
        for name, (make, program) in contestants.PEERS.items():
            if missing_programs([program]):
                self.left_out[name] = f"{program} is not installed (deploy/install-deps --bench)"
            else:
                self.add(stack, name, lambda make=make: make(self.directory, self.origins))

    def add(self, stack, name, make, chosen_as=None):
        if self.options.servers and (chosen_as or name).lower() not in self.options.servers.lower().split(","):
            return
        try:
            self.servers[name] = make()
            stack.callback(self.servers[name].stop)
        except BenchError as error:
            self.left_out[name] = str(error)

    def contenders(self, row):
        """The servers that do this kind of work; a floor only where it is the floor."""
        return [s for name, s in self.servers.items() if name not in ("floor", "byte relay") or name == row.floor]

    def origin_count(self):
        return sum(int(fetch(origin.port, "/count")[1]) for origin in self.origins)

    def check(self, server, row):
        """Raises unless the server does what the row measures: the right body, from its cache or not."""
        if server.name == "floor":
            return
        status, body = fetch(server.port, row.target)
        if status != 200 or body != b"x" * BODY_SIZE:
            raise BenchError(f"answers {row.target} with {status} and {len(body)} bytes instead of 200 and {BODY_SIZE}")
        targets = [f"/cached/{i}" for i in range(1, KEYS + 1)] if row.script == "numbered.lua" else [row.target] * 20
        if row.cached and fetch_all(server.port, targets) != len(targets):
            raise BenchError("failed requests while filling its cache")
        before = self.origin_count()
        fetch_all(server.port, targets[:20])
        asked = self.origin_count() - before
        if asked != (0 if row.cached else 20):
            raise BenchError(f"asked its backends {asked} times for 20 requests that are "
                             f"{'in its cache' if row.cached else 'not cacheable'}")

    def measure(self, row):
        """{server name: Figure}, rounds interleaved over the servers."""
        figures, contenders = {}, []
        for server in self.contenders(row):
            try:
                self.check(server, row)
                contenders.append(server)
                figures[server.name] = Figure()
            except (BenchError, OSError) as error:
                self.left_out[f"{server.name}, {row.name}"] = str(error)
        script = HERE / row.script if row.script else None
        for number in range(1, self.options.rounds + 1):
            for server in contenders:
                progress(f"{row.name}: {server.name}, round {number} of {self.options.rounds}")
                before = self.origin_count()
                figures[server.name].rounds.append(
                    run_wrk(server, row.target, self.options.seconds, script, row.arguments))
                self.check_origin(server, row, self.origin_count() - before, figures[server.name].rounds[-1].requests)
                time.sleep(0.2)
        progress("")
        return figures

    def check_origin(self, server, row, asked, requests):
        """Raises unless the origins' request counts fit what the round claims to measure."""
        if row.cached and server.name != "floor" and asked > requests / 1000:
            self.left_out[f"{server.name}, {row.name}"] = f"{asked} of {requests} requests went to the backends"
        if not row.cached and asked < requests * 0.99:
            self.left_out[f"{server.name}, {row.name}"] = f"only {asked} of {requests} requests went to the backends"


def verdict(row, figures):
    """Roost relative to the floor and to the best peer, or None."""
    if "Roost" not in figures:
        return None
    own = figures["Roost"].median("cpu_us")
    parts = []
    if row.floor in figures:
        parts.append(f"{own / figures[row.floor].median('cpu_us'):.2f} × the {row.floor}")
    peers = {name: figures[name].median("cpu_us") for name in contestants.PEERS if name in figures}
    if peers:
        best = min(peers, key=peers.get)
        parts.append(f"{own / peers[best]:.2f} × the best peer ({best})")
    return "Roost costs " + " and ".join(parts) if parts else None


def table(row, figures):
    bold, dim, plain = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")
    lines = [f"{bold}{row.name:<40}{plain}{dim} CPU µs/request    ± %   × floor   requests/s   p50 µs   p99 µs{plain}"]
    base = figures[row.floor].median("cpu_us") if row.floor in figures else None
    for name, figure in figures.items():
        own = figure.median("cpu_us")
        ratio = f"{own / base:.2f}" if base else "–"
        text = (f"  {name:<38} {own:>14.2f} {figure.spread * 100:>6.1f} {ratio:>9} {figure.median('per_s'):>12,.0f} "
                f"{figure.median('p50_us'):>8,.0f} {figure.median('p99_us'):>8,.0f}")
        if figure.errors:
            text += f"   {figure.errors} errors"
        lines.append(f"{bold}{text}{plain}" if name == "Roost" else text)
    if (line := verdict(row, figures)):
        lines.append(f"  → {line}")
    return "\n".join(lines) + "\n"


def versions(binaries):
    found = {}
    for name, command in {"Roost": [binaries / "roost-proxy", "--version"], "nginx": ["nginx", "-v"],
                          "HAProxy": ["haproxy", "-v"], "Varnish": ["varnishd", "-V"]}.items():
        with contextlib.suppress(OSError):
            done = subprocess.run(command, capture_output=True, text=True, timeout=10)
            found[name] = (done.stdout + done.stderr).strip().splitlines()[0]
    return found


def write_results(title, tables, results, bench):
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    plain = "\n".join(tables)
    for code in ("\033[1m", "\033[2m", "\033[0m"):
        plain = plain.replace(code, "")
    notes = "".join(f"left out: {name}: {why}\n" for name, why in bench.left_out.items())
    (folder / "peers.txt").write_text(f"{title}\n\n{plain}\n{notes}")
    bars = [(name, [(server, figure.median("cpu_us")) for server, figure in figures.items()])
            for name, figures in results.items()]
    (folder / "peers.svg").write_text(chart.svg("Server CPU per request, one core", bars))
    rows = {name: {server: {"cpu_us": f.median("cpu_us"), "spread": f.spread, "per_s": f.median("per_s"),
                            "p50_us": f.median("p50_us"), "p99_us": f.median("p99_us"), "errors": f.errors,
                            "rounds_cpu_us": [r.cpu_us for r in f.rounds]} for server, f in figures.items()}
            for name, figures in results.items()}
    (folder / "peers.json").write_text(json.dumps({"machine": environment(), "versions": versions(bench.binaries),
                                                   "left_out": bench.left_out, "rows": rows}, indent=1) + "\n")


def rows_of(options):
    return [row for row in ROWS if options.only in row.name]


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="bench/run peers", description="Roost beside its peers.")
    parser.add_argument("--rounds", type=int, default=3, choices=range(1, 12), metavar="N")
    parser.add_argument("--seconds", type=int, default=3, choices=range(1, 6), metavar="N")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the rows whose name contains TEXT")
    parser.add_argument("--servers", default="", metavar="A,B", help="only these servers")
    options = parser.parse_args(arguments)
    if not rows_of(options):
        parser.error(f'no row has "{options.only}" in its name; there are: {"; ".join(row.name for row in ROWS)}')
    known = ["floor", "roost", *map(str.lower, contestants.PEERS)]
    if unknown := [name for name in options.servers.lower().split(",") if name not in ["", *known]]:
        parser.error(f'no server "{unknown[0]}"; there are: {", ".join(known)}')
    return options


def main():
    options = options_from(sys.argv[1:])
    os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    binaries = pathlib.Path(os.environ.get("ROOST_BIN", HERE.parent / "build/release/bin"))
    need("wrk", "taskset", *(binaries / name for name in ("epoll_floor", "byte_relay", "origin")))
    rows = rows_of(options)
    title = (f"{environment()}\nserver on core {SERVER_CORE}, wrk and origins on core {LOAD_CORE}, "
             f"{options.rounds} rounds of {options.seconds} s interleaved, medians; access logs off")
    print(title + "\n")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="roost-bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK)
                                              else None))
    directory.chmod(0o755)
    tables, results = [], {}
    try:
        with contextlib.ExitStack() as stack:
            bench = Bench(options, binaries, directory)
            bench.start(stack)
            for row in rows:
                results[row.name] = bench.measure(row)
                tables.append(table(row, results[row.name]))
                print(tables[-1], flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    write_results(title, tables, results, bench)
    for name, why in bench.left_out.items():
        print(f"left out: {name}: {why}")
    print("written to bench/results/peers.txt, peers.json and peers.svg")
    return 1 if any("," in name for name in bench.left_out) else 0


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run peers", main))
