"""Measuring: the server alone on one core, wrk and the origins on another, interleaved rounds, medians.

The figure is server CPU microseconds per request: user and system time of the server's processes, from /proc, over the
requests that wrk counted. Unlike requests per second, it is valid when the load generator is the bottleneck."""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64
os.environ.setdefault("ROOST_API_LIKES_PER_ADDRESS", "0")  # of the workers that are measured: wrk has one address


class BenchError(Exception):
    """A server does not do what is to be measured, or something that the measurement needs is missing."""


def say_what_is_wrong(name, main):
    """Runs `main`; a BenchError is printed in one line instead of a traceback, and exits with 1."""
    try:
        return main()
    except (BenchError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        progress("")
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress("")
        return 130


def need(*programs):
    """Raises BenchError if one is missing: names are looked up in PATH, paths are programs to be built."""
    for program in programs:
        if isinstance(program, pathlib.Path):
            if not program.exists():
                raise BenchError(f"no {program.name} in {program.parent}: build it, or say with ROOST_BIN where it is")
        elif missing_programs([program]):
            raise BenchError(f"{program} is not installed (deploy/install-deps --bench)")


def at_least(least):
    """For argparse: an integer of at least `least`."""
    def number(text):
        if not re.fullmatch("[0-9]+", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)
    return number


def output_of(command, limit_s=None):
    """The output of a program; raises BenchError with its complaint if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=limit_s, check=False)
    if done.returncode != 0:
        raise BenchError(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def cores():
    """(core of the server, core of the load); the same if there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


SERVER_CORE, LOAD_CORE = cores()


def free_port():
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_for_port(port, process, log, limit_s=10):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise BenchError(f"does not listen on 127.0.0.1:{port}:\n{pathlib.Path(log).read_text(errors='replace')[-2000:]}")


def fetch(port, target):
    """(status, body) of one GET on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n".encode())
        return read_answer(sock.makefile("rb"))


def read_answer(stream):
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, stream.read(length)


def fetch_all(port, targets):
    """GETs many targets on one connection, in batches small enough for any pipeline; returns the number of 200s."""
    good = 0
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        stream = sock.makefile("rb")
        for target in targets:
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: bench.test\r\n\r\n".encode())
            good += read_answer(stream)[0] == 200
    return good


def process_cpu_s(pid, ended_children=False):
    """User and system time of a process; 0 when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15 if ended_children else 13])) * TICK_S


class Server:
    """A process (and its children) pinned to a core, listening on a loopback port."""

    def __init__(self, name, command, port, directory, core=SERVER_CORE):
        self.name, self.port = name, port
        self.log = pathlib.Path(directory) / f"{name.replace(' ', '-')}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=directory, start_new_session=True)
        try:
            wait_for_port(port, self.process, self.log)
        except BenchError:
            self.stop()
            raise

    def processes(self):
        """Its own pid and those of all its descendants."""
        found, new = [], [self.process.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    new += [int(child) for child in children.read_text().split()]
                except OSError:
                    pass
        return found

    def cpu_s(self):
        return sum(map(process_cpu_s, self.processes()))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


@dataclass
class Round:
    cpu_us: float  # server CPU per request
    per_s: float
    p50_us: float
    p99_us: float
    errors: int
    requests: int


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def run_wrk(server, target, seconds, script=None, arguments=(), connections=CONNECTIONS):
    """One round of load on a server."""
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
               "-H", "Host: bench.test"]
    if script:
        command += ["-s", str(script)]
    command += [f"http://127.0.0.1:{server.port}{target}", "--", *map(str, arguments)]
    before = server.cpu_s()
    text = output_of(command, seconds + 20)
    cpu_s = server.cpu_s() - before
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    if requests == 0:
        raise BenchError("answered nothing under load")
    errors = sum(int(n) for line in re.findall(r"Socket errors: (.*)", text) for n in re.findall(r"\d+", line))
    errors += sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    latency = {name: microseconds(value) for name, value in re.findall(r"^\s+(50|99)%\s+(\S+)$", text, re.M)}
    per_s = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    return Round(cpu_s * 1e6 / requests, per_s, latency.get("50", 0), latency.get("99", 0), errors, requests)


@dataclass
class Figure:
    """The result of the rounds of one server on one kind of work."""

    rounds: list = field(default_factory=list)

    def median(self, name):
        return statistics.median(getattr(r, name) for r in self.rounds)

    @property
    def spread(self):
        """Half the distance between the best and the worst round, relative to the median."""
        values = [r.cpu_us for r in self.rounds]
        return (max(values) - min(values)) / 2 / self.median("cpu_us")

    @property
    def errors(self):
        return sum(r.errors for r in self.rounds)


def environment():
    """The machine and versions, for the record."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{cpu.group(1) if cpu else 'unknown CPU'}, {os.cpu_count()} cores, Linux {os.uname().release}"


def missing_programs(names):
    return [name for name in names if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")]


def progress(text):
    """A line that is overwritten by the next on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
