"""What the proxy sends back is one response to every client.

Mutated responses of a backend go through the proxy. Every distinct response that comes out of it whole is read
strictly, then served to curl, Node.js, Python's http.client, aiohttp, and Go's net/http (in Caddy, as a proxy): each
must see the status and the body that we see."""

import asyncio
import concurrent.futures
import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading

from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402, F403
from mutate import mutated, whole_response  # noqa: E402
from wire import Connection, Reader, WireError  # noqa: E402

HERE = Path(__file__).resolve().parent
COUNT = int(os.environ.get("ROOST_MUTATIONS", "50000"))
SEED = 2
UNIQUE = re.compile(rb"(X-Request-Id|Date): [^\r]*\r\n")
CADDY = """
{{
  admin off
  auto_https off
}}
:{port} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{origin}
}}
"""


def origin(responses, per_connection):
    """Serves responses[N] for "/N" and closes. Returns its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def serve(sock):
        with sock:
            reader = Reader(sock)
            try:
                for _ in range(per_connection):
                    line, _, _ = reader.head()
                    sock.sendall(responses[int(line.split(" ")[1][1:])])
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(1)
                while sock.recv(4096):
                    pass
            except (WireError, OSError):
                pass

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def through_proxy(address, numbers):
    """What the client receives for each: bytes up to the end of the connection, or "reset"."""
    results = []
    for number in numbers:
        with Connection(address, 30) as client:
            client.send(f"GET /{number} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            data = b""
            try:
                while piece := client.sock.recv(65536):
                    data += piece
            except ConnectionResetError:
                results.append("reset")
                continue
        results.append(data)
    return results


def read_strictly(data):
    """(status, body) of bytes that are exactly one response; WireError else."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        client = Connection.__new__(Connection)
        client.sock, client.reader = ours, Reader(ours)
        answer = client.read()
        if client.reader.rest():
            raise WireError("bytes behind the response")
        return answer


def by_http_client(port, count):
    seen = {}
    for number in range(count):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", f"/{number}")
            answer = connection.getresponse()
            seen[number] = (answer.status, hashlib.sha256(answer.read()).hexdigest())
        except (http.client.HTTPException, OSError, ValueError) as error:
            seen[number] = repr(error)
        connection.close()
    return seen


def by_program(command, port, count):
    """A program that prints {number: [status, hash] or text}."""
    done = subprocess.run([*command, str(port), str(count)], capture_output=True, text=True, timeout=600, check=True)
    return {
        int(number): tuple(value) if isinstance(value, list) else value
        for number, value in json.loads(done.stdout).items()
    }


def by_curl(port, count, folder):
    """One curl for all of them, a connection each."""
    folder.mkdir()
    done = subprocess.run(
        [
            "curl",
            "-s",
            "--max-time",
            "600",
            "-H",
            "Connection: close",
            "--output",
            f"{folder}/#1",
            "-w",
            "%{url_effective} %{http_code} %{exitcode}\n",
            f"http://127.0.0.1:{port}/[0-{count - 1}]",
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    seen = {}
    for line in done.stdout.splitlines():
        url, status, code = line.split(" ")
        number = url.rpartition("/")[2]
        path = folder / number
        body = path.read_bytes() if path.exists() else b""
        seen[int(number)] = (int(status), hashlib.sha256(body).hexdigest()) if code == "0" else f"exit code {code}"
    return seen


class Responses(FlowTest):
    def collect(self):
        """Distinct responses of the proxy: [(bytes, Response)], the broken-off ones among them with None."""
        sent = list(mutated(whole_response, COUNT, SEED))
        listener = origin(sent, 1)
        self.addCleanup(listener.close)
        config = self.write(
            "roost.toml",
            f'[[pool]]\nbackends = ["127.0.0.1:{listener.getsockname()[1]}"]\n' "[[route]]\ncache = false\n",
        )
        proxy = self.proxy(flags=["--config", config])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = [
                answer
                for part in pool.map(lambda n: through_proxy(proxy.address, range(n, COUNT, 8)), range(8))
                for answer in part
            ]
        whole, broken, refused = {}, 0, 0
        for data in results:
            answer = None if data == "reset" else self.read_unless_broken_off(data)
            if answer is None:
                broken += 1
            elif answer.status == 502:
                refused += 1
            else:
                whole.setdefault(UNIQUE.sub(b"", data), answer)
        print(f"{COUNT:,} responses: {refused:,} refused, {broken:,} broken off, {len(whole):,} distinct passed on")
        return list(whole.items())

    def read_unless_broken_off(self, data):
        """None if the response is incomplete and detectably so."""
        try:
            return read_strictly(data)
        except WireError as error:
            self.assertTrue(str(error).startswith("closed"), f"{error}: {data!r}")
            return None

    def test_every_client_reads_what_was_meant(self):
        passed = self.collect()
        self.assertGreater(len(passed), 20)
        listener = origin([data for data, _ in passed], 1)
        self.addCleanup(listener.close)
        port, count = listener.getsockname()[1], len(passed)
        caddy_port = free_port()
        config = self.write("caddy.conf", CADDY.format(port=caddy_port, origin=port))
        caddy = self.program(
            "/usr/bin/caddy",
            "run",
            "--adapter",
            "caddyfile",
            "--config",
            config,
            environment={"HOME": str(self.directory), "XDG_DATA_HOME": str(self.directory)},
        )
        caddy.exit_is_expected, caddy.address = True, f"127.0.0.1:{caddy_port}"
        self._listening(caddy)
        clients = {
            "http.client": lambda: by_http_client(port, count),
            "curl": lambda: by_curl(port, count, self.directory / "curl"),
            "node": lambda: by_program(["node", HERE / "fetch.js"], port, count),
            "aiohttp": lambda: by_program(["/usr/bin/python3", HERE / "fetch_aiohttp.py"], port, count),
            "go": lambda: by_http_client(caddy_port, count),
        }
        problems = []
        for name, client in clients.items():
            seen = client()
            wrong = []
            for number, (data, answer) in enumerate(passed):
                expected = (answer.status, hashlib.sha256(answer.body).hexdigest())
                if seen.get(number) != expected:
                    wrong.append(f"{name}: {seen.get(number)} in place of {expected}\n    {data!r}")
            print(f"{name}: {count - len(wrong):,} of {count:,} as meant")
            problems += wrong[:5]
        self.assertEqual(problems, [], "\n".join(problems))


if __name__ == "__main__":
    main()
