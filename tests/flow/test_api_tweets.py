"""One API worker: tweets, lists, pages, and the answers to bad input."""

import json

from harness import *


class Worker(FlowTest):
    flags = ()

    def setUp(self):
        super().setUp()
        self.worker = self.api(flags=self.flags)
        self.alice = Person(self.worker.address, "alice")

    def fetch(self, method, path, body=None, headers=()):
        """As alice, unless it is a read."""
        if method not in ("GET", "HEAD"):
            headers = [self.alice.authorization, *headers]
        return json_request(self.worker.address, method, path, body, headers)

    def post(self, content):
        return self.alice.post(content)

    def json(self, path, status=200):
        answer = self.fetch("GET", path)
        self.assertEqual(answer.status, status, answer.body)
        return json.loads(answer.body)

    def assertProblem(self, answer, status, field=None):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        problem = json.loads(answer.body)
        self.assertIsInstance(problem["detail"], str)
        self.assertEqual(problem["status"], status)
        if field:
            self.assertEqual(problem["field"], field)
        return problem


class Tweets(Worker):
    def test_a_tweet_is_posted_read_changed_and_deleted(self):
        tweet = self.post("Hello #World and <b>you</b>")
        self.assertEqual(set(tweet), {"id", "user_id", "username", "display_name", "content", "created_at",
                                      "updated_at", "likes", "hashtags"})
        self.assertEqual((tweet["username"], tweet["likes"], tweet["hashtags"]), ("alice", 0, ["world"]))
        path = f"/api/tweets/{tweet['id']}"
        self.assertEqual(self.json(path), tweet)
        self.assertEqual(self.json(path + "/"), tweet)
        self.assertEqual(self.json("/api/tweets"), [tweet])
        changed = self.fetch("PATCH", path, {"content": "Hello again"})
        self.assertEqual((changed.status, changed.header("Cache-Control")), (200, "no-store"))
        self.assertEqual(json.loads(changed.body)["content"], "Hello again")
        self.assertEqual(self.json("/api/tweets")[0]["content"], "Hello again")
        self.assertEqual(json.loads(self.fetch("DELETE", path).body), {"message": "The tweet was deleted."})
        self.assertProblem(self.fetch("GET", path), 404)
        self.assertProblem(self.fetch("DELETE", path), 404)
        self.assertProblem(self.fetch("PATCH", path, {"content": "x"}), 404)
        self.assertEqual(self.json("/api/tweets"), [])

    def test_a_tweet_is_found_as_soon_as_it_is_there(self):
        self.assertProblem(self.fetch("GET", "/api/tweets/1"), 404)  # which the cache keeps for a while
        self.assertEqual(self.json("/api/tweets"), [])
        self.assertEqual(self.post("first")["id"], 1)
        self.assertEqual(self.json("/api/tweets/1")["content"], "first")
        self.assertEqual(len(self.json("/api/tweets")), 1)

    def test_lists_come_in_parts_with_a_link_to_the_next(self):
        ids = [self.post(f"number {i} #count")["id"] for i in range(5)][::-1]
        for path in ("/api/tweets?limit=2", "/api/tweets/hashtag/search?query=%23COUNT&limit=2"):
            seen = []
            while path:
                answer = self.fetch("GET", path)
                seen += [tweet["id"] for tweet in json.loads(answer.body)]
                link = answer.header("Link")
                path = link[1:link.index(">")] if link else None
            self.assertEqual(seen, ids)
        self.assertEqual(len(self.json(f"/api/users/{self.alice.id}/tweets")["tweets"]), 5)
        self.assertEqual(self.json("/api/users/7/tweets"), {"tweets": []})

    def test_reads_may_be_cached_and_revalidated(self):
        self.post("hello")
        first = self.fetch("GET", "/api/tweets")
        self.assertEqual(first.header("Cache-Control"), "public, max-age=60")
        again = self.fetch("GET", "/api/tweets", headers=[("If-None-Match", first.header("ETag"))])
        self.assertEqual((again.status, again.body, again.header("ETag")), (304, b"", first.header("ETag")))
        head = self.fetch("HEAD", "/api/tweets")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.header("Content-Length"), str(len(first.body)))
        missing = self.fetch("GET", "/api/tweets/99")
        self.assertEqual(missing.header("Cache-Control"), "public, max-age=5")

    def test_the_database_is_asked_once_until_no_cache_or_a_write(self):
        def selects():
            return self.json("/logs?kind=db&method=SELECT")["db_access_count"]

        self.post("hello")
        before = selects()
        for _ in range(5):
            self.json("/api/tweets")
        self.assertEqual(selects(), before + 1)
        self.fetch("GET", "/api/tweets", headers=[("Cache-Control", "no-cache")])
        self.assertEqual(selects(), before + 2)
        self.json("/api/tweets")
        self.assertEqual(selects(), before + 2)
        self.fetch("PATCH", "/api/tweets/1", {"content": "changed"})
        self.assertEqual(self.json("/api/tweets")[0]["content"], "changed")

    def test_age_tells_how_old_the_reading_is(self):
        self.post("hello")
        self.json("/api/tweets")
        answer = wait_until(lambda: (a := self.fetch("GET", "/api/tweets")).header("Age") and a, what="an Age")
        self.assertGreaterEqual(int(answer.header("Age")), 1)


class BadInput(Worker):
    def test_bodies_that_are_wrong_are_422_and_name_the_field(self):
        bad = [(b"not json", "body"), (b"", "body"), (b"[]", "body"), (b'{"content": "\xff"}', "body"),
               (b"{}", "content"), ({"content": 7}, "content"), ({"content": " \n"}, "content"),
               ({"content": "x" * 281}, "content"), ({"content": "a\0b"}, "content")]
        for body, field in bad:
            with self.subTest(body=body):
                self.assertProblem(self.fetch("POST", "/api/tweets", body), 422, field)
        self.assertEqual(self.json("/api/tweets"), [])

    def test_ids_and_parameters_that_are_wrong_are_422(self):
        for path, field in [("/api/tweets/x", "id"), ("/api/tweets/0", "id"), ("/api/tweets/-1", "id"),
                            ("/api/tweets/9223372036854775808", "id"), ("/like/x", "id"),
                            ("/api/tweets?limit=0", "limit"), ("/api/tweets?limit=201", "limit"),
                            ("/api/tweets?limit=99999999999999999999", "limit"), ("/api/tweets?before=x", "before"),
                            ("/api/tweets?limit=%zz", "query"), ("/api/tweets/hashtag/search", "query"),
                            ("/logs?kind=x", "kind"), ("/logs?since=then", "since")]:
            with self.subTest(path=path):
                self.assertProblem(self.fetch("GET", path), 422, field)
        self.assertProblem(self.fetch("GET", "/api/tweets/9223372036854775807"), 404)

    def test_paths_and_methods_that_are_not_there(self):
        self.assertProblem(self.fetch("GET", "/api/nothing"), 404)
        self.assertProblem(self.fetch("GET", "/api/tweets/%zz"), 400)
        refused = self.fetch("PUT", "/api/tweets/1")
        self.assertProblem(refused, 405)
        self.assertEqual(refused.header("Allow"), "GET, HEAD, PATCH, DELETE")

    def test_a_large_body_is_413_and_a_large_head_431(self):
        self.assertProblem(self.fetch("POST", "/api/tweets", b"x" * 70_000), 413)
        with Connection(self.worker.address) as connection:
            connection.send(b"POST /api/tweets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send(b"fff0\r\n" + b"x" * 0xfff0 + b"\r\nff\r\n" + b"x" * 0xff + b"\r\n")
            self.assertProblem(connection.read("POST"), 413)
        self.assertEqual(self.fetch("GET", "/api/tweets", headers=[("X-Long", "x" * 60_000)]).status, 431)
        self.assertEqual(self.json("/healthz"), {"status": "ok"})

    def test_a_client_that_leaves_in_the_middle_harms_nobody(self):
        for data in (b"POST /api/tweets HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", b"GET /api/tw",
                     b"POST /like/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
                     b"GET /logs HTTP/1.1\r\nHost: x\r\n\r\n"):
            connection = Connection(self.worker.address)
            connection.send(data)
            connection.reset()
        self.assertEqual(self.json("/healthz"), {"status": "ok"})


class Demo(Worker):
    flags = ("--demo",)

    def test_the_demo_fills_an_empty_database_once(self):
        tweets = self.json("/api/tweets?limit=200")
        self.assertEqual(len(tweets), 48)
        second = self.api("w2", flags=("--demo",))
        self.assertEqual(json.loads(get(second.address, "/api/tweets?limit=200").body), tweets)
        self.assertProblem(self.fetch("DELETE", f"/api/tweets/{tweets[0]['id']}"), 403)
        self.assertProblem(self.fetch("PATCH", f"/api/tweets/{tweets[0]['id']}", {"content": "mine"}), 403)

    def test_the_people_of_the_demo_can_log_in(self):
        for name in ("demo", "kenji"):
            person = Person(self.worker.address, name, "roost-demo")
            followed = person.request("GET", "/api/users/following")
            self.assertEqual(json.loads(followed.body)["count"], 4)


class Pages(Worker):
    def links(self):
        """The files that the page refers to, all of the same version."""
        page = self.fetch("GET", "/").body.decode()
        links = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
        self.assertEqual(len({link.split("/")[2] for link in links}), 1)
        return links

    def test_the_pages_are_served_with_their_policy(self):
        kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
        links = self.links()
        self.assertTrue(any(link.endswith("/views/timeline.js") for link in links))
        for path, kind in [("/", "text/html"), *((link, kinds[link.rpartition(".")[2]]) for link in links)]:
            with self.subTest(path=path):
                answer = self.fetch("GET", path)
                self.assertEqual(answer.status, 200)
                self.assertTrue(answer.header("Content-Type").startswith(kind))
                self.assertIn("script-src 'self'", answer.header("Content-Security-Policy"))
                self.assertNotIn("unsafe", answer.header("Content-Security-Policy"))
                self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
                known = self.fetch("GET", path, headers=[("If-None-Match", answer.header("ETag"))])
                self.assertEqual(known.status, 304)

    def test_files_are_kept_for_long_under_their_version_alone(self):
        link = next(link for link in self.links() if link.endswith("/app.js"))
        self.assertIn("immutable", self.fetch("GET", link).header("Cache-Control"))
        other = self.fetch("GET", "/assets/0123456789abcdef/app.js")
        self.assertEqual((other.status, other.header("Cache-Control")), (200, "no-store"))
        self.assertEqual(self.fetch("GET", "/").header("Cache-Control"), "public, max-age=60")

    def test_every_address_of_a_view_is_answered_with_the_page(self):
        page = self.fetch("GET", "/").body
        for path in ("/tweets/1", "/people", "/people/demo/", "/following", "/followers", "/search?q=%23a", "/login",
                     "/register", "/login?next=%2Fpeople"):
            with self.subTest(path=path):
                self.assertEqual(self.fetch("GET", path).body, page)
        self.assertProblem(self.fetch("GET", "/nowhere"), 404)

    def test_a_browser_gets_a_page_where_there_is_nothing(self):
        browser, program = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("Accept", "*/*")
        page = self.fetch("GET", "/").body
        for address in (self.worker.address, self.proxy(self.worker).address):
            for _ in range(2):  # from the worker, and from the proxy's cache
                for accept in (browser, program):
                    answer = get(address, "/nowhere", accept)
                    self.assertEqual((answer.status, answer.header("Vary")), (404, "Accept"))
                    self.assertEqual(answer.body == page, accept is browser)
                    if accept is browser:
                        self.assertIn("script-src 'self'", answer.header("Content-Security-Policy"))
            self.assertProblem(get(address, "/api/nowhere", browser), 404)

    def test_pages_hold_no_script_or_style_of_their_own(self):
        for headers, path in [((), "/"), ([("Accept", "text/html")], "/logs")]:
            page = self.fetch("GET", path, headers=headers).body.decode()
            self.assertIn("<!doctype html>", page)
            self.assertNotRegex(page, r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=")


class Health(Worker):
    def test_health_readiness_and_metrics(self):
        self.assertEqual(self.json("/healthz"), {"status": "ok"})
        self.assertEqual(self.json("/readyz"), {"status": "ready"})
        metrics = self.fetch("GET", "/metrics")
        self.assertTrue(metrics.header("Content-Type").startswith("text/plain; version=0.0.4"))
        self.assertRegex(metrics.body.decode(), r'(?m)^roost_api_answers_total\{class="2xx"\} \d+$')
        for path in ("/healthz", "/readyz", "/metrics", "/logs"):
            self.assertEqual(self.fetch("GET", path).header("Cache-Control"), "no-store")

    def test_they_are_not_for_those_who_come_through_a_proxy(self):
        proxy = self.proxy(self.worker)
        for path in ("/healthz", "/readyz", "/metrics", "/metrics/", "/%6detrics", "/metrics?x=1"):
            for headers in ((), [("Connection", "X-Forwarded-For, Via")]):
                self.assertEqual(request(proxy.address, "GET", path, headers).status, 404, path)
        for field in ("Via", "Forwarded", "X-Forwarded-For"):
            self.assertEqual(self.fetch("GET", "/metrics", headers=[(field, "x")]).status, 404)

    def test_they_may_be_opened_to_them(self):
        worker = self.api("w2", data=self.directory / "open", environment={"ROOST_API_PUBLIC_METRICS": "true"})
        self.assertEqual(get(self.proxy(worker).address, "/metrics").status, 200)

    def test_requests_are_counted_by_endpoint(self):
        self.fetch("GET", "/api/tweets/12345")
        metrics = self.fetch("GET", "/metrics").body.decode()
        self.assertIn('roost_api_requests_total{method="GET",endpoint="/api/tweets/{id}"} 1', metrics)


if __name__ == "__main__":
    main()
