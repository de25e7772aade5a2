"""PostgreSQL is stopped under load: cached reads are served, others are refused in time, likes are acknowledged and
written exactly once, and no worker exits.

ROOST_THOROUGH=1 (tests/run faults) stops it for 30 s, else for 3 s."""

from like_load import *

STILL_S = 30 if THOROUGH else 3
DEADLINE_S = 15  # queue time-out plus statement time-out, and a margin for a slow machine
SETTINGS = {"ROOST_BATCHER_MAX_AGE": "200ms"}


class Readers:
    """Threads that read `paths` through `address`; records the status of every answer and the longest wait."""

    def __init__(self, address, paths, fields=()):
        self.address, self.paths, self.fields = address, paths, fields
        self.going, self.statuses, self.longest_s, self.unclear = True, {}, 0.0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.read, args=(i,), daemon=True) for i in range(2)]
        for thread in self.threads:
            thread.start()

    def read(self, number):
        chosen = random.Random(number)
        with Connection(self.address) as connection:
            while self.going:
                begun = time.monotonic()
                answer = connection.request("GET", chosen.choice(self.paths), self.fields)
                with self.lock:
                    self.longest_s = max(self.longest_s, time.monotonic() - begun)
                    self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
                    if answer.status == 503 and not answer.header("Retry-After"):
                        self.unclear.append(answer.body)

    def total(self):
        return sum(self.statuses.values())

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(60 * TIME_SCALE)


class Outage(LikesOnPostgres, LikeTest):
    def test_it_stands_still_under_load(self):
        workers = [self.api(f"w{i}", environment=SETTINGS) for i in range(2)]
        front = self.proxy(*workers)
        tweets = self.post(workers[0], 10)
        kept = [f"/api/tweets/{tweet}" for tweet in tweets]
        for path in kept:
            self.assertEqual(get(front.address, path).status, 200)
        counts = LikeCounts()
        load = LikeThreads(counts, tweets, lambda: [worker.address for worker in workers])
        cached = Readers(front.address, kept)
        uncached = Readers(workers[1].address, kept, [("Cache-Control", "no-cache")])
        wait_until(lambda: counts.total() > 200 and cached.total() > 200, 60, "the load")
        self.postgres.pause()
        begun = time.monotonic()
        served, acknowledged = cached.total(), counts.total()
        wait_until(lambda: uncached.statuses.get(503, 0) > 0, 60, "a refusal")
        wait_until(lambda: time.monotonic() - begun > STILL_S, STILL_S + 60, "the outage")
        wait_until(lambda: cached.total() > served + 100 and counts.total() > acknowledged + 100, 60, "work without it")
        self.postgres.resume()
        healthy = uncached.statuses.get(200, 0)
        wait_until(lambda: uncached.statuses.get(200, 0) > healthy, 60, "the database to be used again")
        load.stop()
        cached.stop()
        uncached.stop()
        self.assertEqual(set(cached.statuses), {200})
        self.assertLessEqual(set(uncached.statuses), {200, 503})
        self.assertEqual((cached.unclear, uncached.unclear, counts.wrong), ([], [], []))
        self.assertLess(max(cached.longest_s, uncached.longest_s), DEADLINE_S * TIME_SCALE)
        wait_until(lambda: self.stored(tweets) == counts.acknowledged, 60, "every like, once")
        for program in (front, *workers):
            self.assertTrue(program.running())
        print(f"{STILL_S} s: cached {cached.statuses}, longest {cached.longest_s:.2f} s; uncached {uncached.statuses}, "
              f"longest {uncached.longest_s:.2f} s; {counts.total()} likes acknowledged, {counts.refused} refused, "
              f"{sum(self.stored(tweets).values())} in the database", flush=True)


if __name__ == "__main__":
    main()
