"""Stale responses: validation (304), stale-while-revalidate and stale-if-error."""

import contextlib
import threading

from harness import *

SECOND = "max-age=1"


def get_stale(proxy, *headers):
    """GETs until the stored response is stale; returns the first answer that is not a fresh hit."""
    found = []

    def is_stale():
        found[:] = [get(proxy.address, "/", *headers)]
        status = found[0].header("Cache-Status")
        return "; hit; " not in status or "ttl=-" in status

    wait_until(is_stale, 10, "the stored response to be stale")
    return found[0]


class Validation(FlowTest):
    def start(self, first, second):
        """A proxy that has stored `first`, and a backend that then answers `second`."""
        backend = self.backend(lambda _: first if backend.count() == 1 else second)
        proxy = self.proxy(backend)
        self.assertEqual(get(proxy.address, "/").body, first.body)
        return backend, proxy

    def test_what_is_unchanged_is_not_sent_again(self):
        for size in (0, 5, 8192, 8193, 200_000):
            body = bytes(range(256)) * (size // 256 + 1)
            backend, proxy = self.start(
                Reply(body=body[:size], headers=[("ETag", '"v1"'), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
                                                 ("Cache-Control", SECOND), ("X-Age", "old")]),
                Reply(304, headers=[("ETag", '"v1"'), ("Cache-Control", "max-age=60"), ("X-Age", "new")]))
            answer = get_stale(proxy)
            self.assertEqual((answer.status, answer.body), (200, body[:size]))
            self.assertEqual(answer.header("Cache-Status"), "roost; fwd=stale; fwd-status=304; stored")
            self.assertEqual((answer.fields.all("X-Age"), answer.fields.all("Via")), (["new"], ["1.1 roost"]))
            self.assertEqual(backend.requests[1].header("If-None-Match"), '"v1"')
            self.assertEqual(backend.requests[1].header("If-Modified-Since"), "Sun, 06 Nov 1994 08:49:37 GMT")
            after = get(proxy.address, "/")
            self.assertRegex(after.header("Cache-Status"), "hit; ttl=(59|60)$")
            self.assertEqual((after.body, after.header("X-Age")), (body[:size], "new"))
            self.assertEqual(backend.count(), 2)

    def test_what_has_changed_takes_its_place(self):
        backend, proxy = self.start(Reply(body=b"old", headers=[("ETag", '"v1"'), ("Cache-Control", SECOND)]),
                                    Reply(body=b"new", headers=[("ETag", '"v2"'), ("Cache-Control", "max-age=60")]))
        self.assertEqual(get_stale(proxy).body, b"new")
        self.assertEqual(get(proxy.address, "/").body, b"new")
        self.assertEqual(backend.count(), 2)

    def test_a_304_about_something_else_is_not_believed(self):
        for other in ('"v2"', 'W/"v2"', '"v1-gzip"'):
            backend = self.backend(lambda r: Reply(304, headers=[("ETag", other), ("Cache-Control", "max-age=60")])
                                   if "If-None-Match" in r.fields else
                                   Reply(body=b"%d" % backend.count(), headers=[("ETag", '"v1"'),
                                                                                ("Cache-Control", SECOND)]))
            proxy = self.proxy(backend, admin=True)
            get(proxy.address, "/")
            answer = get_stale(proxy)
            self.assertEqual((answer.status, answer.body), (200, b"3"))
            self.assertEqual(answer.header("Cache-Status"), "roost; fwd=stale; stored")
            for name in ("If-None-Match", "If-Modified-Since"):
                self.assertNotIn(name, backend.requests[2].fields)
            self.assertEqual(backend.requests[1].connection, backend.requests[2].connection)
            self.assertIn("roost_proxy_validated_total 0", get(proxy.admin, "/metrics").body.decode())

    def test_a_304_that_only_has_another_date_is_not_believed(self):
        then, later = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"
        backend = self.backend(lambda r: Reply(304, headers=[("Last-Modified", later)])
                               if r.header("If-Modified-Since") == then else
                               Reply(body=b"%d" % backend.count(), headers=[("Last-Modified", then),
                                                                            ("Cache-Control", SECOND)]))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, b"3")

    def test_a_304_nobody_asked_for_is_asked_about_once(self):
        backend = self.backend(lambda _: Reply(304) if backend.count() == 1 else Reply(body=b"whole"))
        proxy = self.proxy(backend)
        answer = get(proxy.address, "/", ("If-None-Match", '"mine"'))
        self.assertEqual((answer.status, answer.body), (200, b"whole"))
        self.assertIn("; hit; ", get(proxy.address, "/").header("Cache-Status"))
        self.assertEqual(backend.count(), 2)
        backend = self.backend(Reply(304))
        proxy = self.proxy(backend)
        self.assertEqual(get(proxy.address, "/").status, 502)
        self.assertEqual(backend.count(), 2)

    def test_all_who_wait_get_the_whole_or_the_error(self):
        for last, expected in ((Reply(body=b"new"), {(200, b"new")}), (Reply(304), {502})):
            gate = threading.Event()
            backend = self.backend(lambda _: last if backend.count() > 1 else Reply(304, gate=gate))
            proxy = self.proxy(backend)
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(Connection(proxy.address)) for _ in range(4)]
                for client in clients:
                    client.send(request_bytes("GET", "/", host=proxy.address))
                wait_until(lambda: backend.count() == 1, what="the first to fetch")
                gate.set()
                answers = [client.read() for client in clients]
            self.assertEqual({(a.status, a.body) if a.status == 200 else a.status for a in answers}, expected)

    def test_a_client_that_has_it_is_told_304(self):
        _, proxy = self.start(Reply(body=b"same", headers=[("ETag", '"v1"'), ("Cache-Control", SECOND)]),
                              Reply(304, headers=[("Cache-Control", "max-age=60")]))
        wait_until(lambda: get(proxy.address, "/", ("If-None-Match", '"v1"')).header("Cache-Status").find("304") > 0)
        answer = get(proxy.address, "/", ("If-None-Match", '"v1"'))
        self.assertEqual((answer.status, answer.body), (304, b""))
        self.assertEqual(get(proxy.address, "/").body, b"same")

    def test_those_who_wait_share_the_answer(self):
        gate = threading.Event()
        backend, proxy = self.start(Reply(body=b"same", headers=[("ETag", '"v1"'), ("Cache-Control", SECOND)]),
                                    Reply(304, headers=[("Cache-Control", "max-age=60")], gate=gate))
        answers = []

        def ask(first):
            answers.append(get_stale(proxy) if first else get(proxy.address, "/"))

        threads = [threading.Thread(target=ask, args=(i == 0,)) for i in range(8)]
        threads[0].start()
        wait_until(lambda: backend.count() == 2, what="the question")
        for thread in threads[1:]:
            thread.start()
        self.assertEqual(answers, [])
        gate.set()
        for thread in threads:
            thread.join()
        self.assertEqual({(a.status, a.body) for a in answers}, {(200, b"same")})
        self.assertEqual(backend.count(), 2)

    def test_each_variant_is_asked_about_by_its_own_validator(self):
        def answer(r):
            tag = f'"{r.header("Accept-Language")}"'
            headers = [("Vary", "Accept-Language"), ("ETag", tag), ("Cache-Control", SECOND)]
            return Reply(304, headers=headers) if r.header("If-None-Match") == tag else Reply(
                body=tag.encode(), headers=headers)

        backend = self.backend(answer)
        proxy = self.proxy(backend)
        for language in ("de", "en"):
            get(proxy.address, "/", ("Accept-Language", language))
        for language in ("de", "en"):
            answer = get_stale(proxy, ("Accept-Language", language))
            self.assertEqual(answer.body, f'"{language}"'.encode())
            self.assertIn("fwd-status=304", answer.header("Cache-Status"))

    def test_an_unchanged_response_that_may_not_be_kept_any_more_is_given_once(self):
        backend, proxy = self.start(Reply(body=b"same", headers=[("ETag", '"v1"'), ("Cache-Control", SECOND)]),
                                    Reply(304, headers=[("Cache-Control", "no-store")]))
        answer = get_stale(proxy)
        self.assertEqual((answer.status, answer.body), (200, b"same"))
        self.assertEqual(answer.header("Cache-Status"), "roost; fwd=stale; fwd-status=304; detail=no-store")
        get(proxy.address, "/")
        self.assertNotIn("If-None-Match", backend.requests[2].fields)

    def test_what_is_revalidated_by_tag_is_asked_about(self):
        backend = self.backend(lambda r: Reply(304) if "If-None-Match" in r.fields else Reply(
            body=b"same", headers=[("ETag", '"v1"'), ("Cache-Groups", '"a"'), ("Cache-Control", "max-age=60")]))
        proxy = self.proxy(backend, admin=True)
        get(proxy.address, "/")
        request(proxy.admin, "POST", "/purge?tag=a&soft=1")
        answer = get(proxy.address, "/")
        self.assertEqual((answer.status, answer.body), (200, b"same"))
        self.assertEqual(backend.requests[1].header("Cache-Control"), "no-cache")
        self.assertIn("; hit; ", get(proxy.address, "/").header("Cache-Status"))
        self.assertEqual(backend.count(), 2)


class WhileRevalidating(FlowTest):
    HEADERS = [("Cache-Control", SECOND + ", stale-while-revalidate=60")]

    def test_nobody_waits_and_one_asks(self):
        gate = threading.Event()
        backend = self.backend(lambda _: Reply(body=b"old", headers=self.HEADERS) if backend.count() == 1 else
                               Reply(body=b"new", headers=[("Cache-Control", "max-age=60")], gate=gate))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, b"old")
        for _ in range(5):
            answer = get(proxy.address, "/")
            self.assertRegex(answer.header("Cache-Status"), "^roost; hit; ttl=-[0-9]+$")
            self.assertEqual(answer.body, b"old")
        wait_until(lambda: backend.count() == 2, what="the fetch behind")
        self.assertEqual(request(proxy.address, "HEAD", "/").header("Content-Length"), "3")
        gate.set()
        wait_until(lambda: get(proxy.address, "/").body == b"new", 10, "the new response")
        self.assertEqual(backend.count(), 2)

    def test_a_head_has_it_fetched_as_well(self):
        backend = self.backend(lambda r: Reply(body=b"old", headers=self.HEADERS) if backend.count() == 1 else
                               Reply(body=b"newer", headers=[("Cache-Control", "max-age=60")]))
        proxy = self.proxy(backend)

        def head():
            return request(proxy.address, "HEAD", "/", [("Range", "bytes=0-1"), ("If-None-Match", '"mine"')])

        get(proxy.address, "/")
        wait_until(lambda: head().header("Content-Length") == "5", 10, "the new response")
        self.assertEqual([r.method for r in backend.requests], ["GET", "GET"])
        for name in ("Range", "If-None-Match"):
            self.assertNotIn(name, backend.requests[1].fields)
        answer = get(proxy.address, "/")
        self.assertEqual(answer.body, b"newer")
        self.assertIn("; hit; ", answer.header("Cache-Status"))

    def test_who_wants_it_fresh_waits(self):
        gate = threading.Event()
        backend = self.backend(lambda _: Reply(body=b"old", headers=self.HEADERS) if backend.count() == 1 else
                               Reply(body=b"new", headers=[("Cache-Control", "max-age=60")], gate=gate))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, b"old")
        with Connection(proxy.address) as waits:
            waits.send(request_bytes("GET", "/", [("Cache-Control", "max-age=0")], host=proxy.address))
            for _ in range(3):
                self.assertEqual(get(proxy.address, "/").body, b"old")
            gate.set()
            self.assertEqual(waits.read().body, b"new")

    def test_a_fetch_that_fails_is_tried_again_and_harms_nobody(self):
        backend = self.backend(lambda _: Reply(body=b"old", headers=self.HEADERS) if backend.count() != 2 else
                               Reply(hang_up=True))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, b"old")
        wait_until(lambda: get(proxy.address, "/").body == b"old" and backend.count() >= 3, 10, "another attempt")

    def test_a_fetch_that_fails_is_not_tried_again_at_once(self):
        for failure in (Reply(503), Reply(hang_up=True), Reply(body=b"x" * 1000, cut_at=600)):
            backend = self.backend(lambda _: Reply(body=b"old", headers=self.HEADERS) if backend.count() == 1 else
                                   failure)
            proxy = self.proxy(backend)

            def attempts():
                """The first and last arrival of each attempt; repeats within an attempt have the same request id."""
                times = {}
                for r in list(backend.requests):
                    times.setdefault(r.header("X-Request-Id"), []).append(r.time_s)
                return [(t[0], t[-1]) for t in times.values()][1:]

            wait_until(lambda: get(proxy.address, "/").body == b"old" and len(attempts()) > 2, 20, "three attempts")
            for (_, failed), (tried, _) in zip(attempts(), attempts()[1:]):
                self.assertGreater(tried - failed, 0.9)

    def test_what_came_and_may_not_be_kept_ends_it(self):
        backend = self.backend(lambda _: Reply(body=b"old", headers=self.HEADERS) if backend.count() == 1 else
                               Reply(body=b"new", headers=[("Cache-Control", "no-store")]))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, b"old")
        wait_until(lambda: get(proxy.address, "/").body == b"new", 10, "the new response")
        for _ in range(3):
            self.assertEqual(get(proxy.address, "/").body, b"new")

    def test_what_came_and_cannot_be_kept_ends_it_as_well(self):
        vary = ("Vary", ", ".join(f"X-{i}" for i in range(17)))
        backend = self.backend(lambda _: Reply(body=b"old", headers=self.HEADERS) if backend.count() == 1 else
                               Reply(body=b"new", headers=[vary, ("Cache-Control", "max-age=60")]))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, b"old")
        wait_until(lambda: get(proxy.address, "/").body == b"new", 10, "the new response")


class OfNoUse(FlowTest):
    """A background fetch whose response is neither awaited nor stored."""

    STALE = ("Cache-Control", SECOND + ", stale-while-revalidate=60, stale-if-error=60")

    def start(self, reply, body=b"old"):
        """A proxy that refreshes a stored response and gets `reply`."""
        backend = self.backend(lambda _: Reply(body=body, headers=[self.STALE, ("ETag", '"v1"')])
                               if backend.count() == 1 else reply)
        proxy = self.proxy(backend, flags=["--threads", 1])
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, body)
        wait_until(lambda: backend.count() >= 2, what="the fetch behind")
        return backend, proxy

    def pieces(self, size, count, pause_s, sent):
        for _ in range(count):
            yield b"x" * size
            sent.append(size)
            yield pause_s

    def test_it_is_cut_off_where_much_is_left(self):
        for status in (200, 503):
            for options in ({"chunked": True}, {"until_close": True}, {"headers": [("Content-Length", "2000000")]}):
                sent = []
                headers = [("Cache-Control", "no-store"), *options.pop("headers", [])]
                backend, _ = self.start(Reply(status, headers, pieces=self.pieces(1000, 2000, 0.001, sent), **options))
                wait_until(lambda: backend.active == 0, 30, "the end of it")
                self.assertLess(len(sent), 2000)

    def test_it_is_cut_off_where_it_comes_slowly(self):
        sent = []
        headers = [("Cache-Control", "no-store"), ("Content-Length", "1000")]
        backend, _ = self.start(Reply(headers=headers, pieces=self.pieces(1, 1000, 0.02, sent)))
        wait_until(lambda: backend.active == 0, 30, "the end of it")
        self.assertLess(len(sent), 1000)

    def test_it_is_read_where_little_is_left(self):
        for options in ({}, {"chunked": True}):
            backend, proxy = self.start(Reply(headers=[("Cache-Control", "no-store")],
                                              pieces=[b"x" * 1000, 0.01, b"y" * 64_536], **options))
            wait_until(lambda: backend.active == 0, what="the end of it")
            for _ in range(3):
                self.assertEqual(len(get(proxy.address, "/").body), 65_536)
            self.assertEqual(backend.open_connections(), backend.connections_accepted)

    def test_not_where_it_is_a_byte_more(self):
        for options in ({}, {"chunked": True}):
            backend, _ = self.start(Reply(headers=[("Cache-Control", "no-store")],
                                          pieces=[b"x" * 1000, 0.01, b"y" * 64_537], **options))
            wait_until(lambda: backend.open_connections() == 0, what="the connection to be closed")

    def test_a_304_keeps_its_connection(self):
        headers = [("Cache-Control", "no-store"), ("ETag", '"v1"'), ("Content-Length", "200000")]
        backend, proxy = self.start(Reply(304, headers), b"x" * 200_000)
        wait_until(lambda: backend.active == 0, what="the end of it")
        backend.answer = Reply(body=b"new")
        wait_until(lambda: get(proxy.address, "/").body == b"new", what="the new response")
        self.assertEqual((backend.open_connections(), backend.connections_accepted), (1, 1))


    def test_it_is_cut_off_when_it_outgrows_the_cache(self):
        sent = []
        backend = self.backend(lambda _: Reply(body=b"old", headers=[self.STALE]) if backend.count() == 1 else
                               Reply(chunked=True, pieces=self.pieces(1000, 2000, 0.001, sent)))
        proxy = self.proxy(backend, flags=["--cache-size", "1MiB"])
        get(proxy.address, "/")
        self.assertEqual(get_stale(proxy).body, b"old")
        wait_until(lambda: backend.count() == 2 and backend.active == 0, 30, "the end of it")
        self.assertLess(len(sent), 2000)
        backend.answer = Reply(body=b"new")
        self.assertEqual(get(proxy.address, "/").body, b"new")


class OnError(FlowTest):
    def start(self, control, failure):
        backend = self.backend(lambda _: Reply(body=b"old", headers=[("Cache-Control", SECOND + control)])
                               if backend.count() == 1 else failure)
        proxy = self.proxy(backend, admin=True)
        get(proxy.address, "/")
        return backend, proxy

    def test_a_backend_that_fails_is_covered_for(self):
        for failure, status in ((Reply(500), 500), (Reply(503, body=b"x" * 100_000), 503), (Reply(hang_up=True), 502)):
            _, proxy = self.start(", stale-if-error=60", failure)
            for _ in range(2):
                answer = get_stale(proxy)
                self.assertEqual((answer.status, answer.body), (200, b"old"))
                self.assertEqual(answer.header("Cache-Status"),
                                 f"roost; fwd=stale; fwd-status={status}; detail=stale-if-error")
            metrics = get(proxy.admin, "/metrics").body.decode()
            self.assertIn('roost_proxy_stale_answers_total{reason="error"} 2', metrics)

    def test_those_who_wait_are_covered_for_as_well(self):
        gate = threading.Event()
        backend, proxy = self.start(", stale-if-error=60", Reply(503, gate=gate))
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(get_stale(proxy))) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: backend.count() == 2, what="the fetch that fails")
        gate.set()
        for thread in threads:
            thread.join()
        self.assertEqual({(a.status, a.body) for a in answers}, {(200, b"old")})

    def test_not_without_being_allowed(self):
        for control in ("", ", stale-if-error=60, must-revalidate", ", stale-if-error=0"):
            _, proxy = self.start(control, Reply(503))
            self.assertEqual(get_stale(proxy).status, 503)

    def test_not_for_other_errors(self):
        _, proxy = self.start(", stale-if-error=60", Reply(404, body=b"gone"))
        self.assertEqual(get_stale(proxy).status, 404)


if __name__ == "__main__":
    main()
