"""Checks of the documents: what they name has to be there."""

import re

from tree import IGNORED_FOLDERS

IN_TREE = re.compile(r"`((?:common|proxy|api|batcher|tests|bench|deploy|docs)/[\w./*-]*)`")


def documents(tree):
    return [path for path in tree.files if path.suffix == ".md"]


def anchor(heading):
    """The fragment of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text):
    return {anchor(line.lstrip("#")) for line in re.sub(r"```.*?```", "", text, flags=re.S).splitlines()
            if re.match(r"#+ ", line)}


def check_documents(tree):
    """Links and paths in the documents lead somewhere."""
    for path in documents(tree):
        yield from bad_links(tree, path)
        for _, number, match in tree.matches([path], IN_TREE):
            made = not IGNORED_FOLDERS.isdisjoint(match[1].split("/"))
            if not made and not any(tree.root.glob(match[1].rstrip("/"))):
                yield f"{path}:{number}: no {match[1]}"


def bad_links(tree, path):
    for _, number, match in tree.matches([path], r"\]\(([^()\s]+)\)|\b(?:src|href)=\"([^\"]+)\""):
        target, _, fragment = (match[1] or match[2]).partition("#")
        if re.match(r"\w+:", target):
            continue
        file = (tree.root / path.parent / target) if target else tree.root / path
        if not file.exists():
            yield f"{path}:{number}: no {target}"
        elif fragment and file.suffix == ".md" and fragment not in anchors(file.read_text()):
            yield f"{path}:{number}: no heading #{fragment} in {target or path}"


CHECKS = [check_documents]
