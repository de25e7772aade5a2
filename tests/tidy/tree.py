"""The files of a repository, as the checks look at them."""

import pathlib
import re

IGNORED_FOLDERS = {"build", "data", ".git", "results", "node_modules", "__pycache__", ".cache"}
CODE = {".cc", ".h", ".py", ".lua", ".sh", ".js", ".mjs", ".css", ".html", ".toml", ".txt"}


class Tree:
    """The files of a repository, read once."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = sorted(self.find(self.root))
        self.texts = {}

    def find(self, folder):
        for path in folder.iterdir():
            if path.is_symlink():
                continue
            if path.is_dir():
                if path.name not in IGNORED_FOLDERS:
                    yield from self.find(path)
            elif path.suffix != ".pyc" and path.name not in IGNORED_FOLDERS:
                yield path.relative_to(self.root)

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = (self.root / path).read_text(errors="replace")
        return self.texts[path]

    def sources(self, *suffixes):
        return [path for path in self.files if path.suffix in (suffixes or (".cc", ".h"))]

    def code(self):
        """Everything written by hand: sources and scripts."""
        return [path for path in self.files if path.suffix in CODE or self.is_script(path)]

    def is_script(self, path):
        return not path.suffix and self.text(path).startswith("#!")

    def matches(self, paths, pattern):
        """(path, line number, match) of every match."""
        for path in paths:
            for number, line in enumerate(self.text(path).splitlines(), 1):
                for match in re.finditer(pattern, line):
                    yield path, number, match


def includes(tree, pattern):
    return tree.matches(tree.sources(), r'^\s*#\s*include\s*' + pattern)


def without_comments(text, keep_literals=False):
    """The code with comments, and literals, blanked out, line for line."""
    def blank(match):
        return match[0] if keep_literals and match[0][0] != "/" else re.sub(r"[^\n]", " ", match[0])
    literal = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(literal, blank, text, flags=re.S)
