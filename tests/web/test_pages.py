"""The pages in a real browser, before a whole stack: a proxy with the shipped configuration and three workers. The
browser's part is in the .mjs files beside this one, and reports each of its tests itself. Pictures of every view stay
in $ROOST_SHOTS (default build/web)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *

FOLDER = pathlib.Path(__file__).resolve().parent
LIMIT_S = 200
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


if __name__ == "__main__":
    main()
