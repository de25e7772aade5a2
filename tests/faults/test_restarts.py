"""Workers behind a proxy are restarted with SIGTERM under load, again and again: no request fails and no like is lost.

ROOST_THOROUGH=1 (tests/run likes) restarts 60 times, else 6 times."""

from like_load import *

RESTARTS = 60 if THOROUGH else 6


class Restarts(LikeTest):
    def test_no_request_fails_and_no_like_is_lost(self):
        workers = [self.api(f"w{i}") for i in range(2)]
        tweets = self.post(workers[0], 5)
        proxy = self.proxy(*workers, flags=["--threads", 1])
        counts, failed = LikeCounts(), []

        def reading(number):
            chosen = random.Random(number)
            while load.going:
                with Connection(proxy.address) as connection:
                    for _ in range(50):
                        answer = connection.request("GET", f"/like/{chosen.choice(tweets)}",
                                                    [("Cache-Control", "no-cache")])
                        if answer.status != 200:
                            failed.append((answer.status, answer.body))

        load = LikeThreads(counts, tweets, lambda: [proxy.address])
        readers = [threading.Thread(target=reading, args=(i,), daemon=True) for i in range(2)]
        for reader in readers:
            reader.start()
        for number in range(RESTARTS):
            enough = counts.total() + 100
            wait_until(lambda: counts.total() >= enough, 60, "likes between two restarts")
            i = number % 2
            self.assertEqual(workers[i].stop(60), 0, workers[i].output())
            workers[i] = self.api(f"w{i}", listen=workers[i].address)
        load.stop()
        for reader in readers:
            reader.join(60 * TIME_SCALE)
        self.assertEqual((failed, counts.wrong, counts.refused), ([], [], 0))
        self.assertEqual(sum(counts.attempted.values()), counts.total(), "a like got no answer")
        self.assertEqual(workers[1].stop(60), 0)
        self.compare_counts(counts, tweets, workers[0])


if __name__ == "__main__":
    main()
