"""bench/run instructions: instructions and heap allocations of one request, counted by valgrind.

Counts do not depend on the load of the machine, so that builds can be compared. Each figure is the difference between
a run of many requests and one of few, divided by the difference in requests: start and end cancel out. One client,
one connection, one loop thread."""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

from measure import BenchError, free_port, need, progress, read_answer, say_what_is_wrong, wait_for_port

ROOT = pathlib.Path(__file__).resolve().parents[1]
WRK_HEAD = "Host: bench.test\r\n"
BROWSER_HEAD = """Host: bench.test
Connection: keep-alive
sec-ch-ua: "Chromium";v="156", "Not)A;Brand";v="24"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: "Linux"
Upgrade-Insecure-Requests: 1
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8
Sec-Fetch-Site: none
Sec-Fetch-Mode: navigate
Sec-Fetch-User: ?1
Sec-Fetch-Dest: document
Referer: http://bench.test/timeline?page=2
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en;q=0.9,de;q=0.8
""".replace("\n", "\r\n")
HEADS = {"wrk": WRK_HEAD, "browser": BROWSER_HEAD}
BODY_BYTES = 1024


def send(port, request, count):
    """Sends the request `count` times on one connection, each after the answer to the previous one."""
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = sock.makefile("rb")
        for _ in range(count):
            sock.sendall(request)
            status, _ = read_answer(stream)
            if status not in (200, 202):
                raise BenchError(f"answered {status}")


class Counted:
    """A program under valgrind: `total()` stops it and returns the count."""

    def __init__(self, tool, command, port, directory):
        self.tool = tool
        self.log = pathlib.Path(directory) / f"{tool}-{port}.log"
        options = {"callgrind": ["--callgrind-out-file=/dev/null"],
                   "memcheck": ["--leak-check=no", "--undef-value-errors=no"]}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["valgrind", f"--tool={tool}", *options[tool], *map(str, command)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory)
        try:
            wait_for_port(port, self.process, self.log, limit_s=60)
        except BenchError:
            self.kill()
            raise

    def total(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        pattern = {"callgrind": r"Collected : (\d+)", "memcheck": r"total heap usage: ([\d,]+) allocs"}[self.tool]
        found = re.search(pattern, self.log.read_text(errors="replace"))
        if not found:
            raise BenchError(f"{self.tool} counted nothing:\n{self.log.read_text(errors='replace')[-2000:]}")
        return int(found[1].replace(",", ""))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Proxy:
    """A cached and an uncached GET through roost-proxy."""

    def __init__(self, binaries, directory):
        self.binaries, self.directory = binaries, directory

    def start(self, tool, origin_port):
        port = free_port()
        command = [self.binaries / "roost-proxy", "--listen", f"127.0.0.1:{port}", "--upstream",
                   f"127.0.0.1:{origin_port}", "--threads", "1", "--admin", "off", "--access-log", "off"]
        return Counted(tool, command, port, self.directory), port


class Worker:
    """A like, and a read of the timeline, answered by roost-api on SQLite."""

    def __init__(self, binaries, directory):
        self.binaries, self.directory = binaries, directory

    def start(self, tool, _):
        port = free_port()
        data = tempfile.mkdtemp(dir=self.directory)
        command = [self.binaries / "roost-api", "--listen", f"127.0.0.1:{port}", "--data", data]
        counted = Counted(tool, command, port, self.directory)
        self.add_tweet(port)
        return counted, port

    @staticmethod
    def add_tweet(port):
        base = f"http://127.0.0.1:{port}/api"

        def call(path, body, headers):
            request = urllib.request.Request(base + path, body, {"Content-Type": "application/json", **headers})
            return json.load(urllib.request.urlopen(request, timeout=120))

        person = {"username": "ann", "email": "ann@bench.test", "password": "correct horse"}
        call("/users/register", json.dumps(person).encode(), {})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        token = call("/users/login", b"username=ann&password=correct+horse", form)["access_token"]
        call("/tweets", b'{"content": "hello"}', {"Authorization": f"Bearer {token}"})


def request(method, target, head):
    length = "Content-Length: 0\r\n" if method == "POST" else ""
    return f"{method} {target} HTTP/1.1\r\n{head}{length}\r\n".encode()


WORKS = {"hit": (Proxy, "GET", "/cached", 2000), "pass": (Proxy, "GET", "/plain", 2000),
         "like": (Worker, "POST", "/like/1", 1000)}  # fmt: skip


def per_request(tool, program, origin_port, method, target, head, count):
    totals = []
    few = count // 5
    for times in (few, few + count):
        counted, port = program.start(tool, origin_port)
        try:
            send(port, request(method, target, head), times)
            totals.append(counted.total())
        finally:
            counted.kill()
    return (totals[1] - totals[0]) / count


def start_origin(origin, directory):
    port = free_port()
    process = subprocess.Popen([str(origin), str(port), str(BODY_BYTES)], stdin=subprocess.DEVNULL)
    wait_for_port(port, process, "/dev/null")
    return process, port


def measure(options, binaries, directory, origin_port):
    """{(work, head): (instructions, allocations)}"""
    figures = {}
    for name in options.works:
        kind, method, target, count = WORKS[name]
        for head_name, head in HEADS.items():
            progress(f"{binaries}: {name}, {head_name}")
            program = kind(binaries, directory)
            arguments = (program, origin_port, method, target, head)
            instructions = per_request("callgrind", *arguments, count)
            allocations = per_request("memcheck", *arguments, count // 2) if options.allocations else None
            figures[name, head_name] = (instructions, allocations)
    progress("")
    return figures


def show(figures, beside):
    more = f" {'beside':>10} {'ratio':>7}" if beside else ""
    print(f"{'work':6} {'head':8} {'instructions':>13} {'allocations':>12}{more}")
    for key, (instructions, allocations) in figures.items():
        allocated = "–" if allocations is None else f"{allocations:.2f}"
        line = f"{key[0]:6} {key[1]:8} {instructions:13,.0f} {allocated:>12}"
        if beside:
            line += f" {beside[key][0]:10,.0f} {instructions / beside[key][0]:7.3f}"
        print(line)


def main():
    parser = argparse.ArgumentParser(prog="bench/run instructions", description=__doc__.split("\n\n")[0])
    parser.add_argument("--beside", type=pathlib.Path, metavar="DIR", help="programs of another build to compare with")
    parser.add_argument("--works", nargs="+", choices=sorted(WORKS), default=list(WORKS))
    parser.add_argument("--no-allocations", dest="allocations", action="store_false", help="count instructions only")
    options = parser.parse_args()
    binaries = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin")).resolve()
    need(binaries / "roost-proxy", binaries / "roost-api", binaries / "origin", "valgrind")
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as directory:
        origin, port = start_origin(binaries / "origin", directory)
        try:
            figures = measure(options, binaries, directory, port)
            options.allocations = False
            beside = measure(options, options.beside.resolve(), directory, port) if options.beside else None
        finally:
            origin.kill()
            origin.wait()
    show(figures, beside)
    return 0


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run instructions", main))
