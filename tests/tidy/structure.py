"""Checks of the code's structure: sizes of classes and folders, includes, where HTTP/1 framing is named, and whether
the state tables in comments agree with the code."""

import collections
import pathlib
import re

from classes import classes, closing
from tree import includes, without_comments

MOST_METHODS, MOST_MEMBERS, MOST_SOURCES, MOST_INCLUDES = 30, 20, 30, 15
PRODUCT = ("common", "proxy", "api", "batcher")
METRIC = r"observe::(?:Counter|Gauge|Histogram|MetricScope)\s*&"
HTTP1_FOLDER = "common/http/http1"
HTTP1_TERM = re.compile(r"\bchunked\b|\bCRLF\b|\bversion_minor\b|(?<!FieldId::)\bkeep_alive_?\b|(?<!\\t)\\r\\n")
# Not about the framing of messages: the name of a field in an enumeration or a `case`, a set of characters.
HTTP1_ASIDE = re.compile(r"^\s*(?:case FieldId::)?keep_alive[,:]|find_(?:first|last)_(?:not_)?of\([^)]*\)")


def product_sources(tree, *suffixes):
    return [path for path in tree.sources(*suffixes) if path.parts[0] in PRODUCT]


def check_classes(tree):
    """No class over 30 methods or 20 data members.

    Methods are counted as declared, private ones too, without constructors, destructor, assignment and comparison. Data
    members are those of each object: no static constants, and no references to the metrics of common/observe. A record
    may have more data members: a struct whose members are all public and whose methods are all const, such as options,
    counters and the parts of a message.
    """
    for path in tree.sources():
        code = re.sub(r"(?m)^\s*(?:const\s+)?" + METRIC + r"\s*\w+;", "", without_comments(tree.text(path)))
        for found in classes(code):
            if len(found.methods) > MOST_METHODS:
                yield f"{path}: {found.name} has {len(found.methods)} methods"
            if len(found.members) > MOST_MEMBERS and not found.is_record():
                yield f"{path}: {found.name} has {len(found.members)} data members"


def check_folders(tree):
    """No folder over 30 sources, those of its subfolders aside."""
    for folder, count in sorted(collections.Counter(path.parent for path in tree.sources()).items()):
        if count > MOST_SOURCES:
            yield f"{folder}: {count} sources"


def check_include_counts(tree):
    """No file with over 15 project includes."""
    counts = collections.Counter(path for path, _, _ in includes(tree, '"'))
    for path, count in sorted(counts.items()):
        if count > MOST_INCLUDES:
            yield f"{path}: {count} project includes"


def check_cycles(tree):
    """No cycle of includes between units (NAME.h with NAME.cc)."""
    graph = collections.defaultdict(set)
    for path, _, match in includes(tree, '"([^"]+)"'):
        unit, other = str(path.with_suffix("")), match[1].rpartition(".")[0]
        if unit != other:
            graph[unit].add(other)
    for cycle in cycles(graph):
        yield " and ".join(cycle) + " include each other"


def cycles(graph):
    """The strongly connected components of more than one node (Tarjan's algorithm)."""
    index, low, stack = {}, {}, []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                yield from visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            component = sorted(stack[at:])
            del stack[at:]
            if len(component) > 1:
                yield component

    for node in sorted(graph):
        if node not in index:
            yield from visit(node)


def check_http1(tree):
    """Only common/http/http1 knows how HTTP/1 frames a message.

    Elsewhere in the product nothing names line ends, chunks, keep-alive or the minor version, comments aside.
    """
    for path in product_sources(tree):
        if str(path.parent) == HTTP1_FOLDER:
            continue
        code = without_comments(tree.text(path), keep_literals=True)
        for number, line in enumerate(code.splitlines(), 1):
            match = HTTP1_TERM.search(HTTP1_ASIDE.sub("", line))
            if match:
                yield f"{path}:{number}: {match[0]}"


def check_state_tables(tree):
    """The state tables in comments agree with the code.

    A class whose comment has a table with the columns `state` and `leaves for`, and that has an `enum class State`, has
    a function `is_move(State from, State to)` in its .cc, one switch over `from` in which each case returns `false` or
    `to == State::a || to == State::b`. States and moves of table, enumeration and switch have to be the same.
    """
    for path in product_sources(tree):
        for name, table, states in state_tables(tree.text(path)):
            if sorted(table) != sorted(states):
                yield f"{path}: {name}: the table has the states {listed(table)}, State has {listed(states)}"
                continue
            unit = path.with_suffix(".cc")
            code = without_comments(tree.text(unit)) if unit in tree.files else ""
            body = function_body(code, rf"\b{name}::is_move\(State from, State to\)\s*\{{")
            if body is None:
                continue
            moves = moves_of_switch(body)
            if moves is None:
                yield f"{unit}: {name}::is_move is not a switch of `return to == State::…`"
                continue
            for state in states:
                said, done = table[state], moves.get(state, set())
                if said != done:
                    yield f"{path}: {name}: {state} leaves for {listed(said)}; is_move allows {listed(done)}"


def listed(names):
    return ", ".join(sorted(names)) or "nothing"


def state_tables(text):
    """(class, {state: the states it leaves for}, states of the enumeration) of every class with a table."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not re.match(r"\s*///\s+state\s.*\bleaves for$", line.rstrip()):
            continue
        rows, name = {}, None
        column, first = line.index("leaves for"), line.index("state")
        for at in range(number + 1, len(lines)):
            row = lines[at]
            if not re.match(r"\s*///\s{2,}", row):
                break
            if re.match(r"\w", row[first:]):
                name = re.match(r"\w+", row[first:])[0]
                rows[name] = ""
            if name:
                rows[name] += " " + row[column:]
        behind = "\n".join(lines[number:])
        owner = re.search(r"^\s*(?:class|struct)\s+((?:\w+::)*\w+)", behind, re.M)
        enum = owner and re.search(r"enum class State[^{]*\{([^}]*)\}", behind[owner.end():])
        if enum:
            table = {state: set(targets(cell)) for state, cell in rows.items()}
            yield owner[1], table, re.findall(r"\w+", re.sub(r"//[^\n]*|=\s*\w+", "", enum[1]))


def targets(cell):
    """The states in "idle (an empty line), closed"; a dash is none."""
    words = [word.strip() for word in re.sub(r"\([^)]*\)", "", cell).split(",")]
    return [word for word in words if word and word != "–"]


def function_body(code, head):
    match = re.search(head, code)
    return match and code[match.end():closing(code, match.end() - 1)]


def moves_of_switch(body):
    """{state: states it may leave for}; None when it is not written in the form that can be read."""
    parts = re.split(r"((?:\s*case\s+State::\w+\s*:)+)", re.sub(r"^.*?\{", "", body, count=1, flags=re.S))
    moves = {}
    for labels, action in zip(parts[1::2], parts[2::2]):
        returned = re.match(r"\s*return\s+(false|to == State::\w+(?:\s*\|\|\s*to == State::\w+)*);", action)
        if not returned:
            return None
        for state in re.findall(r"State::(\w+)", labels):
            moves[state] = set(re.findall(r"State::(\w+)", returned[1]))
    return moves or None


CHECKS = [check_classes, check_folders, check_include_counts, check_cycles, check_http1, check_state_tables]
