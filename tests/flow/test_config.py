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
        self.assertNotEqual(code, 0)
        self.assertIn(f"bad.toml:{line}:1", output)
        self.assertIn("size", output)


if __name__ == "__main__":
    main()
