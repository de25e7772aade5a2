"""The wall clock is set, by an hour and by a day, back and ahead, while the programs run."""

import json
from email.utils import parsedate_to_datetime

from harness import *
from wall_clock import WallClock

HOUR, DAY = 3_600, 86_400
STEPS = (-HOUR, HOUR, -DAY, DAY)


class Clock(FlowTest):
    def setUp(self):
        super().setUp()
        self.clock = WallClock(self.directory)

    def date_of(self, answer):
        return parsedate_to_datetime(answer.header("Date")).timestamp()

    def test_what_is_stored_ages_as_before(self):
        backend = self.backend(lambda r: Reply(body=b"%d" % backend.count(), headers=[("Cache-Control", "max-age=2")]))
        proxy = self.proxy(backend, environment=self.clock.environment)
        for step in STEPS:
            self.clock.set_ahead(0)
            fetched = backend.count()
            wait_until(lambda: "; hit; " not in get(proxy.address, "/").header("Cache-Status"), 10, "a fetch")
            self.clock.set_ahead(step)
            missing = get(proxy.address, "/missing", ("Cache-Control", "only-if-cached"))
            wait_until(lambda: abs(self.date_of(get(proxy.address, "/missing", ("Cache-Control", "only-if-cached")))
                                   - time.time() - step) < 60, 5, "the proxy to see the clock")
            self.assertEqual(missing.status, 504)
            hit = get(proxy.address, "/")
            self.assertRegex(hit.header("Cache-Status"), r"^roost; hit; ttl=[012]$")
            self.assertLess(int(hit.header("Age")), 3)
            wait_until(lambda: "; hit; " not in get(proxy.address, "/").header("Cache-Status"), 10, "it to be stale")
            self.assertGreater(backend.count(), fetched)

    def test_the_log_shows_what_is_newest_in_order(self):
        worker = self.api(environment=self.clock.environment)
        made = []
        for i, step in enumerate((0, HOUR, 0, -DAY, 0)):
            self.clock.set_ahead(step)
            made.append(["GET", f"/like/{i + 1}"])
            self.assertEqual(get(worker.address, made[-1][1]).status, 404)
            logs = json.loads(get(worker.address, "/logs?kind=api&path=/like&limit=2").body)
            self.assertEqual(logs["requests"], made[-2:])

    def test_a_repeated_like_counts_once(self):
        environment = {**self.clock.environment, "ROOST_BATCHER_MAX_AGE": "100ms"}
        workers = [self.api(name, environment=environment) for name in ("w1", "w2")]
        alice = Person(workers[0].address, "alice")
        tweet, other = alice.post("count me once")["id"], alice.post("and me")["id"]

        def like(worker, tweet, key):
            answer = request(worker.address, "POST", f"/like/{tweet}", [("Idempotency-Key", key)], b"")
            self.assertEqual(answer.status, 202)

        def count(worker, tweet):
            return json.loads(get(worker.address, f"/like/{tweet}", ("Cache-Control", "no-cache")).body)["likes"]

        def flush(worker):
            """Another like, until it is written, and with it what came before."""
            before = count(worker, other)
            like(worker, other, f"flush-{before}")
            wait_until(lambda: count(worker, other) == before + 1, 20, "a like to be written")

        like(workers[0], tweet, "once")
        flush(workers[0])
        flush(workers[1])
        self.clock.set_ahead(2 * HOUR)
        flush(workers[1])  # old names are deleted now
        like(workers[1], tweet, "once")
        flush(workers[1])
        self.assertEqual(count(workers[1], tweet), 1)


if __name__ == "__main__":
    main()
