"""What is generated for the packages: no flag and no key is missing in manual pages and completion."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import BIN, ROOT, main, unittest

PROGRAMS = ["roost-proxy", "roost-api"]
NO_LOG = {**os.environ, "ROOST_PROXY_ACCESS_LOG": "off"}  # whose directory a package makes


def output_of(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Generated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="roost-generated-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        output_of(sys.executable, ROOT / "deploy/packages/generate.py", *(BIN / name for name in PROGRAMS), cls.folder)

    def shown(self, page):
        """A manual page as a person reads it."""
        text = output_of("groff", "-man", "-Tascii", "-P-cbou", "-rLL=118n", self.folder / page)
        return text

    def test_manual_pages_have_every_flag(self):
        for name in PROGRAMS:
            flags = set(re.findall(r"(?m)^  (?:-\w,)?(--[\w-]+)", output_of(BIN / name, "--help")))
            self.assertGreater(len(flags), 8)
            page = self.shown(f"{name}.8")
            for flag in flags:
                self.assertRegex(page, rf"(?m)^ +(-h, )?{flag}( |$)", name)
            for part in ("NAME", "SYNOPSIS", "OPTIONS", "SIGNALS", "EXIT STATUS", "FILES", "SEE ALSO"):
                self.assertRegex(page, rf"(?m)^{part}$")

    def test_the_page_of_the_configuration_has_every_key(self):
        page = self.shown("roost.toml.5")
        for name in PROGRAMS:
            printed = output_of(BIN / name, "--config", self.folder / "roost.toml", "--print-config",
                                env=NO_LOG)
            keys = set(re.findall(r"(?m)^(\w+) = ", printed))
            self.assertGreater(len(keys), 20)
            for key in keys:
                self.assertRegex(page, rf"\b{key}\b", f"{name}: {key}")
            for table in re.findall(r"(?m)^\[(\w+)\]$", printed):
                self.assertIn(f"[{table}]", page)

    def test_manual_pages_are_well_formed(self):
        for page in self.folder.glob("*.[58]"):
            self.assertEqual(output_of("groff", "-man", "-ww", "-z", "-Tutf8", page), "", page.name)

    def test_completion_offers_every_flag(self):
        for name in PROGRAMS:
            script = (f"source {self.folder / name}.bash; COMP_WORDS=({name} --); COMP_CWORD=1; "
                      f"_{name.replace('-', '_')}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
            offered = set(output_of("bash", "-euc", script).split())
            flags = set(re.findall(r"(?m)^  (?:-\w,)?(--[\w-]+)", output_of(BIN / name, "--help")))
            self.assertEqual(offered, flags)

    def test_the_shipped_configuration_is_good_and_has_debians_places(self):
        for name in PROGRAMS:
            self.assertIn("good", output_of(BIN / name, "--check", "--config", self.folder / "roost.toml", env=NO_LOG))
        printed = output_of(BIN / "roost-api", "--config", self.folder / "roost.toml", "--print-config")
        self.assertRegex(printed, r'data = "/var/lib/roost" +# file')
        self.assertRegex(printed, r'directory = "/var/log/roost" +# file')


if __name__ == "__main__":
    main()
