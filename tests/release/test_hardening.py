"""The binaries that ship are hardened as ROOST_HARDENING says: those in $ROOST_BIN, by default build/release/bin."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from reporting import main  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin"))


PROGRAMS = ("roost-proxy", "roost-api")


def readelf(name, what):
    return subprocess.run(["readelf", "-W", what, BIN / name], check=True, capture_output=True, text=True).stdout


class Hardening(unittest.TestCase):
    def assert_each(self, what, pattern):
        """What readelf says of each program has the pattern."""
        for name in PROGRAMS:
            with self.subTest(program=name):
                self.assertRegex(readelf(name, what), pattern)

    def test_position_independent(self):
        self.assert_each("--file-header", r"Type:\s+DYN \(Position-Independent Executable")

    def test_all_relocations_are_made_at_the_start_and_read_only_then(self):
        self.assert_each("--program-headers", "GNU_RELRO")
        self.assert_each("--dynamic", r"\(FLAGS\)\s.*BIND_NOW")
        self.assert_each("--dynamic", r"\(FLAGS_1\)\s.*NOW")

    def test_the_stack_is_not_executable(self):
        self.assert_each("--program-headers", r"GNU_STACK\s+(0x\w+\s+){5}RW\s")

    def test_stack_protector(self):
        self.assert_each("--dyn-syms", "__stack_chk_fail@")

    def test_fortified_functions(self):
        self.assert_each("--dyn-syms", r"\b__(mem|str|f?read|recv|v?sn?printf|poll|fdelt)\w*_chk@")

    def test_control_flow_protection(self):
        """Functions begin with ENDBR64. The note that promises it of all (IBT, SHSTK) stays away: the start files of
        Debian 12 do not have it."""
        for name in PROGRAMS:
            self.assertGreater((BIN / name).read_bytes().count(b"\xf3\x0f\x1e\xfa"), 1000, name)


if __name__ == "__main__":
    main()
