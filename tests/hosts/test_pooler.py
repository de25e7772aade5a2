"""Workers behind PgBouncer in transaction mode: each transaction may be given another server connection."""

from stack import *

PORT = 6432


class Pooler(HostsTest):
    """Two workers with ten connections each, and others for likes and logs, on four connections to PostgreSQL."""

    def setUp(self):
        super().setUp()
        if not hasattr(type(self), "pool_host"):
            type(self).pool_host = self.network.host("pool")
            type(self).apis = [self.network.host(f"api-{i}") for i in (1, 2)]
        self.pooler = self.start_pooler()
        self.addCleanup(lambda: self.pooler.kill())  # which ends with code 1 after SIGTERM

    def start_pooler(self):
        words = pgbouncer_words(self.directory, self.pool_host.address, PORT,
                                f"host={self.one.address} port=5432 user=roost")
        program = self.program(*self.pool_host.command(*words))
        wait_until(lambda: not program.running() or accepts_connections(f"{self.pool_host.address}:{PORT}"), 30,
                   "PgBouncer to listen")
        self.assertTrue(program.running(), program.output())
        return program

    def start_workers(self, environment=None):
        url = f"postgres://roost@{self.pool_host.address}:{PORT}/{self.database_name}"
        settings = {"ROOST_DATABASE_PREPARED_STATEMENTS": "false", "ROOST_DATABASE_CONNECTIONS": "10",
                    "ROOST_LOGS_STORE": "postgres",
                    **(environment or {})}
        return self.ready(*[self.worker(host, url, environment=settings) for host in self.apis])

    def server_connections(self):
        return int(self.query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                              "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"))

    def test_everything_works_on_connections_that_are_shared(self):
        one, two = self.start_workers({"ROOST_DB_CACHE_TTL": "1ms"})
        alice, bob = Person(one.address, "alice"), Person(two.address, "bob")
        tweets = [alice.post(f"tweet {i} about #roost")["id"] for i in range(5)]
        self.assertEqual(bob.request("POST", f"/api/users/follow/{alice.id}").status, 200)
        changed = alice.request("PATCH", f"/api/tweets/{tweets[0]}", {"content": "edited, about #eagles"})
        self.assertEqual(changed.status, 200)
        self.assertEqual(alice.request("DELETE", f"/api/tweets/{tweets[4]}").status, 200)
        paths = ["/api/tweets", "/api/tweets/hashtag/search?query=roost", "/api/tweets/search?query=edited",
                 f"/api/users/{alice.id}/tweets", "/api/users/search?q=alice", "/api/users"]
        expected = [get(one.address, path).body for path in paths]
        self.assertEqual(len(json.loads(expected[0])), 4)
        self.assertEqual(len(json.loads(expected[2])), 1)

        def read(number):
            with Connection(self.apis[number % 2].address + ":9001") as connection:
                for i in range(100):
                    which = (number + i) % len(paths)
                    if connection.get(paths[which]).body != expected[which]:
                        return paths[which]
            return None

        self.assertEqual(concurrently(8, read), [None] * 8)
        self.assertLessEqual(self.server_connections(), 4)
        changes = "/logs?method=PATCH&path=/api/tweets"
        logged = wait_until(lambda: json.loads(get(two.address, changes).body)["requests"], 30, "the log")
        self.assertEqual(logged, [["PATCH", f"/api/tweets/{tweets[0]}"]])
        self.assertEqual(self.query("SELECT count(*) FROM pg_prepared_statements"), "0")
        for worker in (one, two):
            self.assertNotIn("statement failed", worker.output())

    def test_likes_arrive_once_through_the_death_of_the_pooler(self):
        workers = self.start_workers()
        person = Person(workers[0].address, "alice")
        tweets = [person.post(f"tweet {i}")["id"] for i in range(4)]
        counts = LikeCounts()
        load = LikeThreads(counts, tweets[:2], lambda: [worker.address for worker in workers], tweets[2:])
        try:
            for _ in range(2):
                before = sum(self.stored(tweets).values())
                wait_until(lambda before=before: sum(self.stored(tweets).values()) > before, 60, "a batch")
                self.pooler.kill()
                self.pooler = self.start_pooler()
        finally:
            load.stop()
        self.assertEqual(counts.wrong, [])
        wait_until(lambda: self.stored(tweets) == counts.acknowledged, 60, "all likes in the database")
        for worker in workers:
            self.assertEqual(worker.stop(60), 0, worker.output())
        self.assertEqual(self.stored(tweets), counts.acknowledged)  # and no other comes
        self.assertEqual(self.query("SELECT count(*) FROM like_journals"), "0")


if __name__ == "__main__":
    main()
