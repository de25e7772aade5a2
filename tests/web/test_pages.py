"""The web pages in a browser, with a whole stack: a proxy with the shipped configuration and three workers. The tests
themselves are in the .mjs files of this folder, which report their results. Screenshots of every view are left in
$ROOST_SHOTS (default build/web)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *
from postgres import Postgres

FOLDER = pathlib.Path(__file__).resolve().parent
LIMIT_S = 300  # generous for a shared machine; usually a minute
LOOKS = {"ROOST_LOOKS": "1", "ROOST_SHOTS": os.environ.get("ROOST_SHOTS", str(ROOT / "build/web"))}


class Pages(FlowTest):
    def browse(self, label, *, flags=(), environment=None):
        workers = [self.api(f"w{i}", flags=flags) for i in (1, 2, 3)]
        front = self.proxy(*workers, flags=("--config", ROOT / "deploy/roost.toml"))
        url = f"http://{front.address}"
        environment = {**os.environ, **(environment or {}), "ROOST_URL": url, "ROOST_LABEL": label}
        code = subprocess.run(["node", str(FOLDER / "main.mjs")], env=environment, stdin=subprocess.DEVNULL,
                              timeout=LIMIT_S * TIME_SCALE, check=False).returncode
        self.assertEqual(code, 0, "the browser's tests say what failed")

    def test_on_sqlite(self):
        self.browse("sqlite", environment=LOOKS)

    def test_on_postgres(self):
        code, output = self.run_program("roost-api", "--check", "--database", "postgres://roost@127.0.0.1/roost")
        if code != 0 and "not supported" in output:
            self.skipTest("these workers know no PostgreSQL")
        with Postgres() as postgres:
            url = postgres.create_database("pages")
            self.addCleanup(postgres.close)
            self.browse("postgres", flags=("--database", url))


if __name__ == "__main__":
    main()
