"""The Debian packages in a fresh Debian 12, booted with systemd: installed, upgraded under load, removed, purged."""

import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import shutil
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import debs
import dockerfile
from harness import ROOT, Person, get, main, request, unittest, wait_until
from root import Root, run

PROXY, WORKERS = "127.0.0.1:8080", [9001, 9002, 9003]
UNITS = ["roost-proxy.service", *(f"roost-api@{port}.service" for port in WORKERS)]
DOCUMENT = ROOT / "docs/packages.md"
SLOW_S = 120  # for what takes a moment on a machine that has nothing else to do
LIKES = 37


@functools.cache
def packages():
    return debs.make()


def documented(name):
    """The commands of a block in docs/packages.md."""
    return re.search(rf"(?s)<!-- block: {name} -->\n```sh\n(.*?)```\n", DOCUMENT.read_text())[1]


class Contents(unittest.TestCase):
    """What is in the packages."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="roost-packages-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def unpacked(self, name):
        folder = self.directory / name
        run("dpkg-deb", "--raw-extract", packages()[name], folder)
        return folder

    def test_they_are_made_as_documented(self):
        steps = [command for _, command in dockerfile.stages()["build"].runs()]
        self.assertEqual(documented("packages-make").splitlines(), steps)

    def test_dependencies_are_those_of_the_programs(self):
        proxy, api = (debs.field(packages()[name], "Depends") for name in ("roost-proxy", "roost-api"))
        for library in ("libc6 (>= ", "libuv1 (>= ", "libfmt9 (>= ", "roost-common (= ", "init-system-helpers"):
            self.assertIn(library, proxy)
        for library in ("libsqlite3-0", "libpq5", "libsodium23", "libjwt0", "libutf8proc2", "debconf"):
            self.assertIn(library, api)
            self.assertNotIn(library, proxy)
        self.assertEqual(debs.field(packages()["roost-common"], "Architecture"), "all")
        self.assertIn("libxxhash-dev", debs.field(packages()["libroost-dev"], "Depends"))

    def test_programs_are_stripped_and_run_on_any_amd64_processor(self):
        for name in ("roost-proxy", "roost-api"):
            program = self.unpacked(name) / "usr/sbin" / name
            sections = run("readelf", "--sections", "--wide", program)
            self.assertNotIn(".debug_", sections)
            self.assertNotIn(".symtab", sections)
            # What llhttp is compiled to with SSE 4.2.
            self.assertNotIn("pcmpestri", run("objdump", "--disassemble", "--no-show-raw-insn", program))

    def test_what_belongs_to_the_administrator_is_marked(self):
        for name, files in [("roost-common", ["/etc/roost/roost.toml"]), ("roost-api", ["/etc/default/roost-api"]),
                            ("roost-proxy", ["/etc/default/roost-proxy", "/etc/logrotate.d/roost-proxy"])]:
            folder = self.unpacked(name)
            self.assertEqual((folder / "DEBIAN/conffiles").read_text().split(), files)
            shipped = [f"/{path.relative_to(folder)}" for path in (folder / "etc").rglob("*") if path.is_file()]
            self.assertEqual(sorted(shipped), files)
        default = self.directory / "roost-api/etc/default/roost-api"
        self.assertEqual(default.stat().st_mode & 0o777, 0o600)

    def test_a_program_links_the_libraries(self):
        sys.path.insert(0, str(ROOT / "tests/flow"))
        import test_consumer

        folder = self.unpacked("libroost-dev")
        archives = list(folder.rglob("*.a"))
        self.assertEqual({path.name for path in archives},
                         {"libroost_base.a", "libroost_cache.a", "libroost_batcher.a"})
        for archive in archives:
            sections = run("readelf", "--sections", "--wide", archive)
            self.assertNotIn(".gnu.lto_", sections)
            self.assertIn(".text", sections)
        source, build = self.directory / "source", self.directory / "build"
        source.mkdir()
        project = test_consumer.PROJECT.format(how="find_package(roost 0.1 REQUIRED)")
        for name, text in [("CMakeLists.txt", project), ("counts.cc", test_consumer.BATCHER),
                           ("names.cc", test_consumer.CACHE)]:
            (source / name).write_text(text)
        run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={folder / 'usr'}")
        run("cmake", "--build", build)
        run(build / "counts", self.directory)
        run(build / "names")


class Reader(threading.Thread):
    """Asks for something through the proxy all the time, on new connections, until it is told to stop."""

    def __init__(self, machine, target):
        super().__init__(daemon=True)
        self.machine, self.target, self.ended = machine, target, threading.Event()
        self.answers, self.failures = 0, []

    def run(self):
        with self.machine.network():
            while not self.ended.is_set():
                try:
                    status = get(PROXY, self.target).status
                except Exception as error:
                    status = repr(error)
                if status == 200:
                    self.answers += 1
                else:
                    self.failures.append(status)

    def stop(self):
        self.ended.set()
        self.join(60)


class Installation(unittest.TestCase):
    """One installation from its beginning to its end."""

    @classmethod
    def setUpClass(cls):
        first = packages()
        cls.later = pathlib.Path(tempfile.mkdtemp(prefix="roost-later-"))
        cls.addClassCleanup(shutil.rmtree, cls.later)
        debs.make_later(cls.later)
        cls.root = Root(debs.base(first[name] for name in ("roost-common", "roost-proxy", "roost-api")))
        cls.addClassCleanup(cls.root.close)

    def install(self, folder):
        """As an administrator would, with the files at hand and no network."""
        self.machine.run("sh", "-c", f"apt-get install -y {folder}/roost-*.deb")

    def documented(self, name):
        self.machine.run("bash", "-euc", documented(name))

    def active(self, unit):
        return self.machine.run("systemctl", "is-active", unit, check=False).strip()

    def all_active(self):
        with self.machine.network():
            return all(self.active(unit) == "active" for unit in UNITS) and get(PROXY, "/api/tweets").status == 200

    def serves(self):
        try:
            wait_until(self.all_active, SLOW_S, "the installed services")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.machine.journal(*UNITS)}") from error

    def likes_of(self, tweet):
        with self.machine.network():
            return json.loads(get(f"127.0.0.1:{WORKERS[0]}", f"/like/{tweet}").body)["likes"]

    def like(self, tweet, count):
        """Through the proxy; all are acknowledged."""
        def one(_):
            with self.machine.network():
                return request(PROXY, "POST", f"/like/{tweet}").status

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(one, range(count))), [202] * count)

    def file(self, path):
        return self.root.path / path.lstrip("/")

    def test_installed_upgraded_removed_and_purged(self):
        with self.root.booted({packages()["roost-api"].parent: "/build/package/deb", self.later: "/later"}) as machine:
            self.machine = machine
            self.documented("packages-install")
            self.serves()
            self.change_address_and_workers()
            self.check_rights()
            self.check_sandbox()
            self.check_log_rotation()
            with machine.network():
                self.person = Person(PROXY, "ann")
                tweet = self.person.post("Hello from a package")["id"]
            self.like(tweet, LIKES)
            self.upgrade(tweet)
            self.remove_and_come_back(tweet)
            self.purge()

    def change_address_and_workers(self):
        """As documented, and back."""
        self.documented("packages-address")
        with self.machine.network():
            wait_until(lambda: get("127.0.0.1:80", "/api/tweets").status == 200, SLOW_S)
        config = self.file("/etc/roost/roost.toml")
        before = config.read_text()
        config.write_text(before.replace('#listen = ["127.0.0.1:8080"]', 'listen = ["127.0.0.1:8080"]'))
        self.machine.run("systemctl", "restart", "roost-proxy.service", check=False)
        self.assertEqual(self.active("roost-proxy.service"), "failed")
        self.assertIn("systemd passes a socket of 0.0.0.0:80, which the proxy is not to listen on (127.0.0.1:8080)",
                      self.machine.journal("roost-proxy.service"))
        config.write_text(before)
        self.file("/etc/systemd/system/roost-proxy.socket.d/address.conf").unlink()
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "restart", "roost-proxy.socket", "roost-proxy.service")
        self.serves()
        self.documented("packages-workers")
        self.assertEqual([self.active(f"roost-api@{port}.service") for port in (9001, 9002, 9003, 9004)],
                         ["active", "active", "inactive", "active"])
        self.machine.run("systemctl", "disable", "--now", "roost-api@9004")
        self.machine.run("systemctl", "enable", "--now", "roost-api@9003")
        self.serves()

    def check_rights(self):
        owner = self.machine.run("stat", "-c", "%U:%G %a", "/var/lib/roost", "/var/lib/roost/token.key",
                                 "/var/log/roost").split("\n")
        self.assertEqual(owner[:3], ["roost:roost 700", "roost:roost 600", "roost:roost 750"])
        for unit in UNITS:
            pid = self.machine.run("systemctl", "show", "--property=MainPID", "--value", unit).strip()
            status = self.machine.run("cat", f"/proc/{pid}/status")
            self.assertRegex(status, r"(?m)^Seccomp:\s2$", unit)
            self.assertNotRegex(status, r"(?m)^Uid:\s0", unit)

    def check_sandbox(self):
        for unit in UNITS[:2]:
            # Ends with an error above 2.0; units that run are judged with what the system adds.
            told = self.machine.run("systemd-analyze", "security", "--threshold=20", "--no-pager", unit)
            print(f"        {told.strip().splitlines()[-1]}", file=sys.stderr)
        told = self.machine.run("systemd-analyze", "verify", "--man=no", *UNITS[:2], "roost-proxy.socket",
                                "roost-api.target")
        self.assertEqual([line for line in told.splitlines() if "roost" in line], [])

    def check_log_rotation(self):
        log = self.file("/var/log/roost/access.log")
        with self.machine.network():
            get(PROXY, "/before-rotation")
        wait_until(lambda: "/before-rotation" in log.read_text(), SLOW_S)
        self.machine.run("logrotate", "--force", "/etc/logrotate.d/roost-proxy")
        with self.machine.network():
            wait_until(lambda: get(PROXY, "/after-rotation") and log.exists() and "/after-rotation" in log.read_text(),
                       SLOW_S)
        self.assertIn("/before-rotation", self.file("/var/log/roost/access.log.1").read_text())
        self.assertNotIn("/before-rotation", log.read_text())

    def upgrade(self, tweet):
        """Data, key and an edited configuration are kept; readers notice nothing, and likes count once."""
        config = self.file("/etc/roost/roost.toml")
        text = config.read_text().replace('#size = "64MiB"', 'size = "48MiB"')
        config.write_text(text.replace('#max_age = "1m"', 'max_age = "2s"'))  # of likes, for the sake of the test
        edited, key = digest(config), digest(self.file("/var/lib/roost/token.key"))
        reader = Reader(self.machine, f"/api/tweets/{tweet}")
        reader.start()
        self.like(tweet, LIKES)
        self.install("/later")
        self.like(tweet, LIKES)
        self.serves()
        reader.stop()
        self.assertGreater(reader.answers, 0)
        self.assertEqual(reader.failures, [])
        self.assertRegex(self.machine.run("dpkg-query", "-W", "roost-proxy", "roost-api", "roost-common"),
                         r"(?s)^(\S+\t[\d.]+-2\n){3}$")
        self.assertEqual((edited, key), (digest(config), digest(self.file("/var/lib/roost/token.key"))))
        with self.machine.network():
            status = json.loads(get("127.0.0.1:8081", "/status").body)
            self.assertEqual(status["cache"]["limit_bytes"], 48 << 20)
            self.assertEqual(self.person.request("GET", "/api/users/me").status, 200)  # the same key
        wait_until(lambda: self.likes_of(tweet) == 3 * LIKES, SLOW_S, "all likes")

    def remove_and_come_back(self, tweet):
        self.machine.run("apt-get", "remove", "-y", "roost-proxy", "roost-api")
        for unit in [*UNITS, "roost-proxy.socket", "roost-api.target"]:
            self.assertIn(self.active(unit), ("inactive", "failed"), unit)
        for path in ("/etc/roost/roost.toml", "/etc/default/roost-api", "/var/lib/roost/roost.db",
                     "/var/lib/roost/token.key", "/var/log/roost/access.log.1"):
            self.assertTrue(self.file(path).exists(), path)
        self.assertFalse(self.file("/usr/sbin/roost-api").exists())
        self.install("/later")
        self.serves()
        self.assertEqual(self.likes_of(tweet), 3 * LIKES)

    def purge(self):
        """Only whoever says so loses the data."""
        self.machine.run("apt-get", "purge", "-y", "roost-proxy", "roost-api", "roost-common")
        self.assertTrue(self.file("/var/lib/roost/roost.db").exists())
        self.assertFalse(self.file("/etc/roost").exists())
        self.assertFalse(self.file("/var/log/roost").exists())
        self.assertEqual(list(self.file("/etc/systemd/system").rglob("roost-*")), [])
        self.install("/later")
        self.serves()
        self.documented("packages-delete-data")
        self.machine.run("apt-get", "purge", "-y", "roost-proxy", "roost-api", "roost-common")
        self.assertFalse(self.file("/var/lib/roost").exists())


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
