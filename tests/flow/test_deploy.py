"""deploy/up, deploy/status and deploy/down with the real programs."""

import json

from harness import *


class Deploy(FlowTest):
    def setUp(self):
        super().setUp()
        self.data = self.directory / "data"
        self.port, self.admin_port = free_port(), free_port()
        self.worker_port = next(p for p in iter(free_port, None)
                                if all(not accepts_connections(f"127.0.0.1:{p + i}") for i in range(3)))
        self.environment = {"ROOST_BIN": str(BIN), "NO_COLOR": "1"}

    def script(self, name, *arguments):
        return self.run_program(ROOT / "deploy" / name, *arguments, environment=self.environment, timeout_s=60)

    def up_flags(self):
        return ["--data", self.data, "--port", self.port, "--admin-port", self.admin_port,
                "--worker-port", self.worker_port]

    def up(self, *more):
        self.addCleanup(lambda: self.script("down", "--data", self.data))
        return self.script("up", *self.up_flags(), *more, "--detach")

    def stack(self):
        return {p["name"]: p for p in json.loads((self.data / "run/stack.json").read_text())["processes"]}

    def test_up_serves_heals_and_goes_down(self):
        code, output = self.up()
        self.assertEqual(code, 0, output)
        self.assertIn(f"http://127.0.0.1:{self.port}/logs", output)
        for url in re.findall(r"http://\S+", output):  # what is printed can be opened
            host, _, path = url.removeprefix("http://").partition("/")
            self.assertEqual(get(host, f"/{path}").status, 200, url)
        address = f"127.0.0.1:{self.port}"
        self.assertEqual(get(address, "/api/tweets").status, 200)

        code, output = self.script("status", "--data", self.data)
        self.assertEqual(code, 0, output)
        self.assertEqual(set(self.stack()), {"proxy", "w1", "w2", "w3"})

        os.kill(self.stack()["w2"]["pid"], signal.SIGKILL)
        wait_until(lambda: self.stack()["w2"]["restarts"] == 1, 10, "w2 to be started again")
        wait_until(lambda: self.script("status", "--data", self.data)[0] == 0, 20, "all to be up again")

        code, output = self.script("down", "--data", self.data)
        self.assertEqual(code, 0, output)
        self.assertFalse(accepts_connections(address))
        self.assertEqual(self.script("status", "--data", self.data)[0], 3)

    def test_the_demo_is_there_when_it_is_asked_for(self):
        code, output = self.up("--demo", "--workers", "2")
        self.assertEqual(code, 0, output)
        self.assertIn("demo, with the password roost-demo", output)
        self.assertEqual(len(json.loads(get(f"127.0.0.1:{self.port}", "/api/tweets").body)), 48)

    def test_a_port_in_use_is_named_with_its_holder(self):
        with socket.create_server(("127.0.0.1", self.port)):
            code, output = self.up()
        self.assertEqual(code, 1)
        self.assertIn(f"cannot listen on 127.0.0.1:{self.port}: in use by", output)
        self.assertIn(f"(pid {os.getpid()})", output)
        self.assertEqual(self.script("status", "--data", self.data)[0], 3)

    def test_a_second_stack_on_the_same_data_is_refused(self):
        self.assertEqual(self.up()[0], 0)
        code, output = self.script("up", *self.up_flags(), "--detach")
        self.assertEqual(code, 1)
        self.assertIn("already runs", output)

    def test_a_data_directory_that_cannot_be_made(self):
        self.data = "/proc/no/data"
        code, output = self.script("up", *self.up_flags())
        self.assertEqual(code, 1)
        self.assertIn("cannot write the data directory /proc/no/data", output)

    def test_an_option_that_is_wrong(self):
        code, output = self.script("up", "--workers", "none")
        self.assertEqual(code, 2)
        self.assertIn("not a number from 1 to 64", output)

    def test_arguments_are_looked_at_before_anything_is_installed_or_built(self):
        scripts = self.directory / "fresh"
        for folder in ("deploy", "tests"):
            shutil.copytree(ROOT / folder, scripts / folder, ignore=shutil.ignore_patterns("node_modules"))
        for name in ("install-deps", "lib.sh"):
            (scripts / "deploy" / name).write_text("#!/bin/sh\necho it installs or builds; exit 9\n")
        for name, arguments, words in [
                ("deploy/up", ["--prot", "1"], "unrecognized arguments: --prot 1"),
                ("deploy/up", ["--port", "none"], "not a number from 1 to 65535"),
                ("tests/run", ["bogus"], 'no suite "bogus"; there are all, tidy, flow'),
                ("tests/run", ["--only", "nosuchtest"], 'has "nosuchtest" in its name'),
                ("tests/run", ["--only", "deploy", "unit"], 'nothing in unit has "deploy" in its name')]:
            with self.subTest(name=name, arguments=arguments):
                code, output = self.run_program(scripts / name, *arguments)
                self.assertEqual(code, 2, output)
                self.assertIn(words, output)
                self.assertNotIn("it installs or builds", output)
                self.assertFalse((scripts / "build").exists())
        code, output = self.run_program(scripts / "tests/run", "--only", "deploy", "flow")
        self.assertEqual((code, output), (9, "it installs or builds\n"))

    def test_every_script_has_help(self):
        for name in ("deploy/up", "deploy/down", "deploy/status", "deploy/backup", "deploy/install-deps", "tests/run"):
            with self.subTest(name=name):
                code, output = self.run_program(ROOT / name, "--help")
                self.assertEqual(code, 0, output)
                self.assertIn(name, output)

    def test_help_of_a_measurement_installs_and_builds_nothing(self):
        scripts = self.directory / "fresh"
        for folder in ("deploy", "bench", "tests"):
            shutil.copytree(ROOT / folder, scripts / folder, ignore=shutil.ignore_patterns("results", "node_modules"))
        for name in ("install-deps", "lib.sh"):
            text = "#!/bin/sh\nstep_install() { echo it installs or builds; exit 9; }\n"
            (scripts / "deploy" / name).write_text(text)
        for suite in ("peers", "instructions", "eviction", "likes", "mix", "recovery", "scale"):
            with self.subTest(suite=suite):
                code, output = self.run_program(scripts / "bench/run", suite, "--help")
                self.assertEqual(code, 0, output)
                self.assertRegex(output, "^usage: ")

    def test_status_into_a_pipe_that_closes(self):
        self.assertEqual(self.up("--workers", "1")[0], 0)
        command = f"{ROOT}/deploy/status --data {self.data} | true"
        for _ in range(5):
            ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(ended.stderr, "")

    def test_a_database_that_is_away_is_named_while_it_waits_and_a_signal_then_is_no_success(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"postgres://roost@127.0.0.1:{silent.getsockname()[1]}/roost"
            stack = self.program(ROOT / "deploy/up", *self.up_flags(), "--workers", "1", "--database", url,
                                 environment=self.environment)
            said = "waiting for w1, up to 30 s: The database does not answer."
            wait_until(lambda: said in stack.output() or not stack.running(), 60, "a word about the database")
            self.assertTrue(stack.running(), stack.output())
            stack.signal(signal.SIGINT)
            self.assertEqual(stack.wait(60), 128 + signal.SIGINT, stack.output())

    def test_in_the_foreground_a_signal_ends_everything(self):
        stack = self.program(ROOT / "deploy/up", *self.up_flags(), environment=self.environment)
        wait_until(lambda: "Ctrl-C ends everything" in stack.output() or not stack.running(), 60, "the stack to be up")
        pids = [p["pid"] for p in self.stack().values()]
        self.assertEqual(stack.stop(60), 0, stack.output())
        self.assertEqual([pid for pid in pids if os.path.exists(f"/proc/{pid}")], [])


if __name__ == "__main__":
    main()
