"""The builds of tests/run: one after another in the background, while the suites run whose builds are there. Compilers
have a lower priority than tests, so that these hold their time limits."""

import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = ["roost-proxy", "roost-api", "batcher-example"]
# What is built, in this order, and for which suites; all of a preset for a suite without targets. One step of building
# goes on while the suites of those before it run.
STEPS = [
    ("check", dict.fromkeys(["flow", "documents", "web", "vtest", "hosts", "faults", "likes",
                             "differential"], PROGRAMS)),
    ("check", {"unit": ["unit_tests"], "simulate": ["simulate"], "mutation": ["mutants"]}),
    ("asan", {"clang": [], "lint": ["roost_pch"], "fuzz": ["fuzzers"], "asan": ["unit_tests", *PROGRAMS],
              "soak": ["roost-proxy"]}),
    ("tsan", {"tsan": ["unit_tests", *PROGRAMS], "soak": ["roost-proxy"]}),
    ("package", dict.fromkeys(["release", "packages"], PROGRAMS)),
    ("release", {"soak": ["roost-proxy"]}),
]


class Build:
    """Targets of a preset; none for all of it."""

    def __init__(self, preset, targets):
        self.preset, self.targets = preset, targets
        self.done = threading.Event()
        self.worked, self.output = False, ""
        self.seconds = self.cpu_s = 0.0

    def run(self, started):
        """`started` is told the process, which leads a group of its own."""
        begun = time.monotonic()
        command = f". deploy/lib.sh; step_build {self.preset} {' '.join(self.targets)}"
        with subprocess.Popen(["nice", "-n", "10", "bash", "-euo", "pipefail", "-c", command], cwd=ROOT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              start_new_session=True) as process:
            started(process)
            self.output = process.stdout.read().decode(errors="replace")
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.worked = process.returncode == 0
        self.seconds, self.cpu_s = time.monotonic() - begun, used.ru_utime + used.ru_stime

    def progress(self):
        """The last line of its log."""
        log = ROOT / "build" / self.preset / "build.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return lines[-1] if lines else ""


class Builds:
    """Builds in the order given, from now on."""

    def __init__(self, builds):
        self.builds = builds
        self.process, self.closed = None, False
        self.lock = threading.Lock()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self):
        for build in self.builds:
            try:
                if not self.closed:
                    build.run(self._started)
            except OSError as error:
                build.output = str(error)
            finally:
                build.done.set()

    def _started(self, process):
        with self.lock:
            self.process = process
            if self.closed:
                os.killpg(process.pid, 9)

    def wait(self, build):
        """Until it is done; on a terminal, its progress meanwhile."""
        shows = sys.stdout.isatty()
        while not build.done.wait(0.5):
            if shows:
                print(f"\r\033[K  … build {build.preset:<10} {build.progress():.100}", end="", flush=True)
        if shows:
            print("\r\033[K", end="", flush=True)

    def close(self):
        """Ends what is being built."""
        with self.lock:
            self.closed = True
            if self.process and self.process.poll() is None:
                os.killpg(self.process.pid, 9)


def builds_of(suites):
    """What these suites need, as (Build, suites), in order."""
    found = []
    for preset, targets_of in STEPS:
        needing = [suite for suite in suites if suite in targets_of]
        targets = {target for suite in needing for target in targets_of[suite]}
        if not all(targets_of[suite] for suite in needing):
            targets = set()
        if needing:
            found.append((Build(preset, sorted(targets)), needing))
    return found
