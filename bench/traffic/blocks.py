"""The marked blocks of a document, which are replaced:

    <!-- figures: NAME -->
    …
    <!-- end -->"""

import re

BLOCK = re.compile(r"<!-- figures: ([\w -]+) -->\n(.*?)<!-- end -->", re.S)


def rewrite(path, blocks):
    """Puts blocks into a document; what it does not have is appended under a heading of its own."""
    text = path.read_text() if path.exists() else "# Report\n"
    known = {name for name, _ in BLOCK.findall(text)}
    for name in blocks:
        if name not in known:
            text += f"\n## {name.capitalize().replace('-', ' ')}\n\n<!-- figures: {name} -->\n<!-- end -->\n"

    def put(match):
        name = match[1]
        return f"<!-- figures: {name} -->\n{blocks[name]}<!-- end -->" if name in blocks else match[0]

    path.write_text(BLOCK.sub(put, text))
    return path
