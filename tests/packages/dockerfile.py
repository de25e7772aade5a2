"""deploy/Dockerfile as data: its stages and what they do. Knows what that file uses, and refuses the rest."""

import json
import pathlib
import re
import shlex
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
IGNORED = {"COPY", "WORKDIR", "EXPOSE"}


@dataclass
class Stage:
    name: str
    base: str  # an image, or the name of an earlier stage
    instructions: list = field(default_factory=list)  # (name, text)

    def of(self, *names):
        return [text for name, text in self.instructions if name in names]

    def runs(self):
        """Its RUN steps, each as (mounts, command)."""
        for text in self.of("RUN"):
            mounts = []
            while found := re.match(r"--mount=(\S+)\s+", text):
                mounts.append(dict(part.split("=", 1) for part in found[1].split(",")))
                text = text[found.end():]
            yield mounts, text

    def environment(self):
        return dict(word.split("=", 1) for text in self.of("ENV") for word in shlex.split(text))

    def last(self, name):
        """A JSON array, of the last such instruction."""
        return json.loads(self.of(name)[-1])

    def user(self):
        return tuple(map(int, self.of("USER")[-1].split(":")))

    def health_check(self):
        return json.loads(self.of("HEALTHCHECK")[-1].partition("CMD ")[2])


def stages(path=ROOT / "deploy/Dockerfile"):
    """The stages by their names. One that is based on another has its instructions, too."""
    found = {}
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        name, _, rest = line.strip().partition(" ")
        if not name:
            continue
        if name == "FROM":
            base, _, stage = rest.partition(" AS ")
            current = Stage(stage, base, list(found[base].instructions) if base in found else [])
            found[stage] = current
        elif name in {"RUN", "ENV", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD", *IGNORED}:
            current.instructions.append((name, rest))
        else:
            raise ValueError(f"{path}: {name} is not understood")
    return found
