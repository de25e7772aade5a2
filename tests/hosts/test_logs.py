"""Request logs of all hosts in one table: complete, each record once, whoever fails."""

import collections
import datetime

from stack import *


def partition(days_from_now):
    day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days_from_now)
    return f"request_logs_{day:%Y%m%d}"


class Logs(HostsTest):
    def setUp(self):
        super().setUp()
        if not hasattr(type(self), "apis"):
            type(self).apis = [self.network.host(f"api-{i}") for i in (1, 2)]
        self.asked = []  # ids of requests
        self.workers = [self.start(host) for host in self.apis]
        self.ready(*self.workers)
        Person(self.workers[0].address, "alice").post("listed from the caches")

    def start(self, host, environment=None):
        return self.worker(host, environment={"ROOST_LOGS_STORE": "postgres", "ROOST_LOGS_HOST": host.name,
                                              **(environment or {})})

    def ask(self, worker, times):
        with Connection(worker.address) as connection:
            for _ in range(times):
                answer = connection.get("/api/tweets")
                self.asked.append(answer.header("X-Request-Id"))

    def logged(self, worker, query="&kind=api&method=GET"):
        answer = get(worker.address, f"/logs?limit=100000&format=full{query}")
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def all_logged_once(self, worker, hosts=("api-1", "api-2")):
        def complete():
            records = [record for record in self.logged(worker)["requests"] if record["endpoint"] == "/api/tweets"]
            return len(records) >= len(self.asked) and records

        records = wait_until(complete, 60, "all records in the table")
        found = collections.Counter(record["request_id"] for record in records)
        self.assertEqual([name for name in self.asked if found[name] != 1], [])
        self.assertEqual(len(records), len(self.asked))
        self.assertEqual({record["host"] for record in records}, set(hosts))
        times = [record["time_us"] for record in records]
        self.assertEqual(times, sorted(times))

    def test_any_worker_shows_what_all_hosts_did(self):
        one, two = self.workers
        for _ in range(3):
            self.ask(one, 20)
            self.ask(two, 20)
        self.all_logged_once(one)
        self.all_logged_once(two)
        own = self.logged(one, "&kind=api&path=/api&method=get&since=2026-01-01T00:00:00Z")
        self.assertGreaterEqual(own["request_count"], 120)
        self.assertFalse(own["incomplete"])
        self.assertEqual(self.logged(one, "&kind=db&path=nosuchtable")["db_access_count"], 0)
        self.assertGreaterEqual(self.logged(one, "&kind=db&method=select&path=tweets")["db_access_count"], 1)
        pairs = json.loads(get(two.address, "/logs?limit=100000").body)
        self.assertGreaterEqual(pairs["requests"].count(["GET", "/api/tweets"]), 120)

    def test_each_record_is_there_once_through_deaths_of_worker_and_server(self):
        one, two = self.workers
        small = {"ROOST_LOGS_ROTATE": "64KiB", "ROOST_LOGS_KEEP": "100"}
        one.stop()
        one = self.ready(self.start(self.apis[0], small))[0]
        for _ in range(2):
            self.ask(one, 400)  # through several files
            self.ask(two, 50)
            stored = self.stored_records()
            wait_until(lambda stored=stored: self.stored_records() > stored, 30, "records to be copied")
            self.primary.kill()
            self.ask(one, 50)  # does not wait for the database
            self.ask(two, 50)
            self.assertTrue(self.logged(two)["incomplete"])
            self.assertEqual({record.get("host") for record in self.logged(two)["requests"]}, {None})
            self.logged(one)  # what it has answered is in its file
            one.kill()
            self.primary.start()
            one = self.ready(self.start(self.apis[0], small))[0]
        self.all_logged_once(two)
        self.assertGreater(self.metrics(two)["roost_log_store_failures_total"], 0)
        self.assertIn("log is stored again", two.output())

    def stored_records(self):
        return int(self.query("SELECT count(*) FROM request_logs"))

    def partitions(self):
        return self.query("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid "
                          "WHERE inhparent = 'request_logs'::regclass ORDER BY 1").splitlines()

    def test_partitions_are_made_ahead_and_dropped_after_their_time(self):
        wait_until(lambda: self.query("SELECT to_regclass('request_logs')") and len(self.partitions()) >= 2, 30,
                   "partitions")
        self.assertLess(set([partition(0), partition(1)]) - set(self.partitions()), {partition(2)})
        for name, first in (("request_logs_20200101", 0), ("request_logs_20200102", 1)):
            self.query(f"CREATE TABLE {name} PARTITION OF request_logs FOR VALUES FROM ({first}) TO ({first + 1})")
        self.assertEqual(self.workers[0].stop(), 0)
        self.workers[0] = self.ready(self.start(self.apis[0], {"ROOST_LOGS_KEEP_DAYS": "2"}))[0]
        wait_until(lambda: "request_logs_20200102" not in self.partitions(), 30, "old days to be dropped")
        self.assertNotIn("request_logs_20200101", self.partitions())
        self.assertIn(partition(0), self.partitions())

    def test_files_that_were_removed_before_they_were_copied_are_told(self):
        one = self.workers[0]
        one.stop()
        one = self.ready(self.start(self.apis[0], {"ROOST_LOGS_ROTATE": "64KiB", "ROOST_LOGS_KEEP": "1"}))[0]
        self.ask(one, 50)
        wait_until(lambda: self.stored_records() > 50, 30, "records to be copied")
        self.primary.kill()
        try:
            self.ask(one, 1500)
        finally:
            self.primary.start()
        wait_until(lambda: "removed before they were stored" in one.output(), 60, "the gap to be told")
        wait_until(lambda: self.logged(one)["incomplete"], 30, "the gap in the table")
        self.assertEqual(self.query("SELECT count(*) > 0 FROM request_logs WHERE kind = 2"), "t")
        self.assertEqual(self.metrics(one)["roost_log_store_gaps_total"], 1)


if __name__ == "__main__":
    main()
