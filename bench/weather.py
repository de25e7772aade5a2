#!/usr/bin/env python3
"""bench/run weather: a normal client beside thousands of bad ones.

    --clients N     bad clients of each kind (default 4000)
    --seconds N     how long each kind is measured (default 10)
    --rounds N      rounds over all kinds; the median ratio counts (default 3)
    --only TEXT     only the parts whose name contains TEXT: a kind, "slowhttptest", "overload"

For each kind: p50 and p99 of a normal client that sends requests one after the other, half of them answered from the
cache and half by a backend, beside its p99 just before with nobody else there; failed requests; bad clients that
connected, one in place of each that was closed; resident memory of the proxy with all of them there. Every bad client
does something once a second, or less often when the machine is busy. Then slowhttptest in its four modes, and in how
many seconds it found the service away. Last, overload: what is served at three times the capacity of a backend, beside
what is served at its capacity.

Exits with 1 if a request failed, if the p99 was over twice the quiet one, if slowhttptest found the service away, or if
under overload less than 90% of the peak was served, took more than twice as long, or the refusals were not immediate.

The proxy has a core of its own; bad clients, the normal one and the backends share the other, the bad ones with the
lowest priority. Writes bench/results/weather.txt."""

import argparse
import contextlib
import csv
import multiprocessing
import os
import pathlib
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import contestants
import overload
from measure import (LOAD_CORE, SERVER_CORE, BenchError, Server, at_least, environment, free_port, need, progress,
                     read_answer, say_what_is_wrong)

HERE = pathlib.Path(__file__).resolve().parent
BIG = 4 << 20
RESET = b"\1\0\0\0\0\0\0\0"  # struct linger: on, 0 s
TICK_S = 0.002


def get(target):
    return f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


POST_HEAD = b"POST /pass HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
STAGES = (b"", b"GET /ca", b"GET /pass HTTP/1.1\r\nHost: a\r\n", get("/pass"), POST_HEAD + b"x" * 100, get("/big"))


class Kind:
    """What a bad client sends when it is connected, then from time to time; whether it resets afterwards."""

    def __init__(self, name, first=b"", again=b"", half_closes=False, resets=False, reads=65536):
        self.name, self.first, self.again = name, first, again
        self.half_closes, self.resets, self.reads = half_closes, resets, reads


KINDS = [
    Kind("silent"),
    Kind("slow heads", b"GET /pass HTTP/1.1\r\nHost: a\r\n", b"X-A: b\r\n"),
    Kind("slow bodies", POST_HEAD + b"x", b"x"),
    Kind("slow readers, cached", get("/cached-big"), reads=64),
    Kind("slow readers, passed", get("/big"), reads=64),
    Kind("half-closed, silent", half_closes=True),
    Kind("half-closed, asking", get("/pass"), half_closes=True),
    Kind("reset at every stage", resets=True),
]


class Crowd:
    """`count` clients of one kind, kept up in a process: whoever is closed connects again. They act in turn, a few at
    each tick, so that there is no burst but what the proxy makes itself."""

    def __init__(self, kind, count, port):
        self.kind, self.count, self.port = kind, count, port
        self.over = multiprocessing.Event()
        self.connected = multiprocessing.Value("L", 0)
        self.process = multiprocessing.Process(target=self.run, daemon=True)
        self.number = 0

    def connect(self):
        sock = socket.socket()
        if self.kind.reads < 4096:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Each from an address of its own, as far as loopback has them: one address has too few ports.
        sock.bind((f"127.0.{1 + self.number % 8}.1", 0))
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", self.port))
        self.number += 1
        self.connected.value = self.number
        return sock

    def begin(self, sock, number):
        """Behind connecting; False when the connection is not there yet."""
        kind = self.kind
        first = STAGES[number % len(STAGES)] if kind.resets else kind.first
        try:
            sock.send(first)
            if kind.half_closes:
                sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return False
        except OSError:
            pass  # act() finds it closed
        return True

    def act(self, sock):
        """The client's next step; False when it is gone and another is to take its place."""
        if self.kind.resets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return False
        try:
            if self.kind.again:
                sock.send(self.kind.again)
            return sock.recv(self.kind.reads) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def run(self):
        os.sched_setaffinity(0, [LOAD_CORE])
        os.nice(19)
        places = [[None, False] for _ in range(self.count)]  # a socket, and whether it has begun
        ticks_at, done = time.monotonic(), 0.0
        while not self.over.is_set():
            now = time.monotonic()
            due = done + min(now - ticks_at, 2 * TICK_S) * self.count  # what was missed is not made up for in a burst
            ticks_at = now
            for number in range(int(done), int(due)):
                place = places[number % self.count]
                if place[0] is None:
                    place[:] = self.connect(), False
                elif not place[1]:
                    place[1] = self.begin(place[0], number)
                elif not self.act(place[0]):
                    place[0].close()
                    place[:] = self.connect(), False
            done = due
            time.sleep(TICK_S)

    def __enter__(self):
        self.process.start()
        deadline = time.monotonic() + 60
        while self.connected.value < self.count:
            if time.monotonic() > deadline:
                raise BenchError(f"{self.kind.name}: {self.connected.value} of {self.count} clients in a minute")
            time.sleep(0.05)
        time.sleep(1.5)  # for each of them to have begun
        return self

    def __exit__(self, *_):
        self.over.set()
        self.process.join(30)


class Normal:
    """A client that sends requests one after the other, each kind of request on a connection that is kept."""

    def __init__(self, port):
        self.port, self.times_ms, self.failures = port, [], []
        self.sock = self.stream = None

    def one(self, target):
        began = time.perf_counter()
        try:
            if self.sock is None:
                self.sock = socket.create_connection(("127.0.0.1", self.port), 10)
                self.stream = self.sock.makefile("rb")
            self.sock.sendall(f"GET {target} HTTP/1.1\r\nHost: bench.test\r\n\r\n".encode())
            status, _ = read_answer(self.stream)
            if status != 200:
                self.failures.append(status)
        except (OSError, IndexError, ValueError) as error:
            self.failures.append(repr(error))
            self.sock = None
        self.times_ms.append((time.perf_counter() - began) * 1000)

    def run(self, seconds):
        """(p50, p99, failures). Every tenth request comes on a new connection."""
        self.times_ms, self.failures = [], []
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            if number % 10 == 0 and self.sock is not None:
                self.sock.close()
                self.sock = None
            self.one("/cached/1" if number % 2 else "/pass")
            number += 1
            time.sleep(TICK_S)
        ordered = sorted(self.times_ms)
        return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], self.failures


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def slow_tests(port, directory, seconds, count):
    """{mode: (seconds in which slowhttptest asked for the service, those in which it was away)}."""
    modes = {"slowloris": ("-H", "/pass"), "slow body": ("-B", "/pass"), "range": ("-R", "/cached/1"),
             "slow read": ("-X", "/cached-big", "-w", 512, "-y", 1024, "-n", 5, "-z", 32)}
    found = {}
    for name, (mode, target, *more) in modes.items():
        progress(f"slowhttptest: {name}")
        report = directory / "slowhttptest"
        command = ["taskset", "-c", LOAD_CORE, "nice", "slowhttptest", mode, *more, "-c", count, "-r", 1000,
                   "-l", seconds, "-i", 2, "-p", 3, "-g", "-o", report, "-u", f"http://127.0.0.1:{port}{target}"]
        subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                       timeout=seconds + 60)
        with report.with_suffix(".csv").open(encoding="utf-8") as file:
            available = [int(row[-1]) for row in csv.reader(file) if row and row[-1].isdigit()]
        found[name] = len(available), available.count(0)
    progress("")
    return found


class Report:
    """Lines, printed as they come; whether all that is asked for was found."""

    def __init__(self):
        self.lines, self.good = [], True

    def say(self, line):
        self.lines.append(line)
        print(line, flush=True)


def measure_kinds(options, server, report):
    kinds = [kind for kind in KINDS if options.only in kind.name]
    if not kinds:
        return
    report.say(f"{'':<24}{'p50 ms':>9}{'p99 ms':>9}{'quiet p99':>11}{'ratio':>7}{'failed':>8}{'connected':>11}"
               f"{'RSS MiB':>9}")
    Normal(server.port).run(1)
    ratios = {kind.name: [] for kind in kinds}
    for _ in range(options.rounds):
        for kind in kinds:
            _, quiet, _ = Normal(server.port).run(options.seconds)
            with Crowd(kind, options.clients, server.port) as crowd:
                p50, p99, failures = Normal(server.port).run(options.seconds)
                rss = resident_mib(server.process.pid)
            ratios[kind.name].append(p99 / quiet)
            report.say(f"{kind.name:<24}{p50:>9.2f}{p99:>9.2f}{quiet:>11.2f}{p99 / quiet:>7.1f}{len(failures):>8}"
                       f"{crowd.connected.value:>11}{rss:>9.0f}")
            if failures:
                report.say(f"    {sorted(set(map(str, failures)))[:3]}")
            report.good = report.good and not failures
            time.sleep(1)
    medians = {name: statistics.median(found) for name, found in ratios.items()}
    report.say("median ratios: " + ", ".join(f"{name} {ratio:.1f}" for name, ratio in medians.items()))
    report.good = report.good and max(medians.values()) <= 2


def measure_slow_tests(options, server, directory, report):
    if options.only not in "slowhttptest":
        return
    if not shutil.which("slowhttptest"):
        report.say("slowhttptest is not installed (deploy/install-deps --bench)")
        return
    count = min(options.clients, 4000)
    for name, (asked, away) in slow_tests(server.port, directory, 3 * options.seconds, count).items():
        report.say(f"slowhttptest, {name:<12}{count} connections, {asked} s, service away in {away} of them")
        report.good = report.good and away == 0 and asked > 0


def start_servers(binaries, directory, stack):
    """A proxy in front of two backends: one with small answers, and one with big ones for /big and /cached-big."""
    origins = {}
    for name, size, niceness in (("small", 1024, 0), ("big", BIG, 19)):  # only bad clients ask the big one
        port = free_port()
        command = ["nice", "-n", niceness, binaries / "origin", port, size]
        origins[name] = Server(f"{name} origin", command, port, directory, LOAD_CORE)
        stack.callback(origins[name].stop)
    port = free_port()
    pools = "".join(f'[[pool]]\nname = "{name}"\nbackends = ["127.0.0.1:{origin.port}"]\n'
                    for name, origin in origins.items())
    routes = "".join(f'[[route]]\npath = "{path}"\npool = "{pool}"\n'
                     for path, pool in (("/", "small"), ("/big", "big"), ("/cached-big", "big")))
    config = contestants.write(directory, "weather.toml",
                               f'[proxy]\nlisten = ["127.0.0.1:{port}"]\nadmin = "off"\nthreads = 1\n'
                               f'access_log = "off"\n[cache]\nmax_object_size = "{2 * BIG}B"\n{pools}{routes}')
    server = Server("Roost", [binaries / "roost-proxy", "--config", config], port, directory, SERVER_CORE)
    stack.callback(server.stop)
    return server


def main():
    parser = argparse.ArgumentParser(prog="bench/run weather", description="A normal client beside bad ones.")
    parser.add_argument("--clients", type=at_least(1), default=4000, metavar="N")
    parser.add_argument("--seconds", type=at_least(1), default=10, metavar="N")
    parser.add_argument("--rounds", type=at_least(1), default=3, metavar="N")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the parts whose name contains TEXT")
    options = parser.parse_args()
    binaries = pathlib.Path(os.environ.get("ROOST_BIN", HERE.parent / "build/release/bin")).resolve()
    need(binaries / "roost-proxy", binaries / "origin")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2 * options.clients:
        raise BenchError(f"{options.clients} clients need {2 * options.clients} descriptors, the hard limit is {hard}")
    available = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [LOAD_CORE])
    report = Report()
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory(prefix="roost-weather-") as name:
        directory = pathlib.Path(name)
        server = start_servers(binaries, directory, stack)
        measure_kinds(options, server, report)
        measure_slow_tests(options, server, directory, report)
        if options.only in "overload":
            os.sched_setaffinity(0, available)  # its load and its backend are two processes
            lines, good = overload.measure(binaries, directory, options.seconds)
            for line in lines:
                report.say(line)
            report.good = report.good and good
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "weather.txt").write_text(f"{environment()}\n\n" + "\n".join(report.lines) + "\n")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run weather", main))
