"""Workers and proxies on several hosts before one PostgreSQL: a host cut off and brought back, the standby promoted."""

import collections

from stack import *


class LoggedCounts(LikeCounts):
    """Also the ids of acknowledged likes. A proxy's 502 and 504 are those of a worker that is cut off: whether the like
    was counted is unknown to the client."""

    def __init__(self):
        super().__init__()
        self.ids = set()

    def answer(self, tweet, answer):
        if answer.status not in (502, 504):
            super().answer(tweet, answer)
        if answer.status == 202:
            with self.lock:
                self.ids.add(answer.header("X-Request-Id"))


class Readers:
    """Two threads for each proxy that read the counts of `tweets`, and note each that went down."""

    def __init__(self, fronts, tweets):
        self.going, self.went_down, self.answers = True, [], 0
        self.threads = [threading.Thread(target=self._read, args=(front.address, tweets, number), daemon=True)
                        for number, front in enumerate(fronts * 2)]
        for thread in self.threads:
            thread.start()

    def _read(self, address, tweets, number):
        seen, chosen = {}, random.Random(number)
        while self.going:
            with contextlib.suppress(OSError, Closed, WireError), Connection(address) as connection:
                for _ in range(50):
                    tweet = chosen.choice(tweets)
                    answer = connection.get(f"/like/{tweet}")
                    if answer.status != 200:
                        continue
                    self.answers += 1
                    count = json.loads(answer.body)["likes"]
                    if count < seen.get(tweet, 0):
                        self.went_down.append((address, tweet, seen[tweet], count))
                    seen[tweet] = count
                    time.sleep(0.005)

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(60 * TIME_SCALE)


class ManyHosts(HostsTest):
    """Each test leaves a primary with its standby, whichever server is which."""

    def setUp(self):
        super().setUp()
        self.edges = [self.network.host(f"edge-{i}") for i in (1, 2)]
        self.apis = [self.network.host(f"api-{i}") for i in (1, 2)]
        self.admins = [f"{edge.address}:8081" for edge in self.edges]
        replicas = ",".join(f"postgres://roost@{server.address}:5432/{self.database_name}"
                            for server in (self.one, self.two))
        self.workers = self.ready(*[self.worker(host, name=f"w{number}", environment={
            "ROOST_DATABASE_REPLICAS": replicas, "ROOST_BATCHER_BATCH_SPACING": "20ms",
            "ROOST_LOGS_STORE": "postgres", "ROOST_LOGS_HOST": host.name})
            for number, host in enumerate(self.apis, 1)])
        self.fronts = [self.front(edge, [worker.address for worker in self.workers]) for edge in self.edges]
        self.author = Person(self.fronts[0].address, "alice")

    def addresses(self):
        return [front.address for front in self.fronts]

    def likes_go_on(self, tweets):
        """Waits until more have been acknowledged, and more are in the database, than now."""
        acknowledged, stored = self.counts.total(), sum(self.stored(tweets).values())
        wait_until(lambda: self.counts.total() > acknowledged + 100, 60, "likes to be acknowledged")
        wait_until(lambda: sum(self.stored(tweets).values()) > stored, 60, "likes in the database")

    def reconcile(self, plain, keyed):
        """Nothing acknowledged is missing, nothing is counted twice, and what was repeated is counted once."""
        tweets = [*plain, *keyed]
        self.assertEqual(self.counts.wrong, [])
        wait_until(lambda: all(self.stored(tweets)[t] >= self.counts.acknowledged[t] for t in tweets), 60,
                   "all likes in the database")
        shown = self.stored(tweets)
        for front in self.fronts:  # long before what they have stored expires
            wait_until(lambda front=front: {t: self.shown(front.address, t) for t in tweets} == shown, 20,
                       f"the counts at {front.host.name}")
        self.all_is_logged()
        for worker in self.workers:
            self.assertEqual(worker.stop(60), 0, worker.output())
        stored = self.stored(tweets)
        self.assertEqual(stored, shown)  # and no other comes
        for tweet in plain:
            self.assertGreaterEqual(self.counts.attempted[tweet], stored[tweet])
        for tweet in keyed:
            self.assertEqual(stored[tweet], self.counts.attempted[tweet])
        self.assertEqual(self.query("SELECT count(*) FROM like_journals"), "0")

    def all_is_logged(self):
        """Each acknowledged like is in the table of logs, once, whichever host it was logged on."""
        def missing():
            found = collections.Counter(self.query("SELECT request_id FROM request_logs WHERE verb = 'POST' AND "
                                                   "subject LIKE '/like/%' AND result = 202").splitlines())
            self.assertEqual([name for name in self.counts.ids if found[name] > 1], [])
            return [name for name in self.counts.ids if found[name] == 0]

        wait_until(lambda: missing() == [], 60, "all records in the table")
        hosts = self.query("SELECT DISTINCT host FROM request_logs ORDER BY 1").splitlines()
        self.assertEqual(hosts, [host.name for host in self.apis])

    def test_hosts_are_cut_off_and_the_standby_is_promoted_and_likes_stay_exact(self):
        former, promoted = self.primary, self.standby()
        wait_until(lambda: former.streams_to(promoted.name), 60, "the standby to stream")
        former.reconfigure(**DURABLE)
        tweets = [self.author.post(f"tweet {i}")["id"] for i in range(6)]
        plain, keyed = tweets[:3], tweets[3:]
        self.counts = LoggedCounts()
        load = LikeThreads(self.counts, plain, self.addresses, keyed, threads=2)
        readers = Readers(self.fronts, tweets)
        try:
            self.likes_go_on(tweets)
            self.apis[0].cut()
            self.likes_go_on(tweets)
            self.apis[0].join()
            wait_until(lambda: self.is_ready(self.workers[0]), 60, "the worker that was cut off")
            self.likes_go_on(tweets)
            former.host.cut()
            before = self.counts.total()
            wait_until(lambda: self.counts.total() > before + 100, 60, "likes without a primary")
            former.kill()  # before it can be reached again, so that there are never two
            promoted.promote()
            type(self).primary = promoted
            wait_until(lambda: not promoted.is_standby(), 60, "the promotion")
            former.host.join()
            self.likes_go_on(tweets)
            former.rebuild_from(promoted)
            wait_until(lambda: promoted.streams_to(former.name), 60, "the former primary to be the standby")
            promoted.reconfigure(**DURABLE)
            self.likes_go_on(tweets)
        finally:
            load.stop()
            readers.stop()
        self.reconcile(plain, keyed)
        self.assertGreater(readers.answers, 100)
        self.assertEqual(readers.went_down, [])

    def standby(self):
        return self.two if self.primary is self.one else self.one

    def test_what_is_written_through_one_proxy_shows_at_the_other(self):
        here, there = self.addresses()

        def listed(address):
            return [tweet["content"] for tweet in json.loads(get(address, "/api/tweets").body)]

        first = self.author.post("first")["id"]
        wait_until(lambda: listed(there) == ["first"], 20, "the first tweet")
        tweet = self.author.post("second")["id"]
        self.assertEqual(listed(here), ["second", "first"])
        wait_until(lambda: listed(there) == ["second", "first"], 20, "a new tweet")  # kept for a minute unless told
        self.assertEqual(get(there, f"/api/tweets/{tweet}").status, 200)
        self.assertEqual(self.author.request("PATCH", f"/api/tweets/{tweet}", {"content": "edited"}).status, 200)
        wait_until(lambda: json.loads(get(there, f"/api/tweets/{tweet}").body)["content"] == "edited", 20, "the edit")
        self.assertEqual(self.author.request("DELETE", f"/api/tweets/{first}").status, 200)
        wait_until(lambda: listed(there) == ["edited"], 20, "the deletion")

    def test_batches_that_an_asynchronous_standby_did_not_get_are_applied_again(self):
        former, promoted = self.primary, self.standby()
        wait_until(lambda: former.streams_to(promoted.name), 60, "the standby to stream")
        former.reconfigure(synchronous_standby_names="")
        tweet = self.author.post("like me")["id"]
        worker = self.workers[0]

        def like(times):
            with Connection(worker.address) as connection:
                for _ in range(times):
                    self.assertEqual(connection.request("POST", f"/like/{tweet}", (), b"").status, 202)

        like(20)
        wait_until(lambda: self.stored([tweet])[tweet] == 20, 30, "likes in the database")
        wait_until(lambda: promoted.query(f"SELECT likes FROM tweets WHERE id = {tweet}", self.database_name) == "20",
                   30, "likes at the standby")
        promoted.reconfigure(primary_conninfo="host=10.77.0.250")
        wait_until(lambda: not former.streams_to(promoted.name), 60, "the standby to be left behind")
        for total in (40, 60):  # two batches at least
            like(20)
            wait_until(lambda total=total: self.stored([tweet])[tweet] == total, 30, "likes in the primary alone")
        former.kill()
        promoted.promote()
        wait_until(lambda: not promoted.is_standby(), 60, "the promotion")
        type(self).primary = promoted
        self.assertEqual(self.stored([tweet])[tweet], 20)
        like(1)  # the worker notices with its next batch
        wait_until(lambda: self.stored([tweet])[tweet] == 61, 60, "what was lost")
        self.assertIn("those behind it are applied again", worker.output())
        like(1)
        wait_until(lambda: self.stored([tweet])[tweet] == 62, 30, "a like behind it")
        former.rebuild_from(promoted)
        wait_until(lambda: promoted.streams_to(former.name), 60, "the former primary to be the standby")


if __name__ == "__main__":
    main()
