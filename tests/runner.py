"""tests/run, once everything is installed: builds, runs the suites and counts. A line per test program, flow test,
fuzzer and check; the output of failures only; in the end the time of each suite and "N passed, N failed"."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "flow"))
from builds import Builds, builds_of  # noqa: E402
from postgres import Postgres  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
SUITES = ["tidy", "flow", "documents", "web", "unit"]  # unit tests compile while whole programs are tested
ALL_SUITES = ["tidy", "flow", "documents", "web", "vtest", "hosts", "unit", "simulate", "mutation", "clang", "lint",
              "fuzz", "asan", "tsan", "release", "packages"]
MORE_SUITES = ["faults", "likes", "differential", "soak"]  # only when asked for by name
THOROUGH_FILES = ["test_system_calls.py", "test_kills.py", "test_outage.py"]
# Flow files that run the compiler, benchmarks or the tests' own tools: nothing that is built with a sanitizer.
UNSANITIZED_FILES = ["test_consumer.py", "test_bench.py", "test_harness.py", "test_traffic.py", "test_scenarios.py"]
# Flow files that start and stop programs which other files test under the sanitizers; also among RELEASE_FILES.
SCRIPT_FILES = ["test_deploy.py"]
# Test files for the release binaries; all other tests use the preset "check".
RELEASE_FILES = ["release/test_hardening.py", "flow/test_proxy_start.py", "flow/test_api_start.py",
                 "flow/test_deploy.py"]
# Libraries that clang-tidy checks as part of "all"; the whole product takes minutes.
LINKED_LIBRARIES = ["roost_base", "roost_cache", "roost_batcher"]
JOBS = max(2, os.cpu_count() or 2)
FLOW_JOBS = JOBS  # more of them at once disturb each other while something is being built
LONG_FILES = ["test_proxy_stale.py", "test_consumer.py", "test_postgres.py", "test_deploy.py"]  # begin first
FUZZ_S = 20
UNIT_LIMIT_S, FLOW_LIMIT_S, THOROUGH_LIMIT_S, PACKAGES_LIMIT_S = 300, 400, 3600, 3600
# Seeds of the batcher's simulation: when the suite is selected by name, as part of "all", and for a mutant.
SEEDS, FEW_SEEDS, MUTANT_SEEDS = 100_000, 1_000, 1_500
MOST_OUTPUT = 12000  # bytes of a failure's output shown when it occurs
LAST_LINES = 25  # lines of it shown again at the end
SANITIZERS = {
    "ASAN_SYMBOLIZER_PATH": "/usr/lib/llvm-14/bin/llvm-symbolizer",
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": f"second_deadlock_stack=1:suppressions={ROOT}/tests/tsan-suppressions.txt",
}
TIME_SCALE = {"asan": 4, "tsan": 8}


@dataclass
class Outcome:
    name: str
    seconds: float
    passed: int
    failed: int
    text: str = ""  # shown when something failed
    skipped: int = 0


class Board:
    """Prints results as they come, and keeps the totals."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []  # (suite and name, output)
        self.times = {}  # of each suite: seconds in all, seconds of them that it waited for a build
        self.builds = []
        on = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.bold, self.dim, self.red, self.green, self.plain = (
            ("\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[0m") if on else ("",) * 5)

    def suite(self, name):
        print(f"\n{self.bold}{name}{self.plain}", flush=True)
        self.current = name
        self.times[name] = [0.0, 0.0]

    def add(self, outcome):
        self.passed += outcome.passed
        self.failed += outcome.failed
        self.skipped += outcome.skipped
        name = outcome.name
        if outcome.passed + outcome.failed > 1:
            name += f" {self.dim}({outcome.passed + outcome.failed} cases){self.plain}"
        mark = f"{self.red}✗" if outcome.failed else f"{self.green}✓" if outcome.passed else f"{self.dim}–"
        width = 76 + len(name) - len(plain_text(name))
        print(f"  {mark}{self.plain} {name:<{width}} {outcome.seconds:7.2f} s", flush=True)
        if outcome.failed:
            self.failures.append((f"{self.current}: {outcome.name}", outcome.text.strip()))
            print(indented(outcome.text[-MOST_OUTPUT:]), flush=True)

    def add_build(self, build):
        self.builds.append(build)
        if build.worked:
            print(f"  {self.green}✓{self.plain} build {build.preset:<70} {build.seconds:7.2f} s", flush=True)
        else:
            self.add(Outcome(f"build {build.preset}", build.seconds, 0, 1, build.output))

    def close(self, seconds):
        print(f"\n  {self.dim}{'suite':<10} {'waiting':>10} {'running':>10}{self.plain}")
        for name, (whole_s, waiting_s) in self.times.items():
            print(f"  {name:<10} {waiting_s:8.1f} s {whole_s - waiting_s:8.1f} s")
        print(f"\n  {self.dim}{'build':<10} {'took':>10} {'CPU':>10}{self.plain}")
        for build in self.builds:
            print(f"  {build.preset:<10} {build.seconds:8.1f} s {build.cpu_s:8.1f} s")
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"\n{seconds / 60:.1f} minutes, {(used.ru_utime + used.ru_stime) / 60:.1f} of CPU")
        # Failures are repeated at the end of the output.
        for name, text in self.failures:
            print(f"{self.red}✗{self.plain} {name}")
            print(indented("\n".join(text.splitlines()[-LAST_LINES:])[-MOST_OUTPUT // 4:]))
        print(f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""))
        return 1 if self.failed or not self.passed else 0


def indented(text):
    return "      " + text.strip().replace("\n", "\n      ")


def plain_text(text):
    return re.sub(r"\033\[\d+m", "", text)


def run(command, limit_s, environment=None, cwd=ROOT):
    """(exit code, output, seconds); code None when it took too long."""
    begun = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, cwd=cwd, env={**os.environ, **(environment or {})},
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=limit_s)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        output += f"\nkilled after {limit_s} s".encode()
        code = None
    return code, output.decode(errors="replace"), time.monotonic() - begun


def unit_program(path, preset, postgres_url):
    """A doctest program as one outcome, its cases counted."""
    with tempfile.TemporaryDirectory(prefix="roost-unit-") as folder:
        environment = {**SANITIZERS, "TMPDIR": folder, "ROOST_TEST_POSTGRES": postgres_url}
        limit_s = UNIT_LIMIT_S * TIME_SCALE.get(preset, 1)
        code, output, seconds = run([path, "--no-colors"], limit_s, environment, folder)
    found = re.search(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed", output)
    passed, failed = (int(found[2]), int(found[3])) if found else (0, 0)
    if code != 0 and failed == 0:  # a crash, or a sanitizer at the end
        failed = 1
    if code == 0 and passed == 0:
        failed, output = 1, output + "\nno test case ran"
    return [Outcome(path.name, seconds, passed, failed, output)]


def reporting_file(path, environment, limit_s):
    """A Python test file, an outcome for each of its tests."""
    with tempfile.TemporaryDirectory(prefix="roost-report-") as folder:
        report = pathlib.Path(folder) / "report"
        code, output, seconds = run([sys.executable, path], limit_s, {**environment, "ROOST_REPORT": str(report)})
        lines = report.read_text().splitlines() if report.exists() else []
    outcomes = []
    for line in map(json.loads, lines):
        name = f"{path.stem.removeprefix('test_')}: {line['name']}"
        outcomes.append(Outcome(name, line["seconds"], line["outcome"] == "ok", line["outcome"] == "FAILED",
                                line["text"], line["outcome"] == "skipped"))
    if not outcomes or (code != 0 and not any(o.failed for o in outcomes)):
        outcomes.append(Outcome(path.stem, seconds, 0, 1, output))
    return outcomes


def soak_of(path, preset, environment):
    """The soak test on one build, which the outcome names."""
    outcomes = reporting_file(path, environment, 3 * THOROUGH_LIMIT_S)
    return [replace(outcome, name=f"{preset}, {outcome.name}") for outcome in outcomes]


def fuzzer(path):
    """A fuzz target for FUZZ_S seconds, from its seeds where it has some."""
    with tempfile.TemporaryDirectory(prefix="roost-fuzz-") as folder:
        seeds = ROOT / "tests/fuzz/corpus" / path.name.removesuffix("_fuzz")
        corpus = pathlib.Path(folder) / "corpus"
        shutil.copytree(seeds, corpus) if seeds.is_dir() else corpus.mkdir()
        command = [path, f"-max_total_time={FUZZ_S}", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1",
                   corpus]
        code, output, seconds = run(command, FUZZ_S + 60, SANITIZERS, folder)
    runs = re.search(r"number_of_executed_units: (\d+)", output)
    name = path.name + (f", {int(runs[1]):,} inputs" if runs else "")
    return [Outcome(name, seconds, int(code == 0), int(code != 0), output)]


def simulation(first, count):
    """The batcher's simulation from seed `first` on; a failing seed is printed with the command that repeats it."""
    code, output, seconds = run([ROOT / "build/check/bin/simulate", first, count], 1200)
    summary = output.strip().partition(": ")[2] if code == 0 else "failed"
    name = f"seeds {first:,} to {first + count - 1:,}: {summary}"
    return [Outcome(name, seconds, int(code == 0), int(code != 0), output)]


def mutant(path):
    """A test program with one protection left out: its tests must fail."""
    kind = path.name.removeprefix("mutant_").partition("-")[0]
    crash_points = "--test-case" if kind == "crash_points" else "--test-case-exclude"
    with tempfile.TemporaryDirectory(prefix="roost-mutant-") as folder:
        command = [path, "--no-colors", "--abort-after=1", f"{crash_points}=power may go before*"]
        if kind == "simulate":
            command = [path, 1, MUTANT_SEEDS]
        code, output, seconds = run(command, UNIT_LIMIT_S, {"TMPDIR": folder}, folder)
    name, caught = path.name.partition("-")[2], code != 0
    if not caught:
        output += f"\nno test fails for {path.name}: see tests/mutation/mutants.cmake"
    return [Outcome(f"{name} is detected", seconds, int(caught), int(not caught), output)]


def lint_unit(source, command_folder):
    """clang-tidy over one unit of the product."""
    code, output, seconds = run(["clang-tidy-14", "--quiet", f"-p={command_folder}", source], UNIT_LIMIT_S * 5)
    return [Outcome(unit_name(source), seconds, int(code == 0), int(code != 0), output)]


def unit_name(source):
    """A short name, such as "roost_http, unit 0", of an entry of compile_commands.json."""
    found = re.search(r"/CMakeFiles/(\w+)\.dir/Unity/unity_(\w+?)_cxx\.cxx$", source)
    return f"{found[1]}, unit {found[2]}" if found else str(pathlib.Path(source).relative_to(ROOT))


def mutant_names():
    listed = re.findall(r"(?m)^roost_mutant\((\w+) (\S+)", (ROOT / "tests/mutation/mutants.cmake").read_text())
    return [f"mutant_{program.replace('/', '_')}-{name}" for name, program in listed]


def unit_names(preset=""):
    text = (ROOT / "tests/CMakeLists.txt").read_text()
    folders = re.findall(r"(?m)^roost_test\((\S+)", text)
    if preset == "tsan":
        left_out = re.search(r"set\(single_threaded (.*)\)", text)[1].split()
        folders = [folder for folder in folders if folder not in left_out]
    return [f"test_{folder.replace('/', '_')}" for folder in folders]


def test_files(*folders):
    return sorted(path for folder in folders for path in (ROOT / "tests" / folder).glob("test_*.py"))


def flow_files():
    return test_files("flow", "faults", "bench")


def names_of(suite):
    """The names that --only selects from in a suite; None if it does not apply."""
    if suite == "unit":
        return unit_names()
    if suite == "mutation":
        return mutant_names()
    if suite == "fuzz":
        return [path.stem for path in (ROOT / "tests/fuzz").glob("*_fuzz.cc")]
    if suite == "flow":
        return [path.name for path in flow_files()]
    if suite in ("web", "vtest", "documents", "hosts", "differential", "packages"):
        return [path.name for path in test_files(suite)]
    if suite == "release":
        return [pathlib.Path(path).name for path in RELEASE_FILES]
    return unit_names() + names_of("flow") if suite in ("asan", "tsan") else None


class Runner:
    def __init__(self, options):
        self.options = options
        self.board = Board()
        self.steps = builds_of(options.suites)
        self.builds = Builds([build for build, _ in self.steps])
        self.postgres = None

    def go(self):
        begun = time.monotonic()
        try:
            for name in self.options.suites:
                self.board.suite(name)
                suite_begun = time.monotonic()
                getattr(self, name)()
                self.board.times[name][0] = time.monotonic() - suite_begun
        finally:
            self.builds.close()
            if self.postgres:
                self.postgres.close()
        return self.board.close(time.monotonic() - begun)

    def wanted(self, paths):
        return [path for path in sorted(paths) if self.options.only in path.name]

    def have(self, preset=None):
        """Whether what the current suite needs is built (of one preset); a build that failed is a failed test."""
        suite, begun = self.board.current, time.monotonic()
        needed = [build for build, suites in self.steps if suite in suites and preset in (None, build.preset)]
        for build in needed:
            self.builds.wait(build)
            if build not in self.board.builds:
                self.board.add_build(build)
        self.board.times[suite][1] += time.monotonic() - begun
        return all(build.worked for build in needed)

    def in_parallel(self, jobs, at_once=JOBS):
        """Runs (function, arguments…) jobs and shows each one's outcomes as they come."""
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            waiting = [pool.submit(*job) for job in jobs]
            for done in concurrent.futures.as_completed(waiting):
                for outcome in done.result():
                    self.board.add(outcome)

    def tidy(self):
        run(["cmake", "--preset", "debug"], 120)  # for its compile_commands.json
        for path in (ROOT / "tests/tidy/tidy.py", ROOT / "tests/tidy/test_tidy.py"):
            for outcome in reporting_file(path, {}, 120):
                self.board.add(outcome)

    def unit(self):
        if self.have():
            self.run_units("check")

    def run_units(self, preset):
        paths = self.wanted(ROOT / "build" / preset / "bin" / name for name in unit_names(preset))
        self.in_parallel([(unit_program, path, preset, self.database_for(path, preset)) for path in paths])

    def database_for(self, path, preset):
        """The URL of a PostgreSQL database that a test program has for itself; empty for those that need none."""
        if not path.name.startswith("test_api"):
            return ""
        self.postgres = self.postgres or Postgres()
        return self.postgres.create_database(f"{path.name}-{preset}")

    def simulate(self):
        if self.have():
            seeds = FEW_SEEDS if self.options.all else SEEDS
            chunk = max(seeds // 20, FEW_SEEDS // 2)
            self.in_parallel([(simulation, first, chunk) for first in range(1, seeds, chunk)])

    def mutation(self):
        if self.have():
            paths = self.wanted(ROOT / "build/check/bin" / name for name in mutant_names())
            self.in_parallel([(mutant, path) for path in paths])

    def flow(self):
        if self.have():
            self.run_flow("check", flow_files())

    def documents(self):
        """What README.md and docs/ say: commands, settings, metrics, the API; backup, restore and upgrade."""
        if self.have():
            self.run_flow("check", test_files("documents"))

    def vtest(self):
        """The assertions of Varnish's and HAProxy's tests that hold for any HTTP proxy."""
        if self.have():
            self.run_flow("check", test_files("vtest"))

    def hosts(self):
        """Proxies, workers and databases on hosts of their own, made of network namespaces."""
        if self.have():
            self.run_flow("check", test_files("hosts"))

    def run_flow(self, preset, files):
        scale = TIME_SCALE.get(preset, 1)
        environment = {"ROOST_BIN": str(ROOT / "build" / preset / "bin"), "ROOST_TIME_SCALE": str(scale)}
        paths = sorted(self.wanted(files), key=lambda path: path.name not in LONG_FILES)
        self.in_parallel([(reporting_file, path, environment, FLOW_LIMIT_S * scale) for path in paths], FLOW_JOBS)

    def thorough(self, *names):
        """The files of tests/faults in full, of which "flow" runs a small part."""
        if self.have():
            environment = {"ROOST_BIN": str(ROOT / "build/check/bin"), "ROOST_THOROUGH": "1"}
            self.in_parallel([(reporting_file, ROOT / "tests/faults" / name, environment, THOROUGH_LIMIT_S)
                              for name in names])

    def faults(self):
        self.thorough("test_system_calls.py", "test_outage.py")

    def differential(self):
        """Compares how other servers and clients parse what the proxy forwards."""
        installed, output, seconds = run([ROOT / "deploy/install-deps", "--differential"], 900)
        if installed != 0:
            self.board.add(Outcome("install-deps --differential", seconds, 0, 1, output))
        elif self.have():
            environment = {"ROOST_BIN": str(ROOT / "build/check/bin")}
            self.in_parallel([(reporting_file, path, environment, THOROUGH_LIMIT_S)
                              for path in self.wanted(test_files("differential"))])

    def soak(self):
        """An hour of mixed load on three builds at the same time."""
        presets = [preset for preset in ("release", "asan", "tsan") if self.have(preset)]
        path = ROOT / "tests/soak/test_soak.py"
        self.in_parallel([(soak_of, path, preset, {"ROOST_BIN": str(ROOT / "build" / preset / "bin"),
                                                   "ROOST_TIME_SCALE": str(TIME_SCALE.get(preset, 1))})
                          for preset in presets], len(presets))

    def likes(self):
        self.thorough("test_kills.py")

    def have_node_modules(self, folder):
        """Installs what package-lock.json names, unless that was done since it last changed."""
        wanted, installed = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
        if installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime:
            return True
        code, output, seconds = run(["npm", "ci"], 300, cwd=folder)
        if code != 0:
            self.board.add(Outcome("npm ci", seconds, 0, 1, output))
        return code == 0

    def web(self):
        if not self.have() or not self.have_node_modules(ROOT / "tests/web"):
            return
        environment = {"ROOST_BIN": str(ROOT / "build/check/bin"), "ROOST_SHOTS": str(ROOT / "build/web")}
        self.in_parallel([(reporting_file, path, environment, 2 * FLOW_LIMIT_S)
                          for path in self.wanted(test_files("web"))])

    def clang(self):
        if self.have():
            self.board.add(Outcome("compiles without a warning", 0, 1, 0))

    def lint(self):
        """clang-tidy, in the units and with the precompiled headers of the preset asan: as a part of "all" over the
        libraries that programs of others link, by name over the whole product."""
        if not self.have():
            return
        folder = ROOT / "build/asan"
        targets = "|".join(LINKED_LIBRARIES) if self.options.all else r"roost[_-]\w+"
        sources = {entry["file"] for entry in json.loads((folder / "compile_commands.json").read_text())
                   if re.match(rf"CMakeFiles/({targets})\.dir/", entry["command"].split(" -o ")[1])
                   and entry["file"].endswith((".cc", ".cxx")) and "/generated/" not in entry["file"]}
        self.in_parallel([(lint_unit, source, folder) for source in sorted(sources)])

    def fuzz(self):
        if self.have():
            self.in_parallel([(fuzzer, path) for path in self.wanted((ROOT / "build/asan/bin").glob("*_fuzz"))])

    def sanitized(self, preset):
        if self.have():
            self.run_units(preset)
            left_out = [*THOROUGH_FILES, *UNSANITIZED_FILES, *SCRIPT_FILES]
            self.run_flow(preset, [path for path in flow_files() if path.name not in left_out])

    def asan(self):
        self.sanitized("asan")

    def tsan(self):
        self.sanitized("tsan")

    def release(self):
        """What ships: that it is hardened and starts."""
        if self.have():
            self.run_flow("package", [ROOT / "tests" / name for name in RELEASE_FILES])

    def packages(self):
        """The Debian packages in a fresh root, and what is made of them: images, a compose file, manifests."""
        if not self.have() or not self.have_node_modules(ROOT / "tests/packages"):
            return
        environment = {"ROOST_BIN": str(ROOT / "build/package/bin")}
        self.in_parallel([(reporting_file, path, environment, PACKAGES_LIMIT_S)
                          for path in self.wanted(test_files("packages"))], 1)


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="tests/run", allow_abbrev=False)
    parser.add_argument("--only", default="")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("suites", nargs="*", metavar="suite")
    options = parser.parse_args(arguments)
    for name in options.suites:
        if name not in ["all", *ALL_SUITES, *MORE_SUITES]:
            parser.error(f"no suite \"{name}\"; there are {', '.join(['all', *ALL_SUITES, *MORE_SUITES])}")
    options.all = "all" in options.suites
    chosen = [*(ALL_SUITES if options.all else []), *(name for name in options.suites if name != "all")]
    options.suites = list(dict.fromkeys(chosen or SUITES))
    if options.only:
        names = [name for suite in options.suites for name in names_of(suite) or []]
        if not any(options.only in name for name in names):
            parser.error(f"nothing in {', '.join(options.suites)} has \"{options.only}\" in its name")
    return options


def main():
    options = options_from(sys.argv[1:])
    if options.check_arguments:
        return 0
    sys.stdout.reconfigure(line_buffering=True)
    return Runner(options).go()


if __name__ == "__main__":
    sys.exit(main())
