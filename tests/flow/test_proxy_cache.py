"""The cache of the proxy from outside: what is stored, what is not, and the number of fetches."""

import contextlib
import json
import threading

from harness import *

HOUR = ("Cache-Control", "max-age=3600")


def numbered(*headers, **options):
    """An answer function for a backend: the body is the number of requests so far."""
    count = [0]
    lock = threading.Lock()

    def answer(_):
        with lock:
            count[0] += 1
            return Reply(body=b"answer %d" % count[0], headers=list(headers), **options)

    return answer


class Keeping(FlowTest):
    def test_the_second_get_is_a_hit(self):
        backend = self.backend(Reply(body=b"hello", headers=[("X-Own", "1")]))
        proxy = self.proxy(backend)
        first = get(proxy.address, "/a?x=1")
        self.assertEqual(first.header("Cache-Status"), "roost; fwd=uri-miss; stored")
        self.assertNotIn("Age", first.fields)
        second = get(proxy.address, "/a?x=1")
        self.assertEqual(second.body, b"hello")
        self.assertRegex(second.header("Cache-Status"), r"^roost; hit; ttl=(59|60)$")
        self.assertIn(second.header("Age"), ("0", "1"))
        for name in ("X-Own", "Date", "Via"):
            self.assertEqual(second.header(name), first.header(name))
        self.assertEqual(backend.count(), 1)
        self.assertEqual(get(proxy.address, "/a?x=2").body, b"hello")
        self.assertEqual(backend.count(), 2)

    def test_head_is_answered_from_a_stored_get(self):
        backend = self.backend(Reply(body=b"hello"))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        head = request(proxy.address, "HEAD", "/")
        self.assertEqual((head.status, head.header("Content-Length"), head.body), (200, "5", b""))
        self.assertEqual(backend.count(), 1)

    def test_an_answer_is_fetched_again_when_its_time_is_over(self):
        backend = self.backend(numbered(("Cache-Control", "max-age=1")))
        proxy = self.proxy(backend)
        self.assertEqual(get(proxy.address, "/").body, b"answer 1")
        self.assertEqual(get(proxy.address, "/").body, b"answer 1")
        wait_until(lambda: get(proxy.address, "/").body == b"answer 2", 5, "a second fetch")

    def test_the_default_time_is_configured_and_age_counts_up(self):
        backend = self.backend(numbered())
        proxy = self.proxy(backend, flags=["--cache-ttl", "2s"])
        get(proxy.address, "/")
        wait_until(lambda: get(proxy.address, "/").header("Age") == "1", 5, "an age of one second")
        wait_until(lambda: get(proxy.address, "/").body == b"answer 2", 5, "a second fetch")

    def test_a_large_and_a_chunked_body_come_back_whole(self):
        body = bytes(range(256)) * 8192  # 2 MiB
        pieces = [body[i:i + 100_001] for i in range(0, len(body), 100_001)]
        backend = self.backend(lambda r: Reply(pieces=pieces, chunked=r.target == "/chunked"))
        proxy = self.proxy(backend)
        for target in ("/sized", "/chunked"):
            for _ in range(2):
                self.assertEqual(get(proxy.address, target).body, body)
            self.assertEqual(backend.count(target), 1)

    def test_what_is_larger_than_the_cache_takes_passes_through(self):
        body = b"0123456789abcdef" * 8192  # 128 KiB, over a sixteenth of 1 MiB
        backend = self.backend(lambda r: Reply(pieces=[body[:70_000], body[70_000:]], chunked=r.target == "/chunked"))
        proxy = self.proxy(backend, flags=["--cache-size", "1MiB"])
        for target in ("/sized", "/chunked"):
            for _ in range(2):
                self.assertEqual(get(proxy.address, target).body, body)
            self.assertEqual(backend.count(target), 2)

    def test_a_conditional_get_is_answered_304_by_the_cache(self):
        backend = self.backend(Reply(body=b"hello", headers=[("ETag", '"v1"'), HOUR]))
        proxy = self.proxy(backend)
        for _ in range(2):
            answer = get(proxy.address, "/", ("If-None-Match", 'W/"v1"'))
            self.assertEqual((answer.status, answer.body), (304, b""))
        self.assertEqual(get(proxy.address, "/", ("If-None-Match", '"v2"')).body, b"hello")
        self.assertEqual(backend.count(), 1)
        self.assertNotIn("If-None-Match", backend.requests[0].fields)

    def test_variants_are_kept_apart(self):
        def answer(r):
            return Reply(body=r.header("Accept-Language", "none").encode(), headers=[("Vary", "Accept-Language"), HOUR])

        backend = self.backend(answer)
        proxy = self.proxy(backend)
        for _ in range(2):
            for language in ("de", "en"):
                self.assertEqual(get(proxy.address, "/", ("Accept-Language", language)).body, language.encode())
            self.assertEqual(get(proxy.address, "/").body, b"none")
        self.assertEqual(backend.count(), 3)

    def test_a_successful_post_drops_what_is_stored(self):
        backend = self.backend(numbered(HOUR))
        proxy = self.proxy(backend)
        self.assertEqual(get(proxy.address, "/").body, b"answer 1")
        self.assertEqual(request(proxy.address, "POST", "/", body="x").body, b"answer 2")
        self.assertEqual(get(proxy.address, "/").body, b"answer 3")

    def test_an_answer_asked_for_before_a_post_is_not_kept_after_it(self):
        gate = threading.Event()
        answers = numbered(HOUR)
        backend = self.backend(lambda r: Reply(body=b"old", headers=[HOUR], gate=gate)
                               if backend.count() == 1 else answers(r))
        proxy = self.proxy(backend)
        with Connection(proxy.address) as early:
            early.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the early fetch")
            self.assertEqual(request(proxy.address, "POST", "/", body="x").body, b"answer 1")
            gate.set()
            self.assertEqual(early.read().body, b"old")
        self.assertEqual(get(proxy.address, "/").body, b"answer 2")

    def test_an_answer_asked_for_before_a_post_does_not_push_out_a_newer_one(self):
        gate = threading.Event()
        answers = numbered(HOUR)
        backend = self.backend(lambda r: Reply(body=b"old", headers=[HOUR], gate=gate)
                               if backend.count() == 1 else answers(r))
        proxy = self.proxy(backend)
        with Connection(proxy.address) as early:
            early.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the early fetch")
            request(proxy.address, "POST", "/", body="x")
            self.assertEqual(get(proxy.address, "/").body, b"answer 2")
            gate.set()
            self.assertEqual(early.read().body, b"old")
        answer = get(proxy.address, "/")
        self.assertEqual(answer.body, b"answer 2")
        self.assertIn("; hit; ", answer.header("Cache-Status"))

    def test_a_clients_no_cache_forces_a_fetch_but_is_not_passed_on(self):
        backend = self.backend(numbered(HOUR))
        proxy = self.proxy(backend)
        get(proxy.address, "/")
        answer = get(proxy.address, "/", ("Cache-Control", "no-cache"))
        self.assertEqual((answer.body, answer.header("Cache-Status")), (b"answer 2", "roost; fwd=request; stored"))
        self.assertEqual(get(proxy.address, "/").body, b"answer 2")
        self.assertNotIn("Cache-Control", backend.requests[1].fields)

    def test_a_route_may_ignore_a_clients_no_cache(self):
        backend = self.backend(numbered(HOUR))
        config = self.write("roost.toml", f'[[pool]]\nbackends = ["{backend.address}"]\n'
                                          "[[route]]\nignore_client_cache_control = true\n"
                                          '[[route]]\npath = "/live"\ncache = false\n')
        proxy = self.proxy(flags=["--config", config])
        get(proxy.address, "/")
        self.assertEqual(get(proxy.address, "/", ("Cache-Control", "no-cache")).body, b"answer 1")
        live = [get(proxy.address, "/live/x", ("Cache-Control", "no-cache")) for _ in range(2)]
        self.assertEqual([r.body for r in live], [b"answer 2", b"answer 3"])
        self.assertEqual(live[0].header("Cache-Status"), "roost; fwd=bypass")
        self.assertEqual(backend.requests[1].header("Cache-Control"), "no-cache")

    def test_only_if_cached(self):
        backend = self.backend(numbered(HOUR))
        proxy = self.proxy(backend)
        self.assertEqual(get(proxy.address, "/", ("Cache-Control", "only-if-cached")).status, 504)
        get(proxy.address, "/")
        self.assertEqual(get(proxy.address, "/", ("Cache-Control", "only-if-cached")).status, 200)

    def test_purge_by_url_prefix_and_tag(self):
        backend = self.backend(numbered(HOUR, ("Cache-Groups", '"fruit", "red"')))
        proxy = self.proxy(backend, admin=True)
        host = proxy.address

        def purge(query):
            answer = request(proxy.admin, "POST", f"/purge?{query}")
            self.assertEqual(answer.status, 200)
            return json.loads(answer.body)["purged"]

        get(host, "/shop/a"), get(host, "/shop/b")
        self.assertEqual(purge(f"url=http://{host}/shop/a"), 1)
        self.assertEqual(purge(f"url=http%3A%2F%2F{host}%2Fshop%2Fa"), 0)
        self.assertEqual(get(host, "/shop/a").body, b"answer 3")
        self.assertEqual(purge(f"prefix=http://{host}/shop/"), 2)
        get(host, "/shop/b")
        self.assertEqual(purge("tag=green"), 0)
        self.assertEqual(purge("tag=red"), 1)
        self.assertEqual(get(host, "/shop/b").body, b"answer 5")
        with Connection(proxy.admin) as admin:
            self.assertEqual(admin.request("PURGE", "/shop/b", [("Host", host)]).body, b'{"purged":1}\n')
        self.assertEqual(request(proxy.admin, "POST", "/purge").status, 400)


class NotKeeping(FlowTest):
    def fetched_each_time(self, answer, *headers, times=3):
        backend = self.backend(answer)
        proxy = self.proxy(backend)
        for _ in range(times):
            get(proxy.address, "/", *headers)
        self.assertEqual(backend.count(), times)

    def test_no_store(self):
        self.fetched_each_time(Reply(headers=[("Cache-Control", "no-store")]))

    def test_private(self):
        self.fetched_each_time(Reply(headers=[("Cache-Control", "private, max-age=60")]))

    def test_set_cookie(self):
        self.fetched_each_time(Reply(headers=[("Set-Cookie", "a=b"), HOUR]))

    def test_vary_on_everything(self):
        self.fetched_each_time(Reply(headers=[("Vary", "*"), HOUR]))

    def test_vary_by_the_clients_address(self):
        backend = self.backend(lambda r: Reply(body=r.header("X-Forwarded-For").encode(),
                                               headers=[("Vary", "Accept, X-Forwarded-For"), HOUR]))
        proxy = self.proxy(backend)
        for address in ("127.0.0.1", "127.0.0.2"):
            with Connection(proxy.address, source=(address, 0)) as client:
                self.assertEqual(client.get("/").body, address.encode())

    def test_what_a_connection_keeps_from_the_backend(self):
        backend = self.backend(lambda r: Reply(body=r.header("Accept-Language", "none").encode(),
                                               headers=[("Vary", "Accept-Language"), HOUR]))
        proxy = self.proxy(backend)
        answer = get(proxy.address, "/", ("Connection", "Accept-Language"), ("Accept-Language", "de"))
        self.assertEqual((answer.body, answer.header("Cache-Status")),
                         (b"none", "roost; fwd=uri-miss; detail=connection"))
        self.assertEqual(get(proxy.address, "/", ("Accept-Language", "de")).body, b"de")
        answer = get(proxy.address, "/", ("Connection", "keep-alive, accept"), ("Accept-Language", "de"))
        self.assertIn("; hit; ", answer.header("Cache-Status"))

    def test_a_server_error(self):
        self.fetched_each_time(Reply(status=500))

    def test_the_answer_to_a_request_with_credentials(self):
        self.fetched_each_time(Reply(headers=[HOUR]), ("Authorization", "Bearer x"))

    def test_unless_it_says_public(self):
        backend = self.backend(Reply(headers=[("Cache-Control", "public, max-age=60")]))
        proxy = self.proxy(backend)
        for _ in range(3):
            get(proxy.address, "/", ("Authorization", "Bearer x"))
        self.assertEqual(backend.count(), 1)

    def test_an_answer_that_breaks_off(self):
        backend = self.backend(Reply(body=b"x" * 1000, cut_at=600))
        proxy = self.proxy(backend)
        for _ in range(2):
            self.assertRaises(WireError, get, proxy.address, "/")
        backend.answer = Reply(body=b"whole")
        self.assertEqual(get(proxy.address, "/").body, b"whole")

    def test_the_reason_is_told(self):
        proxy = self.proxy(self.backend(Reply(headers=[("Cache-Control", "no-store")])))
        seen = [get(proxy.address, "/").header("Cache-Status") for _ in range(5)]
        self.assertEqual(seen[0], "roost; fwd=uri-miss; detail=no-store")
        self.assertEqual(seen[4], "roost; fwd=uri-miss; detail=uncacheable")


class OneFetch(FlowTest):
    CLIENTS = 400

    def ask_together(self, threads):
        backend = self.backend(Reply(body=b"x" * 1000, delay_s=0.2))
        proxy = self.proxy(backend, flags=["--threads", threads])
        answers = concurrently(self.CLIENTS, lambda _: get(proxy.address, "/cold"))
        self.assertEqual({(a.status, a.body) for a in answers}, {(200, b"x" * 1000)})
        self.assertEqual(backend.count(), 1)
        self.assertEqual(sum("fwd=uri-miss; stored" in a.header("Cache-Status") for a in answers), 1)

    def test_400_clients_of_a_cold_key_one_thread(self):
        self.ask_together(1)

    def test_400_clients_of_a_cold_key_two_threads(self):
        self.ask_together(2)

    def test_waiters_get_the_body_as_it_comes(self):
        gate = threading.Event()
        backend = self.backend(Reply(pieces=[b"first", gate, b"second"]))
        proxy = self.proxy(backend, flags=["--threads", 2])
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Connection(proxy.address)) for _ in range(8)]
            for client in clients:
                client.send(request_bytes("GET", "/", host=proxy.address))
            heads = [client.read_head() for client in clients]
            for client in clients:
                self.assertEqual(client.reader.exactly(5), b"first")
            gate.set()
            for client in clients:
                self.assertEqual(client.reader.exactly(6), b"second")
            self.assertEqual(sum("collapsed" in head.header("Cache-Status") for head in heads), 7)
        self.assertEqual(backend.count(), 1)

    def test_an_uncacheable_answer_releases_those_who_wait(self):
        gate = threading.Event()
        backend = self.backend(Reply(headers=[("Cache-Control", "no-store")], gate=gate))
        proxy = self.proxy(backend)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Connection(proxy.address)) for _ in range(5)]
            for client in clients:
                client.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the first to fetch")
            gate.set()
            for client in clients:
                self.assertEqual(client.read().status, 200)
        self.assertEqual(backend.count(), 5)

    def test_each_variant_is_fetched_once(self):
        gate = threading.Event()
        backend = self.backend(lambda r: Reply(body=r.header("Accept").encode(), gate=gate,
                                               headers=[("Vary", "Accept"), HOUR]))
        proxy = self.proxy(backend)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Connection(proxy.address)) for _ in range(12)]
            for i, client in enumerate(clients):
                client.send(request_bytes("GET", "/", [("Accept", f"text/{i % 3}")], host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the first to fetch")
            gate.set()
            for i, client in enumerate(clients):
                self.assertEqual(client.read().body, b"text/%d" % (i % 3))
        self.assertEqual(backend.count(), 3)

    def test_what_varies_by_other_fields_than_before_holds_up_nobody(self):
        gate = threading.Event()

        def answer(r):
            if backend.count() == 1:
                return Reply(headers=[("Vary", "Accept"), HOUR])
            return Reply(pieces=[r.header("Accept-Language").encode(), gate, b"!"] if backend.count() == 2 else
                         [r.header("Accept-Language").encode()], headers=[("Vary", "Accept-Language"), HOUR])

        backend = self.backend(answer)
        proxy = self.proxy(backend, flags=["--threads", 1])
        get(proxy.address, "/", ("Accept", "a"))
        with Connection(proxy.address) as first:
            first.send(request_bytes("GET", "/", [("Accept", "x"), ("Accept-Language", "y")], host=proxy.address))
            first.read_head()
            self.assertEqual(get(proxy.address, "/", ("Accept", "x"), ("Accept-Language", "x")).body, b"x")
            gate.set()
            self.assertEqual(first.reader.exactly(2), b"y!")

    def test_the_fetch_goes_on_when_the_one_who_began_it_leaves(self):
        gate = threading.Event()
        backend = self.backend(Reply(pieces=[b"a" * 1000, gate, b"b" * 1000]))
        proxy = self.proxy(backend)
        first, second = Connection(proxy.address), Connection(proxy.address)
        first.send(request_bytes("GET", "/", host=proxy.address))
        first.read_head()
        second.send(request_bytes("GET", "/", host=proxy.address))
        second.read_head()
        first.reset()
        gate.set()
        self.assertEqual(second.reader.exactly(2000), b"a" * 1000 + b"b" * 1000)
        second.close()
        self.assertIn("hit", get(proxy.address, "/").header("Cache-Status"))
        self.assertEqual(backend.count(), 1)

    def test_the_fetch_ends_when_all_have_left(self):
        for length in ([], [("Content-Length", "2000000")]):
            sent = []

            def pieces():
                for _ in range(2000):
                    yield b"x" * 1000
                    sent.append(1000)
                    yield 0.001

            backend = self.backend(Reply(headers=length, pieces=pieces(), chunked=not length))
            proxy = self.proxy(backend, flags=["--threads", "1"])  # so that both are read before either is gone
            first, second = Connection(proxy.address), Connection(proxy.address)
            for client in (first, second):
                client.send(request_bytes("GET", "/", host=proxy.address))
            first.read_head()
            first.reset()
            if length:
                second.read_head()
                second.reader.exactly(1000)
            second.reset()
            wait_until(lambda: backend.active == 0, 30, "the end of it")
            self.assertEqual(backend.count(), 1)
            self.assertLess(len(sent), 2000)

    def test_those_who_wait_are_told_when_no_backend_answers(self):
        gate = threading.Event()
        backend = self.backend(Reply(gate=gate, hang_up=True))
        proxy = self.proxy(backend)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Connection(proxy.address)) for _ in range(4)]
            for client in clients:
                client.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, what="the first to fetch")
            gate.set()
            for client in clients:
                answer = client.read()
                self.assertEqual((answer.status, answer.header("Content-Type")), (502, "application/problem+json"))

    def test_a_slow_client_does_not_hold_up_the_others(self):
        body = bytes(1 << 20) * 3
        backend = self.backend(Reply(pieces=[body[:1 << 20], body[1 << 20:]]))
        proxy = self.proxy(backend)
        slow = Connection(proxy.address)
        slow.send(request_bytes("GET", "/", host=proxy.address))
        slow.read_head()
        self.assertEqual(len(get(proxy.address, "/").body), len(body))
        self.assertEqual(len(slow.reader.exactly(len(body))), len(body))
        slow.close()
        self.assertEqual(backend.count(), 1)


if __name__ == "__main__":
    main()
