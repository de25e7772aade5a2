"""Workers are killed with SIGKILL under load, again and again, and adopt each other's journals.

ROOST_THOROUGH=1 (tests/run likes) kills 500 times, else 20 times."""

from like_load import *

KILLS = 500 if THOROUGH else 20
WORKERS = 3
OFTEN = {"ROOST_BATCHER_MAX_AGE": "50ms", "ROOST_BATCHER_BATCH_SPACING": "5ms"}


class Kills:
    def test_no_like_is_lost_or_counted_twice(self):
        workers = [self.api(f"w{i}", environment=OFTEN) for i in range(WORKERS)]
        tweets = self.post(workers[0], 20)
        tweets, keyed = tweets[:14], tweets[14:]
        tweets += tweets[:1] * 20  # One hot tweet.
        counts, chosen = LikeCounts(), random.Random(1)
        load = LikeThreads(counts, tweets, lambda: [worker.address for worker in workers], keyed)
        for number in range(KILLS):
            enough = counts.total() + chosen.randrange(1, 200)
            wait_until(lambda: counts.total() >= enough, 60, "likes between two kills")
            i = number % WORKERS
            workers[i].kill()
            self.programs.remove(workers[i])
            workers[i] = self.api(f"w{i}", environment=OFTEN, listen=workers[i].address)
        load.stop()
        for worker in workers[1:]:
            worker.kill()
        tweets = sorted(set(tweets))
        self.compare_counts(counts, tweets + keyed, workers[0])
        stored = self.stored(tweets + keyed)
        likes = {True: {}, False: {}}
        for liked, by_tweet in (("attempted", counts.attempted), ("acknowledged", counts.acknowledged),
                                ("stored", stored)):
            for is_keyed in likes:
                likes[is_keyed][liked] = sum(by_tweet.get(tweet, 0) for tweet in (keyed if is_keyed else tweets))
        print(f"{KILLS} kills: {likes[False]}, repeated under a key {likes[True]}, {counts.refused} refused",
              flush=True)
        for tweet in keyed:  # Repeated until acknowledged: exact.
            self.assertEqual((stored[tweet], counts.acknowledged.get(tweet, 0)), (counts.attempted.get(tweet, 0),) * 2)
        # Likes stored but not acknowledged lost their answer to a kill: at most one per client and kill.
        self.assertLessEqual(likes[False]["stored"] - likes[False]["acknowledged"],
                             len(load.threads) * (KILLS + WORKERS))


class OnSqlite(Kills, LikeTest):
    pass


class OnPostgresql(LikesOnPostgres, Kills, LikeTest):
    pass


if __name__ == "__main__":
    main()
