"""Runs the services of deploy/docker-compose.yaml as processes, each in a network namespace of its own, in the root of
its image, as the image's user, with what the file says of it: environment, secrets, volumes, a read-only root. The
names of the services are in a hosts file, each once it has started, as a container engine's DNS does it."""

import contextlib
import os
import pathlib
import re
import shlex
import signal
import subprocess

from images import volume
from root import ENVIRONMENT, enter, run

PUBLISHED = "172.31.77.1"  # the engine's host


class Network:
    """A bridge in a network namespace, and a namespace for each service."""

    def __init__(self):
        self.prefix = f"roost-{os.getpid()}"
        self.names = []
        self.add("host")
        self.ip("host", "link", "add", "br0", "type", "bridge")
        self.ip("host", "address", "add", f"{PUBLISHED}/24", "dev", "br0")
        self.ip("host", "link", "set", "br0", "up")

    def namespace(self, name):
        return f"{self.prefix}-{name}"

    def ip(self, name, *words):
        run("ip", "-n", self.namespace(name), *words)

    def add(self, name):
        run("ip", "netns", "add", self.namespace(name))
        self.names.append(name)
        self.ip(name, "link", "set", "lo", "up")

    def join(self, name):
        """A namespace on the bridge; returns its address."""
        self.add(name)
        address = f"172.31.77.{len(self.names)}"
        link = f"v{len(self.names)}"
        self.ip(name, "link", "add", "eth0", "type", "veth", "peer", "name", link, "netns", self.namespace("host"))
        self.ip(name, "address", "add", f"{address}/24", "dev", "eth0")
        self.ip(name, "link", "set", "eth0", "up")
        self.ip("host", "link", "set", link, "master", "br0", "up")
        return address

    @contextlib.contextmanager
    def inside(self, name):
        """Sockets that this thread makes meanwhile are in that namespace."""
        with open("/proc/thread-self/ns/net") as own, open(f"/run/netns/{self.namespace(name)}") as there:
            enter(there)
            try:
                yield
            finally:
                enter(own)

    def close(self):
        for name in self.names:
            run("ip", "netns", "delete", self.namespace(name), check=False)


def substituted(value, variables):
    """${NAME:-default} and ${NAME} of a compose file."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: variables.get(m[1]) or m[2] or "", str(value))


class Service:
    """One service with an image of ours, started."""

    def __init__(self, name, compose, image, network, directory, more=None):
        """`more`: environment beyond what the file says."""
        service = compose["services"][name]
        self.name, self.image, self.network = name, image, network
        self.namespace = network.namespace(name)
        environment = {**ENVIRONMENT, **image.stage.environment(),
                       **{key: substituted(value, {}) for key, value in service["environment"].items()},
                       **(more or {})}
        self.log = directory / f"{name}.log"
        self.script = self.mounts(service, compose, directory) + self.start(service, environment)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "--pid", "--fork", "--kill-child=SIGTERM",
                 "sh", "-euc", self.script], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def mounts(self, service, compose, directory):
        root = self.image.root.path
        lines = [f"mount --rbind {root} {root}", f"cd {root}"]
        for entry in service.get("volumes", []):
            name, target = entry.split(":")[:2]
            assert name in compose["volumes"], name
            lines.append(f"mount --bind {volume(directory / 'volumes' / name, self.image, target)} .{target}")
        for entry in service.get("tmpfs", []):
            target, _, options = entry.partition(":")
            lines.append(f"mount -t tmpfs -o {options} tmpfs .{target}")
        lines += ["mount -t tmpfs -o mode=0755 tmpfs ./run", "mkdir ./run/secrets"]
        for name in service.get("secrets", []):
            source = directory / compose["secrets"][name]["file"]
            lines.append(f"touch ./run/secrets/{name}; mount --bind -o ro {source} ./run/secrets/{name}")
        lines.append(f"touch ./etc/hosts; mount --bind {directory / 'hosts'} ./etc/hosts")
        if service.get("read_only"):
            lines.append("mount -o remount,bind,ro .")
        return "\n".join(lines) + "\n"

    def start(self, service, environment):
        user, group = self.image.stage.user()
        command = service.get("command") or self.image.command()
        words = ["exec", "setpriv", "--no-new-privs", "chroot", f"--userspec={user}:{group}", "--groups=", ".", "env",
                 "-i", *(f"{key}={value}" for key, value in environment.items()), *command]
        return shlex.join(words)

    def healthy(self):
        """Whether the image's health check passes, in the service's network."""
        done = subprocess.run(["ip", "netns", "exec", self.namespace, "chroot", self.image.root.path,
                               *self.image.stage.health_check()], capture_output=True, check=False)
        return done.returncode == 0

    def output(self):
        return self.log.read_text(errors="replace")

    def stop(self, limit_s):
        """As an engine would: TERM, and KILL when the grace period has passed. The exit code, None when killed."""
        for pid in map(int, run("ip", "netns", "pids", self.namespace, check=False).split()):
            with contextlib.suppress(ProcessLookupError):
                if pathlib.Path(f"/proc/{pid}/exe").resolve().name.startswith("roost-"):
                    os.kill(pid, signal.SIGTERM)
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        for pid in map(int, run("ip", "netns", "pids", self.namespace, check=False).split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
