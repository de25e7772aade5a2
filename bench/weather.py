#!/usr/bin/env python3
"""bench/run weather: a normal client beside thousands of bad ones.

    --clients N     bad clients of each kind (default 4000)
    --seconds N     how long each kind is kept up (default 10)
    --only TEXT     only the kinds whose name contains TEXT

For each kind: p50 and p99 of a normal client that sends requests one after the other, half of them answered from the
cache and half by a backend, beside its own figures with nobody else there; failed requests; resident memory of the
proxy. Then slowhttptest in its four modes, where it is installed, and what it says of the service. Last, overload: what
is served at three times the capacity of a backend, beside what is served at its capacity.

Exits with 1 if a request failed, if the p99 was over twice the quiet one and over 5 ms, if slowhttptest found the
service away, or if under overload less than 90% was served or took more than twice as long.

Writes bench/results/weather.txt."""

import argparse
import contextlib
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import contestants
import overload
from measure import (LOAD_CORE, BenchError, Server, environment, free_port, need, progress, read_answer,
                     say_what_is_wrong)

HERE = pathlib.Path(__file__).resolve().parent
BIG = 4 << 20
RESET = b"\1\0\0\0\0\0\0\0"  # struct linger: on, 0 s
POST_HEAD = b"POST /pass HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
STAGES = (b"", b"GET /ca", b"GET /pass HTTP/1.1\r\nHost: a\r\n", b"GET /pass HTTP/1.1\r\nHost: a\r\n\r\n",
          POST_HEAD + b"x" * 100)


class Kind:
    """What a bad client sends when it is connected, then from time to time; whether it resets afterwards."""

    def __init__(self, name, first=b"", again=b"", half_closes=False, resets=False, receive_buffer=None):
        self.name, self.first, self.again = name, first, again
        self.half_closes, self.resets, self.receive_buffer = half_closes, resets, receive_buffer


KINDS = [
    Kind("silent"),
    Kind("slow heads", b"GET /pass HTTP/1.1\r\nHost: a\r\n", b"X-A: b\r\n"),
    Kind("slow bodies", POST_HEAD + b"x", b"x"),
    Kind("slow readers", b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n", receive_buffer=4096),
    Kind("half-closed", b"GET /pass HTTP/1.1\r\nHost: a\r\n\r\n", half_closes=True),
    Kind("reset at every stage", resets=True),
]


class Crowd:
    """`count` clients of one kind, kept up in a thread: whoever is closed connects again."""

    def __init__(self, kind, count, port):
        self.kind, self.count, self.port = kind, count, port
        self.over = threading.Event()
        self.connected = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.clients = []

    def connect(self):
        sock = socket.socket()
        if self.kind.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.kind.receive_buffer)
        # Each from an address of its own, as far as loopback has them: one address has too few ports.
        sock.bind((f"127.0.{1 + self.connected % 8}.1", 0))
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", self.port))
        self.connected += 1
        return sock

    def act(self, sock, number):
        """The client's next move; False when it is to be replaced."""
        try:
            if self.kind.resets:
                sock.send(STAGES[number % len(STAGES)])
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return False
            if self.kind.again:
                sock.send(self.kind.again)
            if self.kind.receive_buffer is None:
                return sock.recv(65536) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def begin(self, sock):
        with contextlib.suppress(OSError):
            sock.send(self.kind.first)
            if self.kind.half_closes:
                sock.shutdown(socket.SHUT_WR)

    def run(self):
        fresh = []
        while not self.over.is_set():
            room = min(200, self.count - len(self.clients))
            fresh = [self.connect() for _ in range(room)]
            time.sleep(0.02)
            for sock in fresh:
                self.begin(sock)
            self.clients += fresh
            for number in range(0, len(self.clients), 1 if len(self.clients) < self.count else 4):
                sock = self.clients[number]
                if not self.act(sock, number):
                    sock.close()
                    self.clients[number] = None
            self.clients = [sock for sock in self.clients if sock is not None]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(30)
        for sock in self.clients:
            sock.close()


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
            time.sleep(0.002)
        ordered = sorted(self.times_ms)
        return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], self.failures


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def slow_tests(port, seconds, count):
    """{mode: what slowhttptest says of the service}."""
    modes = {"slowloris": ["-H"], "slow body": ["-B"], "range": ["-R"],
             "slow read": ["-X", "-w", 512, "-y", 1024, "-n", 5]}
    found = {}
    for name, flags in modes.items():
        progress(f"slowhttptest: {name}")
        command = ["slowhttptest", *flags, "-c", count, "-r", 1000, "-l", seconds, "-i", 2, "-p", 3,
                   "-u", f"http://127.0.0.1:{port}/pass"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                              timeout=seconds + 60)
        plain = re.sub(r"\x1b\[[\d;]*m", "", done.stdout)
        states = re.findall(r"service available:\s+(YES|NO)", plain)
        found[name] = (len(states), states.count("NO"))
    return found


def measure(options, server, big):
    lines, good = [], True
    header = f"{'':<24}{'p50 ms':>9}{'p99 ms':>9}{'failed':>9}{'clients':>10}{'RSS MiB':>9}"
    normal = Normal(server.port)
    normal.run(1)
    p50, quiet, failures = normal.run(options.seconds)
    rss = resident_mib(server.process.pid)
    lines += [header, f"{'quiet':<24}{p50:>9.2f}{quiet:>9.2f}{len(failures):>9}{'–':>10}{rss:>9.0f}"]
    print("\n".join(lines), flush=True)
    for kind in KINDS:
        if options.only not in kind.name:
            continue
        port = big.port if kind.name == "slow readers" else server.port
        subject = big if kind.name == "slow readers" else server
        with Crowd(kind, options.clients, port) as crowd:
            deadline = time.monotonic() + 30
            while crowd.connected < options.clients and time.monotonic() < deadline:
                time.sleep(0.05)
            beside = Normal(port)
            p50, p99, failures = beside.run(options.seconds)
            rss = resident_mib(subject.process.pid)
        lines.append(f"{kind.name:<24}{p50:>9.2f}{p99:>9.2f}{len(failures):>9}{crowd.connected:>10}{rss:>9.0f}")
        print(lines[-1], flush=True)
        if failures:
            lines.append(f"    {sorted(set(map(str, failures)))[:3]}")
            print(lines[-1], flush=True)
        good = good and not failures and (p99 <= 2 * quiet or p99 <= 5)
        time.sleep(1)
    if shutil.which("slowhttptest") and not options.only:
        for name, (asked, away) in slow_tests(server.port, options.seconds, min(options.clients, 4000)).items():
            lines.append(f"slowhttptest, {name:<12} service asked for {asked} times, not available {away} times")
            print(lines[-1], flush=True)
            good = good and away == 0 and asked > 0
    return lines, good


def main():
    parser = argparse.ArgumentParser(prog="bench/run weather", description="A normal client beside bad ones.")
    parser.add_argument("--clients", type=int, default=4000, metavar="N")
    parser.add_argument("--seconds", type=int, default=10, metavar="N")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the kinds whose name contains TEXT")
    options = parser.parse_args()
    binaries = pathlib.Path(os.environ.get("ROOST_BIN", HERE.parent / "build/release/bin")).resolve()
    need(binaries / "roost-proxy", binaries / "origin")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2 * options.clients:
        raise BenchError(f"{options.clients} clients need {2 * options.clients} descriptors, the hard limit is {hard}")
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory(prefix="roost-weather-") as directory:
        ports = free_port(), free_port()
        small = Server("origin", [binaries / "origin", ports[0], 1024], ports[0], directory, LOAD_CORE)
        stack.callback(small.stop)
        large = Server("big origin", [binaries / "origin", ports[1], BIG], ports[1], directory, LOAD_CORE)
        stack.callback(large.stop)
        server = contestants.roost(binaries, directory, [small])
        stack.callback(server.stop)
        big = contestants.roost(binaries, directory, [large])
        stack.callback(big.stop)
        lines, good = measure(options, server, big)
        if not options.only or options.only in "overload":
            more, held = overload.measure(binaries, pathlib.Path(directory), options.seconds)
            print("\n".join(more), flush=True)
            lines, good = lines + more, good and held
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "weather.txt").write_text(f"{environment()}\n\n" + "\n".join(lines) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run weather", main))
