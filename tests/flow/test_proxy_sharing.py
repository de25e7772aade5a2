"""Responses shared by several clients, and their memory: no client loses bytes or waits for a slower one, and unread
bytes stay within bounds."""

import resource
import socket

from harness import *
from wire import Reader, parse_address

MIB = 1 << 20
KEPT = ("Cache-Control", "max-age=60")


def reader_of(proxy, target, receive_buffer=None, headers=()):
    """A connection that has asked for `target` and read nothing yet."""
    client = Connection.__new__(Connection)
    client.address = parse_address(proxy.address)
    client.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.sock.settimeout(20 * TIME_SCALE)
    if receive_buffer:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.sock.connect(client.address)
    client.reader = Reader(client.sock)
    client.send(request_bytes("GET", target, headers, host=client.host()))
    return client


class OneAnswerForSeveral(FlowTest):
    BODY = random.Random(1).randbytes(6 * MIB)  # more than the cache takes of one answer, 4 MiB

    def unknown_length(self, chunked, gate=None):
        """A backend whose body is long and of unknown length; at `gate` it stops in the middle."""
        pieces = [self.BODY[at:at + 64 * 1024] for at in range(0, len(self.BODY), 64 * 1024)]
        if gate:
            pieces.insert(2, gate)
        return self.backend(lambda _: Reply(headers=[KEPT], pieces=list(pieces), chunked=chunked,
                                            until_close=not chunked))

    def pair(self, proxy):
        first, second = reader_of(proxy, "/"), reader_of(proxy, "/")
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        return first, second

    def test_two_clients_of_an_answer_that_outgrows_the_cache_get_all_of_it(self):
        for chunked in (True, False):
            for threads in (1, 2):
                gate = threading.Event()
                proxy = self.proxy(self.unknown_length(chunked, gate), flags=["--threads", threads])
                first, second = self.pair(proxy)
                gate.set()
                bodies = concurrently(2, lambda i: (first, second)[i].read().body)
                self.assertEqual([len(body) for body in bodies], [len(self.BODY)] * 2)
                self.assertTrue(all(body == self.BODY for body in bodies))

    def test_many_pairs(self):
        backend = self.unknown_length(chunked=True)
        proxy = self.proxy(backend, flags=["--threads", 2])
        for _ in range(5):
            bodies = concurrently(3, lambda _: get(proxy.address, "/").body)
            self.assertTrue(all(body == self.BODY for body in bodies), [len(body) for body in bodies])

    def test_the_first_leaves_and_the_second_gets_all_of_it(self):
        for before in (True, False):
            gate = threading.Event()
            backend = self.unknown_length(True, gate)
            proxy = self.proxy(backend, flags=["--threads", 2])
            first, second = self.pair(proxy)
            first.read_head()
            if before:
                first.reset()
            gate.set()
            if not before:
                first.reader.exactly(5 * MIB)
                first.reset()
            self.assertTrue(second.read().body == self.BODY)

    def test_a_first_client_that_reads_nothing_holds_up_nobody(self):
        sized = self.backend(lambda r: Reply(headers=[KEPT], body=self.BODY[:3 * MIB]))
        for backend, body in ((self.unknown_length(True), self.BODY), (sized, self.BODY[:3 * MIB])):
            proxy = self.proxy(backend)
            silent = reader_of(proxy, "/", receive_buffer=4096)
            self.addCleanup(silent.close)
            wait_until(lambda b=backend: b.count() == 1, what="the fetch")
            begun = time.monotonic()
            self.assertTrue(get(proxy.address, "/").body == body)
            self.assertLess(time.monotonic() - begun, 10 * TIME_SCALE)  # far below the silent client's time-out

    def test_a_slow_first_client_gets_all_of_it_too(self):
        proxy = self.proxy(self.unknown_length(True))
        slow = reader_of(proxy, "/", receive_buffer=4096)
        self.addCleanup(slow.close)
        slow.read_head()
        self.assertTrue(get(proxy.address, "/").body == self.BODY)
        self.assertTrue(slow.reader.chunked()[0] == self.BODY)

    def test_an_answer_that_breaks_off_looks_so_to_everybody(self):
        for chunked in (False, True):
            gate = threading.Event()
            length = [] if chunked else [("Content-Length", str(MIB))]
            backend = self.backend(Reply(headers=[KEPT, *length], pieces=[b"x" * 100_000, gate], chunked=chunked))
            proxy = self.proxy(backend, flags=["--threads", 2])
            clients = [reader_of(proxy, "/")]
            self.addCleanup(clients[0].close)
            clients[0].read_head()
            for _ in range(3):
                clients.append(reader_of(proxy, "/"))
                self.addCleanup(clients[-1].close)
                if not chunked:
                    clients[-1].read_head()
            clients[0].reader.exactly(100_000)
            backend.close_connections()
            gate.set()
            for client in clients if not chunked else clients[:1]:
                with self.assertRaises((WireError, OSError)):
                    client.reader.exactly(MIB)
            for client in [] if not chunked else clients[1:]:
                answer = client.read()  # 502, or the whole to one that came too late for this fetch
                self.assertIn((answer.status, len(answer.body) == 100_000), [(502, False), (200, True)])


@unittest.skipIf(SANITIZED, "a sanitizer keeps what was freed")
class Memory(FlowTest):
    """150 clients that read nothing hold no more than the cache's size and 32 MiB, whatever they ask for."""
    CLIENTS = 150
    CACHE_MIB = 64

    def resident_mib(self, answer, targets):
        backend = self.backend(answer)
        proxy = self.proxy(backend, flags=["--cache-size", f"{self.CACHE_MIB}MiB", "--threads", 2])
        clients = [reader_of(proxy, target, receive_buffer=4096) for target in targets]
        for client in clients:
            self.addCleanup(client.close)
        wait_until(lambda: backend.count() >= len(set(targets)), 30, "all requests")
        sizes = []

        def settled():
            sizes.append(proxy.resident_kib())
            return len(sizes) > 20 and max(sizes[-10:]) - min(sizes[-10:]) < 64

        wait_until(settled, 60, "the memory to settle")
        self.assertEqual(get(proxy.address, "/small").body, b"small")
        return max(sizes) / 1024

    def check(self, answer, target="/{}"):
        def answers(request):
            return Reply(headers=[KEPT], body=b"small") if request.target == "/small" else answer

        used = self.resident_mib(answers, [target.format(i) for i in range(self.CLIENTS)])
        self.assertLess(used, self.CACHE_MIB + 32)

    def test_of_answers_that_the_cache_takes(self):
        self.check(Reply(headers=[KEPT], body=bytes(4 * MIB - 1024)))

    def test_of_answers_that_are_stored_when_they_are_asked_for(self):
        def answer(request):
            return Reply(headers=[KEPT], body=b"small" if request.target == "/small" else bytes(4 * MIB - 1024))

        backend = self.backend(answer)
        proxy = self.proxy(backend, flags=["--cache-size", f"{self.CACHE_MIB}MiB"])
        for i in range(self.CLIENTS):
            self.assertEqual(len(get(proxy.address, f"/{i}").body), 4 * MIB - 1024)
            client = reader_of(proxy, f"/{i}", receive_buffer=4096)
            self.addCleanup(client.close)
            client.read_head()
        self.assertEqual(get(proxy.address, "/small").body, b"small")
        self.assertLess(proxy.resident_kib() / 1024, self.CACHE_MIB + 32)

    def test_of_answers_of_unknown_length(self):
        self.check(Reply(headers=[KEPT], pieces=[bytes(MIB)] * 6, chunked=True))

    def test_of_answers_that_are_too_large(self):
        self.check(Reply(headers=[KEPT], body=bytes(6 * MIB)))

    def test_of_answers_that_are_not_cached(self):
        self.check(Reply(headers=[("Cache-Control", "no-store")], body=bytes(4 * MIB)))


class NoMemory(FlowTest):
    """The process may not have more address space: it gives up stored answers, and goes on."""

    def test_a_proxy_that_is_refused_memory_goes_on(self):
        def answer(request):
            return Reply(headers=[KEPT], body=b"small" if request.target == "/small" else bytes(2 * MIB))

        proxy = self.proxy(self.backend(answer), flags=["--cache-size", "1GiB", "--threads", 1])
        status = pathlib.Path(f"/proc/{proxy.pid}/status").read_text()
        used = int(re.search(r"VmSize:\s+(\d+)", status).group(1)) * 1024
        if used > 1 << 40:
            self.skipTest("a sanitizer takes address space of its own")
        resource.prlimit(proxy.pid, resource.RLIMIT_AS, (used + 24 * MIB, used + 24 * MIB))
        whole = 0
        for i in range(100):  # 200 MiB
            try:
                whole += len(get(proxy.address, f"/{i}").body) == 2 * MIB
            except (WireError, OSError):
                pass  # a connection may be lost
        self.assertGreater(whole, 80)
        self.assertEqual(get(proxy.address, "/small").body, b"small")
        self.assertIn("hit", get(proxy.address, "/small").header("Cache-Status"))


if __name__ == "__main__":
    main()
