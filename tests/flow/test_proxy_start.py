"""roost-proxy: start, refusal to start, logs, shutdown."""

import json
import os
import signal
import socket
import threading

from harness import *


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


class Ending(FlowTest):
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
