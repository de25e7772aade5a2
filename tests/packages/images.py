"""What deploy/Dockerfile makes, without a container engine: the RUN steps of a stage are run in a fresh root. Not
checked: that the engine's base image is like that root, and what the engine does with COPY, USER and HEALTHCHECK."""

import pathlib
import re
import shutil

import debs
from dockerfile import ROOT, stages
from root import Root, run

COPIED = {"deploy/healthcheck": "/usr/lib/roost/healthcheck"}


class Image:
    """A stage of the Dockerfile in a root of its own; needs the packages in build/package/deb."""

    def __init__(self, name, packages):
        self.stage = stages()[name]
        self.root = Root(debs.base(packages[each] for each in ("roost-common", "roost-proxy", "roost-api")))
        try:
            for source, target in COPIED.items():
                copy = self.root.path / target.lstrip("/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, copy)
            shutil.copy("/etc/resolv.conf", self.root.path / "etc/resolv.conf")
            for mounts, command in self.stage.runs():
                self.step(mounts, command)
        except BaseException:
            self.close()
            raise

    def step(self, mounts, command):
        targets = []
        for mount in mounts:
            target = self.root.path / mount["target"].lstrip("/")
            target.mkdir(exist_ok=True)
            run("mount", "--bind", "-o", "ro", ROOT / mount["source"].removeprefix("/src/"), target)
            targets.append(target)
        try:
            self.root.run("sh", "-c", command)
        finally:
            for target in targets:
                run("umount", target)
                target.rmdir()

    def command(self):
        return [*self.stage.last("ENTRYPOINT"), *self.stage.last("CMD")]

    def size_mib(self):
        return int(re.match(r"\d+", run("du", "-sm", self.root.path))[0])

    def close(self):
        self.root.close()


def volume(path, image, target):
    """A directory as an engine would make a named volume: with the owner and mode that the image has at `target`."""
    like = (image.root.path / target.lstrip("/")).stat()
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    shutil.chown(path, like.st_uid, like.st_gid)
    path.chmod(like.st_mode & 0o7777)
    return path
