"""roost-proxy: start, refusal to start, logs, shutdown."""

import json
import os
import pathlib
import pwd
import resource
import signal
import socket
import threading
import unittest

from harness import *


def low_port():
    """A free port below 1024, which only root may bind."""
    for port in range(1023, 600, -1):
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port below 1024")


class Starting(FlowTest):
    def refuses(self, code, *arguments):
        ended, output = self.run_program("roost-proxy", *arguments)
        self.assertEqual(ended, code, output)
        return output

    def test_every_mistake_in_a_file_is_reported_with_its_place(self):
        config = self.write("bad.toml", '[proxy]\nlisten = ["127.0.0.1:0"]\ntreads = 2\nconnect_timeout = "2 parsecs"\n'
                                        '[[pool]]\nbackends = ["127.0.0.1:9001"]\nbalance = "round_robbin"\n')
        for flags in (["--check"], []):
            output = self.refuses(2, "--config", config, *flags)
            self.assertIn(f'{config}:3:1: unknown key "treads" in [proxy]; did you mean "threads"?', output)
            self.assertIn(f"{config}:4:", output)
            self.assertIn(f"{config}:7:", output)
            self.assertIn("round_robin", output)

    def test_a_file_that_is_not_there(self):
        self.assertIn("nowhere.toml", self.refuses(2, "--config", "nowhere.toml"))

    def test_wrong_usage(self):
        self.assertIn("did you mean --upstream?", self.refuses(2, "--upstraem", "127.0.0.1:1"))
        self.assertIn("--threads", self.refuses(2, "--upstream", "127.0.0.1:1", "--threads", "many"))
        self.assertIn("needs a value", self.refuses(2, "--upstream"))

    def test_no_backend(self):
        self.assertIn("--upstream", self.refuses(2))

    def test_addresses_as_other_programs_write_them(self):
        backend = self.backend(Reply(body=b"reached"))
        proxy = self.proxy(f"http://{backend.address}/", listen=f"localhost:{free_port()}")
        self.assertEqual(get(proxy.address.replace("localhost", "127.0.0.1"), "/").body, b"reached")

    def test_listeners_that_contradict_each_other(self):
        self.assertIn("listened on twice", self.refuses(2, "--upstream", "a:1", "--listen", "127.0.0.1:81",
                                                        "--listen", "127.0.0.1:81", "--check"))
        self.assertIn("same address", self.refuses(2, "--upstream", "a:1", "--listen", "127.0.0.1:81",
                                                   "--admin", "127.0.0.1:81", "--check"))

    def test_a_port_in_use_names_the_port_and_its_holder(self):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            address = "127.0.0.1:%d" % holder.getsockname()[1]
            for flags in (["--listen", address, "--admin", "off"], ["--listen", "127.0.0.1:0", "--admin", address]):
                output = self.refuses(1, "--upstream", "127.0.0.1:1", *flags)
                self.assertIn(address, output)
                self.assertIn(str(os.getpid()), output)

    def test_two_proxies_do_not_share_a_port_unseen(self):
        first = self.proxy("127.0.0.1:1")
        output = self.refuses(1, "--upstream", "127.0.0.1:1", "--listen", first.address, "--admin", "off")
        self.assertIn(first.address, output)

    def test_an_access_log_that_cannot_be_written(self):
        output = self.refuses(2, "--upstream", "127.0.0.1:1", "--listen", "127.0.0.1:0", "--admin", "off",
                              "--access-log", "no/such/directory/log")
        self.assertIn("no/such/directory/log", output)

    def test_flags_override_the_environment_and_that_the_file(self):
        config = self.write("roost.toml", '[proxy]\nthreads = 3\n[cache]\nsize = "8MiB"\ndefault_ttl = "5s"\n'
                                          '[[pool]]\nbackends = ["127.0.0.1:9001"]\n')
        environment = {"ROOST_PROXY_THREADS": "4", "ROOST_CACHE_SIZE": "16MiB"}
        code, output = self.run_program("roost-proxy", "--config", config, "--print-config", "--threads=5",
                                        environment=environment)
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"threads = 5 +# flag")
        self.assertRegex(output, r'size = "16MiB" +# environment')
        self.assertRegex(output, r'default_ttl = "5s" +# file')
        self.assertRegex(output, r'admin = "127.0.0.1:8081" +# default')

    def test_check_version_and_help(self):
        self.assertIn("good", self.refuses(0, "--upstream", "127.0.0.1:9001", "--check"))
        self.assertRegex(self.refuses(0, "--version"), r"^roost-proxy \d+\.\d+\.\d+\n$")
        self.assertIn("--hosts-file", self.refuses(0, "--help"))


class Rights(FlowTest):
    @staticmethod
    def status(program):
        lines = pathlib.Path(f"/proc/{program.pid}/status").read_text().splitlines()
        return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}

    @staticmethod
    def core_limit(program):
        return resource.prlimit(program.pid, resource.RLIMIT_CORE)[0]

    def test_no_new_privileges_and_no_core_dumps_in_both_programs(self):
        proxy, worker = self.proxy("127.0.0.1:1"), self.api()
        for program in (proxy, worker):
            self.assertEqual(self.status(program)["NoNewPrivs"], ["1"])
            self.assertEqual(self.core_limit(program), 0)
        before = resource.getrlimit(resource.RLIMIT_CORE)[0]
        allowed = self.proxy("127.0.0.1:1", environment={"ROOST_PROXY_CORE_DUMPS": "true"})
        self.assertEqual(self.core_limit(allowed), before)

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_started_as_root_it_becomes_the_user_that_is_configured(self):
        nobody = pwd.getpwnam("nobody")
        os.chmod(self.directory, 0o755)
        data = self.directory / "their-data"  # created for the user, in a directory that is not theirs
        proxy = self.proxy(self.backend(Reply(body=b"x")), listen=f"127.0.0.1:{low_port()}",
                           environment={"ROOST_PROXY_USER": "nobody"})
        worker = self.api(data=data, environment={"ROOST_API_USER": "nobody"})
        for program in (proxy, worker):
            status = self.status(program)
            self.assertEqual(status["Uid"], [str(nobody.pw_uid)] * 4)
            self.assertEqual(status["Gid"], [str(nobody.pw_gid)] * 4)
            self.assertEqual(int(status["CapEff"][0], 16) & ~(1 << 10), 0)  # but CAP_NET_BIND_SERVICE
            wait_until(lambda p=program: "running user=nobody" in p.output(), 10, "the event")
        self.assertEqual(get(proxy.address, "/").body, b"x")
        self.assertEqual(data.stat().st_uid, nobody.pw_uid)

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_root_that_stays_root_keeps_few_capabilities(self):
        proxy = self.proxy("127.0.0.1:1", environment={"ROOST_PROXY_USER": "root"})
        self.assertEqual(int(self.status(proxy)["CapEff"][0], 16) & ~0b10000001011, 0)

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_a_user_that_is_not_there(self):
        for program, table in (("roost-proxy", "PROXY"), ("roost-api", "API")):
            code, output = self.run_program(program, *(["--upstream", "a:1"] if table == "PROXY" else []), "--listen",
                                            "127.0.0.1:0", environment={f"ROOST_{table}_USER": "no-such-user"})
            self.assertEqual(code, 1, output)
            self.assertIn('user = "no-such-user": there is no such account', output)


class Logging(FlowTest):
    def test_each_request_is_one_line(self):
        backend = self.backend(lambda r: Reply(status=404 if r.method == "POST" else 200))
        log = self.directory / "access.log"
        proxy = self.proxy(backend, flags=["--threads", 1, "--access-log", log])
        get(proxy.address, "/a")
        get(proxy.address, '/a', ("X-Request-Id", "not believed"))
        request(proxy.address, "POST", "/none?q=%22", body=b"x")
        with Connection(proxy.address) as client:
            client.send("nonsense\r\n\r\n")
            client.read()

        def lines():
            text = log.read_text() if log.exists() else ""
            return [json.loads(line) for line in text.splitlines()] if text.count("\n") >= 4 else None

        miss, hit, post, refused = wait_until(lines, 10, "four lines")
        self.assertEqual((miss["method"], miss["target"], miss["status"], miss["cache"]), ("GET", "/a", 200, "miss"))
        self.assertEqual((miss["backend"], miss["client"], miss["retries"]), (backend.address, "127.0.0.1", 0))
        self.assertEqual(miss["request_id"], backend.requests[0].header("X-Request-Id"))
        self.assertGreaterEqual(miss["total_us"], miss["backend_head_us"])
        self.assertRegex(miss["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(hit["cache"], "hit")
        self.assertNotIn("backend", hit)
        self.assertRegex(hit["request_id"], "^[0-9a-f]{32}$")
        self.assertEqual((post["method"], post["target"], post["status"], post["cache"]),
                         ("POST", "/none?q=%22", 404, "pass"))
        self.assertEqual(refused["status"], 400)

    def test_sighup_reopens_a_log_that_was_moved_away(self):
        log = self.directory / "access.log"
        proxy = self.proxy(self.backend(), flags=["--access-log", log])
        get(proxy.address, "/a")
        wait_until(lambda: "/a" in log.read_text(), 10, "the first line")
        log.rename(self.directory / "old.log")
        proxy.signal(signal.SIGHUP)
        wait_until(log.exists, 10, "the new file")
        get(proxy.address, "/b")
        wait_until(lambda: "/b" in log.read_text(), 10, "the second line")


    def test_usr1_and_hup_reopen_the_log_and_usr2_has_no_effect(self):
        log = self.directory / "access.log"
        proxy = self.proxy(self.backend(), flags=["--access-log", log])
        for number, name in ((signal.SIGUSR1, "USR1"), (signal.SIGHUP, "HUP")):
            get(proxy.address, f"/before-{name}")
            wait_until(lambda: log.exists() and f"/before-{name}" in log.read_text(), 10, "the first line")
            log.rename(self.directory / f"{name}.log")
            proxy.signal(number)
            wait_until(log.exists, 10, "the new file")
            wait_until(lambda: f"logs reopened signal={name}" in proxy.output(), 10, "the event")
        proxy.signal(signal.SIGUSR2)
        wait_until(lambda: "signal without effect signal=USR2" in proxy.output(), 10, "the event")
        self.assertEqual(get(proxy.address, "/after").status, 200)

    def test_standard_output_that_is_a_socket(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            proxy = self.proxy(self.backend(), flags=["--access-log", "-"], stdout=theirs)
            get(proxy.address, "/a")
            ours.settimeout(10 * TIME_SCALE)
            self.assertEqual(json.loads(ours.makefile().readline())["target"], "/a")

    def test_events_and_requests_in_one_file_do_not_overwrite_each_other(self):
        path = self.directory / "both.log"
        with open(path, "wb") as stdout, open(path, "wb") as stderr:
            proxy = self.proxy(self.backend(), flags=["--access-log", "-"], stdout=stdout, stderr=stderr)
        for i in range(20):
            get(proxy.address, f"/{i}")
            proxy.signal(signal.SIGUSR1)
            wait_until(lambda i=i: path.read_text().count("logs reopened") == i + 1, 10, "the event")
        self.assertEqual(proxy.stop(), 0)
        lines = path.read_text().splitlines()
        requests = [json.loads(line)["target"] for line in lines if line.startswith("{")]
        self.assertEqual(requests, [f"/{i}" for i in range(20)])
        for line in lines:
            self.assertRegex(line, r"^(\{.*\}|\d{4}-\d\d-\d\dT[0-9:.]+Z (info|warning|error) .*)$")

    def test_outputs_that_nobody_reads_stop_neither_requests_nor_the_end(self):
        with full_pipe() as stuck:
            proxy = self.proxy(self.backend(Reply(body=b"x")), flags=["--access-log", "-"], stdout=stuck, stderr=stuck)
            for _ in range(100):
                self.assertEqual(get(proxy.address, "/a").body, b"x")
            self.assertEqual(proxy.stop(), 0)

    def test_the_log_is_rotated_only_when_asked(self):
        log = self.directory / "access.log"
        with open(log, "wb") as file:
            file.truncate(65 << 20)
        first = self.proxy(self.backend(), flags=["--access-log", log])
        get(first.address, "/a")
        self.assertEqual(first.stop(), 0)
        self.assertEqual([path.name for path in self.directory.glob("access.log*")], ["access.log"])
        self.assertGreater(log.stat().st_size, 65 << 20)
        second = self.proxy(self.backend(), flags=["--access-log", log],
                            environment={"ROOST_PROXY_ACCESS_LOG_ROTATE": "64MiB", "ROOST_PROXY_ACCESS_LOG_KEEP": "1"})
        get(second.address, "/b")
        self.assertEqual(second.stop(), 0)
        self.assertIn('"/b"', log.read_text())
        self.assertTrue((self.directory / "access.log.1").exists())


class Ending(FlowTest):
    def test_quit_drains_like_term(self):
        gate = threading.Event()
        backend = self.backend(Reply(body=b"whole", gate=gate))
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, 10, "the request")
            proxy.exit_is_expected = True
            proxy.signal(signal.SIGQUIT)
            wait_until(lambda: not accepts_connections(proxy.address), 10, "the listener to close")
            gate.set()
            self.assertEqual(client.read().body, b"whole")
        self.assertEqual(proxy.wait(), 0)

    def test_what_is_in_the_backlog_or_on_its_way_at_sigterm_is_answered(self):
        proxy = self.proxy(self.backend(Reply(body=b"x")), flags=["--threads", 1])
        answered_at_the_end(self, proxy, b"x")

    def test_sigterm_lets_requests_in_progress_finish(self):
        gate = threading.Event()
        backend = self.backend(Reply(body=b"whole", gate=gate))
        proxy = self.proxy(backend)
        idle = Connection(proxy.address)
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, 10, "the request")
            proxy.exit_is_expected = True
            proxy.signal(signal.SIGTERM)
            wait_until(lambda: not accepts_connections(proxy.address), 10, "the listener to close")
            gate.set()
            answer = client.read()
            self.assertEqual((answer.body, answer.header("Connection")), (b"whole", "close"))
        idle.close()
        self.assertEqual(proxy.wait(), 0)

    def test_the_drain_is_bounded(self):
        backend = self.backend(Reply(gate=threading.Event()))
        config = self.write("roost.toml", '[proxy]\ndrain_timeout = "200ms"\n'
                                          f'[[pool]]\nbackends = ["{backend.address}"]\n')
        proxy = self.proxy(flags=["--config", config])
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host=proxy.address))
            wait_until(lambda: backend.count() == 1, 10, "the request")
            self.assertEqual(proxy.stop(), 0)
        self.assertIn("drain timeout reached", proxy.output())
        backend.answer.gate.set()


if __name__ == "__main__":
    main()
