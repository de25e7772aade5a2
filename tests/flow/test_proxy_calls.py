"""Calls to backends: time-outs, retries at another backend, queues, gathered bodies, and shared fetches."""

import contextlib
import os
import signal
import threading
import time

from harness import *

PASS = ("Cache-Control", "no-store")


class CallTest(FlowTest):
    def start(self, *backends, proxy="", route="", pool="", **options):
        listed = ", ".join(f'"{getattr(b, "address", b)}"' for b in backends)
        proxy = proxy or "threads = 1"
        config = self.write("roost.toml", f"[proxy]\n{proxy}\n[[pool]]\nbackends = [{listed}]\n{pool}\n"
                                          f'[[route]]\npath = "/"\n{route}\n')
        return self.proxy(flags=["--config", config], **options)


class Elsewhere(CallTest):
    def test_a_long_upload_goes_to_the_backend_that_takes_connections(self):
        """Nothing of it was sent to the one that does not, however long it is."""
        backend = self.backend(lambda r: Reply(body=b"%d" % len(r.body), headers=[PASS]))
        for size in (65_536, 65_537, 3_000_000):
            for chunked in (False, True):
                proxy = self.start(f"127.0.0.1:{free_port()}", backend)
                body = b"x" * size
                if chunked:
                    headers = [("Transfer-Encoding", "chunked")]
                    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in
                                    (body[i:i + 50_000] for i in range(0, size, 50_000))) + b"0\r\n\r\n"
                else:
                    headers = [("Content-Length", str(size))]
                for _ in range(3):
                    with Connection(proxy.address) as client:
                        client.send(request_bytes("POST", "/", headers, host=proxy.address) + body)
                        answer = client.read()
                    self.assertEqual((answer.status, answer.body), (200, b"%d" % size))
                proxy.stop()

    def test_a_get_that_gets_no_byte_is_asked_of_another_once(self):
        gate = threading.Event()
        stuck, other = self.backend(Reply(gate=gate)), self.backend(Reply(body=b"here", headers=[PASS]))
        proxy = self.start(stuck, other, proxy='first_byte_timeout = "300ms"')
        try:
            for _ in range(4):
                self.assertEqual(get(proxy.address, "/").body, b"here")
            other.answer = Reply(gate=gate)
            self.assertEqual(get(proxy.address, "/").status, 504)
            self.assertEqual(request(proxy.address, "POST", "/", body=b"x").status, 504)
        finally:
            gate.set()
        self.assertEqual(stuck.count(method="POST") + other.count(method="POST"), 1)

    def test_what_the_route_does_not_want_is_asked_of_another(self):
        busy, other = self.backend(Reply(503, headers=[PASS])), self.backend(Reply(body=b"here", headers=[PASS]))
        proxy = self.start(busy, other, route='retry_on = ["reset", "503"]')
        for _ in range(6):
            self.assertEqual(get(proxy.address, "/").body, b"here")
        self.assertGreater(busy.count(), 0)


class Bounds(CallTest):
    def test_the_whole_is_bounded_where_a_route_says_so(self):
        slowly = [piece for _ in range(100) for piece in (b"x", 0.05)]
        backend = self.backend(Reply(pieces=slowly, chunked=True, headers=[PASS]))
        proxy = self.start(backend, route='request_timeout = "400ms"')
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host=proxy.address))
            with self.assertRaises(Exception):
                client.read()

    def test_old_settings_still_mean_the_same(self):
        gate = threading.Event()
        proxy = self.start(self.backend(Reply(gate=gate)), proxy='backend_timeout = "200ms"')
        self.assertEqual(get(proxy.address, "/").status, 504)
        gate.set()

    def test_an_answer_that_came_while_the_proxy_was_stopped_is_given(self):
        gate = threading.Event()
        backend = self.backend(Reply(body=b"in time", gate=gate, headers=[PASS]))
        proxy = self.start(backend, proxy='first_byte_timeout = "1s"\nclient_idle_timeout = "1s"',
                           route="retry_on = []")
        with Connection(proxy.address) as client, Connection(proxy.address) as idle:
            client.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the request")
            os.kill(proxy.pid, signal.SIGSTOP)
            try:
                gate.set()
                idle.send(request_bytes("GET", "/idle", host=proxy.address))
                time.sleep(1.5)  # longer than the bounds: the time that is judged afterwards
            finally:
                os.kill(proxy.pid, signal.SIGCONT)
            self.assertEqual(client.read().body, b"in time")
            self.assertEqual(idle.read().body, b"in time")


class SharedFetches(CallTest):
    KEPT = ("Cache-Control", "max-age=60")

    def test_who_waits_for_a_stuck_fetch_asks_another_backend(self):
        gate, first = threading.Event(), threading.Event()

        def answer(r):
            if first.is_set():
                return Reply(body=b"here", headers=[self.KEPT])
            first.set()
            return Reply(body=b"late", headers=[self.KEPT], gate=gate)

        backend = self.backend(answer)
        proxy = self.start(backend, proxy='shared_fetch_timeout = "300ms"')
        with Connection(proxy.address) as stuck:
            stuck.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(first.is_set, what="the fetch that is stuck")
            answers = concurrently(8, lambda i: get(proxy.address, "/").body)
            self.assertEqual(answers, [b"here"] * 8)
            self.assertEqual(backend.count(), 2)
            gate.set()
            self.assertEqual(stuck.read().body, b"late")

    def test_a_fetch_that_fails_for_one_clients_fields_fails_for_that_client(self):
        gate = threading.Event()

        def answer(r):
            if "X-Poison" in r.fields:
                gate.wait()
                return Reply(hang_up=True)
            return Reply(body=b"good", headers=[self.KEPT])

        backend = self.backend(answer)
        proxy = self.start(backend, proxy='shared_fetch_timeout = "30s"')
        with Connection(proxy.address) as bad:
            bad.send(request_bytes("GET", "/", [("X-Poison", "1")], host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the fetch that will fail")
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(get(proxy.address, "/").body)) for _ in range(8)]
            for thread in threads:
                thread.start()
            wait_until(lambda: get(proxy.address, "/other").status == 200, what="the others to be there")
            gate.set()
            for thread in threads:
                thread.join()
            self.assertEqual(answers, [b"good"] * 8)
            self.assertEqual(bad.read().status, 502)

    def test_what_is_stale_is_given_when_the_fetch_takes_long(self):
        gate = threading.Event()
        stale = Reply(body=b"old", headers=[("Cache-Control", "max-age=1, stale-if-error=60")])
        backend = self.backend(lambda _: stale if backend.count() == 1 else
                               Reply(body=b"new", headers=[self.KEPT], gate=gate))
        proxy = self.start(backend, proxy='shared_fetch_timeout = "200ms"')
        get(proxy.address, "/")
        wait_until(lambda: "detail=stale-if-error" in get(proxy.address, "/").header("Cache-Status"), 10,
                   "a slow fetch")
        self.assertEqual(get(proxy.address, "/").body, b"old")
        gate.set()
        wait_until(lambda: get(proxy.address, "/").body == b"new", what="the new one")

    def test_a_head_gets_what_is_stale_as_a_get_does(self):
        for failure in (Reply(503), Reply(hang_up=True)):
            backend = self.backend(lambda _: Reply(body=b"old", headers=[("Cache-Control", "max-age=1, "
                                                                                           "stale-if-error=60")])
                                   if backend.count() == 1 else failure)
            proxy = self.start(backend)
            get(proxy.address, "/")

            def head():
                return request(proxy.address, "HEAD", "/")

            wait_until(lambda: "fwd=stale" in head().header("Cache-Status"), 10, "it to be stale")
            answer = head()
            self.assertEqual((answer.status, answer.header("Content-Length")), (200, "3"))
            self.assertIn("detail=stale-if-error", answer.header("Cache-Status"))


class Queue(CallTest):
    def test_a_backend_has_no_more_requests_than_it_may_have(self):
        backend = self.backend(Reply(body=b"here", headers=[PASS], delay_s=0.01))
        proxy = self.start(backend, proxy="threads = 2", pool="max_active_requests = 2")
        answers = concurrently(30, lambda i: get(proxy.address, f"/{i}").status)
        self.assertEqual(answers, [200] * 30)
        self.assertLessEqual(backend.most_active, 2)

    def test_clients_take_turns(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        backend = self.backend(lambda r: Reply(body=b"x", headers=[PASS], gate=gate if r.target == "/first" else None))
        proxy = self.start(backend, pool="max_active_requests = 1", admin=True)

        def waiting():
            found = re.search(r"(?m)^roost_proxy_pool_waiting_requests\{.*\} (\d+)$",
                              get(proxy.admin, "/metrics").body.decode())
            return int(found.group(1))

        with contextlib.ExitStack() as stack:
            def ask(source, target):
                client = stack.enter_context(Connection(proxy.address, source=(source, 0)))
                client.send(request_bytes("POST", target, body=b"", host=proxy.address))
                return client

            clients = [ask("127.0.0.1", "/first")]
            wait_until(lambda: backend.count() == 1, what="the first request")
            clients += [ask("127.0.0.1", f"/many/{i}") for i in range(8)]
            wait_until(lambda: waiting() == 8, what="those of one client to wait")
            clients += [ask("127.0.0.2", f"/few/{i}") for i in range(2)]
            wait_until(lambda: waiting() == 10, what="those of the other")
            gate.set()
            for client in clients:
                self.assertEqual(client.read().status, 200)
        order = [request.target for request in backend.requests]
        self.assertLessEqual(order.index("/few/0"), 2)
        self.assertLessEqual(order.index("/few/1"), 4)
        self.assertEqual([t for t in order if t.startswith("/many")], [f"/many/{i}" for i in range(8)])

    def test_who_finds_the_queue_full_is_told_at_once_and_who_waits_too_long_later(self):
        gate = threading.Event()
        backend = self.backend(Reply(body=b"here", headers=[PASS], gate=gate))
        proxy = self.start(backend, pool='max_active_requests = 1\nqueue_size = 1\nqueue_timeout = "500ms"')
        with Connection(proxy.address) as served, Connection(proxy.address) as waits:
            served.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the first request")
            waits.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: get(proxy.address, "/").status == 503, what="the queue to be full")
            answer = waits.read()
            self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))
            gate.set()
            self.assertEqual(served.read().status, 200)
        self.assertEqual(get(proxy.address, "/").status, 200)


class Gathering(CallTest):
    HEAD = [("Transfer-Encoding", "chunked")]

    def test_slow_uploads_hold_no_backend_up(self):
        backend = self.backend(lambda r: Reply(body=b"%d" % len(r.body), headers=[PASS]))
        proxy = self.start(backend, proxy=f'threads = 1\nrequest_buffer_dir = "{self.directory}"',
                           route='buffer_requests = "all"', pool="max_active_requests = 1")
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(Connection(proxy.address)) for _ in range(20)]
            for client in slow:
                client.send(request_bytes("POST", "/", self.HEAD, host=proxy.address) + b"3\r\nabc\r\n")
            for _ in range(3):
                self.assertEqual(get(proxy.address, "/").status, 200)
            self.assertEqual(backend.connections_accepted, 1)
            big = b"x" * 200_000
            for client in slow:
                client.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(big), big))
            self.assertEqual({client.read().body for client in slow}, {b"200003"})
        self.assertTrue(all(r.header("Content-Length") == "200003" for r in backend.requests if r.method == "POST"))

    def test_a_directory_that_is_not_there_is_a_mistake(self):
        config = self.write("roost.toml", '[proxy]\nrequest_buffer_dir = "/no/such"\nupstream = ["127.0.0.1:1"]\n'
                                          '[[route]]\npath = "/"\nbuffer_requests = "all"\n')
        code, output = self.run_program("roost-proxy", "--check", "--config", config)
        self.assertNotEqual(code, 0)
        self.assertIn("a directory that is not there: /no/such", output)


if __name__ == "__main__":
    main()
