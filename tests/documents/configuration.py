#!/usr/bin/env python3
"""Writes the tables of docs/configuration.md, from what the programs say of their settings:
tests/documents/configuration.py

The programs are those of $ROOST_BIN, else of build/release/bin. test_configuration.py compares the page with them."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/configuration.md"
PROGRAMS = ["roost-proxy", "roost-api"]

def reference(program, folder):
    return subprocess.run([folder / program, "--print-config-reference"], check=True, capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"]}).stdout


def page(folder):
    """The text of docs/configuration.md: its beginning as it is, and the tables of the programs in `folder`."""
    beginning = PAGE.read_text().partition(f"\n## {PROGRAMS[0]}\n")[0]
    return beginning + "".join(f"\n## {program}\n{reference(program, folder)}" for program in PROGRAMS)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__ if sys.argv[1] in ("-h", "--help") else "configuration.py takes no arguments")
    PAGE.write_text(page(pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin"))))
