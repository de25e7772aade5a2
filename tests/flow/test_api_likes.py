"""One or several API workers: likes are acknowledged, shown at once, and reach the database exactly once."""

import json
import re
import sqlite3
import threading

from harness import *

FLUSH_OFTEN = {"ROOST_BATCHER_MAX_AGE": "100ms"}


class Likes(FlowTest):
    def post(self, worker, content="like me"):
        return Person(worker.address, "alice").post(content)["id"]

    def like(self, worker, tweet, path="/like/{}"):
        answer = request(worker.address, "POST", path.format(tweet), (), b"")
        self.assertEqual(answer.status, 202, answer.body)
        return json.loads(answer.body)

    def shown(self, worker, tweet):
        return json.loads(get(worker.address, f"/like/{tweet}").body)["likes"]

    def stored(self, tweet):
        with contextlib.closing(sqlite3.connect(self.directory / "data" / "roost.db", timeout=10)) as database:
            return database.execute("SELECT likes FROM tweets WHERE id = ?", (tweet,)).fetchone()[0]

    def metric(self, worker, name):
        text = get(worker.address, "/metrics").body.decode()
        return int(re.search(rf"(?m)^{name} (\d+)$", text).group(1))

    def test_a_like_is_queued_and_shown_at_once_and_looking_counts_nothing(self):
        worker = self.api()
        tweet = self.post(worker)
        self.assertEqual(self.like(worker, tweet), {"status": "queued", "id": tweet, "likes": 1, "cached": 1})
        self.assertEqual(self.like(worker, tweet, "/api/tweets/{}/like/")["likes"], 2)
        for _ in range(3):  # readers see the count in the database, the same on all workers
            self.assertEqual(self.shown(worker, tweet), 0)
        self.assertEqual(json.loads(get(worker.address, "/api/tweets").body)[0]["likes"], 0)
        self.assertEqual(json.loads(get(worker.address, f"/api/tweets/{tweet}").body)["likes"], 0)
        self.assertEqual(self.like(worker, tweet)["likes"], 3)
        self.assertEqual(self.stored(tweet), 0)  # neither more than ten nor a minute old

    def test_more_than_ten_go_to_the_database(self):
        worker = self.api()
        tweet = self.post(worker)
        for i in range(1, 11):
            self.assertEqual(self.like(worker, tweet)["likes"], i)
        self.assertEqual(self.stored(tweet), 0)
        self.assertEqual(self.like(worker, tweet)["likes"], 11)
        wait_until(lambda: self.stored(tweet) == 11, what="the batch")
        self.assertEqual(self.shown(worker, tweet), 11)

    def test_old_ones_go_to_the_database(self):
        worker = self.api(environment=FLUSH_OFTEN)
        tweet = self.post(worker)
        self.like(worker, tweet)
        wait_until(lambda: self.stored(tweet) == 1, what="the batch")

    def test_likes_that_a_dead_worker_left_are_not_applied_to_another_database(self):
        def worker(name, database):
            return self.api(name, flags=("--database", f"sqlite:{self.directory}/{database}.db"))

        def count(database):
            with contextlib.closing(sqlite3.connect(self.directory / f"{database}.db", timeout=10)) as connection:
                return connection.execute("SELECT likes FROM tweets WHERE id = 1").fetchone()[0]

        other = worker("other", "b")
        self.post(other)
        self.assertEqual(other.stop(), 0)
        first = worker("first", "a")
        tweet = self.post(first)
        for _ in range(9):
            self.like(first, tweet)
        first.kill()
        second = worker("second", "b")
        wait_until(lambda: self.metric(second, "roost_journals_of_other_databases") == 1, 20, "the journal to be found")
        wait_until(lambda: "written for the database" in second.output(), 10, "the event")
        self.assertEqual(second.stop(), 0)
        self.assertEqual((count("a"), count("b")), (0, 0))
        third = worker("third", "a")
        wait_until(lambda: count("a") == 9, 20, "the likes to be applied")
        self.assertEqual(third.stop(), 0)
        self.assertEqual(list((self.directory / "data" / "journal").iterdir()), [])

    def test_likes_for_what_is_not_there_are_404(self):
        worker = self.api()
        for path in ("/like/7", "/api/tweets/7/like"):
            answer = request(worker.address, "POST", path, (), b"")
            self.assertEqual((answer.status, answer.header("Cache-Control")), (404, "no-store"))
        self.assertEqual(get(worker.address, "/like/7").status, 404)

    def test_counts_never_go_back_while_batches_are_written(self):
        worker = self.api(environment=FLUSH_OFTEN)
        tweet = self.post(worker)
        going = threading.Event()
        going.set()
        backwards = []

        def watch():
            last = 0
            with Connection(worker.address) as connection:
                while going.is_set():
                    now = json.loads(connection.get(f"/like/{tweet}").body)["likes"]
                    if now < last:
                        backwards.append((last, now))
                    last = now

        watchers = [threading.Thread(target=watch) for _ in range(2)]
        for watcher in watchers:
            watcher.start()
        answers = []
        with Connection(worker.address) as connection:
            for _ in range(400):
                answers.append(json.loads(connection.request("POST", f"/like/{tweet}", (), b"").body)["likes"])
        going.clear()
        for watcher in watchers:
            watcher.join()
        self.assertEqual(backwards, [])
        self.assertEqual(answers, list(range(1, 401)))
        wait_until(lambda: self.stored(tweet) == 400, what="all likes in the database")
        self.assertEqual(self.shown(worker, tweet), 400)
        self.assertGreater(self.metric(worker, "roost_like_batches_total"), 1)

    def test_concurrent_likes_on_several_workers_are_all_counted(self):
        workers = [self.api(f"w{i}", environment=FLUSH_OFTEN) for i in range(3)]
        tweet = self.post(workers[0])

        def many(i):
            with Connection(workers[i % 3].address) as connection:
                for _ in range(40):
                    self.assertEqual(connection.request("POST", f"/like/{tweet}", (), b"").status, 202)

        concurrently(9, many)
        wait_until(lambda: self.stored(tweet) == 360, what="all likes in the database")

    def test_what_was_pending_at_the_end_is_sent_at_the_end(self):
        worker = self.api()
        tweet = self.post(worker)
        for _ in range(5):
            self.like(worker, tweet)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(self.stored(tweet), 5)

    def test_kill_nine_loses_no_like(self):
        worker = self.api()
        tweet = self.post(worker)
        for _ in range(7):
            self.like(worker, tweet)
        worker.kill()
        self.assertEqual(self.stored(tweet), 0)
        other = self.api("w2")
        wait_until(lambda: self.stored(tweet) == 7, 30, what="the journal to be adopted")
        self.assertEqual(self.like(other, tweet)["id"], tweet)

    def once(self, worker, tweet, key, status=202):
        answer = request(worker.address, "POST", f"/like/{tweet}", [("Idempotency-Key", key)], b"")
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def test_a_like_repeated_under_its_key_counts_once(self):
        worker = self.api()
        tweet, other = self.post(worker), self.post(worker, "another")
        first = self.once(worker, tweet, "click-1")
        self.assertEqual((json.loads(first.body)["likes"], first.header("Idempotent-Replayed")), (1, None))
        again = self.once(worker, tweet, "click-1")
        self.assertEqual(json.loads(again.body), {"status": "queued", "id": tweet, "likes": 1, "cached": 1})
        self.assertEqual(again.header("Idempotent-Replayed"), "true")
        self.assertEqual(json.loads(self.once(worker, tweet, "click-2").body)["likes"], 2)
        self.assertEqual(json.loads(self.once(worker, other, "click-1").body)["likes"], 1)  # another like
        self.assertEqual(self.like(worker, tweet)["likes"], 3)
        self.assertEqual(self.metric(worker, "roost_likes_repeated_total"), 1)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual((self.stored(tweet), self.stored(other)), (3, 1))

    def test_a_repeat_counts_once_whichever_worker_it_reaches_and_after_a_crash(self):
        workers = [self.api(f"w{i}", environment=FLUSH_OFTEN) for i in range(2)]
        tweet = self.post(workers[0])
        self.once(workers[0], tweet, "k1")
        self.once(workers[1], tweet, "k1")
        self.once(workers[0], tweet, "k2")
        workers[0].kill()
        self.once(workers[1], tweet, "k2")
        third = self.api("w3", environment=FLUSH_OFTEN)
        self.once(third, tweet, "k2")
        self.once(third, tweet, "k3")
        journals = self.directory / "data" / "journal"
        wait_until(lambda: len(list(journals.iterdir())) == 2, 30, what="the journal to be adopted")
        self.assertEqual((workers[1].stop(), third.stop()), (0, 0))
        self.assertEqual(list(journals.iterdir()), [])
        self.assertEqual(self.stored(tweet), 3)

    def test_a_key_that_is_none_is_refused(self):
        worker = self.api()
        tweet = self.post(worker)
        self.once(worker, tweet, "x" * 255)
        for key in ("", "x" * 256, "two words", "h\u00e9".encode().decode("latin-1")):
            problem = json.loads(self.once(worker, tweet, key, 422).body)
            self.assertIn("Idempotency-Key", json.dumps(problem))
            self.assertIn("1 to 255 visible ASCII characters", json.dumps(problem))
        twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        self.assertEqual(request(worker.address, "POST", f"/like/{tweet}", twice, b"").status, 422)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(self.stored(tweet), 1)

    def test_likes_for_a_tweet_deleted_meanwhile_are_dropped(self):
        worker = self.api(environment=FLUSH_OFTEN)
        gone, other = self.post(worker, "gone"), self.post(worker, "other")
        self.like(worker, gone)
        self.assertEqual(Person(worker.address, "alice").request("DELETE", f"/api/tweets/{gone}").status, 200)
        self.like(worker, other)
        wait_until(lambda: self.metric(worker, "roost_likes_applied_total") == 2, what="both to be applied")
        self.assertEqual(self.stored(other), 1)
        self.assertEqual(request(worker.address, "POST", f"/like/{gone}", (), b"").status, 404)


if __name__ == "__main__":
    main()
