"""No client's request affects the answers to others: credentials, unusual requests and paths, forwarding fields."""

import json
import threading

from harness import *

HOUR = ("Cache-Control", "max-age=3600")


class Credentials(FlowTest):
    """An origin that answers by Cookie."""

    def personal(self, *headers):
        return self.backend(lambda r: Reply(body=r.header("Cookie", "nobody").encode(), headers=list(headers)))

    def bodies(self, proxy, *cookies):
        return [get(proxy.address, "/", *([("Cookie", c)] if c else [])).body.decode() for c in cookies]

    def test_what_says_nothing_about_freshness_is_not_shared_among_cookies(self):
        proxy = self.proxy(self.personal())
        people = ["alice", "bob", None, "alice", None, "bob"]
        self.assertEqual(self.bodies(proxy, *people), [p or "nobody" for p in people])
        self.assertIn("; hit; ", get(proxy.address, "/").header("Cache-Status"))
        self.assertIn("detail=", get(proxy.address, "/", ("Cookie", "x")).header("Cache-Status"))

    def test_what_says_how_fresh_it_is_is_shared(self):
        proxy = self.proxy(self.personal(HOUR))
        self.assertEqual(self.bodies(proxy, "alice", "bob", None), ["alice"] * 3)

    def route(self, *settings):
        backend = self.personal()
        config = self.write("roost.toml", f'[[pool]]\nbackends = ["{backend.address}"]\n[[route]]\n'
                                          + "\n".join(settings))
        return self.proxy(flags=["--config", config])

    def test_unless_the_route_says_so(self):
        self.assertEqual(self.bodies(self.route("cache_with_cookies = true"), "alice", "bob"), ["alice"] * 2)

    def test_a_route_invents_no_lifetime(self):
        for setting in ("off", "heuristic"):
            proxy = self.route(f'default_ttl = "{setting}"')
            seen = [get(proxy.address, "/").header("Cache-Status") for _ in range(2)]
            self.assertEqual(seen, ["roost; fwd=uri-miss; detail=no-lifetime"] * 2)

    def test_authorization_is_answered_from_the_cache_unless_the_route_says_otherwise(self):
        for setting, hit in (("true", True), ("false", False)):
            backend = self.backend(Reply(headers=[HOUR]))
            config = self.write("roost.toml", f'[[pool]]\nbackends = ["{backend.address}"]\n[[route]]\n'
                                              f"cache_with_authorization = {setting}\n")
            proxy = self.proxy(flags=["--config", config])
            get(proxy.address, "/")
            answer = get(proxy.address, "/", ("Authorization", "Bearer x"))
            self.assertEqual("; hit; " in answer.header("Cache-Status"), hit)
            self.assertEqual(get(proxy.address, "/").header("Cache-Status").split(";")[1], " hit")


class OddRequests(FlowTest):
    """One client's odd request changes nothing for the others."""

    def test_errors_it_provokes_leave_the_page_shared(self):
        def answer(r):
            if "X-Odd" not in r.fields:
                return Reply(body=b"page", headers=[HOUR])
            odd = r.header("X-Odd")
            return Reply(headers=[("Set-Cookie", "a")]) if odd == "cookie" else Reply(int(odd))

        backend = self.backend(answer)
        proxy = self.proxy(backend)
        for i, odd in enumerate(("431", "400", "405", "cookie", "429", "414")):
            for _ in range(3):
                get(proxy.address, f"/{i}", ("X-Odd", odd))
            answers = [get(proxy.address, f"/{i}") for _ in range(20)]
            self.assertEqual({a.body for a in answers}, {b"page"})
            self.assertEqual(backend.count(f"/{i}"), 4)
            self.assertIn("; hit; ", get(proxy.address, f"/{i}", ("X-Odd", odd)).header("Cache-Status"))

    def test_an_error_it_provokes_is_never_stored(self):
        backend = self.backend(lambda r: Reply(400 if "X-Odd" in r.fields else 200, headers=[HOUR]))
        proxy = self.proxy(backend)
        self.assertEqual(get(proxy.address, "/", ("X-Odd", "1")).status, 400)
        self.assertEqual(get(proxy.address, "/").status, 200)

    def test_the_good_copy_outlives_a_provoked_error(self):
        down = threading.Event()

        def answer(r):
            if "X-Odd" in r.fields:
                return Reply(400)
            return Reply(503) if down.is_set() else Reply(body=b"page", headers=[
                ("Cache-Control", "max-age=1, stale-if-error=600")])

        proxy = self.proxy(self.backend(answer))
        get(proxy.address, "/")
        wait_until(lambda: get(proxy.address, "/", ("X-Odd", "1")).status == 400, 10, "it to be stale")
        down.set()
        self.assertEqual(get(proxy.address, "/").body, b"page")

    def test_responses_that_vary_by_turns_are_both_kept(self):
        varies = {"a": "Accept", "b": "Accept-Language"}
        backend = self.backend(lambda r: Reply(body=r.header("Accept").encode(),
                                               headers=[("Vary", varies[r.header("Accept")]), HOUR]))
        proxy = self.proxy(backend)
        for i in range(6):
            kind = "ab"[i % 2]
            answer = get(proxy.address, "/", ("Accept", kind), ("Accept-Language", kind))
            self.assertEqual(answer.body, kind.encode())
            self.assertEqual("; hit; " in answer.header("Cache-Status"), i >= 2)
        self.assertEqual(backend.count(), 2)

    def test_a_404_is_kept_for_seconds(self):
        proxy = self.proxy(self.backend(Reply(404)))
        get(proxy.address, "/")
        self.assertRegex(get(proxy.address, "/").header("Cache-Status"), r"hit; ttl=[345]$")


class Forwarded(FlowTest):
    def trusting(self, answer, *settings):
        backend = self.backend(answer)
        config = self.write("roost.toml", '[proxy]\ntrusted_proxies = ["127.0.0.0/8"]\n' + "".join(settings) +
                            f'[[pool]]\nbackends = ["{backend.address}"]\n')
        return self.proxy(flags=["--config", config])

    def test_a_redirect_to_https_is_not_for_https(self):
        proxy = self.trusting(lambda r: Reply(body=b"page") if r.header("X-Forwarded-Proto") == "https" else Reply(301))
        for _ in range(2):
            self.assertEqual(get(proxy.address, "/", ("X-Forwarded-Proto", "http")).status, 301)
            self.assertEqual(get(proxy.address, "/", ("X-Forwarded-Proto", "https")).body, b"page")
            self.assertEqual(get(proxy.address, "/").status, 301)

    def test_the_host_of_a_trusted_proxy_is_keyed_or_not_believed(self):
        def answer(r):
            return Reply(body=f"{r.header('Host')} {r.header('X-Forwarded-Host')}".encode())

        for settings in ((), ("trust_forwarded_host = true\n",)):
            proxy = self.trusting(answer, *settings)
            for name in ("a.example", "b.example"):
                believed = name if settings else proxy.address
                self.assertEqual(get(proxy.address, "/", ("X-Forwarded-Host", name)).body.decode(),
                                 f"{believed} {believed}")


class Counting(FlowTest):
    def test_every_request_counts_once(self):
        backend = self.backend(lambda r: Reply(headers=[("Cache-Control", "no-store")]) if r.target == "/no" else
                               Reply(headers=[("Vary", "Accept"), HOUR]))
        proxy = self.proxy(backend, admin=True)
        sent = 0
        for target in ("/a", "/b", "/a", "/no", "/no", "/no", "/no", "/no", "/a"):
            get(proxy.address, target)
            sent += 1
        request(proxy.address, "POST", "/a", body="x")
        get(proxy.address, "/a", ("Cache-Control", "only-if-cached"))
        with Connection(proxy.address) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            self.assertEqual(client.read().status, 400)

        def counted():  # a request is when its answer has been written, which its client may have read by then
            return json.loads(get(proxy.admin, "/status").body)["requests"]

        wait_until(lambda: counted()["all"] >= sent + 3, 10, "the last to be counted")
        counts = counted()
        self.assertEqual(counts["all"], sent + 3)
        self.assertEqual(counts["hits"] + counts["misses"] + counts["passes"] + counts["refused"], counts["all"])
        self.assertEqual((counts["hits"], counts["misses"], counts["passes"], counts["refused"]), (2, 6, 2, 2))


class Routing(FlowTest):
    def test_no_spelling_of_a_path_passes_by_a_route_without_a_cache(self):
        backend = self.backend(lambda r: Reply(body=r.header("Cookie").encode(), headers=[HOUR]))
        config = self.write("roost.toml", f'[[pool]]\nbackends = ["{backend.address}"]\n'
                                          '[[route]]\n[[route]]\npath = "/account"\ncache = false\n')
        proxy = self.proxy(flags=["--config", config])
        for target in ("/account", "/%61ccount", "//account", "/./account", "/x/../account", "/x/%2e%2e/account",
                       "/account;a=1", "/account%2f", "/%2faccount", "/x%2f..%5caccount", "/account/..;/x",
                       "/%2561ccount", "/account?x=1"):
            for name in ("alice", "bob"):
                answer = get(proxy.address, target, ("Cookie", name))
                self.assertEqual((answer.body, answer.header("Cache-Status")), (name.encode(), "roost; fwd=bypass"))
            self.assertEqual(backend.requests[-1].target, target)  # forwarded as it was sent


if __name__ == "__main__":
    main()
