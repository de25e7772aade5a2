"""Sockets that a service manager passes (systemd's socket activation), and what it is told."""

import os
import socket
import subprocess
import sys

from harness import *

# Becomes the program, with the descriptors and the variables that systemd would give it.
LAUNCH = """
import fcntl, os, sys
names, sockets, command = sys.argv[1], [int(fd) for fd in sys.argv[2].split(",")], sys.argv[3:]
copies = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in sockets]
for i, fd in enumerate(copies):
    os.dup2(fd, 3 + i, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(copies)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


class Listening(socket.socket):
    """A listening socket, and the address that a client connects to."""

    def __init__(self, host="127.0.0.1"):
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.bind((host, 0))
        self.listen()
        self.address = ("[::1]" if ":" in host else host) + f":{self.getsockname()[1]}"


class Activation(FlowTest):
    def launch(self, sockets, *arguments, environment=None):
        """roost-proxy with the sockets passed."""
        command = [sys.executable, "-c", LAUNCH, "http", ",".join(str(sock.fileno()) for sock in sockets),
                   BIN / "roost-proxy", *arguments]
        output = self.directory / "activated.out"
        with output.open("wb") as file, starting:
            process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                       pass_fds=[sock.fileno() for sock in sockets],
                                       env={**os.environ, **SANITIZER_OPTIONS, **(environment or {})})
        self.addCleanup(lambda: (process.kill(), process.wait()))
        process.output = lambda: output.read_text(errors="replace")
        return process

    def end(self, process):
        process.terminate()
        self.assertEqual(process.wait(20 * TIME_SCALE), 0, process.output())

    def test_passed_sockets_take_the_place_of_the_default(self):
        backend = self.backend(Reply(body=b"reached"))
        with Listening() as one, Listening("::1") as two:
            proxy = self.launch([one, two], "--upstream", backend.address, "--admin", "off", "--threads", "3")
            for sock in (one, two):
                self.assertEqual(get(sock.address, "/", ("Host", "test")).body, b"reached")
            self.assertIn("socket=passed", proxy.output())
            self.end(proxy)

    def test_nobody_is_refused_while_it_restarts(self):
        backend = self.backend(lambda request: Reply(body=request.target.encode()))
        with Listening() as sock:
            arguments = ([sock], "--upstream", backend.address, "--listen", sock.address, "--admin", "off")
            proxy = self.launch(*arguments)
            self.assertEqual(get(sock.address, "/before").body, b"/before")
            self.end(proxy)
            waiting = Connection(sock.address)  # while no proxy runs
            waiting.send(request_bytes("GET", "/between", host=sock.address))
            proxy = self.launch(*arguments)
            self.assertEqual(waiting.read().body, b"/between")
            waiting.close()
            self.end(proxy)

    def test_an_address_that_was_not_passed_is_opened(self):
        backend = self.backend(Reply(body=b"reached"))
        with Listening() as sock:
            own = f"127.0.0.1:{free_port()}"
            proxy = self.launch([sock], "--upstream", backend.address, "--admin", "off", "--listen", sock.address,
                                "--listen", own)
            self.assertEqual(get(sock.address, "/").body, b"reached")
            wait_until(lambda: accepts_connections(own), 10)
            self.assertEqual(get(own, "/").body, b"reached")
            self.end(proxy)

    def test_a_socket_that_the_configuration_does_not_name(self):
        with Listening() as sock:
            proxy = self.launch([sock], "--upstream", "127.0.0.1:1", "--admin", "off", "--listen", "127.0.0.1:81")
            self.assertEqual(proxy.wait(20 * TIME_SCALE), 2)
            self.assertIn(f"systemd passes a socket of {sock.address}, which the proxy is not to listen on "
                          "(127.0.0.1:81)", proxy.output())

    def test_a_descriptor_that_is_no_listener(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            proxy = self.launch([sock], "--upstream", "127.0.0.1:1", "--admin", "off")
            self.assertEqual(proxy.wait(20 * TIME_SCALE), 1)
            self.assertIn("descriptor 3, passed to listen on, is no TCP listener", proxy.output())

    def test_both_programs_say_when_they_are_ready(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.directory / "notify"))
            manager.settimeout(20 * TIME_SCALE)
            told = {"NOTIFY_SOCKET": str(self.directory / "notify")}
            proxy = self.proxy("127.0.0.1:1", environment=told)
            self.assertEqual(manager.recv(100), b"READY=1")
            self.assertEqual(proxy.stop(), 0)
            self.assertEqual(manager.recv(100), b"STOPPING=1")
            worker = self.api(environment=told)
            self.assertEqual(manager.recv(100), b"READY=1")
            self.assertEqual(worker.stop(), 0)
            self.assertEqual(manager.recv(100), b"STOPPING=1")


if __name__ == "__main__":
    main()
