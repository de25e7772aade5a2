"""The Debian packages, made by the steps of deploy/Dockerfile's first stage."""

import pathlib
import re
import shutil

from dockerfile import ROOT, stages
from root import run

MADE = ROOT / "build/package/deb"
PACKAGES = ["roost-common", "roost-proxy", "roost-api", "libroost-dev"]


def make():
    """Makes all packages from build/package, which is built if it is not; those of another test, if nothing changed."""
    if is_made():
        return {name: one(MADE, name) for name in PACKAGES}
    shutil.rmtree(MADE, ignore_errors=True)
    for mounts, command in stages()["build"].runs():
        assert not mounts
        run("sh", "-c", command, cwd=ROOT, limit_s=3600)
    return {name: one(MADE, name) for name in PACKAGES}


def is_made():
    build = ROOT / "build/package"
    sources = [ROOT / "CMakeLists.txt", ROOT / "CMakePresets.json", *(ROOT / "deploy").rglob("*"),
               *(ROOT / "docs").iterdir(), *build.glob("bin/*"), *build.glob("*.a")]
    made = list(MADE.glob("*.deb"))
    return len(made) == len(PACKAGES) and (min(path.stat().st_mtime for path in made) >
                                           max(path.stat().st_mtime for path in sources))


def make_later(folder):
    """The same as a later release, in `folder`."""
    run("cpack", "--config", ROOT / "build/package/CPackConfig.cmake", "-B", folder, "-D",
        "CPACK_DEBIAN_PACKAGE_RELEASE=2", "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", cwd=ROOT)
    return {name: one(folder, name) for name in PACKAGES}


def one(folder, name):
    found = list(pathlib.Path(folder).glob(f"{name}_*.deb"))
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def field(deb, name):
    return run("dpkg-deb", "--field", deb, name).strip()


def base(debs):
    """What a fresh root has to have to install them without a network, and to boot."""
    return sorted({"dbus", "logrotate", "systemd", "systemd-sysv", *dependencies(debs)})


def dependencies(debs):
    """The names of Debian's packages that these need."""
    names = set()
    for deb in debs:
        for each in field(deb, "Depends").split(","):
            names.add(re.match(r"\s*([\w.+-]+)", each)[1])
    return sorted(names - set(PACKAGES))
