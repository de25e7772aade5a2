"""What the proxy forwards is one request to every server that could stand behind it.

Mutated requests and the payloads of smuggling collections go to the proxy. Every distinct request that comes out of it
is read strictly, then sent to each of ten servers with a second request behind it on the same connection: each must see
the method, target, host and body that we see, and then the second request; or refuse."""

import concurrent.futures
import os
import re
import socket
import sys
import threading
import urllib.parse

from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow"))
import servers  # noqa: E402
from harness import *  # noqa: E402, F403
from mutate import mutated, smuggling_requests, whole_request  # noqa: E402
from wire import Reader, WireError, parse_fields  # noqa: E402

COUNT = int(os.environ.get("ROOST_MUTATIONS", "50000"))
SEED = 1
MOST_WRONG = 20  # of one server, after which it is skipped
UNIQUE = re.compile(rb"X-Request-Id: [^\r]*\r\n")
SECOND = b"GET /second HTTP/1.1\r\nHost: second\r\n\r\n"


class Forwarded:
    """One request as the proxy wrote it, and as a strict reader reads it."""

    def __init__(self, raw, method, target, host, body):
        self.raw, self.method, self.target, self.host, self.body = raw, method, target, host, body

    def seen(self):
        return b"|".join((self.method, self.target, self.host, self.body))


class Capture:
    """A backend that keeps every distinct request; what a strict reader cannot read is an error."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.requests, self.errors, self.count, self.lock = {}, [], 0, threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        sock.settimeout(60)
        reader = Reader(sock)
        try:
            while self.one(sock, reader):
                pass
        except (WireError, OSError, ValueError):
            pass
        finally:
            sock.close()

    def one(self, sock, reader):
        try:
            raw = reader.until(b"\r\n\r\n")
        except WireError:
            return False
        try:
            self.keep(reader, raw)
        except WireError as error:
            if str(error).startswith("closed"):  # the client ended in the middle, and so did the proxy
                return False
            with self.lock:
                self.errors.append((str(error), raw))
            return False
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n")
        return True

    def keep(self, reader, raw):
        lines = raw[:-4].split(b"\r\n")
        for line in lines:
            if re.search(rb"[\r\n\0]", line):
                raise WireError(f"a control character in {line!r}")
        words = lines[0].split(b" ")
        if len(words) != 3 or words[2] != b"HTTP/1.1":
            raise WireError(f"request line {lines[0]!r}")
        fields = parse_fields([line.decode("latin-1") for line in lines[1:]])
        lengths, codings = fields.all("Content-Length"), fields.all("Transfer-Encoding")
        if len(lengths) + len(codings) > 1 or len(fields.all("Host")) != 1:
            raise WireError("framing fields or Host are not one")
        body, wire_body = b"", b""
        if codings:
            if codings != ["chunked"]:
                raise WireError(f"coding {codings}")
            body, trailers = reader.chunked()
            wire_body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        elif lengths:
            if not re.fullmatch(r"\d+", lengths[0]):
                raise WireError(f"length {lengths}")
            body = wire_body = reader.exactly(int(lengths[0]))
        plain = UNIQUE.sub(b"", raw)
        with self.lock:
            self.count += 1
            self.requests.setdefault(
                plain + wire_body,
                Forwarded(plain + wire_body, words[0], words[1], fields.get("Host").encode("latin-1"), body),
            )


def send_to_proxy(address, messages):
    """Sends each on a connection of its own, ends its side, and waits for the proxy to close. Counts the statuses."""
    statuses = {}
    for data in messages:
        with socket.create_connection(address, 30) as sock:
            answer = b""
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                while piece := sock.recv(65536):
                    answer += piece
            except ConnectionError:
                pass
            status = answer[9:12]
            statuses[status] = statuses.get(status, 0) + 1
    return statuses


def comparable(name, seen, forwarded):
    """HAProxy escapes what is not printable, and tells a body up to its first NUL; lighttpd normalises the host."""
    if name == "haproxy":
        return urllib.parse.unquote_to_bytes(seen).partition(b"\0")[0]
    line = forwarded.method + b"|" + forwarded.target + b"|"
    if name != "lighttpd" or not seen.startswith(line):
        return seen
    host, _, body = seen.removeprefix(line).partition(b"|")
    return line, host.lower().removesuffix(b":80").rstrip(b":").removesuffix(b"."), body


def ask_once(name, address, forwarded):
    """How a server's reading of one request and the one behind it differs from ours; empty if it does not."""
    with Connection(address, 5 * TIME_SCALE) as client:
        client.send(forwarded.raw)
        first = client.read(forwarded.method.decode("latin-1"))
        if first.status < 400:
            same = forwarded.method == b"HEAD" or comparable(name, first.body, forwarded) == comparable(
                name, forwarded.seen(), forwarded)
            if first.status != 200 or not same:
                return f"answered {first.status}, read {first.body!r}"
        if first.header("Connection", "").lower() == "close":
            return ""
        client.send(SECOND)
        second = client.read()
        if second.status == 200 and not second.body.startswith(b"GET|/second|second|"):
            return f"took the second request for {second.body[:80]!r}"
        return "" if second.status == 200 or first.status >= 400 else f"answered the second request {second.status}"


def ask(name, address, requests):
    """Sends each to a server; a list of disagreements."""
    wrong = []
    for forwarded in requests:
        if len(wrong) == MOST_WRONG:
            break
        try:
            problem = ask_once(name, address, forwarded)
        except (Closed, ConnectionResetError, BrokenPipeError):
            continue  # closed without a response, or after the first one
        except (WireError, OSError) as error:
            problem = f"{type(error).__name__} {error}"
        if problem:
            wrong.append((problem, forwarded.raw))
    return wrong


class Requests(FlowTest):
    def start_servers(self):
        ports = {name: free_port() for name in servers.NAMES}
        folder = self.directory / "servers"
        folder.mkdir()
        for name, command in servers.commands(folder, ports).items():
            program = self.program("setsid", *command, environment={"XDG_DATA_HOME": str(folder), "HOME": str(folder)})
            program.exit_is_expected = True
            program.name, program.address = name, f"127.0.0.1:{ports[name]}"
            self._listening(program)
        return {name: f"127.0.0.1:{port}" for name, port in ports.items() if name != "scgi"}

    def _end(self, program):
        if program.name not in servers.NAMES:
            return super()._end(program)
        program.exit_is_expected = True
        os.killpg(program.pid, signal.SIGKILL)  # the master of Apache, nginx or gunicorn would leave its workers behind
        program.process.wait()
        return []

    def test_every_server_reads_what_was_meant(self):
        capture = Capture()
        self.addCleanup(capture.listener.close)
        config = self.write("roost.toml", f'[[pool]]\nbackends = ["{capture.address}"]\n[[route]]\ncache = false\n')
        proxy = self.proxy(flags=["--config", config])
        host, _, port = proxy.address.partition(":")
        messages = [*smuggling_requests(), *mutated(whole_request, COUNT, SEED)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(lambda n: send_to_proxy((host, int(port)), messages[n::8]), range(8)))
        statuses = {status: sum(count.get(status, 0) for count in counts) for status in set().union(*counts)}
        self.assertEqual(capture.errors[:3], [], "what the proxy forwards cannot be read")
        forwarded = list(capture.requests.values())
        print(f"{len(messages):,} requests, answered {statuses}")
        print(f"{capture.count:,} forwarded, {len(forwarded):,} of them distinct")
        self.assertGreater(len(forwarded), 100)
        addresses = self.start_servers()
        with concurrent.futures.ThreadPoolExecutor(len(addresses)) as pool:
            results = list(pool.map(lambda item: (item[0], ask(*item, forwarded)), addresses.items()))
        problems = []
        for name, wrong in results:
            print(f"{name}: {len(forwarded) - len(wrong):,} of {len(forwarded):,} as meant")
            problems += [f"{name}: {problem}\n    {raw!r}" for problem, raw in wrong[:5]]
        self.assertEqual(problems, [], "\n".join(problems))


if __name__ == "__main__":
    main()
