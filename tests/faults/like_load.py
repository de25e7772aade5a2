"""Likes under load while workers fail, and the comparison afterwards. For each tweet

    acknowledged <= in the database <= attempted

after a healthy worker has adopted the journals of the others."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: F403

import sqlite3  # noqa: E402
import uuid  # noqa: E402

from postgres import OnPostgres  # noqa: E402

THOROUGH = bool(os.environ.get("ROOST_THOROUGH"))


class LikeCounts:
    """Attempts and acknowledgements per tweet, and every answer that was neither a 202 nor a proper refusal."""

    def __init__(self):
        self.lock = threading.Lock()
        self.attempted, self.acknowledged, self.refused, self.wrong = {}, {}, 0, []

    def attempt(self, tweet):
        with self.lock:
            self.attempted[tweet] = self.attempted.get(tweet, 0) + 1

    def answer(self, tweet, answer):
        with self.lock:
            if answer.status == 202:
                self.acknowledged[tweet] = self.acknowledged.get(tweet, 0) + 1
            elif answer.status == 503 and answer.header("Retry-After"):
                self.refused += 1
            else:
                self.wrong.append((answer.status, answer.fields, answer.body))

    def total(self):
        return sum(self.acknowledged.values())


class LikeThreads:
    """Threads that like `tweets` at the workers that `addresses()` returns, until they are stopped. If there are
    `keyed` tweets, as many other threads like those with an Idempotency-Key and repeat every like, at any worker,
    until it is acknowledged, so that in the end as many are acknowledged as were attempted."""

    def __init__(self, counts, tweets, addresses, keyed=(), threads=4):
        self.counts, self.addresses = counts, addresses
        self.going = True
        parts = [(self._like, tweets, number) for number in range(threads)]
        if keyed:
            parts += [(self._like_until_acknowledged, keyed, threads + number) for number in range(threads)]
        self.threads = [threading.Thread(target=like, args=(liked, number), daemon=True)
                        for like, liked, number in parts]
        for thread in self.threads:
            thread.start()

    def _like(self, tweets, number):
        chosen = random.Random(number)
        while self.going:
            try:
                with Connection(chosen.choice(self.addresses())) as connection:
                    for _ in range(50):
                        if not self.going:
                            return
                        tweet = chosen.choice(tweets)
                        self.counts.attempt(tweet)
                        self._ask(connection, tweet)
            except (OSError, Closed, WireError):
                time.sleep(0.01)  # The worker is gone, its answer lost.

    def _like_until_acknowledged(self, tweets, number):
        chosen = random.Random(number)
        while self.going:
            tweet, key = chosen.choice(tweets), uuid.uuid4().hex
            self.counts.attempt(tweet)
            acknowledged = False
            while not acknowledged:
                try:
                    with Connection(chosen.choice(self.addresses())) as connection:
                        acknowledged = self._ask(connection, tweet, [("Idempotency-Key", key)])
                except (OSError, Closed, WireError):
                    time.sleep(0.01)

    def _ask(self, connection, tweet, headers=()):
        answer = connection.request("POST", f"/like/{tweet}", headers, b"")
        self.counts.answer(tweet, answer)
        if answer.status != 202:
            time.sleep(0.005)
        return answer.status == 202

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(60 * TIME_SCALE)


class LikeTest(FlowTest):
    """A flow test with tweets to like and a database in which to count."""

    def post(self, worker, count):
        """The ids of `count` new tweets."""
        person = Person(worker.address, "alice")
        return [person.post(f"tweet {i}")["id"] for i in range(count)]

    def books(self):
        return contextlib.closing(sqlite3.connect(self.directory / "data" / "roost.db", timeout=10))

    def stored(self, tweets):
        with self.books() as database:
            marks = ",".join("?" * len(tweets))
            return dict(database.execute(f"SELECT id, likes FROM tweets WHERE id IN ({marks})", tweets))

    def journals(self):
        return [path.name for path in (self.directory / "data" / "journal").iterdir()]

    def like(self, worker, counts, tweet):
        """Sends one like; True if it was acknowledged."""
        counts.attempt(tweet)
        answer = request(worker.address, "POST", f"/like/{tweet}", (), b"")
        counts.answer(tweet, answer)
        return answer.status == 202

    def compare_counts(self, counts, tweets, worker):
        """Waits until only `worker` has a journal, shuts it down, and compares."""
        wait_until(lambda: len(self.journals()) == 1, 60, "adoption")
        self.assertEqual(worker.stop(60), 0, worker.output())
        self.assertEqual(self.journals(), [])
        stored = self.stored(tweets)
        for tweet in tweets:
            acknowledged, attempted = counts.acknowledged.get(tweet, 0), counts.attempted.get(tweet, 0)
            self.assertLessEqual(acknowledged, stored[tweet], f"tweet {tweet}: likes were lost")
            self.assertLessEqual(stored[tweet], attempted, f"tweet {tweet}: likes were counted twice")
        self.check_database()
        self.assertEqual(counts.wrong, [])

    def check_database(self):
        with self.books() as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(database.execute("SELECT count(*) FROM like_journals").fetchone()[0], 0)


class LikesOnPostgres(OnPostgres):
    """Before LikeTest among the base classes: the likes are counted in PostgreSQL."""

    def stored(self, tweets):
        likes = dict(map(int, row.split("|")) for row in self.query("SELECT id, likes FROM tweets").splitlines())
        return {tweet: likes[tweet] for tweet in tweets}

    def check_database(self):
        self.assertEqual(self.query("SELECT count(*) FROM like_journals"), "0")
