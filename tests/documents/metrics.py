#!/usr/bin/env python3
"""Writes the tables of docs/metrics.md from the declarations of the metrics in the code: tests/documents/metrics.py

test_metrics.py compares the page with them, and them with what running programs show."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/metrics.md"
DECLARED = re.compile(r'MetricInfo\s+k\w+\s*\{\s*"(roost_\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}')
TABLE = re.compile(r"(?s)(<!-- of (\w+) -->\n)(.*?)(?=\n\n|\n*\Z)")
FOLDERS = {"proxy": ["proxy"], "api": ["api"], "both": ["common"]}


def declared(which):
    """{name: meaning} of the metrics of roost-proxy, roost-api, or both."""
    found = {}
    for folder in FOLDERS[which]:
        for path in sorted((ROOT / folder).rglob("*.cc")):
            for name, text in DECLARED.findall(path.read_text()):
                found[name] = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace('\\"', '"')
    return found


def table(which):
    rows = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in sorted(declared(which).items()))
    return f"| metric | meaning |\n|---|---|\n{rows}".rstrip("\n")


def page(text):
    """The text of the page with its tables anew."""
    return TABLE.sub(lambda match: match[1] + table(match[2]), text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__ if sys.argv[1] in ("-h", "--help") else "metrics.py takes no arguments")
    PAGE.write_text(page(PAGE.read_text()))
