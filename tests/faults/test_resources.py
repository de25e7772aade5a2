"""Resources run out under a running program and come back: disk space and descriptors. What is asked meanwhile gets a
defined answer, nothing acknowledged is lost, and all works again without a restart.

A limit on the size of files (RLIMIT_FSIZE, set from outside) stands for the full disk: writes and allocations fail."""

import resource

from like_load import *

NO_LIMIT = resource.RLIM_INFINITY


def limit(program, what, soft):
    """Sets the soft limit of a running program."""
    hard = resource.prlimit(program.pid, what)[1]
    resource.prlimit(program.pid, what, (soft, hard))


def metric(worker, name):
    return int(re.search(rf"(?m)^{name} (\d+)$", get(worker.address, "/metrics").body.decode()).group(1))


class FullDisk(LikeTest):
    def test_writes_are_refused_reads_go_on_and_nothing_acknowledged_is_lost(self):
        worker = self.api(environment={"ROOST_BATCHER_MAX_AGE": "50ms"})
        author = Person(worker.address, "alice")
        tweet = author.post("a tweet")["id"]
        counts = LikeCounts()
        self.assertTrue(self.like(worker, counts, tweet))
        limit(worker, resource.RLIMIT_FSIZE, 0)
        answer = author.request("POST", "/api/tweets", {"content": "no room"})
        self.assertEqual(answer.status, 503, answer.body)
        self.assertTrue(answer.header("Retry-After"))
        wait_until(lambda: not self.like(worker, counts, tweet), 10, "a refusal")  # at the next write to the journal
        self.assertEqual(get(worker.address, f"/api/tweets/{tweet}").status, 200)
        self.assertEqual(get(worker.address, "/healthz").status, 200)
        limit(worker, resource.RLIMIT_FSIZE, NO_LIMIT)
        wait_until(lambda: self.like(worker, counts, tweet), 20, "a like to be accepted again")
        wait_until(lambda: author.request("POST", "/api/tweets", {"content": "room"}).status == 201, 20, "a tweet")
        self.compare_counts(counts, [tweet], worker)
        self.assertEqual(worker.process.returncode, 0)

    def test_logs_say_that_records_are_missing(self):
        worker = self.api()

        def incomplete(query=""):
            return json.loads(get(worker.address, "/logs" + query).body)["incomplete"]

        get(worker.address, "/like/1")
        self.assertFalse(incomplete())
        limit(worker, resource.RLIMIT_FSIZE, 0)
        get(worker.address, "/like/2")
        self.assertTrue(incomplete())
        self.assertGreater(metric(worker, "roost_log_records_lost_total"), 0)
        limit(worker, resource.RLIMIT_FSIZE, NO_LIMIT)
        get(worker.address, "/like/3")
        wait_until(lambda: "log is written again" in worker.output(), 10, "the log to be written")
        self.assertTrue(incomplete())  # and so say the other workers of this host
        self.assertTrue(json.loads(get(self.api("w2").address, "/logs").body)["incomplete"])
        targets = json.loads(get(worker.address, "/logs?kind=api").body)["requests"]
        self.assertEqual([target for _, target in targets], ["/like/1", "/like/3"])
        now_ms = int(time.time() * 1000) + 1
        wait_until(lambda: time.time() * 1000 > now_ms, 10, "the next millisecond")
        self.assertFalse(incomplete(f"?since={now_ms}"))

    def test_the_access_log_goes_on_when_there_is_room(self):
        log = self.directory / "access.log"
        proxy = self.proxy(self.backend(Reply(body=b"x")), flags=["--access-log", log])
        get(proxy.address, "/before")
        wait_until(lambda: "/before" in log.read_text(), 10, "a line")
        limit(proxy, resource.RLIMIT_FSIZE, log.stat().st_size)
        self.assertEqual(get(proxy.address, "/meanwhile").body, b"x")
        wait_until(lambda: "log cannot be written" in proxy.output(), 10, "the event")
        limit(proxy, resource.RLIMIT_FSIZE, NO_LIMIT)
        self.assertEqual(get(proxy.address, "/after").body, b"x")
        wait_until(lambda: "/after" in log.read_text(), 10, "the line")
        wait_until(lambda: "log is written again" in proxy.output(), 10, "the event")


# UndefinedBehaviorSanitizer opens a pipe to see whether an object may be read, and reports it as broken when it cannot.
@unittest.skipIf(SANITIZED, "a sanitizer needs descriptors of its own")
class NoDescriptors(FlowTest):
    def starve(self, program, target, body):
        """Takes all descriptors away, and gives them back."""
        before = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)[0]
        with Connection(program.address) as held:
            self.assertEqual(held.request("GET", target).body, body)
            in_use = max(map(int, os.listdir(f"/proc/{program.pid}/fd"))) + 1
            limit(program, resource.RLIMIT_NOFILE, in_use)
            waiting = [Connection(program.address) for _ in range(10 + in_use)]  # more than there are gaps
            for connection in waiting:
                connection.send(request_bytes("GET", target, host=program.address))
            for _ in range(20):
                self.assertEqual(held.request("GET", target).body, body)
            limit(program, resource.RLIMIT_NOFILE, before)
            for connection in waiting:
                self.assertEqual(connection.read().body, body)
                connection.close()
        self.assertEqual(get(program.address, target).body, body)
        self.assertEqual(program.stop(), 0)

    def test_a_worker_without_descriptors_serves_who_is_connected(self):
        self.starve(self.api(), "/healthz", b'{"status":"ok"}')

    def test_a_proxy_without_descriptors_serves_who_is_connected(self):
        proxy = self.proxy(self.backend(Reply(headers=[("Cache-Control", "max-age=60")], body=b"x")),
                           flags=["--threads", 1])
        self.starve(proxy, "/a", b"x")


if __name__ == "__main__":
    main()
