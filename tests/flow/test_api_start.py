"""Workers: start, refusal to start, shutdown; and /logs."""

import contextlib
import json
import signal
import socket

from harness import *


class Starting(FlowTest):
    def assertRefuses(self, *arguments, code=1, environment=None):
        ended, output = self.run_program("roost-api", *arguments, environment=environment)
        self.assertEqual(ended, code, output)
        return output

    def test_an_unknown_key_is_named_with_its_place_and_all_at_once(self):
        path = self.write("roost.toml", '[proxy]\nx = 1\n[api]\nlistn = "127.0.0.1:1"\n[db_cache]\nttl = "60"\n')
        output = self.assertRefuses("--config", path, code=2)
        self.assertIn(f'{path}:4:1: unknown key "listn" in [api]; did you mean "listen"?', output)
        self.assertIn(f'{path}:6:7: ttl: "60"', output)
        self.assertIn("cannot be read", self.assertRefuses("--config", self.directory / "none.toml", code=2))

    def test_flags_environment_and_file_in_their_order(self):
        path = self.write("roost.toml", '[api]\nworker = "from-file"\ndata = "d"\n[logs]\nkeep = 9\n')
        code, output = self.run_program("roost-api", "--config", path, "--worker", "from-flag", "--print-config",
                                        environment={"ROOST_API_WORKER": "from-env", "ROOST_LOGS_KEEP": "8"})
        self.assertEqual(code, 0, output)
        for line in ('worker = "from-flag"  # flag', "keep = 8  # environment", 'data = "d"  # file',
                     'ttl = "58s"  # default'):
            self.assertIn(line, output)
        self.assertEqual(self.run_program("roost-api", "--config", path, "--check")[0], 0)

    def test_wrong_usage_is_2_and_help_and_version_0(self):
        self.assertRefuses("--no-such-flag", code=2)
        self.assertIn("--listen", self.assertRefuses("--help", code=0))
        self.assertRegex(self.assertRefuses("--version", code=0), r"\d+\.\d+\.\d+")
        self.assertIn("--listen", self.assertRefuses("--listen", "nowhere", code=2))

    def test_a_port_in_use_is_named(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            address = f"127.0.0.1:{holder.getsockname()[1]}"
            output = self.assertRefuses("--listen", address, "--data", self.directory / "data")
        self.assertIn(address, output)
        self.assertIn("in use", output)

    def test_a_data_directory_that_cannot_be_written_is_named(self):
        path = self.write("a-file", "")
        output = self.assertRefuses("--listen", "127.0.0.1:0", "--data", path / "data")
        self.assertIn(f"{path}/data", output)

    def test_workers_that_start_together_share_one_database(self):
        workers = concurrently(4, lambda i: self.api(f"w{i}", flags=("--demo",)))
        counts = {len(json.loads(get(worker.address, "/api/tweets").body)) for worker in workers}
        self.assertEqual(counts, {48})

    def test_sigterm_drains(self):
        worker = self.api()
        token = Person(worker.address, "alice").token
        with Connection(worker.address) as connection:
            connection.send(f"POST /api/tweets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                            "Content-Length: 21\r\n\r\n")
            wait_until(lambda: get(worker.address, "/healthz").status == 200)
            worker.exit_is_expected = True
            worker.signal(signal.SIGTERM)
            wait_until(lambda: not accepts_connections(worker.address), what="the port to close")
            connection.send(b'{"content": "at the"}')
            answer = connection.read("POST")
            self.assertEqual(answer.status, 201)
            self.assertEqual(answer.header("Connection"), "close")
        self.assertEqual(worker.wait(), 0)


    def test_quit_drains_usr1_and_hup_reopen_the_log_usr2_has_no_effect(self):
        worker = self.api()
        log = self.directory / "data/logs/requests-w1.log"
        for number, name in ((signal.SIGUSR1, "USR1"), (signal.SIGHUP, "HUP")):
            log.rename(self.directory / f"{name}.log")
            worker.signal(number)
            wait_until(log.exists, 10, "the new file")
            wait_until(lambda: f"logs reopened signal={name}" in worker.output(), 10, "the event")
        worker.signal(signal.SIGUSR2)
        wait_until(lambda: "signal without effect signal=USR2" in worker.output(), 10, "the event")
        self.assertEqual(get(worker.address, "/healthz").status, 200)
        worker.exit_is_expected = True
        worker.signal(signal.SIGQUIT)
        self.assertEqual(worker.wait(), 0)
        self.assertIn("draining", worker.output())

    def test_what_is_in_the_backlog_or_on_its_way_at_sigterm_is_answered(self):
        answered_at_the_end(self, self.api(), b'{"status":"ok"}', "/healthz")

    def test_a_standard_error_that_nobody_reads_stops_nothing(self):
        with full_pipe() as stuck:
            worker = self.api(stderr=stuck)
            worker.signal(signal.SIGUSR2)
            self.assertEqual(get(worker.address, "/healthz").status, 200)
            self.assertEqual(worker.stop(), 0)

    def test_variables_that_kubernetes_makes_for_services_are_passed_over(self):
        services = {}
        for name in ("ROOST_API", "ROOST_PROXY", "ROOST_CACHE", "ROOST_LOGS"):
            services |= {f"{name}_SERVICE_HOST": "10.0.0.1", f"{name}_SERVICE_PORT": "80",
                         f"{name}_SERVICE_PORT_HTTP": "80", f"{name}_PORT": "tcp://10.0.0.1:80",
                         f"{name}_PORT_80_TCP": "tcp://10.0.0.1:80", f"{name}_PORT_80_TCP_ADDR": "10.0.0.1"}
        self.assertEqual(self.run_program("roost-api", "--check", environment=services)[0], 0)
        code, output = self.run_program("roost-proxy", "--check", "--upstream", "a:1", environment=services)
        self.assertEqual(code, 0, output)
        self.assertRefuses("--check", code=2, environment={"ROOST_API_PORT": "9001"})

    def test_print_config_shows_no_secret(self):
        code, output = self.run_program("roost-api", "--print-config", environment={"ROOST_LOGS_TOKEN": "s3cret"})
        self.assertEqual(code, 0, output)
        self.assertIn('token = "***"  # environment', output)
        self.assertNotIn("s3cret", output)


class Secrets(FlowTest):
    @unittest.skipIf(SANITIZED, "a sanitizer keeps what was freed")
    def test_passwords_do_not_stay_in_memory(self):
        worker = self.api(environment={"ROOST_API_CORE_DUMPS": "true"})  # so that its user may read its memory
        secret = "correct-horse-battery-staple-0123456789-" + "x" * 40
        Person(worker.address, "alice", secret)
        form = f"username=alice&password={secret}".encode()
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        self.assertEqual(request(worker.address, "POST", "/api/users/login", headers, form).status, 200)
        # The buffer that requests are read into is the next one's.
        long = json.dumps({"username": "y" * 50_000}).encode()
        for _ in range(4):
            json_request(worker.address, "POST", "/api/users/register", long)
        self.assertEqual(self.in_memory(worker, secret.encode()), 0)

    @staticmethod
    def in_memory(program, secret):
        """How often `secret` is in the memory of the program that it may write to."""
        found = 0
        with open(f"/proc/{program.pid}/maps") as maps, open(f"/proc/{program.pid}/mem", "rb", 0) as memory:
            for line in maps:
                places, rights = line.split()[:2]
                if not rights.startswith("rw"):
                    continue
                start, end = (int(place, 16) for place in places.split("-"))
                memory.seek(start)
                with contextlib.suppress(OSError):
                    found += memory.read(end - start).count(secret)
        return found


class Logs(FlowTest):
    def test_a_log_that_takes_nothing_stops_nobody(self):
        (self.directory / "data/logs").mkdir(parents=True)
        os.mkfifo(self.directory / "data/logs/requests-w1.log")  # stands for a disk that does not answer
        worker = self.api()
        with Connection(worker.address) as connection:
            for _ in range(1500):  # 2 KiB each, three times what the buffers hold
                self.assertEqual(connection.request("GET", "/api/" + "x" * 2000).status, 404)
        self.assertEqual(get(worker.address, "/healthz").status, 200)
        self.assertIn(b"roost_log_records_lost_total", get(worker.address, "/metrics").body)
        self.assertTrue(self.logs(worker)["incomplete"])
        self.assertEqual(worker.stop(), 0)

    def logs(self, worker, query="", **options):
        answer = get(worker.address, "/logs" + query, **options)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def test_calls_of_all_workers_in_order(self):
        workers = [self.api(f"w{i}") for i in range(3)]
        made = []
        for i in range(60):
            get(workers[i % 3].address, f"/like/{i + 1}")
            made.append(["GET", f"/like/{i + 1}"])
        logs = self.logs(workers[1])
        self.assertEqual(logs["requests"], made)
        self.assertEqual((logs["request_count"], logs["incomplete"]), (60, False))
        self.assertEqual(logs["db_accesses"], [["SELECT", "tweets"]] * 60)
        self.assertEqual(logs["db_access_count"], 60)

    def test_filters(self):
        worker = self.api()
        alice = Person(worker.address, "alice")
        before = self.logs(worker)["request_count"]
        alice.post("a")
        get(worker.address, "/api/tweets")
        get(worker.address, "/like/1")
        self.assertEqual(self.logs(worker, "?method=post&path=/api/tweets")["requests"], [["POST", "/api/tweets"]])
        self.assertEqual(self.logs(worker, "?path=/like/")["requests"], [["GET", "/like/1"]])
        self.assertEqual(self.logs(worker, "?kind=api")["db_accesses"], [])
        self.assertEqual(self.logs(worker, "?kind=db")["requests"], [])
        self.assertEqual(self.logs(worker, "?kind=api&limit=1")["requests"], [["GET", "/like/1"]])
        self.assertEqual(self.logs(worker, "?since=2100-01-01T00:00:00Z")["request_count"], 0)
        full = self.logs(worker, "?format=full&kind=api")["requests"][before:]
        self.assertEqual([record["status"] for record in full], [201, 200, 200])
        self.assertEqual({record["worker"] for record in full}, {"w1"})

    def test_the_request_id_runs_through(self):
        worker = self.api()
        answer = request(worker.address, "GET", "/api/tweets", [("X-Request-Id", "my-own.id_1")])
        self.assertEqual(answer.header("X-Request-Id"), "my-own.id_1")
        logs = self.logs(worker, "?format=full")
        self.assertEqual(logs["requests"][0]["request_id"], "my-own.id_1")
        self.assertEqual(logs["db_accesses"][0]["request_id"], "my-own.id_1")

    def test_who_may_read(self):
        worker = self.api("w1")
        other = [("X-Forwarded-For", "203.0.113.9")]
        self.assertEqual(request(worker.address, "GET", "/logs", other).status, 403)
        guarded = self.api("w2", environment={"ROOST_LOGS_ACCESS": "token", "ROOST_LOGS_TOKEN": "s3cret"})
        self.assertEqual(get(guarded.address, "/logs").status, 401)
        allowed = request(guarded.address, "GET", "/logs", [("Authorization", "Bearer s3cret")])
        self.assertEqual(allowed.status, 200)

    def test_logs_outlive_their_worker(self):
        first = self.api("w1")
        get(first.address, "/like/1")
        self.logs(first)  # it is in the file by now
        first.kill()
        second = self.api("w2")
        self.assertEqual(self.logs(second)["requests"], [["GET", "/like/1"]])


if __name__ == "__main__":
    main()
