"""Checks the repository's rules: tidy.py [ROOT]. Prints a line per rule, and the violations. No exceptions."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import documents  # noqa: E402
import structure  # noqa: E402
from reporting import report  # noqa: E402
from tree import Tree, includes, without_comments  # noqa: E402

MOST_LINES, MOST_FUNCTION_LINES, MOST_COLUMNS = 500, 70, 120

# A folder includes itself and folders of lower layers; folders of one layer do not include each other.
LAYERS = {
    "common/base": 1,
    "common/net": 2, "common/cache": 2, "common/observe": 2, "common/config": 2, "common/process": 2,
    "common/http": 3, "common/http/http1": 3, "batcher": 3, "batcher/journal": 3,
    "common/service": 4,
    "proxy/cache": 4, "proxy/limits": 4, "proxy/upstream": 4, "proxy/upstream/balancer": 4,
    "proxy/upstream/health": 4,
    "api/db": 4, "api/db/sqlite": 4, "api/db/postgres": 4, "api/db/demo": 5,
    "proxy/config": 5, "proxy/routing": 5, "proxy/observe": 5, "proxy/runtime": 6, "proxy/fetching": 7,
    "proxy/exchange": 8, "proxy/admin": 9, "proxy": 10,
    "api/http": 5, "api/notify": 6, "api/logs": 6, "api/pages": 6, "api/accounts": 6, "api/tweets": 7,
    "api/log_store": 7, "api": 8,
}  # fmt: skip
# Pairs that never include each other, whatever their layers.
STRANGERS = [("proxy", "api"), ("api", "proxy"), ("proxy", "batcher"), ("batcher", "common/http"),
             ("batcher", "common/net")]
# Headers of a library, and the folder that may include them, with those below it.
OWNED_HEADERS = {r"uv\.h": "common/net", r"llhttp\.h": "common/http/http1", r"sqlite3\.h": "api/db/sqlite",
                 r"libpq-fe\.h": "api/db/postgres", r"toml\+\+/.*": "common/config",
                 r"CLI/.*": "common/config"}
BARE_LIBRARIES = {"bench/uv_floor.cc"}  # programs that measure a library by itself
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "proxy", "api", "batcher", "common",
             "bench", "tests", "deploy", "docs", "build", "data", "compile_commands.json"}
EMPTY_NAMES = r"Util|Manager|Helper|Handler"
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATHS = re.compile(r"(?<![\w./$})])/(work|home|root)/|/tmp/b" r"(rief|-[a-z])")


def layer_folder(path):
    """The folder of the table that a path belongs to, or None."""
    folder = str(path.parent) if isinstance(path, pathlib.PurePath) else path
    while folder not in LAYERS and folder not in ("", "."):
        folder = os.path.dirname(folder)
    return folder if folder in LAYERS else None


def may_include(own, other):
    if own == other or own.startswith(other + "/") and LAYERS[own] == LAYERS[other]:
        return True
    strangers = any((own + "/").startswith(a + "/") and (other + "/").startswith(b + "/") for a, b in STRANGERS)
    return not strangers and (LAYERS[other] < LAYERS[own] or other.startswith(own + "/"))


def check_layers(tree):
    """Folders include lower layers only."""
    for path, number, match in includes(tree, '"([^"]+)"'):
        included = pathlib.PurePosixPath(match[1])
        if not (tree.root / included).exists():
            yield f'{path}:{number}: "{included}" is not a path from the top of the repository'
            continue
        tested = path.parts[0] == "tests" and included.parts[0] != "tests"
        own = layer_folder(pathlib.PurePosixPath(*path.parts[1:]) if tested else path)
        other = layer_folder(included)
        if path.parts[0] not in ("tests", "bench") and (own is None or other is None):
            yield f'{path}:{number}: "{included}" is in no layer'
        elif own and other and not may_include(own, other):
            yield f"{path}:{number}: {own} (layer {LAYERS[own]}) includes {other} (layer {LAYERS[other]})"


def check_libraries(tree):
    """Each library is included by one folder only."""
    for path, number, match in includes(tree, '[<"]([^>"]+)[>"]'):
        for header, owner in OWNED_HEADERS.items():
            if not re.fullmatch(header, match[1]) or str(path) in BARE_LIBRARIES:
                continue
            if owner not in (str(path.parent), str(pathlib.PurePosixPath(*path.parts[1:]).parent)):
                yield f"{path}:{number}: only {owner} includes {match[1]}"


def check_sizes(tree):
    """No file over 500 lines, no function over 70."""
    for path in tree.code():
        count = len(tree.text(path).splitlines())
        if count > MOST_LINES:
            yield f"{path}: {count} lines"
    for path in tree.sources():
        for line, length in function_lengths(tree.text(path)):
            if length > MOST_FUNCTION_LINES:
                yield f"{path}:{line}: a function of {length} lines"


def function_lengths(text):
    """(line, lines) of every outermost function body, braces included."""
    code = re.sub(r"^[ \t]*#.*(?:\\\n.*)*$", "", without_comments(text), flags=re.M)
    not_functions = re.compile(r"^\s*(namespace|class|struct|union|enum|extern)\b|=\s*$")
    head_start, stack, line = 0, [], 1
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "{":
            head = code[head_start:at].strip()
            inside = any(is_function for is_function, _ in stack)
            stack.append((not inside and "(" in head and not not_functions.search(head), line))
            head_start = at + 1
        elif char == "}" and stack:
            is_function, start = stack.pop()
            if is_function:
                yield start, line - start + 1
            head_start = at + 1
        elif char == ";":
            head_start = at + 1


def check_names(tree):
    """Names are not vague."""
    for path in tree.sources():
        code = without_comments(tree.text(path))
        for match in re.finditer(r"\b(?:class|struct|enum(?: class)?|union)\s+(\w+)[^;{]*\{", code):
            if re.search(EMPTY_NAMES, match[1]):
                yield f"{path}: {match[1]} says nothing ({EMPTY_NAMES.replace('|', ', ')})"
    for path in tree.files:
        stem = path.name.split(".")[0]
        if path.suffix in (".cc", ".h", ".py", ".lua") and not re.fullmatch(r"[a-z][a-z0-9_]*", stem):
            yield f"{path}: file names are snake_case"
        if re.search(EMPTY_NAMES, "".join(word.capitalize() for word in stem.split("_"))):
            yield f"{path}: the name says nothing ({EMPTY_NAMES.replace('|', ', ')})"


def check_built(tree):
    """Every source file is compiled."""
    databases = sorted(tree.root.glob("build/*/compile_commands.json"), key=os.path.getmtime)
    if not databases:
        yield "no build/*/compile_commands.json to look into: run cmake --preset debug"
        return
    built = {os.path.realpath(entry["file"]) for path in databases for entry in json.loads(path.read_text())}
    for path in tree.sources(".cc"):
        if path.parts[:2] == ("tests", "fuzz"):
            if not path.name.endswith("_fuzz.cc"):
                yield f"{path}: fuzz targets are named NAME_fuzz.cc"
        elif os.path.realpath(tree.root / path) not in built:
            yield f"{path}: not compiled"


def check_headers(tree):
    """Every header is guarded by #pragma once."""
    for path in tree.sources(".h"):
        if "#pragma once" not in tree.text(path):
            yield f"{path}: no #pragma once"


def check_lines(tree):
    """No tabs, no trailing blanks, no line over 120 columns, a newline at the end."""
    for path in tree.code():
        text = tree.text(path)
        for number, line in enumerate(text.splitlines(), 1):
            if "\t" in line:
                yield f"{path}:{number}: a tab"
            if line != line.rstrip():
                yield f"{path}:{number}: trailing blanks"
            if len(line) > MOST_COLUMNS:
                yield f"{path}:{number}: {len(line)} columns"
        if text and not text.endswith("\n"):
            yield f"{path}: no newline at the end"


def check_words(tree):
    """No unfinished work, no paths of one machine."""
    for pattern, what in ((UNFINISHED, "unfinished"), (MACHINE_PATHS, "a path of one machine")):
        for path, number, match in tree.matches(tree.files, pattern):
            yield f"{path}:{number}: {what}: {match[0]}"


def check_top_level(tree):
    """The top level holds the expected folders and files, and dot-files."""
    for path in tree.root.iterdir():
        if path.name not in TOP_LEVEL and not path.name.startswith("."):
            yield f"{path.name}: does not belong at the top"


def check_format(tree):
    """clang-format has nothing to change."""
    sources = [str(path) for path in tree.sources()]
    program = shutil.which("clang-format-14")
    if not program:
        yield "clang-format-14 is not installed (deploy/install-deps --tests)"
    elif sources:
        done = subprocess.run([program, "--dry-run", "-Werror", *sources], cwd=tree.root, capture_output=True,
                              text=True, check=False)
        yield from sorted(set(re.findall(r"^(\S+?:\d+):\d+: error: .*clang-format", done.stderr, re.M)))


def check_scripts(tree):
    """shellcheck has nothing to say, Python compiles."""
    shell = [str(p) for p in tree.files if p.suffix == ".sh" or tree.is_script(p) and "bash" in tree.text(p)[:40]]
    program = shutil.which("shellcheck")
    if not program:
        yield "shellcheck is not installed (deploy/install-deps --tests)"
    elif shell:
        done = subprocess.run([program, "-x", "-P", ".", "-f", "gcc", *shell], cwd=tree.root, capture_output=True,
                              text=True, check=False)
        yield from done.stdout.splitlines()
    for path in tree.sources(".py"):
        try:
            compile(tree.text(path), str(path), "exec")
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"


CHECKS = [check_layers, check_libraries, check_sizes, check_names, check_built, check_headers, check_lines, check_words,
          check_top_level, check_format, check_scripts, *structure.CHECKS, *documents.CHECKS]  # fmt: skip


def main():
    tree = Tree(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    failed = False
    for check in CHECKS:
        begun = time.monotonic()
        problems = list(check(tree))
        failed |= bool(problems)
        rule = check.__doc__.splitlines()[0].rstrip(".")
        report(rule, "FAILED" if problems else "ok", time.monotonic() - begun, "\n".join(problems))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
