"""bench/run scenarios for a second: the whole path, but for plots."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import reporting  # noqa: E402

BIN = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/debug/bin")).resolve()


class Scenarios(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="roost-scenarios-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def programs(self):
        """Those of the product, and the load generator, which presets for tests leave out."""
        folder = self.folder / "bin"
        folder.mkdir()
        for name in ("roost-proxy", "roost-api"):
            (folder / name).symlink_to(BIN / name)
        if (BIN / "open_load").exists():
            (folder / "open_load").symlink_to(BIN / "open_load")
        else:
            subprocess.run(["g++", "-std=c++20", "-I", ROOT, ROOT / "bench/open_load.cc", "-o", folder / "open_load"],
                           check=True, timeout=300)
        return folder

    def test_one_scenario_of_a_second(self):
        results = self.folder / "results.json"
        done = subprocess.run(
            [sys.executable, ROOT / "bench/scenarios.py", "--only", "viral", "--seconds", "1", "--no-costs",
             "--no-report", "--database", "sqlite", "--steps", "proxy", "--results", results],
            env={**os.environ, "ROOST_BIN": str(self.programs())}, capture_output=True, text=True, timeout=300,
            check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = json.loads(results.read_text())["runs"]["viral"]["sqlite"]["proxy"]
        self.assertTrue(found["likes_exact"], found)
        self.assertGreater(found["good"], 0)
        self.assertGreater(found["likes"], 0)
        self.assertGreater(found["statements_per_s"], 0)
        self.assertEqual(set(found["cpu_us"]), {"proxy", "workers", "database"})


if __name__ == "__main__":
    reporting.main()
