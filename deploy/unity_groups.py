#!/usr/bin/env python3
"""Divides the sources of a library into units that compile as one (ROOST_UNITY in CMakeLists.txt).

unity_groups.py FILE…: prints a number for each file, its unit, separated by semicolons. Two files that declare the same
name for themselves, in an anonymous namespace, as static, constant or alias, or by #define, are never in one unit."""

import pathlib
import re
import sys

LINES = 2000  # of a unit, about: of those that a library is divided into, as equally as may be
LITERALS = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)
OWN = re.compile(r"\s*(static|const|constexpr|using\s+\w+\s*=)(?=\W)")  # internal to a file whatever the namespace
SCOPE = re.compile(r"^\s*(?:inline\s+)?namespace\b\s*([\w:]*)\s*$")


def declared(head):
    """The name that a declaration up to its "{" or ";" declares; more than one where that is not sure."""
    head = re.sub(r"^\s*template\s*<.*?>\s*(?=struct|class|using|\w)", "", head, flags=re.S)
    if found := re.search(r"\b(?:struct|class|union|enum(?:\s+class)?)\s+(\w+)\s*(?:final\s*)?(?::|$)", head):
        return {found[1]}
    if found := re.search(r"\busing\s+(\w+)\s*=", head):
        return {found[1]}
    if re.search(r"\busing\b|\boperator\b", head):
        return set()
    before = re.split(r"[(=\[]", head, maxsplit=1)[0]
    return set(re.findall(r"(\w+)\s*$", before))


def private_names(text):
    """The names that a source file declares for itself."""
    text = LITERALS.sub('""', text)
    names = set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M))
    text = re.sub(r"^[ \t]*#.*(?:\\\n.*)*$", "", text, flags=re.M)
    scopes, start, skipped = [], 0, 0  # for each open namespace, whether it is anonymous; depth of other braces
    for at in (match.start() for match in re.finditer(r"[{};]", text)):
        head, char = text[start:at], text[at]
        if skipped:
            skipped += {"{": 1, "}": -1, ";": 0}[char]
        elif char == "}":
            scopes and scopes.pop()
        elif char == "{" and (scope := SCOPE.match(head)):
            scopes.append(not scope[1])
        else:
            if any(scopes) or OWN.match(head):
                names |= declared(head)
            skipped = char == "{"
        start = at + 1
    return names


def divide(files):
    """The unit of each file: the shortest that has none of its names."""
    texts = [pathlib.Path(file).read_text(encoding="utf-8") for file in files]
    lines = [text.count("\n") for text in texts]
    units = [[0, set()] for _ in range(max(1, -(-sum(lines) // LINES)))]  # of each, its lines and names
    chosen = [0] * len(files)
    for file in sorted(range(len(files)), key=lambda file: -lines[file]):
        names = private_names(texts[file])
        fitting = [unit for unit in units if not names & unit[1]]
        if not fitting:
            fitting = [[0, set()]]
            units += fitting
        unit = min(fitting, key=lambda unit: unit[0])
        unit[0] += lines[file]
        unit[1] |= names
        chosen[file] = units.index(unit)
    return chosen


if __name__ == "__main__":
    print(";".join(map(str, divide(sys.argv[1:]))))
