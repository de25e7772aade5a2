"""Limits for clients: connections, request rates, descriptors; and clients that are silent, slow, read nothing or
disconnect."""

import contextlib
import pathlib
import re
import socket
import threading
import time

from harness import *

CACHED = ("Cache-Control", "max-age=600")
PASS = ("Cache-Control", "no-store")


def metric(proxy, name):
    """The sum of a metric's values, over all labels where none are given."""
    text = get(proxy.admin, "/metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:\{{\S*)? (\S+)$", text, re.M))


def limited(proxy, limit):
    return metric(proxy, f'roost_proxy_limited_total{{limit="{limit}"}}')


class Limited(FlowTest):
    def limited_proxy(self, *backends, limits="", more="", nofile=None, threads=2):
        """A proxy with an admin listener and these [limits]; `nofile` as for prlimit."""
        listen, admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        upstream = ", ".join(f'"{backend.address}"' for backend in backends)
        config = self.write("roost.toml", f'[proxy]\nlisten = ["{listen}"]\nadmin = "{admin}"\nthreads = {threads}\n'
                                          f"upstream = [{upstream}]\n{more}\n[limits]\n{limits}\n")
        prefix = ["prlimit", f"--nofile={nofile}"] if nofile else []
        command = [*prefix, BIN / "roost-proxy", "--config", config]
        proxy = self.program(*command)
        proxy.address, proxy.admin = listen, admin
        self._listening(proxy)
        wait_until(lambda: metric(proxy, "roost_proxy_client_connections") == 0, 10, "the first connection to be gone")
        return proxy

    def many(self, count, proxy):
        """So many connections, closed at the end of the test."""
        stack = self.enterContext(contextlib.ExitStack())
        return [stack.enter_context(Connection(proxy.address)) for _ in range(count)]

    def admitted(self, proxy):
        """A connection that has been answered, once those of before are no longer counted."""
        def answered():
            (connection,) = self.many(1, proxy)
            return connection if connection.get("/").status == 200 else connection.close()

        return wait_until(answered, 10, "a connection to be admitted")

    def flood(self, count, proxy):
        """So many connections that stay open, each looked at by the proxy, but for a few: those of before may be
        counted for a moment longer."""
        before = self.looked_at(proxy)
        connections = self.many(count, proxy)
        wait_until(lambda: self.looked_at(proxy) >= before + count - 10, 20, "each to be looked at")
        return connections

    @staticmethod
    def looked_at(proxy):
        open_now = metric(proxy, "roost_proxy_client_connections")
        return open_now + limited(proxy, "idle_closed") + limited(proxy, "connections")


class Descriptors(Limited):
    def test_the_soft_limit_is_raised_to_the_hard_one(self):
        proxy = self.limited_proxy(self.backend(Reply()), nofile="128:2048")
        limits = pathlib.Path(f"/proc/{proxy.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files\s+2048\s+2048")

    def test_more_silent_clients_than_descriptors_lock_out_nobody(self):
        backend = self.backend(Reply(body=b"here", headers=[PASS]))
        proxy = self.limited_proxy(backend, nofile="400:400")
        for _ in range(2):
            self.flood(500, proxy)
            time.sleep(0.05)  # a connection this new is not closed for another one
            for _ in range(5):
                self.assertEqual(get(proxy.address, "/").body, b"here")
                self.assertEqual(get(proxy.admin, "/healthz").status, 200)
        self.assertGreater(limited(proxy, "idle_closed"), 500)
        self.assertEqual(metric(proxy, "roost_proxy_accept_pauses_total"), 0)
        wait_until(lambda: "client connections are at their limit" in proxy.output(), 10, "the event")

    def test_a_cap_over_what_descriptors_allow_is_lowered_and_said(self):
        proxy = self.limited_proxy(self.backend(Reply()), nofile="400:400", limits="max_connections = 5000")
        self.assertIn("max_connections is more than the descriptors allow", proxy.output())

    def test_the_admin_listener_is_not_taken_away_by_silent_clients_of_its_own(self):
        proxy = self.limited_proxy(self.backend(Reply()))
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                stack.enter_context(Connection(proxy.admin))
            time.sleep(0.05)
            self.assertEqual(get(proxy.admin, "/healthz").status, 200)


class Misbehaving(Limited):
    """A limit of about 100 connections, and more misbehaving clients of one kind than that."""

    COUNT = 300

    def setUp(self):
        super().setUp()
        self.origin = self.backend(Reply(body=b"here", headers=[PASS]))
        self.subject = self.limited_proxy(self.origin, limits='max_connections = 100\nmin_body_rate_grace = "1s"')

    def assert_served(self):
        for _ in range(10):
            answer = get(self.subject.address, "/")
            self.assertEqual((answer.status, answer.body), (200, b"here"))

    def test_slow_heads(self):
        for connection in self.flood(self.COUNT, self.subject):
            with contextlib.suppress(OSError):
                connection.send("GET / HTTP/1.1\r\nHost: a\r\nX-A")
        time.sleep(0.05)
        self.assert_served()

    def test_half_closed_without_a_request(self):
        for connection in self.many(self.COUNT, self.subject):
            with contextlib.suppress(OSError):
                connection.end_of_sending()
            connection.closed_by_peer()
        self.assert_served()
        wait_until(lambda: metric(self.subject, "roost_proxy_client_connections") <= 2, 10, "them to be gone")

    def test_half_closed_behind_a_request_gets_its_answer(self):
        for connection in self.many(50, self.subject):
            connection.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.end_of_sending()
            self.assertEqual(connection.read().body, b"here")
        self.assert_served()

    def test_bodies_that_trickle_are_ended_and_their_backends_freed(self):
        connections = self.many(60, self.subject)
        for connection in connections:
            connection.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + "x" * 70000)
        self.assert_served()
        deadline = time.monotonic() + 20 * TIME_SCALE
        while limited(self.subject, "min_body_rate") < 60 and time.monotonic() < deadline:
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send("x")
            time.sleep(0.1)
        self.assertEqual(limited(self.subject, "min_body_rate"), 60)
        self.assert_served()
        wait_until(lambda: self.origin.open_connections() <= 2, 10, "the backend's connections to be free")
        self.origin.errors.clear()  # the bodies that were not whole

    def test_reset_at_every_stage(self):
        request = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"
        for cut in range(0, len(request) + 1, 2):
            for connection in self.many(4, self.subject):
                connection.send(request[:cut])
                connection.reset()
        for _ in range(20):
            connection = Connection(self.subject.address)
            connection.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.read_head()
            connection.reset()
        self.assert_served()
        wait_until(lambda: metric(self.subject, "roost_proxy_client_connections") <= 2, 10, "them to be gone")

    def test_who_has_no_room_is_told_so(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.origin.answer = lambda request: Reply(gate=gate) if request.target == "/held" else Reply(headers=[PASS])
        for connection in self.many(100, self.subject):
            connection.send("GET /held HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nCache-Control: no-store\r\n\r\n")
        wait_until(lambda: self.origin.active >= 90, 20, "them to be under way")

        def refused():
            answer = get(self.subject.address, "/")
            return answer if answer.status != 200 else None

        answer = wait_until(refused, 20, "all places to be taken")
        self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))
        self.assertEqual(get(self.subject.admin, "/healthz").status, 200)
        self.assertGreater(limited(self.subject, "connections"), 0)


class SlowReaders(Limited):
    """Clients that take next to nothing of answers larger than what sockets hold."""

    PIECE = b"x" * (1 << 20)
    COUNT = 8

    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.origin = self.backend(self.answer)

    def answer(self, request):
        if request.target.startswith("/big"):
            return Reply(pieces=[self.PIECE] * 16, headers=[CACHED if "cached" in request.target else PASS])
        if request.target == "/held":
            return Reply(pieces=[self.PIECE, self.gate, b"the end"], headers=[PASS])
        return Reply(body=b"here", headers=[PASS])

    def readers(self, proxy, target):
        connections = self.many(self.COUNT, proxy)
        for number, connection in enumerate(connections):
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.send(f"GET {target.format(number)} HTTP/1.1\r\nHost: a\r\n\r\n")
        return connections

    def trickle_until_cut(self, proxy, connections):
        """The readers read a few bytes now and then, until all were counted."""
        before = limited(proxy, "min_send_rate")

        def all_cut():
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.sock.recv(20)
            return limited(proxy, "min_send_rate") == before + len(connections)

        wait_until(all_cut, 30, "the slow readers to be cut")

    def test_their_backends_are_freed(self):
        proxy = self.limited_proxy(self.origin, limits='min_send_rate_grace = "1s"')
        connections = self.readers(proxy, "/big/{}")
        self.assertEqual(get(proxy.address, "/").body, b"here")
        self.trickle_until_cut(proxy, connections)
        wait_until(lambda: self.origin.open_connections() <= 2, 10, "the backend's connections to be free")
        for connection in connections:
            with self.assertRaises((ConnectionResetError, Closed)):
                connection.read()
        self.assertEqual(limited(proxy, "write_timeout"), 0)

    def test_of_a_stored_answer_too(self):
        proxy = self.limited_proxy(self.origin, limits='min_send_rate_grace = "1s"',
                                   more='[cache]\nsize = "64MiB"\nmax_object_size = "32MiB"')
        self.assertEqual(len(get(proxy.address, "/big/cached").body), 16 << 20)
        self.trickle_until_cut(proxy, self.readers(proxy, "/big/cached"))
        self.assertEqual(len(get(proxy.address, "/big/cached").body), 16 << 20)

    def test_who_waits_for_a_slow_backend_is_not_one(self):
        proxy = self.limited_proxy(self.origin, limits='min_send_rate_grace = "1s"')
        with Connection(proxy.address, timeout_s=60) as waiting:
            waiting.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            head = waiting.read_head()
            self.assertEqual(waiting.reader.exactly(len(self.PIECE)), self.PIECE)
            for _ in range(2):
                self.trickle_until_cut(proxy, self.readers(proxy, "/big/{}"))
            self.gate.set()
            self.assertEqual(waiting.reader.exactly(7), b"the end")
        self.assertEqual(head.status, 200)


class PerAddress(Limited):
    def test_connections_of_one_address_are_bounded_on_all_threads_together(self):
        proxy = self.limited_proxy(self.backend(Reply(headers=[PASS])), limits="max_connections_per_address = 10")
        connections = [self.admitted(proxy) for _ in range(10)]
        for _ in range(5):
            answer = get(proxy.address, "/")
            self.assertEqual((answer.status, answer.header("Retry-After")), (429, "1"))
        with Connection(proxy.address, source=("127.0.0.2", 0)) as elsewhere:
            self.assertEqual(elsewhere.get("/").status, 200)
        connections[0].close()
        wait_until(lambda: get(proxy.address, "/").status == 200, 10, "a place to be free")
        self.assertGreaterEqual(limited(proxy, "connections_per_address"), 5)

    def test_requests_of_one_address_are_bounded_on_all_threads_together(self):
        backend = self.backend(Reply(headers=[CACHED]))
        proxy = self.limited_proxy(backend, limits='request_rate = "20/h"')
        statuses = [get(proxy.address, "/").status for _ in range(25)]
        self.assertEqual(statuses, [200] * 20 + [429] * 5)
        refused = get(proxy.address, "/")
        self.assertLessEqual(int(refused.header("Retry-After")), 180)
        self.assertEqual(refused.header("Content-Type"), "application/problem+json")
        with Connection(proxy.address, source=("127.0.0.2", 0)) as elsewhere:
            self.assertEqual(elsewhere.get("/").status, 200)
        self.assertEqual(limited(proxy, "request_rate"), 6)

    def test_behind_a_trusted_proxy_each_client_has_its_own_rate(self):
        proxy = self.limited_proxy(self.backend(Reply(headers=[PASS])), limits='request_rate = "2/h"',
                                   more='trusted_proxies = ["127.0.0.1"]')

        def status(client):
            return get(proxy.address, "/", ("X-Forwarded-For", client)).status

        self.assertEqual([status("198.51.100.1") for _ in range(3)], [200, 200, 429])
        self.assertEqual([status("198.51.100.2") for _ in range(3)], [200, 200, 429])


class Capacity(Limited):
    def test_beyond_the_requests_under_way_new_ones_are_refused_at_once_and_hits_served(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def answer(request):
            return Reply(headers=[CACHED]) if request.target == "/hit" else Reply(gate=gate, headers=[PASS])

        backend = self.backend(answer)
        proxy = self.limited_proxy(backend, limits="max_active_requests = 8")
        self.assertEqual(get(proxy.address, "/hit").status, 200)
        for number, connection in enumerate(self.many(8, proxy)):
            connection.send(f"GET /held/{number} HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: backend.active >= 8, 10, "eight to be under way")
        for _ in range(5):
            refused = get(proxy.address, "/more", timeout_s=5)
            self.assertEqual((refused.status, refused.header("Retry-After")), (503, "1"))
            self.assertEqual(get(proxy.address, "/hit").status, 200)
        self.assertEqual(limited(proxy, "max_active_requests"), 5)
        gate.set()
        wait_until(lambda: get(proxy.address, "/more").status == 200, 10, "room")


if __name__ == "__main__":
    main()
