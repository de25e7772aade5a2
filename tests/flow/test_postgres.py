"""Workers on PostgreSQL: concurrent start, outages, and no lost like."""

import json
import threading

from harness import *
from postgres import OnPostgres

FLUSH_OFTEN = {"ROOST_BATCHER_MAX_AGE": "100ms"}


class Workers(OnPostgres, FlowTest):
    safe = True

    def starting(self, name, environment=None):
        """A worker that is not waited for."""
        address = f"127.0.0.1:{free_port()}"
        program = self.program("roost-api", "--listen", address, "--data", self.directory / "data", "--worker", name,
                               environment={"ROOST_DATABASE_URL": self.url, **CHEAP_PASSWORDS, **(environment or {})})
        program.address = address
        return program

    def is_ready(self, worker):
        return get(worker.address, "/readyz").status == 200

    def like(self, worker, tweet):
        return request(worker.address, "POST", f"/like/{tweet}", (), b"").status

    def stored(self, tweet):
        return int(self.query(f"SELECT likes FROM tweets WHERE id = {tweet}"))

    def test_four_workers_on_an_empty_database_migrate_it_once(self):
        workers = [self.starting(f"w{i}") for i in range(4)]
        for worker in workers:
            self._listening(worker)
            wait_until(lambda worker=worker: self.is_ready(worker), 30, "all to be ready")
        self.assertEqual(self.query("SELECT count(*), max(version) FROM schema_version"), "3|3")
        for worker in workers:
            self.assertNotIn("warning", worker.output())
            self.assertNotIn("error", worker.output())

    def test_what_is_written_by_one_worker_is_read_by_another(self):
        one, two = self.api("w1"), self.api("w2")
        alice, bob = Person(one.address, "alice"), Person(two.address, "bob")
        tweet = alice.post("Hello from #Roost, caf\u00e9 and all")["id"]
        self.assertEqual(bob.request("POST", f"/api/users/follow/{alice.id}").status, 200)
        self.assertEqual([entry["id"] for entry in json.loads(get(two.address, "/api/tweets").body)], [tweet])
        self.assertEqual(self.query("SELECT followers FROM users WHERE username = 'alice'"), "1")
        log = get(one.address, "/logs?limit=1000").body
        self.assertIn(b'["INSERT","tweets"]', log)

    def test_likes_arrive_exactly_once_through_the_death_of_the_server(self):
        environment = {**FLUSH_OFTEN, "ROOST_DATABASE_QUEUE_TIMEOUT": "100ms"}
        workers = [self.api(f"w{i}", environment=environment) for i in range(2)]
        tweet = Person(workers[0].address, "alice").post("like me")["id"]
        going, acknowledged, others = threading.Event(), [0, 0], []
        going.set()

        def keep_liking(i):
            with Connection(workers[i].address) as connection:
                while going.is_set():
                    status = connection.request("POST", f"/like/{tweet}", (), b"").status
                    if status == 202:
                        acknowledged[i] += 1
                    else:
                        others.append(status)

        threads = [threading.Thread(target=keep_liking, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            flushed = self.stored(tweet)
            wait_until(lambda flushed=flushed: self.stored(tweet) > flushed, 30, "a batch")
            self.postgres.kill()  # at an arbitrary moment
            before = sum(acknowledged)
            wait_until(lambda before=before: sum(acknowledged) > before + 50, 30, "likes without a database")
            self.postgres.start()
        going.clear()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(others), {503})  # of a tweet that must be read first; not acknowledged
        wait_until(lambda: self.stored(tweet) == sum(acknowledged), 60, "all likes in the database")
        for worker in workers:  # and no other comes
            self.assertTrue(worker.running())
            self.assertEqual(worker.stop(), 0)
        self.assertEqual(self.stored(tweet), sum(acknowledged))

    def test_while_the_server_stands_still_cached_reads_go_on_and_others_are_503(self):
        worker = self.api(environment={**FLUSH_OFTEN, "ROOST_DATABASE_TIMEOUT": "800ms",
                                          "ROOST_DATABASE_STATEMENT_TIMEOUT": "500ms",
                                          "ROOST_DATABASE_CONNECT_TIMEOUT": "500ms",
                                          "ROOST_DATABASE_QUEUE_TIMEOUT": "300ms"})
        tweet = Person(worker.address, "alice").post("like me")["id"]
        kept = get(worker.address, "/api/tweets").body
        self.assertEqual(self.like(worker, tweet), 202)
        wait_until(lambda: self.stored(tweet) == 1, what="the first like")
        kept = get(worker.address, f"/api/tweets/{tweet}").body
        self.postgres.pause()
        try:
            for _ in range(3):
                answer = get(worker.address, f"/api/tweets/{tweet + 1000}")
                self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))
                self.assertEqual(get(worker.address, f"/api/tweets/{tweet}").body, kept)
                self.assertEqual(self.like(worker, tweet), 202)
            wait_until(lambda: not self.is_ready(worker), what="the worker to be unready")
            self.assertEqual(get(worker.address, "/healthz").status, 200)
        finally:
            self.postgres.resume()
        wait_until(lambda: self.is_ready(worker), 30, "the worker to be ready again")
        wait_until(lambda: self.stored(tweet) == 4, 30, "the likes of meanwhile")
        self.assertEqual(get(worker.address, f"/api/tweets/{tweet + 1000}").status, 404)

    def test_a_worker_starts_without_its_database_and_serves_when_it_comes(self):
        self.postgres.kill()
        try:
            worker = self.starting("w1")
            self._listening(worker)
            self.assertFalse(self.is_ready(worker))
            self.assertEqual(get(worker.address, "/api/tweets").status, 503)
            wait_until(lambda: "database is not ready" in worker.output(), 10, "the event")
        finally:
            self.postgres.start()
        wait_until(lambda: self.is_ready(worker), 30, "the worker to be ready")
        self.assertEqual(get(worker.address, "/api/tweets").status, 200)

    def test_a_worker_that_is_killed_leaves_its_likes_to_the_next(self):
        first = self.api("w1")
        tweet = Person(first.address, "alice").post("like me")["id"]
        for _ in range(7):
            self.assertEqual(self.like(first, tweet), 202)
        first.kill()
        self.api("w2")
        wait_until(lambda: self.stored(tweet) == 7, 30, "the journal to be adopted")
        wait_until(lambda: self.query("SELECT count(*) FROM like_journals WHERE applied_seq > 0") == "0", 30,
                   "the adopted journal to be forgotten")

    def test_a_worker_that_ends_without_its_database_ends_in_time_and_leaves_its_likes(self):
        worker = self.api("w1", environment={"ROOST_API_DRAIN_TIMEOUT": "300ms"})
        tweet = Person(worker.address, "alice").post("like me")["id"]
        for _ in range(7):
            self.assertEqual(self.like(worker, tweet), 202)
        self.postgres.pause()
        try:
            self.assertEqual(worker.stop(30), 0, worker.output())
        finally:
            self.postgres.resume()
        self.api("w2")
        wait_until(lambda: self.stored(tweet) == 7, 30, "the journal to be adopted")

    def test_without_prepared_statements(self):
        worker = self.api(environment={"ROOST_DATABASE_PREPARED_STATEMENTS": "false", **FLUSH_OFTEN})
        tweet = Person(worker.address, "alice").post("like me")["id"]
        self.assertEqual(self.like(worker, tweet), 202)
        wait_until(lambda: self.stored(tweet) == 1, what="the like")
        self.assertEqual(self.query("SELECT count(*) FROM pg_prepared_statements"), "0")

    def test_passwords_are_not_shown(self):
        environment = {"ROOST_DATABASE_URL": f"postgres://roost:s3cret@127.0.0.1:{self.postgres.port}/nothere"}
        code, output = self.run_program("roost-api", "--print-config", environment=environment)
        self.assertEqual(code, 0, output)
        self.assertIn("postgres://roost:***@127.0.0.1", output)
        self.assertNotIn("s3cret", output)
        worker = self.program("roost-api", "--listen", f"127.0.0.1:{free_port()}", "--data", self.directory / "data",
                              environment=environment)
        wait_until(lambda: "database is not ready" in worker.output(), 20, "the worker to say what is wrong")
        self.assertIn("nothere", worker.output())
        self.assertNotIn("s3cret", worker.output())

    def test_a_demo_fills_it(self):
        worker = self.api(flags=["--demo"])
        self.assertGreater(len(json.loads(get(worker.address, "/api/tweets").body)), 5)


if __name__ == "__main__":
    main()
