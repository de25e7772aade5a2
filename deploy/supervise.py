"""deploy/up after installing and building: starts the workers and the proxy, restarts them if they exit, stops them.

The pause before a restart doubles from 0.1 s to 5 s; it is reset when a process has run for 10 s. SIGTERM or Ctrl-C
stops the proxy first, which drains, then the workers; a second one kills all at once. If the supervisor itself is
killed, every process gets SIGTERM."""

import argparse
import ctypes
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time

from stack import (STYLE, State, answers, bad, good, port_holder, port_is_free, reachable, ready_path, show_urls,
                   shown_path, warn, why_not_ready)

ROOT = pathlib.Path(__file__).resolve().parents[1]
LEAST_PAUSE_S, MOST_PAUSE_S, LIVED_S = 0.1, 5.0, 10.0
START_LIMIT_S = 30
SILENT_S = 3  # after that long without being ready, it is said why
STOP_LIMIT_S = 15
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent():
    """Runs in the child before exec: SIGTERM when the supervisor dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def already_runs(state):
    bad(f"a stack already runs on {shown_path(state.data)}: deploy/status shows it, deploy/down ends it")


class Child:
    """One process of the stack; its output goes to DATA/run/NAME.out."""

    def __init__(self, name, address, command, folder):
        self.name, self.address, self.command = name, address, [str(word) for word in command]
        self.output = folder / f"{name}.out"
        self.process = None
        self.restarts = 0
        self.pause_s = LEAST_PAUSE_S
        self.started_s = 0
        self.start_at_s = None  # time of the next restart
        self.was_ready = False

    def start(self):
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            start_new_session=True, preexec_fn=end_with_parent)
        self.started_s, self.start_at_s = time.monotonic(), None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def ended_how(self):
        code = self.process.returncode
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def last_words(self, lines=12):
        text = self.output.read_text(errors="replace").strip().splitlines()
        return "\n".join(f"      {line}" for line in text[-lines:])

    def plan_restart(self):
        """Schedules the restart and reports it."""
        now = time.monotonic()
        self.pause_s = LEAST_PAUSE_S if now - self.started_s > LIVED_S else self.pause_s
        self.start_at_s = now + self.pause_s
        warn(f"{time.strftime('%H:%M:%S')} {self.name} {self.ended_how()}; starting it again in {self.pause_s:g} s")
        self.pause_s = min(MOST_PAUSE_S, self.pause_s * 2)

    def summary(self):
        return {"name": self.name, "address": self.address, "restarts": self.restarts,
                "pid": self.process.pid if self.running() else None}


class Stack:
    def __init__(self, options):
        self.options = options
        self.state = State(options.data)
        self.address = f"{options.host}:{options.port}"
        self.admin = f"127.0.0.1:{options.admin_port}" if options.admin_port else ""
        self.stop_signals = 0
        self.stopped_by = 0  # the number of the last such signal
        self.wake_reader, self.wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        if options.database:  # not as a flag: it may contain a password, and every user can list the flags of a process
            os.environ["ROOST_DATABASE_URL"] = options.database
        self.workers = [self.worker(i) for i in range(options.workers)]
        self.proxy = self.front()

    def worker(self, number):
        name, address = f"w{number + 1}", f"127.0.0.1:{self.options.worker_port + number}"
        command = [self.program("roost-api"), "--listen", address, "--data", self.state.data, "--worker", name]
        if self.admin:
            command += ["--proxy", self.admin]
        if self.options.demo:
            command += ["--demo"]
        return Child(name, address, command + self.config(), self.state.folder)

    def front(self):
        command = [self.program("roost-proxy"), "--listen", self.address, "--admin", self.admin or "off"]
        if self.options.threads:
            command += ["--threads", self.options.threads]
        for worker in self.workers:
            command += ["--upstream", worker.address]
        return Child("proxy", self.address, command + self.config(), self.state.folder)

    def program(self, name):
        return pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin")).resolve() / name

    def config(self):
        return ["--config", self.options.config] if self.options.config else []

    def children(self):
        return [*self.workers, self.proxy]

    def run(self):
        """Runs the stack until it is stopped; returns the exit code."""
        if not self.prepare():
            return 1
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda *_: self.wake())
        code = 1
        try:
            if self.start():
                self.publish(ready=True)
                self.announce()
                code = 0
                self.watch()
            elif self.stop_signals:
                code = 128 + self.stopped_by
        finally:
            self.stop()
            self.state.file.unlink(missing_ok=True)
        return code

    def prepare(self):
        """Takes the data directory; False if it is in use or a port is taken."""
        try:
            if not self.state.take():
                already_runs(self.state)
                return False
        except OSError as error:
            bad(f"cannot write the data directory {shown_path(self.state.data)}: {error.strerror}")
            return False
        wanted = [(worker.address, "--worker-port") for worker in self.workers] + [(self.address, "--port")]
        wanted += [(self.admin, "--admin-port")] if self.admin else []
        taken = False
        for address, flag in wanted:
            host, _, port = address.rpartition(":")
            if not port_is_free(host.strip("[]"), int(port)):
                bad(f"cannot listen on {address}: in use by {port_holder(int(port))}; choose another with {flag}")
                taken = True
        return not taken

    def start(self):
        """Starts all processes and waits until each is ready; False if one exits before, or on a signal."""
        for child in self.children():
            child.output.unlink(missing_ok=True)
        for group in (self.workers, [self.proxy]):
            begun = time.monotonic()
            for child in group:
                child.start()
            self.publish(ready=False)
            for child in group:
                if not self.wait_ready(child, begun):
                    return False
        return True

    def wait_ready(self, child, begun):
        said = ""
        while not self.stop_signals:
            if not child.running():
                bad(f"{child.name} {child.ended_how()} before it was ready:")
                print(child.last_words(), file=sys.stderr, flush=True)
                return False
            if answers(reachable(child.address), ready_path(child.name)):
                child.was_ready = True
                good(f"{child.name}", f"{child.address}, ready after {time.monotonic() - begun:.2f} s")
                return True
            if time.monotonic() - begun > START_LIMIT_S:
                bad(f"{child.name} is not ready after {START_LIMIT_S} s; it says in {shown_path(child.output)}:")
                print(child.last_words(), file=sys.stderr, flush=True)
                return False
            if time.monotonic() - begun > SILENT_S:
                said = self.say_why(child, said)
            self.sleep(0.02)
        return False

    @staticmethod
    def say_why(child, said):
        """Prints why a process is not ready, unless that was `said` last; returns what was said."""
        why = why_not_ready(reachable(child.address), ready_path(child.name))
        if why != said:
            warn(f"waiting for {child.name}, up to {START_LIMIT_S} s: {why}")
        return why

    def announce(self):
        show_urls(self.summary(True))
        if not self.options.detached:
            print(f"    {STYLE.dim}Ctrl-C ends everything.{STYLE.plain}\n", flush=True)

    def watch(self):
        """Restarts processes that exit, until a signal stops it."""
        while not self.stop_signals:
            now = time.monotonic()
            for child in self.children():
                if child.running():
                    continue
                if child.start_at_s is None:
                    child.plan_restart()
                    self.publish(ready=True)
                elif now >= child.start_at_s:
                    child.start()
                    child.restarts += 1
                    self.publish(ready=True)
            due = [child.start_at_s for child in self.children() if child.start_at_s is not None]
            self.sleep(max(0, min(due) - time.monotonic()) if due else 60)

    def stop(self):
        """Stops the proxy, then the workers, each group within its time limit."""
        begun = time.monotonic()
        for group in ([self.proxy], self.workers):
            self.end(group)
        if self.proxy.was_ready:
            good("stopped", f"in {time.monotonic() - begun:.1f} s; the data stays in {shown_path(self.state.data)}")

    def end(self, group):
        signals_before = self.stop_signals
        for child in group:
            if child.running():
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_LIMIT_S
        while any(child.running() for child in group):
            impatient = self.stop_signals > max(1, signals_before)
            if impatient or time.monotonic() > deadline:
                for child in (child for child in group if child.running()):
                    warn(f"{child.name} (pid {child.process.pid}) is killed"
                         f"{'' if impatient else f', since it has not ended within {STOP_LIMIT_S} s'}")
                    child.process.kill()
                    child.process.wait()
                return
            self.sleep(0.05)

    def on_stop_signal(self, number, _):
        self.stop_signals += 1
        self.stopped_by = number
        self.wake()

    def wake(self):
        try:
            os.write(self.wake_writer, b"!")
        except BlockingIOError:
            pass

    def sleep(self, seconds):
        """Waits for the exit of a child, a signal, or the time-out."""
        if select.select([self.wake_reader], [], [], seconds)[0]:
            os.read(self.wake_reader, 4096)

    def summary(self, ready):
        return {"ready": ready, "address": self.address, "admin": self.admin, "data": str(self.state.data),
                "demo": self.options.demo,
                "processes": [child.summary() for child in [self.proxy, *self.workers]]}

    def publish(self, ready):
        self.state.write(self.summary(ready))


def detach(options):
    """Starts a supervisor in the background and waits until its stack is ready."""
    state = State(options.data)
    if state.supervisor() is not None:
        already_runs(state)
        return 1
    try:
        state.create()
        log = open(state.folder / "supervisor.out", "wb")
    except OSError as error:
        bad(f"cannot write the data directory {shown_path(state.data)}: {error.strerror}")
        return 1
    arguments = [word for word in sys.argv[1:] if word != "--detach"]
    with log:
        process = subprocess.Popen([sys.executable, __file__, *arguments, "--detached"], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, start_new_session=True)
    while process.poll() is None:
        stack = state.read()
        if stack and stack["ready"]:
            for child in stack["processes"]:
                good(child["name"], child["address"])
            show_urls(stack)
            print(f"    {STYLE.dim}deploy/status shows it, deploy/down ends it.{STYLE.plain}\n")
            return 0
        time.sleep(0.05)
    print((state.folder / "supervisor.out").read_text(errors="replace"), end="", file=sys.stderr)
    return process.returncode or 1


def number_in(low, high):
    def parse(text):
        if not re.fullmatch(r"\d+", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"\"{text}\" is not a number from {low} to {high}")
        return int(text)
    return parse


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="deploy/up", description="Starts the proxy and its workers.", add_help=False,
                                     allow_abbrev=False)
    parser.add_argument("--workers", type=number_in(1, 64), default=3)
    parser.add_argument("--database", default="")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=number_in(1, 65535), default=8080)
    parser.add_argument("--admin-port", type=number_in(0, 65535), default=8081)
    parser.add_argument("--worker-port", type=number_in(1, 65000), default=9001)
    parser.add_argument("--threads", type=number_in(1, 256), default=0)
    parser.add_argument("--data", default="data")
    parser.add_argument("--config", default="")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--detach", action="store_true")
    parser.add_argument("--detached", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main():
    options = options_from(sys.argv[1:])
    if options.check_arguments:
        return 0
    return detach(options) if options.detach else Stack(options).run()


if __name__ == "__main__":
    sys.exit(main())
