"""bench/run with something missing: one line says what."""

from harness import *

NOBODY = "nobody answers at {url}; start it with deploy/up --detach"


class Bench(FlowTest):
    def measure(self, name, *arguments, environment=None):
        return self.run_program("python3", ROOT / "bench" / name, *arguments, environment=environment)

    def assert_says(self, ended, code, text):
        """It exited with this code and text, and without a traceback."""
        self.assertEqual(ended[0], code, ended[1])
        self.assertEqual(ended[1].strip().splitlines()[-1], text)
        self.assertNotIn("Traceback", ended[1])

    def test_a_mix_without_a_stack(self):
        url = f"http://127.0.0.1:{free_port()}"
        self.assert_says(self.measure("mix.py", "--url", url), 1, "bench/mix.py: " + NOBODY.format(url=url))

    def test_a_mix_before_somebody_else(self):
        for answer, text in ((Reply(status=404), "/api/tweets is answered 404 at {url}: is it a stack that is ready?"),
                             (Reply(body=b"Hello"), "what is answered at {url} is not Roost's; "
                                                    "say with --url where the stack is")):
            url = f"http://{self.backend(answer).address}"
            self.assert_says(self.measure("mix.py", "--url", url), 1, "bench/mix.py: " + text.format(url=url))

    def test_a_mix_whose_database_is_elsewhere(self):
        url = f"http://{self.api().address}"
        missing = self.directory / "elsewhere" / "roost.db"
        self.assert_says(self.measure("mix.py", "--url", url, "--data", missing.parent), 1,
                         f"bench/mix.py: no {missing}: say with --data or --database where the running stack keeps "
                         "its likes")

    def test_a_model_without_measurements(self):
        missing = self.directory / "results.json"
        self.assert_says(self.measure("model.py", "--from", missing), 1,
                         f"bench/run model: no {missing}: run bench/run scenarios first")
        missing.write_text('{"costs": {}, "runs": {}}')
        self.assert_says(self.measure("model.py", "--from", missing), 1,
                         f"bench/run model: {missing} has no costs: run bench/run scenarios without --no-costs")

    def test_programs_that_are_not_built(self):
        for name in ("peers", "likes", "recovery", "eviction", "scale", "instructions", "failover", "scenarios"):
            code, output = self.measure(f"{name}.py", environment={"ROOST_BIN": str(self.directory)})
            self.assertEqual(code, 1, output)
            self.assertRegex(output.strip(), rf"^bench/run {name}: no \w+(-\w+)? in {self.directory}: build it, or say "
                                             r"with ROOST_BIN where it is$")

    def test_programs_that_are_not_installed(self):
        python = shutil.which("python3")
        ended = self.run_program(python, ROOT / "bench/mix.py", environment={"PATH": str(self.directory)})
        self.assert_says(ended, 1, "bench/mix.py: wrk is not installed (deploy/install-deps --bench)")

    def test_arguments_that_mean_nothing(self):
        for name, *arguments in (("peers", "--only", "nothing"), ("peers", "--servers", "roost,apache"),
                                 ("likes", "--rounds", "0"), ("likes", "--database", "oracle"),
                                 ("recovery", "--fast"), ("scale", "--users", "5"),
                                 ("scale", "--users", "100", "--follows", "9900"),
                                 ("scenarios", "--only", "calm"), ("scenarios", "--steps", "fast"),
                                 ("scenarios", "--seconds", "0"), ("model", "--users", "many"),
                                 ("instructions", "--works", "walk"), ("mix", "--url", "127.0.0.1")):
            code, output = self.measure(f"{name}.py", *arguments)
            self.assertEqual(code, 2, output)
            self.assertIn(f"{name}{'.py' if name == 'mix' else ''}: error: ", output)


if __name__ == "__main__":
    main()
