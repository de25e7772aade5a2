"""Reads on a streaming standby: which may be answered there, how old they may be, and what happens when it lags, is
away, or is promoted."""

from stack import *

MAX_LAG_S = 2


class Standby(HostsTest):
    def setUp(self):
        super().setUp()
        wait_until(lambda: self.one.streams_to("two"), 60, "the standby to stream")
        replica = f"postgres://roost@{self.two.address}:5432/{self.database_name}"
        settings = {"ROOST_DATABASE_REPLICAS": replica, "ROOST_DATABASE_REPLICA_MAX_LAG": f"{MAX_LAG_S}s",
                    "ROOST_DB_CACHE_TTL": "1ms", "ROOST_DB_CACHE_NEGATIVE_TTL": "1ms"}
        primary = f"postgres://roost@{self.one.address}:5432/{self.database_name}"
        host = self.hosts_of_class()
        self.workers = self.ready(*[self.worker(host[i], primary, environment=settings) for i in (0, 1)])
        for worker in self.workers:
            wait_until(lambda worker=worker: self.in_use(worker) == 1, 60, "the replica to be read")

    @classmethod
    def hosts_of_class(cls):
        if not hasattr(cls, "apis"):
            cls.apis = [cls.network.host(f"api-{i}") for i in (1, 2)]
        return cls.apis

    def replica(self, sql):
        return self.two.query(sql, self.database_name)

    def in_use(self, worker):
        return self.metrics(worker)['roost_replicas{state="in_use"}']

    def reads(self, worker, on):
        return self.metrics(worker)[f'roost_replica_reads_total{{on="{on}"}}']

    def timeline(self, worker, *fields):
        answer = get(worker.address, "/api/tweets", *fields)
        self.assertEqual(answer.status, 200, answer.body)
        return [tweet["id"] for tweet in json.loads(answer.body)]

    def test_reads_are_on_the_replica_and_what_must_be_seen_at_once_is_not(self):
        one, two = self.workers
        alice = Person(one.address, "alice")
        old = alice.post("an old one")["id"]
        for worker in self.workers:
            wait_until(lambda worker=worker: self.timeline(worker) == [old], what="the replica to have it")
        before = self.reads(two, "replica")
        self.assertEqual(self.timeline(two), [old])
        self.assertEqual(self.reads(two, "replica"), before + 1)
        self.replica("SELECT pg_wal_replay_pause()")
        try:
            new = alice.post("a new one")["id"]
            self.assertEqual(self.timeline(one), [new, old])  # its own
            self.assertEqual(get(one.address, f"/api/tweets/{new}").status, 200)
            # At another worker: at once where the cache is to be passed, as a proxy asks after a write; else a little
            # later. What does not seem to be there is looked for at the primary.
            self.assertEqual(self.timeline(two, ("Cache-Control", "no-cache")), [new, old])
            self.assertEqual(get(two.address, f"/api/tweets/{new}").status, 200)
            self.assertEqual(request(two.address, "POST", f"/like/{new}", (), b"").status, 202)
            self.assertEqual(alice.request("PATCH", f"/api/tweets/{old}", {"content": "edited"}).status, 200)
            self.assertEqual(json.loads(get(one.address, f"/api/tweets/{old}").body)["content"], "edited")
            bob = Person(two.address, "bob")
            self.assertEqual(bob.request("POST", f"/api/users/follow/{alice.id}").status, 200)
            listed = json_request(one.address, "GET", "/api/users/following", headers=[bob.authorization])
            self.assertEqual(json.loads(listed.body)["count"], 1)
        finally:
            self.replica("SELECT pg_wal_replay_resume()")

    def test_a_replica_that_lags_too_much_is_not_read_until_it_has_caught_up(self):
        worker = self.workers[1]
        tweet = Person(self.workers[0].address, "alice").post("seen in time")["id"]
        wait_until(lambda: self.timeline(worker) == [tweet], what="the tweet")
        self.replica("SELECT pg_wal_replay_pause()")
        try:
            later = Person(self.workers[0].address, "alice").post("not replayed")["id"]
            wait_until(lambda: self.timeline(worker) == [later, tweet], 30, "the primary to be read instead")
            wait_until(lambda: "replica is not read" in worker.output(), what="the log to say so")
            self.assertIn("replica_max_lag", worker.output())
            self.assertEqual(self.in_use(worker), 0)
            before = self.reads(worker, "primary")
            self.timeline(worker)
            self.assertEqual(self.reads(worker, "primary"), before + 1)
        finally:
            self.replica("SELECT pg_wal_replay_resume()")
        wait_until(lambda: self.in_use(worker) == 1, 30, "the replica to be read again")
        self.assertEqual(self.timeline(worker), [later, tweet])
        wait_until(lambda: worker.output().count("replica is read") == 2, what="the log to say so")
        self.assertEqual(worker.output().count("replica is not read"), 1)

    def test_a_standby_cut_off_from_its_primary_grows_old_whatever_it_says(self):
        worker = self.workers[1]
        Person(self.workers[0].address, "alice").post("streamed")
        # The standby goes on answering, and is told of nothing any more.
        usual = self.replica("SHOW primary_conninfo")
        self.two.reconfigure(primary_conninfo="host=10.77.0.250")
        try:
            Person(self.workers[0].address, "alice").post("not streamed")
            wait_until(lambda: self.in_use(worker) == 0, 60, "the standby to be too old")
            self.assertEqual(len(self.timeline(worker)), 2)
        finally:
            self.two.reconfigure(primary_conninfo=usual)
        wait_until(lambda: self.in_use(worker) == 1, 60, "the standby to have caught up")

    def test_without_its_standby_a_worker_reads_from_the_primary(self):
        worker = self.workers[0]
        tweet = Person(worker.address, "alice").post("one")["id"]
        self.two.host.cut()
        try:
            wait_until(lambda: self.in_use(worker) == 0, 60, "the standby to be away")
            self.assertEqual(self.timeline(worker), [tweet])
        finally:
            self.two.host.join()
        wait_until(lambda: self.in_use(worker) == 1, 60, "the standby to be back")


if __name__ == "__main__":
    main()
