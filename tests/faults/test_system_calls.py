"""System calls of a worker fail under load, or kill it: strace injects the failures.

A second worker is killed meanwhile, so that the first has a journal to adopt, which makes it allocate, rename and
unlink. ROOST_THOROUGH=1 (tests/run faults) tests every call, error and occurrence."""

import signal
import subprocess
import unittest

from like_load import *

CALLS = {"fdatasync": "EIO ENOSPC", "pwrite64": "EIO ENOSPC", "fsync": "EIO ENOSPC", "rename": "EIO ENOSPC",
         "unlink": "EIO", "fallocate": "EIO ENOSPC", "rmdir": "EIO", "flock": "EIO"}
# (call, what is injected, from which occurrence on): one of each kind in a run of everything.
A_FEW = [("fdatasync", "error=EIO", "3"), ("fdatasync", "signal=SIGKILL", "4"), ("pwrite64", "error=ENOSPC", "5"),
         ("rename", "error=EIO", "1"), ("rename", "signal=SIGKILL", "1"), ("unlink", "signal=SIGKILL", "1"),
         ("fallocate", "error=ENOSPC", "1"), ("fdatasync", "error=EIO", "2+")]


def everything():
    for call, errors in CALLS.items():
        for occurrence in ("1", "2", "3", "5", "9", "1+"):
            yield from ((call, f"error={error}", occurrence) for error in errors.split())
        yield from ((call, "signal=SIGKILL", str(n)) for n in (1, 2, 3, 4, 6, 10))


OFTEN = {"ROOST_BATCHER_MAX_AGE": "50ms", "ROOST_BATCHER_BATCH_SPACING": "10ms",
         "ROOST_API_CORE_DUMPS": "true"}  # else only root may trace it


class Strace:
    """strace attached to all threads of a running program, until it is detached."""

    def __init__(self, pid, log, call, injected, occurrence):
        self.log = log
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}", "-e", "signal=none",
             "-e", f"inject={call}:{injected}:when={occurrence}", "-p", str(pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: self.process.poll() is not None or self.attached(pid), what="strace to attach")

    @staticmethod
    def attached(pid):
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)

    def calls(self):
        return self.log.read_text(errors="replace").count("(") if self.log.exists() else 0

    def let_go(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=20 * TIME_SCALE)[1].decode(errors="replace")


def can_trace():
    """True if this machine allows a process to trace its child."""
    if not shutil.which("strace"):
        raise FileNotFoundError("no strace: install what the tests need with deploy/install-deps --tests")
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return tried.returncode == 0


@unittest.skipUnless(can_trace(), "this machine does not allow ptrace")
class SystemCalls(LikeTest):
    def attack(self, call, injected, occurrence):
        target, victim = self.api("target", environment=OFTEN), self.api("victim", environment=OFTEN)
        tweets = self.post(target, 5)
        counts, alive = LikeCounts(), [target.address, victim.address]
        load = LikeThreads(counts, tweets, lambda: list(alive))
        wait_until(lambda: counts.total() > 100, 30, "likes")
        strace = Strace(target.pid, self.directory / "strace.log", call, injected, occurrence)
        target.exit_is_expected = True
        alive.remove(victim.address)
        victim.kill()
        before, begun = counts.total(), time.monotonic()
        # Until it is dead, or has adopted the journal of the killed worker all the same, or for a while.
        wait_until(lambda: not target.running() or time.monotonic() > begun + 5 or
                   (len(self.journals()) == 1 and counts.total() > before + 200), 30, "the failure")
        calls, said = strace.calls(), strace.let_go()
        load.stop()
        self.assertGreater(calls, 0, f"{call} was never called: {said}")
        if target.running():
            wait_until(lambda: self.like(target, counts, tweets[0]), 30, "a like after the failure")
            target.kill()
        else:
            self.assertIn("SIGKILL", injected, target.output())
        self.compare_counts(counts, tweets, self.api("healer", environment=OFTEN))
        if occurrence.endswith("+") and call in ("fdatasync", "pwrite64") and "error" in injected:
            self.assertGreater(counts.refused, 0, "no like was refused while the disk failed")


def add_test(call, injected, occurrence):
    words = f"{call}_{injected.partition('=')[2]}_{occurrence.replace('+', '_and_on')}".lower()
    setattr(SystemCalls, f"test_{words}", lambda self: self.attack(call, injected, occurrence))


for case in everything() if THOROUGH else A_FEW:
    add_test(*case)

if __name__ == "__main__":
    main()
