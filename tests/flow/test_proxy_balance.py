"""Load balancing, and backends that are slow, down, or not resolvable yet."""

import json
import resource
import threading
import time

from harness import *

PASS = ("Cache-Control", "no-store")


def load(address, connections, stop, method="GET"):
    """Keeps `connections` requests under way until `stop` is set; returns the answers that were not 200."""
    bad = []

    def client(_):
        with Connection(address) as connection:
            while not stop.is_set():
                answer = connection.request(method, "/", body=b"x" if method == "POST" else None)
                if answer.status != 200:
                    bad.append(answer.status)

    thread = threading.Thread(target=concurrently, args=(connections, client), daemon=True)
    thread.start()
    return thread, bad


class Spreading(FlowTest):
    def shares(self, delays_s, requests, threads, connections=16):
        """How many of about `requests` requests each backend answered."""
        backends = [self.backend(Reply(headers=[PASS], delay_s=delay_s)) for delay_s in delays_s]
        proxy = self.proxy(*backends, flags=["--threads", threads])
        stop = threading.Event()
        thread, bad = load(proxy.address, connections, stop)
        wait_until(lambda: sum(b.count() for b in backends) >= requests, 60, "the load")
        counts = [b.count() - b.active for b in backends]
        stop.set()
        thread.join(30)
        self.assertEqual(bad, [])
        return counts

    def test_three_equal_backends_get_a_third_each(self):
        for threads in (1, 2):
            counts = self.shares([0.01] * 3, 3000, threads)
            for count in counts:
                self.assertAlmostEqual(count / sum(counts), 1 / 3, delta=1 / 30, msg=f"{counts}, {threads} threads")

    def test_one_ten_times_slower_gets_a_tenth_of_what_each_other_gets(self):
        slow, *others = self.shares([1, 0.1, 0.1], 1000, 2, connections=32)
        for count in others:
            self.assertAlmostEqual(slow / count, 0.1, delta=0.04, msg=f"{slow} and {others}")

    def test_a_weight_of_three_gets_three_times_as_much(self):
        one, three = self.backend(Reply(headers=[PASS])), self.backend(Reply(headers=[PASS]))
        config = self.write("roost.toml", '[[pool]]\nbalance = "round_robin"\n'
                                          f'backends = ["{one.address}", "{three.address} weight=3"]\n')
        proxy = self.proxy(flags=["--config", config])
        with Connection(proxy.address) as client:
            for _ in range(40):
                client.get("/")
        self.assertEqual((one.count(), three.count()), (10, 30))

    def test_connections_to_backends_are_used_again(self):
        backend = self.backend(Reply(headers=[PASS]))
        proxy = self.proxy(backend, flags=["--threads", 1])
        for _ in range(50):
            get(proxy.address, "/")
        self.assertEqual(backend.connections_accepted, 1)


class Coming(FlowTest):
    def test_a_name_that_does_not_resolve_never_stops_the_start_and_is_used_once_it_does(self):
        named, other = self.backend(Reply(headers=[PASS])), self.backend(Reply(headers=[PASS]))
        hosts = self.write("hosts", "# nobody yet\n")
        name = f"does-not-exist.invalid:{named.port}"
        proxy = self.proxy(name, other, admin=True, flags=["--hosts-file", hosts])

        def state():
            return json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"][0]["state"]

        for _ in range(10):
            self.assertEqual(get(proxy.address, "/").status, 200)
        self.assertEqual((state(), other.count()), ("unresolved", 10))
        wait_until(lambda: "state=unresolved" in proxy.output(), 10, "the news")
        hosts.write_text("127.0.0.1 does-not-exist.invalid\n")
        wait_until(lambda: get(proxy.address, "/") and named.count() > 0, 15, "traffic to the named backend")
        self.assertEqual(state(), "up")

    def test_a_changed_address_is_followed(self):
        first = self.backend(Reply(body=b"first", headers=[PASS]))
        second = self.backend(Reply(body=b"second", headers=[PASS]), port=first.port, host="127.0.0.2")
        hosts = self.write("hosts", "127.0.0.1 moving.invalid\n")
        config = self.write("roost.toml", f'[proxy]\nresolve_period = "200ms"\nhosts_file = "{hosts}"\n'
                                          f'[[pool]]\nbackends = ["moving.invalid:{first.port}"]\n')
        proxy = self.proxy(flags=["--config", config])
        wait_until(lambda: get(proxy.address, "/").body == b"first", 10, "the name to resolve")
        hosts.write_text("127.0.0.2 moving.invalid\n")
        wait_until(lambda: get(proxy.address, "/").body == b"second", 10, "the new address")
        self.assertEqual(get(proxy.address, "/").body, b"second")

    def test_without_any_resolved_backend_the_answer_is_503(self):
        proxy = self.proxy("does-not-exist.invalid:1")
        answer = get(proxy.address, "/")
        self.assertEqual((answer.status, answer.header("Content-Type")), (503, "application/problem+json"))
        self.assertNotIn("default", json.loads(answer.body)["detail"])


class Names(FlowTest):
    def test_each_address_of_a_name_is_a_backend(self):
        first = self.backend(Reply(headers=[PASS]), host="127.0.0.1")
        others = [self.backend(Reply(headers=[PASS]), port=first.port, host=f"127.0.0.{i}") for i in (2, 3)]
        hosts = self.write("hosts", "".join(f"127.0.0.{i} three.invalid\n" for i in (1, 2, 3)))
        proxy = self.proxy(f"three.invalid:{first.port}", admin=True, flags=["--hosts-file", hosts])
        wait_until(lambda: get(proxy.address, "/").status == 200, 10, "the name to resolve")
        for backend in (first, *others):
            backend.requests.clear()
        with Connection(proxy.address) as client:
            for _ in range(60):
                self.assertEqual(client.get("/").status, 200)
        counts = [b.count() for b in (first, *others)]
        self.assertGreaterEqual(min(counts), 8, counts)  # a random one of three that are idle
        shown = json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"]
        self.assertEqual([b["address"] for b in shown], [f"127.0.0.{i}:{first.port}" for i in (1, 2, 3)])
        others[0].stop()
        for _ in range(20):
            self.assertEqual(get(proxy.address, "/").status, 200)
        self.assertIn("address=127.0.0.2", proxy.output())


    def test_localhost_is_a_name_that_is_looked_up(self):
        backend = self.backend(Reply(headers=[PASS]), host="127.0.0.5")
        hosts = self.write("hosts", "127.0.0.5 localhost\n")
        proxy = self.proxy(f"localhost:{backend.port}", flags=["--hosts-file", hosts])
        wait_until(lambda: get(proxy.address, "/").status == 200, 10, "the name to resolve")


class Checking(FlowTest):
    def start(self, *backends):
        listed = ", ".join(f'"{b.address}"' for b in backends)
        config = self.write("roost.toml", '[health]\ncheck = "/ready"\ncheck_interval = "100ms"\n'
                                          'check_timeout = "100ms"\ncheck_fast_interval = "50ms"\n'
                                          f'[[pool]]\nbalance = "round_robin"\n'
                                          f'backends = [{listed}]\n')
        return self.proxy(admin=True, flags=["--config", config])

    def states(self, proxy):
        return [b["state"] for b in json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"]]

    def test_a_backend_that_fails_its_checks_gets_nothing_until_it_passes_them(self):
        ready = threading.Event()
        ill = self.backend(lambda r: Reply(status=200 if r.target != "/ready" or ready.is_set() else 503,
                                           headers=[PASS]))
        well = self.backend(Reply(headers=[PASS]))
        proxy = self.start(ill, well)
        wait_until(lambda: self.states(proxy) == ["failing", "up"], 10, "the checks")
        for i in range(20):
            self.assertEqual(get(proxy.address, f"/{i}").status, 200)
        self.assertEqual(sum(1 for r in ill.requests if r.target != "/ready"), 0)
        self.assertIn("its check failed: status 503", proxy.output())
        ready.set()
        wait_until(lambda: self.states(proxy) == ["up", "up"], 10, "its return")
        metrics = get(proxy.admin, "/metrics").body.decode()
        self.assertRegex(metrics, rf'roost_proxy_backend_in_use{{backend="{ill.address}",pool="default"}} 1')

    def test_a_stopped_backend_is_found_by_its_checks(self):
        gate = threading.Event()
        hung, well = self.backend(Reply(headers=[PASS])), self.backend(Reply(headers=[PASS]))
        proxy = self.start(hung, well)
        wait_until(lambda: self.states(proxy) == ["up", "up"], 10, "the checks")
        hung.answer = Reply(gate=gate)
        wait_until(lambda: self.states(proxy) == ["failing", "up"], 10, "the checks to fail")
        for i in range(20):
            self.assertEqual(get(proxy.address, f"/{i}").status, 200)
        gate.set()

    def test_with_all_failing_all_are_tried(self):
        backends = [self.backend(lambda r: Reply(status=503 if r.target == "/ready" else 200, headers=[PASS]))
                    for _ in range(2)]
        proxy = self.start(*backends)
        wait_until(lambda: self.states(proxy) == ["failing", "failing"], 10, "the checks")
        for i in range(10):
            self.assertEqual(get(proxy.address, f"/{i}").status, 200)
        for backend in backends:
            self.assertEqual(sum(1 for r in backend.requests if r.target != "/ready"), 5)


class Failing(FlowTest):
    def test_no_get_fails_while_backends_are_killed_and_come_back(self):
        backends = [self.backend(Reply(headers=[PASS], delay_s=0.002)) for _ in range(3)]
        proxy = self.proxy(*backends, flags=["--threads", 2])
        stop = threading.Event()
        thread, bad = load(proxy.address, 12, stop)
        for backend in backends * 2:
            seen = sum(b.count() for b in backends)
            wait_until(lambda goal=seen + 100: sum(b.count() for b in backends) > goal, 30, "the load")
            backend.stop()
            seen = sum(b.count() for b in backends)
            wait_until(lambda goal=seen + 100: sum(b.count() for b in backends) > goal, 30, "the others to serve")
            backend.start()
            seen, started = backend.count(), time.monotonic()
            wait_until(lambda b=backend, n=seen: b.count() > n, 10, "the one that is back to be used")
            self.assertLess(time.monotonic() - started, 1.5 * TIME_SCALE)
        stop.set()
        thread.join(30)
        self.assertEqual(bad, [])

    def test_a_refused_connection_is_tried_elsewhere_also_for_a_post(self):
        gone = f"127.0.0.1:{free_port()}"
        backend = self.backend(Reply(status=201))
        proxy = self.proxy(gone, backend)
        for i in range(20):
            self.assertEqual(request(proxy.address, "POST", "/", body=b"%d" % i).status, 201)
        self.assertEqual([r.body for r in backend.requests], [b"%d" % i for i in range(20)])

    def test_a_post_that_was_sent_is_never_sent_again(self):
        backends = [self.backend(Reply(hang_up=True)) for _ in range(2)]
        proxy = self.proxy(*backends)
        for i in range(10):
            answer = request(proxy.address, "POST", f"/{i}", body=b"once")
            self.assertEqual((answer.status, answer.header("Content-Type")), (502, "application/problem+json"))
            self.assertEqual(sum(b.count(f"/{i}") for b in backends), 1)

    def test_a_get_is_tried_once_elsewhere(self):
        backends = [self.backend(Reply(hang_up=True)) for _ in range(3)]
        proxy = self.proxy(*backends)
        self.assertEqual(get(proxy.address, "/").status, 502)
        self.assertEqual(sum(b.count() for b in backends), 2)

    def test_a_dying_backend_that_still_accepts_is_not_asked_twice(self):
        """A killed process closes its connections before its listener: what connects in between is reset."""
        good, bad = Reply(headers=[PASS]), Reply(hang_up=True, reset=True)
        dying, other = self.backend(good), self.backend(good)
        config = self.write("roost.toml", '[health]\nmax_ejected = 0\n[[pool]]\nbalance = "round_robin"\n'
                                          f'backends = ["{dying.address}", "{other.address}"]\n')
        proxy = self.proxy(flags=["--config", config, "--threads", 1])
        with Connection(proxy.address) as client:
            for _ in range(12):
                dying.answer, seen = good, dying.count()
                while dying.count() == seen:  # an idle connection to it is in the pool
                    self.assertEqual(client.get("/").status, 200)
                dying.answer = bad
                for _ in range(6):
                    self.assertEqual(client.get("/").status, 200)

    def test_with_all_backends_down_one_that_is_back_serves_at_once(self):
        backend = self.backend(Reply(headers=[PASS]))
        proxy = self.proxy(backend)
        backend.stop()
        self.assertEqual(get(proxy.address, "/").status, 502)
        backend.start()
        self.assertEqual(get(proxy.address, "/").status, 200)

    def test_a_backend_that_does_not_answer_in_time_is_504(self):
        backend = self.backend(Reply(gate=threading.Event()))
        config = self.write("roost.toml", '[proxy]\nbackend_timeout = "200ms"\n'
                                          f'[[pool]]\nbackends = ["{backend.address}"]\n')
        proxy = self.proxy(flags=["--config", config])
        self.assertEqual(get(proxy.address, "/").status, 504)
        self.assertEqual(backend.count(), 1)
        backend.answer.gate.set()

    def test_status_shows_a_backend_that_is_down(self):
        backend, gone = self.backend(), f"127.0.0.1:{free_port()}"
        proxy = self.proxy(backend, gone, admin=True)

        def states():
            get(proxy.address, f"/{time.monotonic()}")
            return [b["state"] for b in json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"]]

        wait_until(lambda: states() == ["up", "down"], 10, "the state to show")
        metrics = get(proxy.admin, "/metrics").body.decode()
        self.assertRegex(metrics, r"roost_proxy_retries_total [1-9]")
        self.assertEqual(get(proxy.admin, "/healthz").status, 200)


class Ejecting(FlowTest):
    def states(self, proxy):
        return [b["state"] for b in json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"]]

    def test_one_that_fails_at_once_does_not_take_the_traffic(self):
        for reply in (Reply(status=503), Reply(status=500), Reply(raw=b"garbage\r\n\r\n", close=True),
                      Reply(hang_up=True)):
            method = "POST" if reply.hang_up else "GET"
            good = [self.backend(Reply(headers=[PASS], delay_s=0.05)) for _ in range(2)]
            bad = self.backend(reply)
            proxy = self.proxy(bad, *good, admin=True, flags=["--threads", 2])
            stop = threading.Event()
            thread, failed = load(proxy.address, 12, stop, method)
            wait_until(lambda: "ejected" in self.states(proxy), 30, "the ejection")
            wait_until(lambda: sum(b.count() for b in good) > 300, 60, "the load")
            self.assertEqual(self.states(proxy), ["ejected", "up", "up"])
            stop.set()
            thread.join(30)
            # Five in a row, and those that were under way.
            self.assertLess(len(failed), 40, msg=str(reply))
            wait_until(lambda: "ejected for 10s" in proxy.output(), 10, "the event")
            status = json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"][0]
            self.assertEqual(status["ejections"], 1)
            self.assertIn("in a row", status["last_ejection"])
            if reply.raw is None and not reply.hang_up:
                self.assertGreaterEqual(status["failures"], 5)

    def test_one_that_does_not_answer_in_time_is_ejected(self):
        gate = threading.Event()
        hung, good = self.backend(Reply(gate=gate)), self.backend(Reply(headers=[PASS]))
        config = self.write("roost.toml", '[proxy]\nbackend_timeout = "200ms"\n[[pool]]\nbalance = "round_robin"\n'
                                          f'backends = ["{hung.address}", "{good.address}"]\n')
        proxy = self.proxy(admin=True, flags=["--config", config])
        answers = [request(proxy.address, "POST", f"/{i}", body=b"x").status for i in range(20)]
        self.assertEqual(answers.count(504), 5)
        self.assertEqual(self.states(proxy), ["ejected", "up"])
        wait_until(lambda: "timed out before it answered" in proxy.output(), 10, "the event")
        gate.set()

    def test_one_that_is_ejected_returns(self):
        flaky, good = self.backend(Reply(status=503)), self.backend(Reply(headers=[PASS]))
        config = self.write("roost.toml", '[health]\neject_time = "200ms"\n[[pool]]\nbalance = "round_robin"\n'
                                          f'backends = ["{flaky.address}", "{good.address}"]\n')
        proxy = self.proxy(admin=True, flags=["--config", config])
        while self.states(proxy)[0] != "ejected":
            get(proxy.address, "/")
        flaky.answer = Reply(headers=[PASS])
        seen = flaky.count()
        wait_until(lambda: get(proxy.address, "/").status == 200 and flaky.count() > seen, 30, "its return")
        wait_until(lambda: "returned" in proxy.output(), 10, "the event")

    def test_no_get_fails_for_the_trials_of_one_that_goes_on_failing(self):
        bad, good = self.backend(Reply(status=503)), self.backend(Reply(headers=[PASS]))
        config = self.write("roost.toml", '[health]\neject_time = "100ms"\nmax_eject_time = "100ms"\n[[pool]]\n'
                                          f'backends = ["{bad.address}", "{good.address}"]\n')
        proxy = self.proxy(admin=True, flags=["--config", config])
        before = [get(proxy.address, f"/{i}").status for i in range(100)]
        self.assertLessEqual(before.count(503), 4)  # the fifth ejected it, and was asked of the other
        self.assertGreaterEqual(bad.count(), 5)

        def ejections():
            self.assertEqual(get(proxy.address, "/").status, 200)
            return json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"][0]["ejections"]

        wait_until(lambda: ejections() >= 4, 60, "its trials")

    @unittest.skipIf(SANITIZED, "UBSan takes memory for invalid that it cannot look at without a descriptor")
    def test_a_lack_of_descriptors_is_not_the_backends_fault(self):
        backend = self.backend(Reply(headers=[PASS]))
        proxy = self.proxy(backend, admin=True, flags=["--threads", 1])
        admin = Connection(proxy.admin)
        admin.get("/healthz")
        with Connection(proxy.address) as client:
            self.assertEqual(client.get("/").status, 200)
            limits = resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE)
            backend.stop()  # closes the idle connection: the next request needs a new one
            backend.start()
            resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
            self.assertEqual(client.get("/").status, 503)
            resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, limits)
            self.assertEqual(json.loads(admin.get("/status").body)["pools"][0]["backends"][0]["state"], "up")
            self.assertEqual(client.get("/").status, 200)
        admin.close()


if __name__ == "__main__":
    main()
