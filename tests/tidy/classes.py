"""Classes of C++ sources, read well enough to count what they declare: no compiler, no preprocessor."""

import re
from dataclasses import dataclass, field

ATTRIBUTE = r"(?:\[\[[^\]]*\]\]|alignas\([^()]*\)|[A-Z_]{4,}(?:\([^()]*\))?)\s+"
HEAD = re.compile(rf"(?<!enum )(?<!friend )\b(class|struct)\s+(?:{ATTRIBUTE})*"
                  r"((?:\w+::)*\w+)(?:\s+final)?\s*(?::(?!:)[^;{}()]*)?\{")
ACCESS = re.compile(r"\b(?:public|protected|private)\s*:(?!:)")
# What may stand around a declaration and has parentheses of its own: attributes and the annotations of locks.
AROUND = re.compile(r"\[\[[^\]]*\]\]|\balignas\s*\([^()]*\)|\b[A-Z][A-Z_]{3,}\s*\((?:[^()]|\([^()]*\))*\)")
NOT_COUNTED = re.compile(r"\s*(?:using|typedef|friend|enum|static_assert|class|struct|union)\b")


@dataclass
class Class:
    """What one class declares by itself; what its nested classes declare counts there."""
    kind: str
    name: str
    line: int
    methods: list = field(default_factory=list)  # without constructors, destructor, assignment and comparison
    members: list = field(default_factory=list)  # data of each object: no static constants
    changing: int = 0                            # methods that are not const
    hidden: bool = False                         # has a private or protected part

    def is_record(self):
        """Public data and nothing that changes it: counters, options, the parts of a message."""
        return self.kind == "struct" and not self.hidden and self.changing == 0


def closing(code, at, pair="{}"):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for place in range(at, len(code)):
        depth += (code[place] == pair[0]) - (code[place] == pair[1])
        if depth == 0:
            return place
    return len(code) - 1


def declarations(body):
    """The declarations of a class body, with every {...} emptied."""
    start, text, at = 0, "", 0
    while at < len(body):
        char = body[at]
        if char == "(":
            at = closing(body, at, "()")
        elif char == ";":
            yield text + body[start:at]
            start, text = at + 1, ""
        elif char == "{":
            text += body[start:at] + "{}"
            at = closing(body, at)
            start = at + 1
            if is_function(text) and not re.match(r"\s*[,{]", body[start:]):
                yield text
                text = ""
        at += 1


def plain(declaration):
    """Without access labels, annotations, template arguments and what stands behind `=` or in braces."""
    text = AROUND.sub(" ", ACCESS.sub(" ", declaration))
    text = re.sub(r"\boperator\s*(?:\(\s*\)|[^\s\w(]+)", lambda m: "operator_" + str(len(m[0])), text)
    text = re.sub(r"^\s*template\s*", "", text).replace("->", " ")
    shorter = re.sub(r"<[^<>;]*>", " ", text)
    while shorter != text:
        text, shorter = shorter, re.sub(r"<[^<>;]*>", " ", shorter)
    return text


def is_function(declaration):
    text = plain(declaration)
    if NOT_COUNTED.match(text):
        return False
    return "(" in re.split(r"[={]", text, maxsplit=1)[0]


def names_of_members(text):
    """The names in "int a = 0, b, *c{}"."""
    text = re.sub(r"\([^()]*\)", "", text)
    return [re.findall(r"\w+", re.sub(r"\[[^\]]*\]|:\s*\d+\s*$", "", re.split(r"[={]", part)[0]))[-1]
            for part in text.split(",") if re.search(r"\w", re.split(r"[={]", part)[0])]


def add(found, declaration):
    text = plain(declaration).strip()
    if not text or NOT_COUNTED.match(text):
        return
    if not is_function(declaration):
        if not re.match(r"(?:inline\s+|constexpr\s+)*static\b", text):
            found.members += names_of_members(text)
        return
    name = re.search(r"(~?\w+)\s*\(", text)[1]
    own = found.name.rpartition("::")[2]
    if name in (own, "~" + own) or re.search(r"\boperator(?:=|==|!=|<=>|<)(?![<\w])", declaration):
        return
    found.methods.append(name)
    behind = text[closing(text, text.index("("), "()"):]
    found.changing += not re.search(r"\bconst\b", behind) and not re.match(r"(?:\w+\s+)*static\b", text)


def classes(code):
    """Every class that is defined in `code`, which has neither comments nor literals."""
    for match in HEAD.finditer(code):
        begin = match.end() - 1
        body = code[begin + 1:closing(code, begin)]
        found = Class(match[1], match[2], code.count("\n", 0, match.start()) + 1)
        outer = "".join(declarations(body + ";"))
        found.hidden = bool(re.search(r"\b(?:private|protected)\s*:(?!:)", outer))
        for declaration in declarations(body + ";"):
            add(found, declaration)
        yield found
