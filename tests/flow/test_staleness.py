"""The age of counts, and that they never decrease: three workers behind a proxy."""

import json
import random
import threading

from harness import *


def metrics_of(address):
    lines = get(address, "/metrics").body.decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


class Staleness(FlowTest):
    """Times are scaled down; nothing here waits for a minute."""

    max_age = "100ms"
    told = True

    def setUp(self):
        super().setUp()
        admin = f"127.0.0.1:{free_port()}"
        environment = {"ROOST_BATCHER_MAX_AGE": self.max_age}
        flags = ("--proxy", admin if self.told else f"127.0.0.1:{free_port()}")
        self.workers = [self.api(f"w{i}", flags=flags, environment=environment) for i in (1, 2, 3)]
        self.front = self.proxy(*self.workers, admin=admin, flags=["--threads", 2])

    def fetch(self, method, path, body=None, fields=()):
        text = json.dumps(body) if body is not None else "" if method == "POST" else None
        if body is not None:
            fields = [*fields, ("Content-Type", "application/json")]
        return request(self.front.address, method, path, fields, text)

    def post_tweet(self, content="count me"):
        return self.person().post(content)["id"]

    def person(self, name="alice"):
        return Person(self.front.address, name)

    def like(self, worker, tweet, times):
        with Connection(worker.address) as connection:
            for _ in range(times):
                self.assertEqual(connection.request("POST", f"/like/{tweet}", body=b"").status, 202)

    def shown(self, path, tweet):
        answer = self.fetch("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        document = json.loads(answer.body)
        return next(t["likes"] for t in document if t["id"] == tweet) if isinstance(document, list) \
            else document["likes"]

    def warm(self, paths):
        """Reads everything through each worker's cache and then the proxy's."""
        for worker in self.workers:
            for path in paths:
                self.assertEqual(get(worker.address, path).status, 200)
        for path in paths:
            self.fetch("GET", path)
            self.fetch("GET", path)  # bypassing the workers' caches, if the first was read before the tweet changed
            self.assertIn("hit", self.fetch("GET", path).header("Cache-Status"))


class Told(Staleness):
    max_age = "1m"

    def test_the_flush_of_eleven_shows_through_the_proxy_whichever_worker_answers(self):
        tweet = self.post_tweet()
        paths = [f"/api/tweets/{tweet}", f"/like/{tweet}", "/api/tweets", "/api/tweets?limit=7"]
        self.warm(paths)
        for i, worker in enumerate(self.workers, 1):
            self.like(worker, tweet, 11)
            for path in paths:
                wait_until(lambda p=path, n=11 * i: self.shown(p, tweet) == n, 10, f"{11 * i} at {path}")
            for path in paths:  # and it is stored again
                self.assertIn("hit", self.fetch("GET", path).header("Cache-Status"))

    def test_the_metrics_tell_what_was_saved_told_and_served(self):
        tweet = self.post_tweet()
        path = f"/like/{tweet}"
        self.warm([path])
        self.like(self.workers[0], tweet, 11)
        wait_until(lambda: self.shown(path, tweet) == 11, 10, "the new count")
        likes = metrics_of(self.workers[0].address)
        self.assertEqual((likes["roost_likes_applied_total"], likes["roost_likes_pending"]), (11, 0))
        self.assertEqual(likes["roost_like_statements_saved_total"], 11 - likes["roost_like_batches_total"])
        self.assertEqual(likes["roost_likes_oldest_pending_seconds"], 0)
        self.assertGreaterEqual(likes["roost_like_last_batch_likes"], 1)
        self.assertGreaterEqual(likes['roost_revalidations_total{result="told"}'], 1)
        self.assertEqual(likes["roost_revalidation_failures_total"], 0)
        self.assertLessEqual(likes["roost_db_cache_hit_age_max_seconds"], 60)
        served = metrics_of(self.front.admin)
        self.assertGreaterEqual(served["roost_proxy_cache_changed_tags_total"], 1)
        self.assertGreaterEqual(served["roost_proxy_hit_age_seconds_count"], 1)
        self.assertEqual(served["roost_proxy_hit_age_seconds_count"],
                         served['roost_proxy_hit_age_seconds_bucket{le="60"}'])

    def test_what_the_proxy_has_never_seen_is_no_older_than_what_it_was_told(self):
        tweet = self.post_tweet()
        paths = [f"/api/tweets/{tweet}", f"/like/{tweet}"]
        for worker in self.workers:
            for path in paths:
                self.assertEqual(get(worker.address, path).status, 200)  # cached by each worker, without likes
        self.warm(["/api/tweets"])
        self.like(self.workers[0], tweet, 11)
        wait_until(lambda: self.shown("/api/tweets", tweet) == 11, 10, "the proxy to be told")
        for i in range(6):  # whichever worker answers
            for path in paths:
                self.assertEqual(self.shown(f"{path}?{i}", tweet), 11)

    def test_ten_likes_wait_for_their_time(self):
        tweet = self.post_tweet()
        self.warm([f"/like/{tweet}"])
        self.like(self.workers[0], tweet, 10)
        self.assertEqual(self.shown(f"/like/{tweet}", tweet), 0)

    def test_a_new_an_edited_and_a_deleted_tweet_show_at_once(self):
        paths = ["/api/tweets", "/api/tweets?limit=3"]
        self.post_tweet("an old one")
        self.warm(paths)
        tweet = self.post_tweet("first words")
        for path in paths:
            self.assertEqual(json.loads(self.fetch("GET", path).body)[0]["content"], "first words")
        self.warm(paths + [f"/api/tweets/{tweet}"])
        edited = self.person().request("PATCH", f"/api/tweets/{tweet}", {"content": "second words"})
        self.assertEqual(edited.status, 200)
        for path in paths:
            self.assertEqual(json.loads(self.fetch("GET", path).body)[0]["content"], "second words")
        self.assertEqual(json.loads(self.fetch("GET", f"/api/tweets/{tweet}").body)["content"], "second words")
        self.assertEqual(self.person().request("DELETE", f"/api/tweets/{tweet}").status, 200)
        for path in paths:
            self.assertEqual(json.loads(self.fetch("GET", path).body)[0]["content"], "an old one")
        self.assertEqual(self.fetch("GET", f"/api/tweets/{tweet}").status, 404)

    def test_who_is_followed_or_leaves_shows_at_once(self):
        alice, bob = self.person("alice"), self.person("bob")
        paths = [f"/api/users/{bob.id}/followers/count", "/api/users/search?q=bob", "/api/users"]
        self.warm(paths)
        self.assertEqual(alice.request("POST", f"/api/users/follow/{bob.id}").status, 200)
        self.assertEqual(json.loads(self.fetch("GET", paths[0]).body)["count"], 1)
        self.assertEqual(json.loads(self.fetch("GET", paths[1]).body)["user"]["followers"], 1)
        self.warm(paths)
        self.assertEqual(bob.request("DELETE", f"/api/users/{bob.id}").status, 200)
        self.assertEqual(self.fetch("GET", paths[1]).status, 404)
        self.assertEqual(json.loads(self.fetch("GET", paths[2]).body)["count"], 1)

    def test_a_clients_no_cache_does_not_reach_a_workers_cache(self):
        tweet = self.post_tweet()
        posted = time.monotonic()
        # Ages are whole seconds: until one has passed, a cached answer may be from before the tweet was created.
        wait_until(lambda: time.monotonic() - posted > 1.1, what="a second")
        self.warm([f"/like/{tweet}"])
        before = self.database_reads()
        for _ in range(5):
            self.fetch("GET", f"/like/{tweet}", fields=[("Cache-Control", "no-cache")])
        self.assertEqual(self.database_reads(), before)

    def database_reads(self):
        logs = json.loads(get(self.workers[0].address, "/logs?kind=db&limit=10000").body)
        return len([access for access in logs["db_accesses"] if access == ["SELECT", "tweets"]])


class Aged(Staleness):
    def test_one_like_shows_when_its_time_has_come(self):
        tweet = self.post_tweet()
        paths = [f"/api/tweets/{tweet}", "/api/tweets"]
        self.warm(paths)
        self.like(self.workers[1], tweet, 1)
        for path in paths:
            wait_until(lambda p=path: self.shown(p, tweet) == 1, 10, f"the like at {path}")

    def test_no_reader_sees_a_count_go_down(self):
        tweets = [self.post_tweet(f"tweet {i}") for i in range(3)]
        paths = [f"/api/tweets/{t}" for t in tweets] + [f"/like/{t}" for t in tweets] + ["/api/tweets"]
        stop, went_down, errors = threading.Event(), [], []

        def read(number):
            seen = {}
            choose = random.Random(number)
            with Connection(self.front.address) as connection:
                while not stop.is_set():
                    path = choose.choice(paths)
                    answer = connection.get(path)
                    if answer.status != 200:
                        errors.append((path, answer.status))
                        continue
                    document = json.loads(answer.body)
                    for tweet in document if isinstance(document, list) else [document]:
                        key = (path, tweet["id"])
                        if tweet["likes"] < seen.get(key, 0):
                            went_down.append((key, seen[key], tweet["likes"]))
                        seen[key] = tweet["likes"]

        readers = [threading.Thread(target=read, args=(i,)) for i in range(4)]
        for reader in readers:
            reader.start()
        try:
            for i in range(60):
                self.like(self.workers[i % 3], tweets[i % len(tweets)], 1 + i % 13)
            total = sum(1 + i % 13 for i in range(60))
            wait_until(lambda: sum(self.shown(f"/like/{t}", t) for t in tweets) == total, 20, "all likes to show")
        finally:
            stop.set()
            for reader in readers:
                reader.join()
        self.assertEqual((went_down, errors), ([], []))


class LostRevalidation(Staleness):
    """The revalidation request to the proxy is lost: the new count shows when the lifetime is over."""

    told = False

    def test_a_lost_word_costs_no_more_than_the_time_the_answer_was_kept_for(self):
        config = self.write("short.toml", "[db_cache]\nttl = \"1s\"\n")
        worker = self.api("short", flags=("--config", config, "--proxy", f"127.0.0.1:{free_port()}"),
                          environment={"ROOST_BATCHER_MAX_AGE": "100ms"})
        tweet = self.post_tweet()
        ages = []

        def new_count():
            answer = get(worker.address, f"/like/{tweet}")
            ages.append(int(answer.header("Age", "0")))
            return json.loads(answer.body)["likes"] == 1

        get(worker.address, f"/like/{tweet}")
        self.like(self.workers[0], tweet, 1)
        wait_until(new_count, 20, "the worker's own cache to run out")
        self.assertLessEqual(max(ages), 1)
        front = self.proxy(worker)
        answer = get(front.address, f"/like/{tweet}")
        self.assertLessEqual(int(answer.header("Age", "0")), 1)
        self.assertIn("max-age=60", answer.header("Cache-Control"))
        wait_until(lambda: "proxy not reached" in self.workers[0].output(), 20, "the failure to be told")


if __name__ == "__main__":
    main()
