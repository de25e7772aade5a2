"""Flow tests: whole programs against scripted clients and backends.

A flow test is a file tests/flow/test_<subject>.py that runs alone or under tests/run:

    from harness import *

    class Passing(FlowTest):
        def test_a_get_reaches_the_backend(self):
            backend = self.backend(Reply(body=b"hello"))
            proxy = self.proxy(backend)
            self.assertEqual(get(proxy.address, "/a").body, b"hello")
            self.assertEqual(backend.count("/a"), 1)

    if __name__ == "__main__":
        main()

Programs come from $ROOST_BIN (default build/release/bin). Each listens on a port of its own and works in a temporary
directory that is removed with the test. At the end of a test every program still running gets SIGTERM and must end with
code 0 in time; a program that exits by itself, or a sanitizer report in its output, fails the test and is shown.

Nothing sleeps to let something happen: `wait_until` polls for the expected state. Time limits are multiplied by
$ROOST_TIME_SCALE, which the runner raises for sanitizer builds."""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from backend import Backend, Reply, Request  # noqa: F401, offered to the tests
from reporting import main  # noqa: F401
from wire import Closed, Connection, Fields, Response, WireError, get, request, request_bytes  # noqa: F401

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin"))
TIME_SCALE = float(os.environ.get("ROOST_TIME_SCALE", "1"))
SANITIZED = TIME_SCALE > 1  # a sanitizer needs memory, address space and descriptors of its own

SANITIZER_REPORT = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer|: runtime error: ")
SANITIZER_OPTIONS = {
    "ASAN_SYMBOLIZER_PATH": "/usr/lib/llvm-14/bin/llvm-symbolizer",
    "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "TSAN_OPTIONS": f"exitcode=99:second_deadlock_stack=1:suppressions={ROOT}/tests/tsan-suppressions.txt",
}


def wait_until(predicate, timeout_s=10, what=None):
    """Calls `predicate` until it returns something true, and returns that; fails after the time limit."""
    deadline = time.monotonic() + timeout_s * TIME_SCALE
    pause_s = 0.001
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s * TIME_SCALE:g} s for {what or predicate.__name__}")
        time.sleep(pause_s)
        pause_s = min(0.05, pause_s * 1.5)
    return value


# A child that is being started briefly holds a copy of every open socket, also of one that probes a port.
starting = threading.Lock()
claims = []  # sockets whose abstract names reserve ports among test processes


def free_port():
    """A free port, below the range the kernel uses for outgoing connections, and not about to be used by another test
    process: each port returned is reserved until this process ends."""
    while True:
        port = random.randrange(15000, 32000)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with starting, contextlib.closing(socket.socket()) as sock:
            try:
                claim.bind(f"\0roost-test-port-{port}")
                sock.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        claims.append(claim)
        return port


def accepts_connections(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
        return True
    except OSError:
        return False


def concurrently(count, function):
    """Calls function(0) … function(count - 1) in as many threads at the same moment; returns the results in order.
    The first exception is raised again."""
    results, errors = [None] * count, []
    start = threading.Barrier(count)

    def call(i):
        try:
            start.wait()
            results[i] = function(i)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120 * TIME_SCALE)
    if errors:
        raise errors[0]
    return results


class Program:
    """A running program. stdout and stderr go to one file, read with output(), or to the descriptors given."""

    def __init__(self, name, arguments, directory, environment=None, stdout=None, stderr=None):
        self.name = pathlib.Path(name).name
        if self.name.startswith("roost") and not (BIN / name).exists():
            raise FileNotFoundError(f"no {name} in {BIN}: build it, or say with ROOST_BIN where it is")
        self.command = [str(BIN / name) if (BIN / name).exists() else str(name), *map(str, arguments)]
        handle, self.output_path = tempfile.mkstemp(prefix=f"{self.name}-", suffix=".out", dir=directory)
        environment = {**os.environ, **SANITIZER_OPTIONS, **(environment or {})}
        with os.fdopen(handle, "wb") as output, starting:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=stdout or output,
                                            stderr=stderr or output, cwd=directory, env=environment)
        self.exit_is_expected = False
        self.address = None  # set by whoever starts it
        self.admin = None

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def output(self):
        return pathlib.Path(self.output_path).read_text(errors="replace")

    def wait(self, timeout_s=20):
        """Waits for it to end by itself and returns its exit code."""
        self.exit_is_expected = True
        return self.process.wait(timeout_s * TIME_SCALE)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, timeout_s=20):
        """SIGTERM, then its exit code; None when it did not end in time and was killed."""
        self.exit_is_expected = True
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s * TIME_SCALE)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        """kill -9; not counted as a failure of the program."""
        self.exit_is_expected = True
        self.process.kill()
        self.process.wait()

    def cpu_s(self):
        """User and system time it has used so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


@contextlib.contextmanager
def full_pipe():
    """The writing end of a pipe that is full and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    try:
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


def answered_at_the_end(test, program, body, target="/", waiting=20):
    """Stops the program, sends requests on new connections and on idle ones, and lets it go on with SIGTERM: each must
    be answered."""
    idle = [Connection(program.address) for _ in range(5)]
    for connection in idle:
        test.assertEqual(connection.request("GET", target).body, body)
    program.signal(signal.SIGSTOP)
    new = [Connection(program.address) for _ in range(waiting)]
    for connection in idle + new:
        connection.send(request_bytes("GET", target, host=program.address))
    program.exit_is_expected = True
    program.signal(signal.SIGTERM)
    program.signal(signal.SIGCONT)
    for connection in idle + new:
        answer = connection.read()
        test.assertEqual((answer.status, answer.body), (200, body))
        connection.close()
    test.assertEqual(program.wait(), 0)


# The cheapest argon2id and no limits per address, so that tests can register many users and like a lot.
CHEAP_PASSWORDS = {"ROOST_API_PASSWORD_OPS": "1", "ROOST_API_PASSWORD_MEMORY": "8KiB",
                   "ROOST_API_REGISTRATIONS_PER_ADDRESS": "0", "ROOST_API_LIKES_PER_ADDRESS": "0"}


class Person:
    """A registered user who is logged in. `address`: the worker or proxy they send requests to."""

    def __init__(self, address, username, password="correct horse"):
        self.address, self.username, self.password = address, username, password
        fields = {"username": username, "email": f"{username}@example.org", "password": password}
        made = json_request(address, "POST", "/api/users/register", fields)
        if made.status not in (201, 400):  # 400: already registered
            raise AssertionError(f"registering {username}: {made.status} {made.body!r}")
        answer = json_request(address, "POST", "/api/users/login", {"username": username, "password": password})
        if answer.status != 200:
            raise AssertionError(f"logging in {username}: {answer.status} {answer.body!r}")
        login = json.loads(answer.body)
        self.id, self.token = login["id"], login["access_token"]

    @property
    def authorization(self):
        return "Authorization", f"Bearer {self.token}"

    def request(self, method, target, body=None, headers=()):
        return json_request(self.address, method, target, body, [self.authorization, *headers])

    def post(self, content):
        """Posts a tweet and returns it."""
        answer = self.request("POST", "/api/tweets", {"content": content})
        if answer.status != 201:
            raise AssertionError(f"posting: {answer.status} {answer.body!r}")
        return json.loads(answer.body)


def json_request(address, method, target, body=None, headers=()):
    """A request whose body, if it has one, is JSON; bytes are sent as they are."""
    if body is None:
        return request(address, method, target, headers)
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request(address, method, target, [*headers, ("Content-Type", "application/json")], text)


class FlowTest(unittest.TestCase):
    """Provides a test with a directory, programs and backends, and cleans up."""

    maxDiff = None

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="roost-flow-"))
        self.programs = []
        self.backends = []
        self.addCleanup(self._take_down)

    def backend(self, answer=None, **options):
        backend = Backend(answer, **options)
        self.backends.append(backend)
        return backend

    def program(self, name, *arguments, environment=None, stdout=None, stderr=None):
        """Starts a program of $ROOST_BIN (or of PATH) and does not wait for anything."""
        program = Program(name, arguments, self.directory, environment, stdout, stderr)
        self.programs.append(program)
        return program

    def run_program(self, name, *arguments, environment=None, timeout_s=20):
        """Runs a program to its end; returns (exit code, output)."""
        program = self.program(name, *arguments, environment=environment)
        code = program.wait(timeout_s)
        return code, program.output()

    def proxy(self, *upstreams, flags=(), listen=None, admin="off", environment=None, stdout=None, stderr=None):
        """roost-proxy with the given backends (objects with .address, or address strings), once it listens.
        admin=True gives it an admin listener as well, at proxy.admin."""
        address = listen or f"127.0.0.1:{free_port()}"
        admin = f"127.0.0.1:{free_port()}" if admin is True else admin
        arguments = ["--listen", address, "--admin", admin]
        for upstream in upstreams:
            arguments += ["--upstream", getattr(upstream, "address", upstream)]
        program = self.program("roost-proxy", *arguments, *flags, environment=environment, stdout=stdout,
                               stderr=stderr)
        program.address, program.admin = address, admin
        return self._listening(program)

    def database(self):
        """The URL of the database this test's workers use; None is SQLite in their data directory."""
        return None

    def api(self, name="w1", data=None, flags=(), listen=None, environment=None, stdout=None, stderr=None):
        """A roost-api worker, once it is ready. Workers of one test share the data directory unless told otherwise."""
        address = listen or f"127.0.0.1:{free_port()}"
        data = data or self.directory / "data"
        arguments = ["--listen", address, "--data", data, "--worker", name]
        if url := self.database():
            arguments += ["--database", url]
        environment = {**CHEAP_PASSWORDS, **(environment or {})}
        program = self.program("roost-api", *arguments, *flags, environment=environment, stdout=stdout, stderr=stderr)
        program.address = address
        self._listening(program)
        wait_until(lambda: get(address, "/readyz").status == 200, 20, f"{name} to be ready")
        return program

    def write(self, name, text):
        """Writes a file into the test's directory and returns its path."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def _listening(self, program):
        def answers_or_ended():
            return not program.running() or accepts_connections(program.address)

        wait_until(answers_or_ended, 20, f"{program.name} to listen on {program.address}")
        if not program.running():
            program.exit_is_expected = True
            self.fail(f"{program.name} ended with {program.process.returncode}:\n{program.output()}")
        return program

    def _take_down(self):
        problems = []
        for program in reversed(self.programs):
            problems += self._end(program)
        for backend in self.backends:
            backend.stop()
            problems += [f"backend {backend.address}: {error!r}" for error in backend.errors]
        if problems or os.environ.get("ROOST_KEEP"):
            print(f"files kept in {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)
        if problems:
            raise AssertionError("\n".join(problems))

    def _end(self, program):
        problems = []
        if not program.running() and not program.exit_is_expected:
            problems.append(f"{program.name} ended by itself with {program.process.returncode}")
        elif program.running():
            code = program.stop()
            if code is None:
                problems.append(f"{program.name} did not end within its time after SIGTERM")
            elif code != 0:
                problems.append(f"{program.name} ended with {code} after SIGTERM")
        output = program.output()
        if program.process.returncode == 99 or SANITIZER_REPORT.search(output):
            problems.append(f"{program.name} was reported by a sanitizer")
        if problems:
            problems.append(f"--- {' '.join(program.command)}\n{output[-20000:]}")
        return problems
