"""The whole stack: a proxy and three workers that share a data directory."""

import json
import sqlite3
import threading

from harness import *


class Stack(FlowTest):
    def setUp(self):
        super().setUp()
        self.workers = [self.api(f"w{i}") for i in (1, 2, 3)]
        self.front = self.proxy(*self.workers, admin=True)
        self.alice = Person(self.front.address, "alice")

    def fetch(self, method, path):
        return request(self.front.address, method, path, (), "" if method == "POST" else None)

    def post_tweet(self, content):
        return self.alice.post(content)["id"]

    def logs(self, query="?limit=10000"):
        answer = self.fetch("GET", "/logs" + query)
        self.assertEqual(answer.status, 200)
        return json.loads(answer.body)

    def likes_in_database(self):
        with contextlib.closing(sqlite3.connect(self.directory / "data" / "roost.db", timeout=10)) as database:
            return database.execute("SELECT COALESCE(SUM(likes), 0) FROM tweets").fetchone()[0]


class Reading(Stack):
    def test_the_second_read_is_a_hit_and_one_call_is_logged(self):
        first = self.fetch("GET", "/api/tweets")
        second = self.fetch("GET", "/api/tweets")
        self.assertEqual((first.status, second.status), (200, 200))
        self.assertIn("fwd=", first.header("Cache-Status"))
        self.assertIn("hit", second.header("Cache-Status"))
        self.assertEqual(first.body, second.body)
        calls = [call for call in self.logs()["requests"] if call == ["GET", "/api/tweets"]]
        self.assertEqual(len(calls), 1)

    def test_logs_list_every_call_of_every_worker_in_order(self):
        made = [["POST", "/api/users/register"], ["POST", "/api/users/login"]]
        for i in range(30):
            tweet = self.post_tweet(f"number {i}")
            self.assertEqual(self.fetch("GET", f"/api/tweets/{tweet}").status, 200)
            self.assertEqual(self.fetch("POST", f"/like/{tweet}").status, 202)
            made += [["POST", "/api/tweets"], ["GET", f"/api/tweets/{tweet}"], ["POST", f"/like/{tweet}"]]
        logs = self.logs()
        self.assertEqual(logs["requests"], made)
        self.assertEqual(logs["request_count"], len(made))
        self.assertIn(["INSERT", "tweets"], logs["db_accesses"])
        workers = {record["worker"] for record in self.logs("?limit=10000&format=full")["requests"]}
        self.assertEqual(workers, {"w1", "w2", "w3"})

    def test_workers_take_what_the_proxy_lets_in(self):
        fields = [(f"X-Own-{i}", "x" * 140) for i in range(98)]
        for path in ("/api/users", "/logs"):
            with Connection(self.front.address) as client:
                client.send(request_bytes("GET", path, fields, host=self.front.address))
                self.assertEqual(client.read().status, 200)

    def test_logs_are_never_cached(self):
        before = self.logs()["request_count"]
        self.post_tweet("one")
        self.assertEqual(self.logs()["request_count"], before + 1)


class Likes(Stack):
    def test_more_than_ten_likes_reach_the_database_without_waiting_a_minute(self):
        tweet = self.post_tweet("well liked")
        counts = [json.loads(self.fetch("POST", f"/api/tweets/{tweet}/like").body)["likes"] for _ in range(40)]
        self.assertEqual(min(counts), 1)
        for worker in self.workers:
            self.assertEqual(get(worker.address, f"/like/{tweet}").status, 200)
        wait_until(lambda: self.likes_in_database() >= 11, 20, "a batch to be applied")

    def test_each_acknowledged_like_counts_once_though_workers_are_killed(self):
        tweets = [self.post_tweet(f"tweet {i}") for i in range(5)]
        acknowledged, unclear, failed_reads = [0], [0], []
        stop = threading.Event()
        lock = threading.Lock()

        def like(n):
            i = n
            while not stop.is_set():
                i += 1
                try:
                    status = self.fetch("POST", f"/like/{tweets[i % 5]}").status
                except (WireError, Closed, OSError):
                    status = 0
                with lock:
                    acknowledged[0] += status == 202
                    unclear[0] += status != 202

        def read(_):
            i = 0
            while not stop.is_set():
                i += 1
                answer = self.fetch("GET", f"/api/tweets?limit={1 + i % 200}")
                if answer.status != 200:
                    failed_reads.append((answer.status, answer.body))

        threads = [threading.Thread(target=work, args=(n,)) for n, work in enumerate([like, like, like, read, read])]
        for thread in threads:
            thread.start()
        try:
            for i in range(6):
                worker = self.workers[i % 3]
                seen = acknowledged[0]
                wait_until(lambda goal=seen + 50: acknowledged[0] > goal, 60, "likes to be acknowledged")
                worker.kill()
                self.workers[i % 3] = self.api(worker_name(i), listen=worker.address)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failed_reads, [])
        # Stopping a worker drains its journal; what a killed one left behind was adopted before, or is at this start.
        for worker in self.workers:
            self.assertEqual(worker.stop(), 0)
        last = self.api("last")
        wait_until(lambda: acknowledged[0] <= self.likes_in_database() and not self.journals_besides(1), 90, "adoption")
        self.assertEqual(last.stop(), 0)
        self.assertGreaterEqual(self.likes_in_database(), acknowledged[0])
        self.assertLessEqual(self.likes_in_database(), acknowledged[0] + unclear[0])

    def journals_besides(self, own):
        return len([entry for entry in (self.directory / "data" / "journal").iterdir() if entry.is_dir()]) > own


def worker_name(i):
    return f"w{i % 3 + 1}"


if __name__ == "__main__":
    main()
