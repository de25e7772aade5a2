"""The users, tweets and follows of bench/scale.py: generated from a seed, the same every time, and loaded directly into
the schema that a worker created. Words and names are ASCII, so that lower() folds them as the worker does."""

import bisect
import itertools
import random
import sqlite3
import subprocess
import sys
import time

from postgres import program

START_MS = 1_760_000_000_000
SYLLABLES = "ka lo mi ren tu sa vo ne li dar po shi gra be ul fen ho qui ta zor".split()
FIRST = "Mira Tomasz Adaeze Kenji Lena Omar Ines Pavel Aiko Samuel Noor Birgit Diego Hana Yusuf Clara".split()
LAST = "Lindqvist Wieczorek Obi Morita Schmidt Haddad Costa Novak Sato Weber Khan Olsen Rivera Kim Demir Rossi".split()


class Progress:
    """A progress bar on a terminal, a line per 10% elsewhere."""

    def __init__(self, what, total):
        self.what, self.total, self.done, self.shown, self.begun = what, total, 0, -1, time.monotonic()

    def add(self, count):
        self.done += count
        tenth = self.done * 10 // self.total
        if sys.stderr.isatty():
            filled = self.done * 40 // self.total
            rate = self.done / max(0.001, time.monotonic() - self.begun)
            print(f"\r  {self.what:<10} [{'█' * filled}{'·' * (40 - filled)}] {self.done:>10,} of {self.total:,}, "
                  f"{rate:,.0f}/s ", end="\n" if self.done == self.total else "", file=sys.stderr, flush=True)
        elif tenth > self.shown:
            self.shown = tenth
            print(f"  {self.what:<10} {tenth * 10:>3}%", file=sys.stderr, flush=True)


class Skewed:
    """Draws from `items` so that the n-th is drawn about 1/n as often as the first."""

    def __init__(self, items, rng):
        self.items, self.rng = items, rng
        self.sums = list(itertools.accumulate(1 / (n + 1) for n in range(len(items))))

    def draw(self):
        return self.items[bisect.bisect_left(self.sums, self.rng.random() * self.sums[-1])]


class Data:
    """`users`, `tweets` and `follows` say how many; the iterators give rows in the columns of the names below."""

    def __init__(self, users, tweets, follows, seed=1):
        self.users, self.tweets, self.follows = users, tweets, follows
        self.rng = random.Random(seed)
        self.words = self.made_words(20_000, 2)
        self.tags = self.made_words(5_000, 3)
        self.following = [0] * (users + 1)
        self.followers = [0] * (users + 1)

    def made_words(self, count, least):
        words = {}
        while len(words) < count:
            words["".join(self.rng.choices(SYLLABLES, k=self.rng.randint(least, least + 2)))] = None
        return list(words)

    def follow_rows(self):
        """(follower, followee, time), each pair once; some users have very many followers."""
        popular = Skewed(list(range(1, self.users + 1)), self.rng)
        made = 0
        for follower in range(1, self.users + 1):
            wanted = (self.follows * follower) // self.users - made
            chosen = set()
            while len(chosen) < wanted:
                followee = popular.draw() if self.rng.random() < 0.3 else self.rng.randint(1, self.users)
                if followee != follower:
                    chosen.add(followee)
            made += wanted
            self.following[follower] = wanted
            for followee in chosen:
                self.followers[followee] += 1
                yield follower, followee, START_MS

    def user_rows(self):
        """After follow_rows, which counts: (id, name, folded, address, folded, shown, folded, bio, followers,
        following, time)."""
        for i in range(1, self.users + 1):
            name, shown = f"User_{i}", f"{self.rng.choice(FIRST)} {self.rng.choice(LAST)}"
            yield (i, name, name.lower(), f"{name}@example.org", f"{name}@example.org".lower(), shown, shown.lower(),
                   "Made for measuring.", self.followers[i], self.following[i], START_MS + i)

    def tweet_rows(self):
        """(id, user, text, words, tags, likes, time)."""
        words, tags = Skewed(self.words, self.rng), Skewed(self.tags, self.rng)
        for i in range(1, self.tweets + 1):
            text = [words.draw() for _ in range(12)]
            tagged = [tags.draw()] if self.rng.random() < 0.3 else []
            content = " ".join(text).capitalize() + "." + "".join(f" #{tag}" for tag in tagged)
            yield (i, self.rng.randint(1, self.users), content, list(dict.fromkeys(text + tagged)), tagged,
                   self.rng.randint(0, 50), START_MS + i * 60)


def batches(rows, size):
    while batch := list(itertools.islice(rows, size)):
        yield batch


def load_sqlite(path, data):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("PRAGMA cache_size=-400000")
    database.execute("PRAGMA foreign_keys=OFF")

    def load(what, total, rows, insert):
        progress = Progress(what, total)
        for batch in batches(rows, 20_000):
            database.execute("BEGIN")
            insert(batch)
            database.execute("COMMIT")
            progress.add(len(batch))

    def tweets(batch):
        database.executemany("INSERT INTO tweets(id, user_id, content, likes, created_at_ms, updated_at_ms) "
                             "VALUES(?1, ?2, ?3, ?4, ?5, ?5)", [(r[0], r[1], r[2], r[5], r[6]) for r in batch])
        database.executemany("INSERT INTO tweet_words(rowid, words) VALUES(?, ?)",
                             [(r[0], " ".join(r[3])) for r in batch])
        database.executemany("INSERT INTO tweet_hashtags(tag, tweet_id) VALUES(?, ?)",
                             [(tag, r[0]) for r in batch for tag in r[4]])

    load("follows", data.follows, data.follow_rows(),
         lambda batch: database.executemany("INSERT INTO follows VALUES(?, ?, ?)", batch))
    load("users", data.users, data.user_rows(), lambda batch: database.executemany(
        "INSERT INTO users(id, username, username_folded, email, email_folded, display_name, display_name_folded, bio, "
        "followers, following, created_at_ms, updated_at_ms) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?11)", batch))
    load("tweets", data.tweets, data.tweet_rows(), tweets)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def load_postgres(url, data):
    def copy(what, total, columns, lines, per_row=1):
        progress = Progress(what, total)
        command = [program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", f"COPY {columns} FROM STDIN", url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd="/") as psql:
            for batch in batches(lines, 20_000):
                psql.stdin.write("".join(batch))
                progress.add(len(batch) // per_row)
        if psql.returncode != 0:
            raise RuntimeError(f"psql ended with {psql.returncode} while loading {what}")

    def line(*values):
        return "\t".join(map(str, values)) + "\n"

    run_sql(url, "ALTER TABLE follows DISABLE TRIGGER ALL; ALTER TABLE tweets DISABLE TRIGGER ALL; "
                 "ALTER TABLE tweet_hashtags DISABLE TRIGGER ALL")
    copy("follows", data.follows, "follows", (line(*row) for row in data.follow_rows()))
    copy("users", data.users, "users(id, username, username_folded, email, email_folded, display_name, "
         "display_name_folded, bio, followers, following, created_at_ms, updated_at_ms)",
         (line(*row, row[-1]) for row in data.user_rows()))
    tagged = []

    def tweet_lines():
        for i, user, text, words, tags, likes, at in data.tweet_rows():
            tagged.extend((tag, i) for tag in tags)
            yield line(i, user, text, " ".join(f"'{word}'" for word in sorted(words)), likes, at, at)

    copy("tweets", data.tweets, "tweets(id, user_id, content, words, likes, created_at_ms, updated_at_ms)",
         tweet_lines())
    copy("hashtags", len(tagged), "tweet_hashtags", (line(*row) for row in tagged))
    run_sql(url, "ALTER TABLE follows ENABLE TRIGGER ALL; ALTER TABLE tweets ENABLE TRIGGER ALL; "
                 "ALTER TABLE tweet_hashtags ENABLE TRIGGER ALL")
    run_sql(url, "VACUUM ANALYZE")


def run_sql(url, sql):
    subprocess.run([program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, url], check=True, cwd="/")
