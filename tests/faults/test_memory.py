"""Memory runs out under a running program and comes back: new work is refused, what was accepted goes on, and all works
again without a restart.

The limit is on the process's own data (RLIMIT_DATA), set from outside to what it has and a little."""

import resource

from like_load import *

MIB = 1 << 20
NO_LIMIT = resource.RLIM_INFINITY
KEPT = ("Cache-Control", "max-age=600")


def metric(address, name):
    return int(re.search(rf"(?m)^{name} (\d+)$", get(address, "/metrics").body.decode()).group(1))


def greedy(address, head, body=b""):
    """A connection that has sent this, and reads nothing; None when it is refused."""
    connection = Connection.__new__(Connection)
    connection.sock = socket.socket()
    connection.sock.settimeout(20 * TIME_SCALE)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = address.rsplit(":", 1)
    try:
        connection.sock.connect((host, int(port)))
        connection.sock.sendall(head + body)
    except OSError:
        connection.sock.close()
        return None
    return connection


class NoMemory(LikeTest):
    def limit(self, program, more=None):
        """From now on the program may have `more` bytes; as much as it likes by default."""
        bound = NO_LIMIT
        if more is not None:
            status = (pathlib.Path(f"/proc/{program.pid}/status")).read_text()
            if int(re.search(r"VmSize:\s+(\d+)", status).group(1)) > 1 << 30:
                self.skipTest("a sanitizer takes address space of its own")
            bound = int(re.search(r"VmData:\s+(\d+)", status).group(1)) * 1024 + more
        resource.prlimit(program.pid, resource.RLIMIT_DATA, (bound, NO_LIMIT))

    def test_a_proxy_refuses_what_needs_a_backend_and_serves_what_it_has(self):
        def answer(request):
            return Reply(headers=[KEPT], body=b"x" if request.target.startswith("/small") else bytes(2 * MIB))

        proxy = self.proxy(self.backend(answer), admin=True, flags=["--cache-size", "1GiB", "--threads", 1])
        self.assertEqual(get(proxy.address, "/small").body, b"x")
        self.limit(proxy, 4 * MIB)
        greed = []
        self.addCleanup(lambda: [connection.close() for connection in greed if connection])

        def is_low():
            greed.append(greedy(proxy.address, request_bytes("GET", f"/{len(greed)}", host=proxy.address)))
            return metric(proxy.admin, "roost_memory_low") == 1 and "memory is low" in proxy.output()

        wait_until(is_low, 60, "memory to be low")
        refused = []

        def is_refused():
            self.limit(proxy, 0)  # what the store has given back is not there for others
            greed.append(greedy(proxy.address, request_bytes("GET", f"/{len(greed)}", host=proxy.address)))
            try:
                refused.append(get(proxy.address, f"/small/{len(greed)}"))
            except (WireError, OSError):
                return False  # there was no memory for the connection
            return refused[-1].status == 503

        wait_until(is_refused, 20, "a refusal")
        self.assertTrue(refused[-1].header("Retry-After"))
        self.assertIn("hit", get(proxy.address, "/small").header("Cache-Status"))
        for connection in filter(None, greed):
            connection.close()
        self.limit(proxy)
        wait_until(lambda: "memory is there again" in proxy.output(), 20, "memory")
        wait_until(lambda: get(proxy.address, "/small/new").body == b"x", 20, "an answer")
        self.assertEqual(len(get(proxy.address, "/big").body), 2 * MIB)
        self.assertEqual(metric(proxy.admin, "roost_memory_low"), 0)
        self.assertEqual(proxy.stop(), 0)

    def test_a_worker_refuses_and_loses_no_like(self):
        worker = self.api(environment={"ROOST_BATCHER_MAX_AGE": "50ms"})
        tweet = Person(worker.address, "alice").post("a tweet")["id"]
        counts = LikeCounts()
        self.assertTrue(self.like(worker, counts, tweet))
        self.limit(worker, 1 * MIB)
        head = (f"POST /api/tweets HTTP/1.1\r\nHost: {worker.address}\r\nContent-Type: application/json\r\n"
                "Content-Length: 65000\r\n\r\n").encode()
        greed = []
        self.addCleanup(lambda: [connection.close() for connection in greed if connection])

        def is_low():
            greed.extend(greedy(worker.address, head, bytes(60_000)) for _ in range(20))
            return metric(worker.address, "roost_memory_low") == 1 and "memory is low" in worker.output()

        wait_until(is_low, 60, "memory to be low")
        wait_until(lambda: not self.like(worker, counts, tweet), 20, "a refusal")
        self.assertEqual(get(worker.address, "/healthz").status, 200)
        for connection in filter(None, greed):
            connection.close()
        self.limit(worker)
        wait_until(lambda: "memory is there again" in worker.output(), 20, "memory")
        wait_until(lambda: self.like(worker, counts, tweet), 20, "a like to be accepted again")
        self.compare_counts(counts, [tweet], worker)
        self.assertEqual(worker.process.returncode, 0)


if __name__ == "__main__":
    main()
