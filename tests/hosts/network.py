"""Hosts for tests: Linux network namespaces with one Ethernet between them. Needs root.

    network = Network()                    # this thread and those it starts are the host "client" from now on
    one = network.host("one")              # 10.77.0.2, no other network
    one.command("roost-api", …)            # the words of a command that runs there, as the process that is started
    one.cut(); one.join()                  # pulls the cable and puts it back
    network.close()                        # back to where the thread was

The namespaces have no names: each is held by a process that ends with the one that made it, and with it go its
interfaces. So nothing is left behind, however the test ends."""

import ctypes
import os
import pathlib
import signal
import subprocess
import unittest

CLONE_NEWNET = 0x40000000


def enter_network(path):
    """The calling thread, and every thread and process that it starts, is in that network namespace from now on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(descriptor)


class Namespace:
    """A network namespace, held by a process that sleeps."""

    def __init__(self):
        self.holder = subprocess.Popen(["setpriv", "--pdeathsig", "SIGKILL", "unshare", "--net", "sh", "-c",
                                        "echo; exec sleep infinity"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.path = pathlib.Path(f"/proc/{self.holder.pid}/ns/net")
        if not self.holder.stdout.readline():
            self.close()
            raise unittest.SkipTest("no network namespace can be made: these tests need root, and may not be confined")
        self.ip("link", "set", "lo", "up")

    def command(self, *words):
        return ["nsenter", f"--net={self.path}", *map(str, words)]

    def ip(self, *words):
        subprocess.run(self.command("ip", *words), check=True, capture_output=True, text=True)

    def close(self):
        self.holder.send_signal(signal.SIGKILL)
        self.holder.wait()
        self.holder.stdout.close()


class Host(Namespace):
    def __init__(self, network, name, number):
        super().__init__()
        self.network, self.name = network, name
        self.address = f"10.77.0.{number}"
        self.port_name = f"p{number}"
        network.switch.ip("link", "add", self.port_name, "type", "veth", "peer", "name", "eth0", "netns",
                          self.holder.pid)
        network.switch.ip("link", "set", self.port_name, "master", "lan", "up")
        self.ip("address", "add", f"{self.address}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")

    def cut(self):
        """Nothing comes in or goes out; what runs there is not told."""
        self.network.switch.ip("link", "set", self.port_name, "down")

    def join(self):
        self.network.switch.ip("link", "set", self.port_name, "up")


class Network:
    def __init__(self):
        self.hosts = []
        self.switch = Namespace()
        self.switch.ip("link", "add", "lan", "type", "bridge")
        self.switch.ip("link", "set", "lan", "up")
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.client = self.host("client")
        enter_network(self.client.path)

    def host(self, name):
        self.hosts.append(Host(self, name, len(self.hosts) + 1))
        return self.hosts[-1]

    def close(self):
        enter_network(f"/proc/self/fd/{self.before}")
        os.close(self.before)
        for host in [*self.hosts, self.switch]:
            host.close()
