"""The shipped configuration: both programs accept it, and run with it under deploy/up."""

from harness import *

SHIPPED = ROOT / "deploy/roost.toml"


class Shipped(FlowTest):
    def check(self, program, *flags):
        code, output = self.run_program(program, *flags)
        self.assertEqual(code, 0, output)
        return output

    def test_both_programs_accept_it(self):
        self.check("roost-proxy", "--check", "--config", SHIPPED)
        self.check("roost-api", "--check", "--config", SHIPPED)

    def test_what_is_printed_is_accepted_again(self):
        for program in ("roost-proxy", "roost-api"):
            printed = self.check(program, "--print-config", "--config", SHIPPED)
            self.check(program, "--check", "--config", self.write(f"{program}.toml", printed))

    def test_every_key_of_it_is_named_with_its_default(self):
        """A line of the shipped file that is commented out holds the default: uncommenting changes nothing."""
        text = SHIPPED.read_text()
        uncommented = self.write("all.toml", re.sub(r"^#(\w+ = )", r"\1", text, flags=re.M))
        for program in ("roost-proxy", "roost-api"):
            plain = self.check(program, "--print-config", "--config", SHIPPED)
            full = self.check(program, "--print-config", "--config", uncommented)
            self.assertEqual(self.values(plain), self.values(full))

    def values(self, printed):
        """The lines without the comments about the origin of each value."""
        return [line.split("  #")[0].rstrip() for line in printed.splitlines()]

    def test_listen_tables(self):
        """[[listen]] replaces the default address; roost-api, which reads the same file, leaves it alone."""
        address = f"127.0.0.1:{free_port()}"
        config = self.write("listen.toml", SHIPPED.read_text() + f'\n[[listen]]\naddress = "{address}"\n')
        printed = self.check("roost-proxy", "--print-config", "--config", config)
        self.assertIn(f'[[listen]]\naddress = "{address}"  # file\n', printed)
        self.assertIn("\nlisten = []", printed)
        self.check("roost-api", "--check", "--config", config)
        self.program("roost-proxy", "--config", config, "--admin", "off")
        wait_until(lambda: accepts_connections(address), 10, "the listener")

    def test_a_mistake_is_shown_with_its_place(self):
        path = self.write("bad.toml", SHIPPED.read_text().replace("[cache]\n", "[cache]\nsise = \"1MiB\"\n"))
        line = path.read_text().splitlines().index('sise = "1MiB"') + 1
        code, output = self.run_program("roost-proxy", "--check", "--config", path)
        self.assertEqual(code, 2)
        self.assertIn(f"bad.toml:{line}:1", output)
        self.assertIn("size", output)


class Mistakes(FlowTest):
    """Mistakes that --check reports, each with its file and line; exit codes."""

    POOL = '[[pool]]\nname = "shop"\nbackends = ["shop.internal:80"]\n'

    def refuses(self, program, text, *flags, environment=None):
        path = self.write("bad.toml", text)
        code, output = self.run_program(program, "--check", "--config", path, *flags, environment=environment)
        self.assertEqual(code, 2, output)
        return [line.removeprefix(f"{path}:") for line in output.splitlines()]

    def test_values_that_do_not_fit_together(self):
        for text, place, words in [
                ('[proxy]\nlisten = ["0.0.0.0:81"]\nadmin = "127.0.0.1:81"\n', "3:9", "is one of the addresses of"),
                ('[proxy]\nlisten = ["127.0.0.1:81"]\nadmin = "127.0.0.1:81"\n', "3:9", "the same address"),
                ('[proxy]\nlisten = ["127.0.0.1:81", "*:81"]\n', "2:10", "overlap"),
                ('[proxy]\nlisten = ["127.0.0.1:81", "127.0.0.1:81"]\n', "2:10", "listened on twice"),
                ('[cache]\nsize = "8MiB"\nmax_object_size = "9MiB"\n', "3:19", "larger than size"),
                ('[proxy]\naccess_log = "/no/such/folder/log"\n', "2:14", "no folder /no/such/folder"),
                ('[proxy]\naccess_log = "/tmp"\n', "2:14", "is a folder"),
                ('[[route]]\nhost = "shop.example:8080"\n', "2:8", "no port"),
                ('[[route]]\nhost = "http://shop.example"\n', "2:8", "host"),
                ('[[route]]\npath = "/x?y"\n', "2:8", "ends before"),
                ('[[route]]\npath = "/a b"\n', "2:8", "%20"),
                ('[[route]]\npath = "/x"\npool = "shpo"\n', "3:8", 'did you mean "shop"?'),
                ('[[route]]\n[[route]]\n', "2:1", 'two routes for "/"'),
                ('[[listen]]\n', "1:1", "needs an address")]:
            with self.subTest(text=text):
                found = self.refuses("roost-proxy", text + self.POOL)
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith(f"{place}: "), found)
                self.assertIn(words, found[0])

    def test_backends_that_do_not_fit(self):
        for backends, words in [(["a:1", "A:1 weight=2"], "twice"), (["127.0.0.1:8080"], "the proxy itself"),
                                (["localhost:8080"], "the proxy itself"),
                                (["http://127.0.0.1:8080"], "the proxy itself"),
                                (["127.0.0.1:8081"], "the admin listener")]:
            with self.subTest(backends=backends):
                found = self.refuses("roost-proxy", f"[[pool]]\nbackends = {json.dumps(backends)}\n")
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith("2:12: "), found)
                self.assertIn(words, found[0])
        found = self.refuses("roost-proxy", '[proxy]\nlisten = ["0.0.0.0:81"]\nupstream = ["127.0.0.1:81"]\n')
        self.assertTrue(found[0].startswith("3:12: "), found)

    def test_workers(self):
        postgres = {"ROOST_DATABASE_URL": "postgres://roost@127.0.0.1/roost"}
        found = self.refuses("roost-api", '[database]\ntimeout = "2s"\n', environment=postgres)
        self.assertEqual(found, ["2:11: [database] statement_timeout, 4s, must be less than timeout, 2s: else "
                                 "PostgreSQL continues with statements that the worker has given up"])
        found = self.refuses("roost-api", '[api]\ntoken_key = "/no/such/folder/key"\n')
        self.assertTrue(found[0].startswith("2:13: "), found)
        found = self.refuses("roost-api", '[logs]\naccess = "token"\n')
        self.assertEqual(found, ['2:10: [logs] access = "token" needs a token'])

    def test_codes(self):
        """2 for wrong usage or configuration, 1 for failures at start; --check and --help are alike in both."""
        anywhere = ["--listen", "localhost:0"]
        for program, good in [("roost-proxy", ["--upstream", "localhost:1", *anywhere, "--admin", "off"]),
                              ("roost-api", [*anywhere, "--proxy", "localhost:8081"])]:
            with self.subTest(program=program):
                self.assertEqual(self.run_program(program, *good, "--check"), (0, "the configuration is good\n"))
                code, usage = self.run_program(program, "--help")
                self.assertEqual(code, 0)
                self.assertIn(f"  {program} --config FILE [flags]", usage)
                self.assertIn("Exit codes: 0", usage)
                for flags in (["--lisen", "x"], ["--listen"], ["--listen", "nowhere"], ["--config", "/no/such/file"]):
                    self.assertEqual(self.run_program(program, *flags)[0], 2, flags)
                variable = {"ROOST_CACHE_SIZE": "x", "ROOST_API_DEMO": "x"}
                self.assertEqual(self.run_program(program, *good, "--check", environment=variable)[0], 2)
                with socket.create_server(("127.0.0.1", 0)) as holder:
                    taken = f"127.0.0.1:{holder.getsockname()[1]}"
                    more = ["--data", self.directory / "data"] if program == "roost-api" else good[:2]
                    self.assertEqual(self.run_program(program, "--listen", taken, *more)[0], 1)

    def test_where_values_come_from(self):
        printed = self.run_program("roost-proxy", "--print-config", "--upstream", "http://127.0.0.1:3000")[1]
        self.assertIn('backends = ["http://127.0.0.1:3000"]  # flag\n', printed)
        self.assertIn("upstream = []  # default\n", printed)
        path = self.write("good.toml", '[proxy]\nupstream = ["a:1"]\n[[route]]\npath = "/x"\ncache = false\n')
        printed = self.run_program("roost-proxy", "--print-config", "--config", path)[1]
        for line in ('backends = ["a:1"]  # file\n', 'path = "/x"  # file\n', "cache = false  # file\n",
                     "upstream = []  # default\n", 'balance = "least_connections"  # default\n'):
            self.assertIn(line, printed)


if __name__ == "__main__":
    main()
