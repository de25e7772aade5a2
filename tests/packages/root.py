"""A fresh Debian 12 root: made with mmdebstrap in a memory file system, entered with chroot, booted with systemd. What
mmdebstrap made is kept for a day in build/packages, for the next root.

    with Root(packages=["systemd"]) as root:
        root.run("dpkg", "-l")
        with root.booted() as machine:
            machine.run("systemctl", "is-system-running")
            with machine.network():                 # this thread's new sockets are the machine's
                get("127.0.0.1:8080", "/")

Needs root. Everything is gone when the with statement ends: processes, mounts, files."""

import contextlib
import ctypes
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/packages"
KEPT_S = 24 * 3600
MAKING_LIMIT_S, COMMAND_LIMIT_S, BOOT_LIMIT_S = 1500, 600, 240
CLONE_NEWNET = 0x40000000
# dpkg asks nothing, and starts nothing while no systemd runs.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}
libc = ctypes.CDLL(None, use_errno=True)


class Failed(AssertionError):
    """A command that ended with an error; its output is the message."""


def run(*command, limit_s=COMMAND_LIMIT_S, check=True, environment=None, cwd=None):
    """The output of a command, standard error included."""
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=limit_s, check=False, text=True, errors="replace",
                          env=environment, cwd=cwd)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-8000:]}")
    return done.stdout


def descendants(pid):
    found = []
    with contextlib.suppress(OSError):
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def number_inside(pid):
    """The process's number in its innermost namespace."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


class Machine:
    """systemd as process 1 of a root, with a network of its own that has only a loopback."""

    def __init__(self, path, binds):
        environment = {**os.environ}
        if not pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists():
            environment["UNIFIED_CGROUP_HIERARCHY"] = "no"  # what the host has
        command = ["setpriv", "--pdeathsig", "SIGTERM", "systemd-nspawn", "--boot", "--quiet",
                   f"--directory={path}", "--private-network", "--register=no", "--keep-unit", "--console=pipe",
                   "--machine=roost-test", "--link-journal=no",
                   *(f"--bind-ro={source}:{target}" for source, target in binds.items())]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=environment, start_new_session=True)
        self.leader = None
        try:
            self.leader = self.until(self.find_leader, "its first process")
            self.until(self.is_up, "systemd to have started everything")
        except BaseException:
            self.close()
            raise

    def until(self, condition, what):
        deadline = time.monotonic() + BOOT_LIMIT_S
        while not (value := condition()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"systemd-nspawn: waited for {what}:\n{self.output()}")
            time.sleep(0.1)
        return value

    def find_leader(self):
        return next((pid for pid in descendants(self.process.pid) if number_inside(pid) == 1), None)

    def is_up(self):
        state = self.run("systemctl", "is-system-running", check=False).strip()
        return state in ("running", "degraded")

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-6000:]

    def run(self, *command, **options):
        return run("nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root",
                   "env", "--chdir=/", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items()), *command,
                   **options)

    @contextlib.contextmanager
    def network(self):
        """Sockets that this thread makes meanwhile are those of the machine."""
        with open("/proc/thread-self/ns/net") as own, open(f"/proc/{self.leader}/ns/net") as there:
            enter(there)
            try:
                yield
            finally:
                enter(own)

    def journal(self, *units):
        return self.run("journalctl", "--no-pager", "-n", "60", *(f"--unit={unit}" for unit in units), check=False)

    def close(self):
        """Halts it; what does not end in time is killed."""
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        if self.leader is not None and number_inside(self.leader) == 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.log.close()


def enter(namespace):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def unmount(path):
    """Also what is mounted below, once nothing uses it."""
    for _ in range(100):
        done = subprocess.run(["umount", "--recursive", path], capture_output=True, check=False)
        if not os.path.ismount(path):
            return
        time.sleep(0.1)
    raise Failed(f"{path} cannot be unmounted: {done.stderr.decode()}")


def remove_left_over(folder):
    """Roots of test processes that were killed."""
    for path in folder.glob("root-*-*"):
        if not pathlib.Path("/proc", path.name.split("-")[1]).exists():
            unmount(path) if os.path.ismount(path) else None
            path.rmdir()


class Root:
    def __init__(self, packages):
        if os.geteuid() != 0:
            raise Failed("the tests of the packages make a Debian root of their own: run them as root")
        FOLDER.mkdir(parents=True, exist_ok=True)
        remove_left_over(FOLDER)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"root-{os.getpid()}-", dir=FOLDER))
        run("mount", "-t", "tmpfs", "-o", "size=3G,mode=0755", "tmpfs", self.path)
        try:
            archive = FOLDER / f"base-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:16]}.tar"
            if not archive.exists() or time.time() - archive.stat().st_mtime > KEPT_S:
                self.make(packages, archive)
            run("tar", "--extract", "--numeric-owner", "--preserve-permissions", f"--file={archive}", "-C", self.path)
        except BaseException:
            self.close()
            raise

    def make(self, packages, archive):
        """A new base, with this root as the place to work in."""
        begun = time.monotonic()
        part = archive.with_suffix(".part.tar")
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(packages)}",
                   '--aptopt=Acquire::Retries "3"', "--dpkgopt=force-unsafe-io",
                   "--dpkgopt=path-exclude=/usr/share/doc/*",
                   "--dpkgopt=path-include=/usr/share/doc/roost-common/*", "bookworm", part]
        try:
            run(*command, limit_s=MAKING_LIMIT_S, environment={**os.environ, "TMPDIR": str(self.path)})
        except (Failed, FileNotFoundError, subprocess.TimeoutExpired) as error:
            raise Failed(f"no fresh Debian root; is Debian's mirror reachable from here?\n{error}") from error
        part.rename(archive)
        print(f"        a fresh Debian 12 in {time.monotonic() - begun:.0f} s", file=sys.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        unmount(self.path)
        self.path.rmdir()

    def run(self, *command, **options):
        """In the root, without systemd."""
        return run("chroot", self.path, "env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items()),
                   *command, **options)

    @contextlib.contextmanager
    def booted(self, binds=None):
        machine = Machine(self.path, binds or {})
        try:
            yield machine
        finally:
            machine.close()
