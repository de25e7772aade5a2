"""deploy/Dockerfile and deploy/docker-compose.yaml without a container engine: the steps in fresh roots, the services
as processes in network namespaces, in any order, with a real PostgreSQL."""

import json
import os
import pathlib
import pwd
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
sys.path.append("/usr/lib/python3/dist-packages")  # an installed Python need not be Debian's

import debs
import yaml
from containers import Network, Service
from harness import ROOT, Person, get, main, request, unittest, wait_until
from images import Image
from postgres import as_another_user, program
from root import run

COMPOSE = ROOT / "deploy/docker-compose.yaml"
SLOW_S = 120
OURS = ["proxy", "worker1", "worker2", "worker3"]
LIKES = 37
SOON = {"ROOST_BATCHER_MAX_AGE": "2s"}  # likes are written sooner than after a minute


class Database:
    """The service "db" of the compose file: PostgreSQL 15 as its image would set it up from the environment."""

    def __init__(self, network, directory, compose):
        service = compose["services"]["db"]["environment"]
        self.network, self.directory = network, directory / "database"
        self.directory.mkdir(exist_ok=True)
        account = pwd.getpwnam("postgres")
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        os.chmod(directory, 0o755)
        secret = pathlib.Path(service["POSTGRES_PASSWORD_FILE"]).name
        password = shutil.copy(directory / "secrets" / secret, self.directory)
        shutil.chown(password, "postgres")
        self.run(program("initdb"), "-D", self.directory / "data", "-U", service["POSTGRES_USER"],
                 "-A", "scram-sha-256", "--no-sync", f"--pwfile={password}")
        with (self.directory / "data/pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", network.namespace("db"), *as_another_user("postgres"), program("postgres"),
                 "-D", self.directory / "data", "-k", self.directory, "-clisten_addresses=*", "-cfsync=off"],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.password = (directory / "secrets" / secret).read_text().strip()
        self.user, self.name = service["POSTGRES_USER"], service["POSTGRES_DB"]
        wait_until(lambda: self.query("SELECT 1", "postgres") == "1", SLOW_S, "PostgreSQL")
        if not self.query(f"SELECT 1 FROM pg_database WHERE datname = '{self.name}'", "postgres"):
            self.query(f'CREATE DATABASE "{self.name}"', "postgres")

    def run(self, *command):
        run(*as_another_user("postgres"), *command, cwd="/")

    def query(self, sql, database):
        command = [program("psql"), "-XAtq", "-h", str(self.directory), "-U", self.user, "-c", sql, database]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, "PGPASSWORD": self.password})
        return done.stdout.strip()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Containers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        packages = debs.make()
        cls.images = {}
        for name in ("proxy", "api"):
            cls.images[name] = Image(name, packages)
            cls.addClassCleanup(cls.images[name].close)
        cls.compose = yaml.safe_load(COMPOSE.read_text())

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="roost-compose-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def make_secrets(self):
        """By the script, which has to keep those that are there."""
        copy = self.directory / "deploy"
        copy.mkdir()
        shutil.copy(ROOT / "deploy/compose-secrets", copy)
        run(copy / "compose-secrets")
        before = {path.name: path.read_text() for path in (copy / "secrets").iterdir()}
        run(copy / "compose-secrets")
        self.assertEqual(before, {path.name: path.read_text() for path in (copy / "secrets").iterdir()})
        self.assertEqual(set(before), set(self.compose["secrets"]))
        self.assertEqual((copy / "secrets").stat().st_mode & 0o777, 0o700)
        (copy / "secrets").rename(self.directory / "secrets")

    def test_images(self):
        for name, image in self.images.items():
            with self.subTest(image=name):
                self.assertEqual(image.stage.user(), (10001, 10001))
                version = image.root.run(f"roost-{name}", "--version")
                self.assertRegex(version, rf"^roost-{name} [\d.]+\n$")
                self.assertFalse((image.root.path / "deb").exists())
                self.assertEqual(list((image.root.path / "var/lib/apt/lists").glob("*Packages*")), [])
                owner = (image.root.path / "var/log/roost").stat()
                self.assertEqual((owner.st_uid, owner.st_gid), (10001, 10001))
                self.assertEqual(image.command(), [f"roost-{name}", "--config", "/etc/roost/roost.toml"])
        self.assertFalse((self.images["proxy"].root.path / "usr/sbin/roost-api").exists())

    def test_what_the_compose_file_says_of_every_service(self):
        for name in OURS:
            service = self.compose["services"][name]
            self.assertTrue(service["read_only"], name)
            self.assertEqual((service["cap_drop"], service["security_opt"]), (["ALL"], ["no-new-privileges:true"]))
            self.assertEqual((ROOT / "deploy" / service["build"]["context"]).resolve(), ROOT)
            self.assertTrue((ROOT / service["build"]["dockerfile"]).exists())
            self.assertNotIn("depends_on", service)
        for service in self.compose["services"].values():  # a password is in no environment
            self.assertFalse([key for key in service["environment"]
                              if ("PASSWORD" in key or "TOKEN" in key) and not key.endswith(("_FILE", "_PROXIES"))])
        self.assertEqual(self.compose["services"]["proxy"]["ports"], ["127.0.0.1:8080:8080"])

    def test_services_start_in_any_order(self):
        self.make_secrets()
        for names in (["proxy", "worker2", "worker1", "worker3", "db"],
                      ["db", "worker3", "proxy", "worker1", "worker2"],
                      random.sample([*OURS, "db"], 5)):
            with self.subTest(order=names):
                self.run_stack(names)
                shutil.rmtree(self.directory / "volumes")
                shutil.rmtree(self.directory / "database")

    def run_stack(self, names):
        network, services, database = Network(), {}, None
        hosts = self.directory / "hosts"
        hosts.write_text("127.0.0.1 localhost\n")
        try:
            for name in names:
                address = network.join(name)
                with hosts.open("a") as file:  # known from now on
                    file.write(f"{address} {name}\n")
                if name == "db":
                    database = Database(network, self.directory, self.compose)
                else:
                    image = self.images[self.compose["services"][name]["build"]["target"]]
                    services[name] = Service(name, self.compose, image, network, self.directory, SOON)
                if name == "proxy":
                    self.address = f"{address}:8080"
            self.drive(network, services)
            for name, service in services.items():
                self.assertEqual(service.stop(20), 0, service.output())
        except AssertionError as error:
            outputs = "\n".join(f"--- {name}\n{service.output()[-3000:]}" for name, service in services.items())
            raise AssertionError(f"{error}\n{outputs}") from error
        finally:
            for service in services.values():
                service.kill()
            if database:
                database.close()
            network.close()

    def drive(self, network, services):
        for name, service in services.items():
            wait_until(service.healthy, SLOW_S, f"{name}'s health check to pass")
        with network.inside("host"):
            wait_until(lambda: get(self.address, "/api/tweets").status == 200, SLOW_S, "an answer through the proxy")
            person = Person(self.address, "ann")
            tweet = person.post("Hello from a container")["id"]
            answers = [request(self.address, "POST", f"/like/{tweet}").status for _ in range(LIKES)]
            self.assertEqual(answers, [202] * LIKES)
            # The worker that wrote them tells the proxy, by its name and with the token.
            self.address_of_tweet = f"/api/tweets/{tweet}"
            wait_until(lambda: json.loads(get(self.address, self.address_of_tweet).body)["likes"] == LIKES, SLOW_S,
                       "all likes to be seen")
            self.check_logs(tweet)

    def check_logs(self, tweet):
        """Nobody reads them but who has the token; then they are those of all workers."""
        self.assertIn(get(self.address, "/logs").status, (401, 403))
        token = (self.directory / "secrets/logs_token").read_text().strip()
        credentials = [("Authorization", f"Bearer {token}")]

        def all_workers():
            """Once the proxy has found all of them, each has answered some request."""
            self.assertEqual(request(self.address, "POST", f"/like/{tweet}").status, 202)  # no cache answers it
            answer = request(self.address, "GET", "/logs?format=full&limit=100000", credentials)
            self.assertEqual(answer.status, 200)
            self.assertIn(f"/like/{tweet}", answer.body.decode())
            workers = {entry["worker"] for entry in json.loads(answer.body)["requests"]}
            return workers == {"worker1", "worker2", "worker3"}

        wait_until(all_workers, SLOW_S, "requests of all workers in the logs")

    def test_health_check_fails_where_nobody_answers(self):
        network = Network()
        try:
            network.join("proxy")
            image = self.images["proxy"]
            done = subprocess.run(["ip", "netns", "exec", network.namespace("proxy"), "chroot", image.root.path,
                                   *image.stage.health_check()], capture_output=True, check=False)
            self.assertNotEqual(done.returncode, 0)
        finally:
            network.close()


if __name__ == "__main__":
    main()
