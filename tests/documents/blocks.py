"""The code blocks of README.md and docs/*.md.

A block of the language `sh` is a script that a reader may copy, and that test_commands.py runs. Comments in the lines
above a block are for the tests:

    <!-- not run: needs a second host -->       why it is not run
    <!-- with: deploy/up -->                    what the text around it takes for granted is run first
    <!-- block: backup-sqlite -->               a name, for a test that looks for it

`console` is what a program prints; other languages are content of files."""

import pathlib
import re
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = re.compile(r"<!-- (not run|with|block): (.+) -->")


@dataclass
class Block:
    document: str  # "docs/operating.md"
    line: int  # of its first line of code
    section: int  # the number of the heading it stands under, # and ## counted
    language: str
    text: str
    marks: dict = field(default_factory=dict)

    @property
    def reason(self):
        """Why it is not run; empty if it is."""
        return self.marks.get("not run", "")


def documents():
    """README.md first, then docs/ by name, as paths below the repository."""
    return ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


def blocks(document):
    return blocks_of(document, (ROOT / document).read_text())


def blocks_of(document, text):
    found, marks, section, at, lines = [], {}, 0, 0, text.splitlines()
    while at < len(lines):
        line = lines[at].strip()
        at += 1
        if mark := MARK.fullmatch(line):
            marks[mark[1]] = mark[2]
        elif line.startswith("```"):
            end = next(i for i in range(at, len(lines)) if lines[i].strip() == "```")
            found.append(Block(document, at + 1, section, line[3:], "\n".join(lines[at:end]) + "\n", marks))
            marks, at = {}, end + 1
        else:
            marks = {}
            section += bool(re.match(r"##? ", line))
    return found


def named(document, name):
    """The code of the block that `<!-- block: name -->` stands above."""
    (only,) = [block for block in blocks(document) if block.marks.get("block") == name]
    return only.text
