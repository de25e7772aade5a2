"""docs/configuration.md and deploy/roost.toml name every setting, as the programs declare them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402, F403

import blocks  # noqa: E402
import configuration  # noqa: E402

SHIPPED = ROOT / "deploy/roost.toml"
TABLE = re.compile(r"^### `\[+(\w+)\]+`$")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|$")


def settings():
    """{(table, key): (default as TOML or "that of …", values, meaning)} of both programs."""
    found = {}
    for program in configuration.PROGRAMS:
        table = None
        for line in configuration.reference(program, BIN).splitlines():
            if heading := TABLE.match(line):
                table = heading[1]
            elif row := ROW.match(line.replace(r"\|", "¦")):
                found.setdefault((table, row[1]), (row[2].strip("`"), row[3], row[4]))
    return found


class Settings(FlowTest):
    def test_the_page_is_what_the_programs_say(self):
        self.assertEqual(configuration.PAGE.read_text(), configuration.page(BIN),
                         "run tests/documents/configuration.py")

    def test_the_shipped_file_names_every_setting(self):
        """In its table, set or commented out; those of tables that are repeated, in a comment."""
        text = SHIPPED.read_text()
        for (table, key), (standard, _, _) in settings().items():
            if part := self.part(text, table):
                self.assertRegex(part, rf"(?m)^#?{key} = ", f"[{table}] {key}")
            elif "[health]" not in standard:
                self.assertTrue(re.search(rf"(?m)^#\s+(\w+, )*{key}( = |,|$)", text), f"[[{table}]] {key}")

    def part(self, text, table):
        """What stands below the heading of a table that is not repeated; empty if there is none."""
        found = re.search(rf"(?ms)^\[{table}\]$(.*?)(?=^\[|\Z)", text)
        return found[1] if found else ""

    def test_the_shipped_file_shows_the_defaults(self):
        text = SHIPPED.read_text()
        for (table, key), (standard, _, _) in settings().items():
            for value in re.findall(rf"(?m)^#{key} = (.+)$", self.part(text, table)):
                self.assertEqual(self.plain(value), self.plain(standard), f"[{table}] {key}")

    def plain(self, value):
        """A minute in seconds is a minute."""
        return {'"60s"': '"1m"', '"0ms"': '"0s"'}.get(value, value)

    def test_what_the_pages_call_a_setting_is_one(self):
        """`[table] key` in README.md and docs/."""
        known = settings()
        tables = {table for table, _ in known}
        for document in blocks.documents():
            if document.endswith("changelog.md"):  # which names what there once was
                continue
            for table, key in re.findall(r"`\[(\w+)\] (\w+)", (ROOT / document).read_text()):
                self.assertIn(table, tables, document)
                self.assertIn((table, key), known, document)

    def test_help_shows_the_defaults(self):
        """Where --help ends the line of a flag with a default in brackets, it is that of the setting."""
        flags = {flag: entry for entry in settings().values() for flag in re.findall(r"flag `(--[\w-]+)`", entry[2])}
        shown = {}
        for program in configuration.PROGRAMS:
            _, usage = self.run_program(program, "--help")
            for flag, default in re.findall(r"(?m)^  (--[\w-]+) (?:[^\n]|\n {10})*?\[([^\]\s]+)\]$", usage):
                shown[program, flag] = default
        self.assertGreaterEqual(len(shown), 8)
        for (program, flag), default in shown.items():
            if flag in ("--worker", "--database"):  # empty stands for these
                continue
            expected = {f'"{default}"', default, f'["{default}"]'}
            known = [entry[0] for name, entry in self.flags_of(program).items() if name == flag]
            self.assertEqual(len(known), 1, flag)
            self.assertIn(known[0].replace('"1m"', '"60s"'), expected, f"{program} {flag}")
        self.assertTrue(flags)

    def flags_of(self, program):
        found = {}
        for line in configuration.reference(program, BIN).splitlines():
            if row := ROW.match(line.replace(r"\|", "¦")):
                found.update({flag: (row[2].strip("`"),) for flag in re.findall(r"flag `(--[\w-]+)`", row[4])})
        return found

    def test_every_meaning_is_said(self):
        for (table, key), (_, values, meaning) in settings().items():
            self.assertGreater(len(meaning.split()), 1, f"[{table}] {key}")
            self.assertTrue(values)


if __name__ == "__main__":
    main()
