"""Real workers die by kill -9, over and over, under load, and adopt each other's journals.

ROOST_THOROUGH=1 (tests/run likes) kills 500 times, else 20 times."""

from like_load import *

KILLS = 500 if THOROUGH else 20
WORKERS = 3
OFTEN = {"ROOST_BATCHER_MAX_AGE": "50ms", "ROOST_BATCHER_BATCH_SPACING": "5ms"}


class Kills:
    def test_no_like_is_lost_or_counted_twice(self):
        workers = [self.api(f"w{i}", environment=OFTEN) for i in range(WORKERS)]
        tweets = self.post(workers[0], 20)
        tweets += tweets[:1] * 20  # One that everybody likes.
        book, chosen = Book(), random.Random(1)
        fans = Fans(book, tweets, lambda: [worker.address for worker in workers])
        for number in range(KILLS):
            enough = book.total() + chosen.randrange(1, 200)
            wait_until(lambda: book.total() >= enough, 60, "likes between two kills")
            i = number % WORKERS
            workers[i].kill()
            self.programs.remove(workers[i])
            workers[i] = self.api(f"w{i}", environment=OFTEN, listen=workers[i].address)
        fans.stop()
        for worker in workers[1:]:
            worker.kill()
        self.settle_accounts(book, sorted(set(tweets)), workers[0])
        attempted, acknowledged = sum(book.attempted.values()), book.total()
        stored = sum(self.stored(sorted(set(tweets))).values())
        print(f"{KILLS} kills: {attempted} attempted, {acknowledged} acknowledged, {stored} in the database, "
              f"{book.refused} refused", flush=True)
        # What is stored beyond what was acknowledged had its answer cut off by a kill: at most one a fan and kill.
        self.assertLessEqual(stored - acknowledged, len(fans.threads) * (KILLS + WORKERS))


class OnSqlite(Kills, LikeTest):
    pass


class OnPostgresql(OnPostgres, Kills, LikeTest):
    pass


if __name__ == "__main__":
    main()
