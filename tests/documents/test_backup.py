"""Backup, restore and upgrade with the commands of docs/operating.md, under a load of likes: what is restored has every
like that was acknowledged before the backup, once. And what the page says of copies that are no backup."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "faults"))
from like_load import *  # noqa: E402, F403

import blocks  # noqa: E402
from postgres import program as of_postgres  # noqa: E402

PAGE = "docs/operating.md"
SLOWLY = {"ROOST_BATCHER_FLUSH_ABOVE": "100000", "ROOST_BATCHER_MAX_AGE": "1h"}  # likes stay in the journal
AT_ONCE = {"ROOST_BATCHER_FLUSH_ABOVE": "0", "ROOST_BATCHER_BATCH_SPACING": "0ms"}


class BackupTest(LikeTest):
    """`data` is the directory of the machine that is backed up, `empty` that of the one on which it is restored."""

    def setUp(self):
        super().setUp()
        self.data, self.empty, self.backups = (self.directory / name for name in ("data", "restored", "backups"))
        self.backups.mkdir()
        self.restored_url = None

    def places(self, data):
        """What the page calls something else: paths of a machine, programs, the database's address."""
        return {"/var/lib/roost": str(data), "/var/backups/roost": str(self.backups), "deploy/backup":
                str(ROOT / "deploy/backup")}

    def commands(self, name, data, **variables):
        """Runs a block of the page, with these variables of the environment."""
        text = blocks.named(PAGE, name)
        for there, here in self.places(data).items():
            text = text.replace(there, here)
        path = f"{pathlib.Path(of_postgres('psql')).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, **variables}
        done = subprocess.run(["bash", "-euc", text], cwd=self.directory, env=environment, capture_output=True,
                              text=True, check=False, timeout=120 * TIME_SCALE)
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}{done.stderr}")
        return done.stdout

    def restored_worker(self, **options):
        return self.api("r1", data=self.empty, **options)

    def counts(self, data, tweets):
        """The likes of each tweet in the database of a data directory."""
        with contextlib.closing(sqlite3.connect(data / "roost.db", timeout=10)) as database:
            likes = dict(database.execute("SELECT id, likes FROM tweets"))
        return [likes[tweet] for tweet in tweets]

    def settled(self, worker, data, tweets, quarantined=0):
        """The likes in the database, once all journals that are there have been applied, or set aside."""
        def names():
            return [path.suffix for path in (data / "journal").iterdir()]

        wait_until(lambda: names().count("") == 1, 60, "adoption")
        self.assertEqual(worker.stop(60), 0, worker.output())
        self.assertEqual(names(), [".quarantined"] * quarantined, worker.output())
        return self.counts(data, tweets)

    def like_times(self, worker, tweet, count):
        for _ in range(count):
            self.assertEqual(request(worker.address, "POST", f"/like/{tweet}", (), b"").status, 202)


class Exact:
    """The tests; the classes below say on which database."""

    def test_under_load_every_like_acknowledged_before_the_backup_is_restored_once(self):
        workers = [self.api(f"w{i}") for i in range(2)]
        tweets, keyed, rare = self.post(workers[0], 6), self.post(workers[0], 2), self.post(workers[0], 4)
        counts = LikeCounts()
        for tweet in rare * 4:  # too few for a batch: they are in the journals alone
            self.assertTrue(self.like(random.choice(workers), counts, tweet))
        load = LikeThreads(counts, tweets, lambda: [worker.address for worker in workers], keyed)
        wait_until(lambda: sum(self.counts(self.data, tweets)) > 200, 60, "batches")
        before = dict(counts.acknowledged)
        told = self.commands(self.backup, self.data)
        after = dict(counts.attempted)
        self.assertIn("2 workers were stopped", told)
        wait_until(lambda: counts.total() > sum(before.values()) + 200, 60, "likes after the backup")
        load.stop()

        self.commands(self.restore, self.empty)
        stored = self.settled(self.restored_worker(), self.empty, tweets + keyed + rare)
        self.assertEqual(stored[-len(rare):], [4] * len(rare))
        for tweet, likes in zip(tweets + keyed, stored):
            self.assertLessEqual(before[tweet], likes, f"tweet {tweet}: likes are not in the backup")
            self.assertLessEqual(likes, after[tweet], f"tweet {tweet}: likes were counted twice")
        workers[1].stop(60)
        self.compare_counts(counts, tweets + keyed + rare, workers[0])  # nothing happened to the original
        wanted = [counts.attempted[tweet] for tweet in keyed]
        self.assertEqual(self.counts(self.data, keyed), wanted)

    def test_with_everything_pending_the_copy_is_equal_and_people_stay_logged_in(self):
        worker = self.api(environment=SLOWLY)
        tweets = self.post(worker, 3)
        for tweet, count in zip(tweets, (1, 20, 300)):
            self.like_times(worker, tweet, count)
        person = Person(worker.address, "bob")
        self.assertEqual(self.counts(self.data, tweets), [0, 0, 0])
        self.commands(self.backup, self.data)
        self.commands(self.alone, self.data)
        self.commands(self.restore, self.empty)
        restored = self.restored_worker()
        self.assertEqual(request(restored.address, "GET", "/api/users/me", [person.authorization]).status, 200)
        self.assertEqual(self.settled(restored, self.empty, tweets), [1, 20, 300])
        self.assertEqual(self.counts_alone(tweets), [0, 0, 0])  # the database without the journals

    def test_a_worker_is_restarted_with_each_step_and_the_schema_of_the_version_before(self):
        """An upgrade as the page says, under load, and from the schema before the last migration."""
        workers = [self.api(f"w{i}") for i in range(2)]
        tweets = self.post(workers[0], 4)
        counts = LikeCounts()
        proxy = self.proxy(*workers)
        load = LikeThreads(counts, tweets, lambda: [proxy.address])
        for i, worker in enumerate(workers):
            enough = counts.total() + 100
            wait_until(lambda: counts.total() >= enough, 60, "likes")
            self.assertEqual(worker.stop(60), 0, worker.output())
            workers[i] = self.api(f"w{i}", listen=worker.address)
        load.stop()
        self.assertEqual((counts.wrong, counts.refused), ([], 0))
        workers[1].stop(60)
        self.compare_counts(counts, tweets, workers[0])

        before = self.counts(self.data, tweets)
        self.downgrade()
        worker = self.api("w0")
        self.like_times(worker, tweets[0], 20)
        after = self.settled(worker, self.data, tweets)
        self.assertEqual(after, [before[0] + 20, *before[1:]])


class OnSqlite(Exact, BackupTest):
    backup, restore, alone = "backup-sqlite", "restore-sqlite", "alone-sqlite"
    undo = {4: "DROP TABLE database_identity"}  # {version: SQL that undoes that migration}

    def counts_alone(self, tweets):
        (self.directory / "alone").mkdir()
        shutil.copy(self.backups / "alone.db", self.directory / "alone/roost.db")
        return self.counts(self.directory / "alone", tweets)

    def downgrade(self):
        with contextlib.closing(sqlite3.connect(self.data / "roost.db")) as database:
            (last,) = database.execute("SELECT max(version) FROM schema_version").fetchone()
            self.assertIn(last, self.undo, "say in `undo` how the newest migration is undone")
            database.executescript(f"{self.undo[last]}; DELETE FROM schema_version WHERE version = {last}")


class OnOnePostgres(LikesOnPostgres, Exact, BackupTest):
    backup, restore, alone = "backup-postgres", "restore-postgres", "alone-postgres"
    undo = {3: "DROP TABLE database_identity"}

    def setUp(self):
        super().setUp()
        self.name = self.url.rpartition("/")[2]
        self.at = self.data

    def places(self, data):
        name = self.name if data == self.data else f"{self.name}_restored"
        host = f"127.0.0.1:{self.postgres.port}"
        return {**super().places(data), "db.internal/postgres roost": f"{host}/postgres {name}",
                "db.internal/roost": f"{host}/{name}"}

    def database(self):
        return self.url if self.at == self.data else f"{self.url}_restored"

    def restored_worker(self, **options):
        self.at = self.empty
        return super().restored_worker(**options)

    def counts(self, data, tweets, name=None):
        name = name or (self.name if data == self.data else f"{self.name}_restored")
        rows = self.postgres.query("SELECT id, likes FROM tweets", name).splitlines()
        likes = dict(map(int, row.split("|")) for row in rows)
        return [likes[tweet] for tweet in tweets]

    def counts_alone(self, tweets):
        url = self.postgres.create_database(f"{self.name}_alone")
        subprocess.run([of_postgres("pg_restore"), "--no-owner", f"--dbname={url}", self.backups / "alone.dump"],
                       check=True, cwd="/")
        return self.counts(None, tweets, f"{self.name}_alone")

    def downgrade(self):
        last = int(self.query("SELECT max(version) FROM schema_version"))
        self.assertIn(last, self.undo, "say in `undo` how the newest migration is undone")
        self.query(f"{self.undo[last]}; DELETE FROM schema_version WHERE version = {last}")


class TwoHosts(LikesOnPostgres, BackupTest):
    """Two data directories on one PostgreSQL are two hosts; `ssh b` goes to the second."""

    def places(self, data):
        command = "ssh b deploy/backup --journals-only /var/lib/roost /var/backups/roost/monday"
        there = f"deploy/backup --journals-only {self.directory / 'data-b'} {self.backups / 'monday-b'}"
        return {command: there, **super().places(data)}

    def test_the_journals_of_both_are_copied_while_no_batch_is_written(self):
        workers = [self.api("a"), self.api("b", data=self.directory / "data-b")]
        tweets, rare = self.post(workers[0], 3), self.post(workers[0], 2)
        counts = LikeCounts()
        for tweet in rare:
            for worker in workers:
                self.like_times(worker, tweet, 2)
        load = LikeThreads(counts, tweets, lambda: [worker.address for worker in workers])
        wait_until(lambda: sum(self.stored(tweets).values()) > 100, 60, "batches")
        before = dict(counts.acknowledged)
        self.commands("backup-hosts", self.data, ROOST_DATABASE_URL=self.url)
        after = dict(counts.attempted)
        load.stop()

        self.url = self.postgres.create_database(f"{self.url.rpartition('/')[2]}_restored")
        subprocess.run([of_postgres("pg_restore"), "--no-owner", f"--dbname={self.url}",
                        self.backups / "monday/roost.dump"], check=True, cwd="/")
        for name in ("monday", "monday-b"):
            worker = self.api("r", data=self.backups / name)
            self.settled(worker, self.backups / name, [])
        stored = self.stored(tweets + rare)
        self.assertEqual([stored[tweet] for tweet in rare], [4, 4])
        for tweet in tweets:
            self.assertLessEqual(before[tweet], stored[tweet])
            self.assertLessEqual(stored[tweet], after[tweet])

    def counts(self, data, tweets):
        return [self.stored(tweets)[tweet] for tweet in tweets] if tweets else []


class NoBackup(BackupTest):
    """Database and journals copied one after the other, while a worker goes on."""

    def copy_database(self):
        self.empty.mkdir(exist_ok=True)
        with contextlib.closing(sqlite3.connect(self.data / "roost.db")) as source, \
                contextlib.closing(sqlite3.connect(self.empty / "roost.db")) as copy:
            source.backup(copy)

    def copy_journals(self):
        shutil.copytree(self.data / "journal", self.empty / "journal")

    def applied(self, tweet, likes):
        wait_until(lambda: self.counts(self.data, [tweet]) == [likes], 20, "the batch")

    def test_the_database_first_loses_the_batches_between(self):
        worker = self.api(environment=AT_ONCE)
        (tweet,) = self.post(worker, 1)
        self.copy_database()
        for number in range(1, 4):
            self.like_times(worker, tweet, 1)
            self.applied(tweet, number)
        self.copy_journals()
        self.assertEqual(self.settled(self.restored_worker(), self.empty, [tweet], quarantined=1), [0])

    def test_the_journals_first_loses_what_was_pending(self):
        worker = self.api(environment={"ROOST_BATCHER_MAX_AGE": "1h"})
        flushed, pending = self.post(worker, 2)
        self.like_times(worker, flushed, 8)
        self.like_times(worker, pending, 3)
        self.copy_journals()
        self.like_times(worker, flushed, 3)
        self.applied(flushed, 11)
        self.copy_database()
        self.assertEqual(self.settled(self.restored_worker(), self.empty, [flushed, pending], quarantined=1), [11, 0])


class Refusals(BackupTest):
    """When there is no backup, nothing is left that could be taken for one, and no worker stays stopped."""

    def back_up(self, *arguments):
        return self.run_program(ROOT / "deploy/backup", *arguments)

    def goes_on(self, worker):
        self.assertEqual(get(worker.address, "/healthz").status, 200)
        self.assertEqual(sorted(path.name for path in self.backups.iterdir()), [])

    def test_mistakes(self):
        worker = self.api()
        target = self.backups / "one"
        for arguments, words in [((self.directory / "nowhere", target), "no database"),
                                 (("--database", "mysql://x", self.data, target), "a database is"),
                                 (("--while", "exit 3", self.data, target), "failed: exit 3"),
                                 ((self.data, self.data), "is there already")]:
            code, output = self.back_up(*arguments)
            self.assertEqual(code, 1, output)
            self.assertIn(words, output)
            self.goes_on(worker)

    def test_while_batches_wait_all_else_goes_on_and_a_signal_ends_it(self):
        worker = self.api(environment=AT_ONCE)
        (tweet,) = self.post(worker, 1)
        mark = self.directory / "mark"
        hanging = self.program(ROOT / "deploy/backup", "--while", f"touch {mark}; exec sleep 1000", self.data,
                               self.backups / "one")
        wait_until(mark.exists, 20, "the backup to be under way")
        self.like_times(worker, tweet, 2)
        for path in ("/api/tweets", "/readyz"):
            self.assertEqual(get(worker.address, path).status, 200)
        self.assertEqual(self.counts(self.data, [tweet]), [0])
        hanging.signal(signal.SIGTERM)
        self.assertEqual(hanging.wait(), 1, hanging.output())
        wait_until(lambda: self.counts(self.data, [tweet]) == [2], 20, "the batch")
        self.goes_on(worker)

    def test_no_worker_stays_stopped_when_the_backup_is_killed(self):
        worker = self.api()
        code = ("import importlib.machinery, os\n"
                f"backup = importlib.machinery.SourceFileLoader('backup', '{ROOT}/deploy/backup').load_module()\n"
                f"with backup.stopped([{worker.pid}]):\n"
                f"    print(backup.has_stopped({worker.pid}), flush=True)\n"
                "    os.kill(os.getpid(), 9)\n")
        code, output = self.run_program(sys.executable, "-Bc", code)
        self.assertEqual((code, output.splitlines()[-1]), (-signal.SIGKILL, "True"))
        self.goes_on(worker)

    def test_a_password_is_in_no_list_of_processes(self):
        code = ("import importlib.machinery\n"
                f"backup = importlib.machinery.SourceFileLoader('backup', '{ROOT}/deploy/backup').load_module()\n"
                "database = backup.Postgres('postgres://ann:se%20cret@db.internal:5433/roost?sslmode=require')\n"
                "print(database.url, database.environment['PGPASSWORD'])\n")
        told = self.run_program(sys.executable, "-Bc", code)[1].splitlines()[-1]
        self.assertEqual(told, "postgres://ann@db.internal:5433/roost?sslmode=require se cret")

    def test_a_worker_of_another_directory_is_left_alone(self):
        self.api("w1")
        self.api("w2", data=self.directory / "other")
        code, output = self.back_up(self.data, self.backups / "one")
        self.assertEqual(code, 0, output)
        self.assertIn("1 workers were stopped", output)


if __name__ == "__main__":
    main()
