"""Every command in README.md and docs/*.md is run, in order, document by document.

The blocks of the language `sh` of one document are one session of bash, which ends at the first command that fails. It
has a network and processes of its own, so that the ports are those of the document, and a directory that looks like the
repository after a build. What differs from a reader's machine:

- /var/lib/roost, /var/backups/roost, /etc/roost and /var/log/roost are below that directory;
- a server that a reader starts in the foreground returns once it serves, and is stopped at the next heading;
- postgres://…@db.internal is a PostgreSQL server of the test, on a Unix socket."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402, F403

import blocks  # noqa: E402
import postgres  # noqa: E402

MOST_NOT_RUN = 12
LANGUAGES = {"sh", "console", "text", "toml", "cpp", "json", "yaml", "nginx", "haproxy", "ini", "http", "cmake"}
MOVED = ["/var/lib/roost", "/var/backups/roost", "/etc/roost", "/var/log/roost"]
COMMAND = re.compile(r"^(?: {4}|\t)\$? ?(curl|roost-|deploy/|bench/|tests/|build/|cmake|sudo|apt|docker|systemctl) ?")
SESSION_LIMIT_S = 300

SERVER = r"""#!/bin/bash
# Stands for a program that serves in the foreground: returns once it does.
case " $* " in *" --check "* | *" --print-config"* | *" --help "* | *" --version "*) exec {real} "$@" ;; esac
{real} "$@" >{out} 2>&1 &
pid=$!
echo $pid >>{scratch}/.foreground
until grep -qE ' (running|serving) ' {out}; do
  kill -0 $pid 2>/dev/null || {{ cat {out}; exit 1; }}
  sleep 0.02
done
until ! pgrep -x roost-api >/dev/null || [ "$(basename $0)" != roost-api ] ||
  curl -sf -o /dev/null "http://$(grep -oE ' address=[0-9.:]+' {out} | cut -d= -f2)/readyz"; do sleep 0.02; done
"""
UP = r"""#!/bin/bash
# deploy/up as a reader has it running in another terminal.
case " $* " in *" --detach "* | *" --help "*) exec deploy/up-itself "$@" ;; esac
echo up >>{scratch}/.foreground
exec deploy/up-itself --detach "$@"
"""
PRELUDE = r"""set -euo pipefail
ip link set lo up
next_section() {
  while read -r pid; do
    if [ "$pid" = up ]; then deploy/down >/dev/null
    elif kill "$pid" 2>/dev/null; then while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done; fi
  done < <(cat .foreground 2>/dev/null || true)
  rm -f .foreground
}
"""


def is_run_here(block):
    """Blocks with a name are run by the test that asks for the name."""
    return block.language == "sh" and not block.reason and "block" not in block.marks


def session(found, substitutions):
    """The script of a document's blocks."""
    text, section = PRELUDE, None
    for block in found:
        if section not in (None, block.section):
            text += "next_section\n"
        section = block.section
        text += f"echo '--- {block.document}:{block.line}'\n"
        code = block.text
        if "with" in block.marks:
            code = f"[ -n \"$(pgrep -x roost-proxy)\" ] || {block.marks['with']}\n{code}"
        for there, here in substitutions.items():
            code = code.replace(there, here)
        text += code
    return text + "next_section\n"


class Commands(FlowTest):
    """A test for each document is added below."""

    def scratch(self):
        """A directory like the repository's, with programs in build/release/bin."""
        top = self.directory / "roost"
        programs = top / "build/release/bin"
        programs.mkdir(parents=True)
        (top / "deploy").mkdir()
        for name in ("docs", "tests", "bench", "proxy", "api", "batcher", "common", "CMakeLists.txt"):
            (top / name).symlink_to(ROOT / name)
        for path in (ROOT / "deploy").iterdir():
            (top / "deploy" / path.name).symlink_to(path)
        (top / "deploy/up").rename(top / "deploy/up-itself")
        self.script(top / "deploy/up", UP.format(scratch=top))
        for name in ("roost-proxy", "roost-api"):
            self.script(programs / name, SERVER.format(real=BIN / name, out=top / f".{name}.$$.log", scratch=top))
        (programs / "batcher-example").symlink_to(BIN / "batcher-example")
        for path in MOVED:
            (top / path[1:]).mkdir(parents=True)
        return top

    def script(self, path, text):
        path.write_text(text)
        path.chmod(0o755)

    def run_document(self, document):
        found = list(filter(is_run_here, blocks.blocks(document)))
        top = self.scratch()
        substitutions = {path: str(top / path[1:]) for path in MOVED}
        if any("db.internal" in block.text for block in found):
            server = postgres.Postgres()
            self.addCleanup(server.close)
            server.create_database("roost")
            there = f"postgres://roost@{str(server.directory).replace('/', '%2F')}:{server.port}"
            substitutions |= {"postgres://roost:secret@db.internal": there, "postgres://roost@db.internal": there}
        path = f"{pathlib.Path(postgres.program('psql')).parent}:{top}/build/release/bin:{os.environ['PATH']}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROOST_")}
        environment |= {**CHEAP_PASSWORDS, "PATH": path, "ROOST_BIN": str(BIN), "NO_COLOR": "1"}
        isolated = ["unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"]
        if os.geteuid() != 0:
            isolated.insert(1, "--map-root-user")
        done = subprocess.run([*isolated, "bash", "-c", session(found, substitutions)], cwd=top, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False, timeout=SESSION_LIMIT_S * TIME_SCALE)
        if done.returncode != 0:
            at = re.findall(r"(?m)^--- (.+)$", done.stdout)
            self.fail(f"{at[-1] if at else document} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done.stdout


def add_tests():
    for document in blocks.documents():
        if any(map(is_run_here, blocks.blocks(document))):
            name = "test_" + re.sub(r"\W", "_", document.removesuffix(".md"))
            setattr(Commands, name, lambda self, document=document: self.run_document(document))


class Blocks(unittest.TestCase):
    def test_every_block_says_what_it_is(self):
        for document in blocks.documents():
            for block in blocks.blocks(document):
                self.assertIn(block.language, LANGUAGES, f"{document}:{block.line}")

    def test_no_command_stands_outside_a_block_that_is_run(self):
        for document in blocks.documents():
            fenced = False
            for number, line in enumerate((ROOT / document).read_text().splitlines(), 1):
                fenced ^= line.strip().startswith("```")
                self.assertFalse(not fenced and COMMAND.match(line), f"{document}:{number}: {line}")
            for block in blocks.blocks(document):
                if block.language == "console":
                    self.assertNotRegex(block.text, r"(?m)^\$ ", f"{document}:{block.line}")

    def test_few_blocks_are_not_run_and_each_says_why(self):
        left_out = [block for document in blocks.documents() for block in blocks.blocks(document) if block.reason]
        self.assertLessEqual(len(left_out), MOST_NOT_RUN)
        for block in left_out:
            self.assertGreaterEqual(len(block.reason.split()), 3, f"{block.document}:{block.line}")
            self.assertEqual(block.language, "sh", f"{block.document}:{block.line}")

    def test_a_block_with_a_name_is_asked_for_by_a_test(self):
        tests = "".join(path.read_text() for folder in ("documents", "packages")
                        for path in (ROOT / "tests" / folder).glob("test_*.py"))
        for document in blocks.documents():
            for block in blocks.blocks(document):
                self.assertIn(f'"{block.marks.get("block", "")}', tests, f"{document}:{block.line}")

    def test_toml_is_accepted(self):
        """What a page shows of a configuration is one, with a backend where it has none."""
        for document in blocks.documents():
            for block in blocks.blocks(document):
                if block.language == "toml":
                    with self.subTest(document=document, line=block.line):
                        self.check_toml(block.text)

    def check_toml(self, text):
        more = ["--upstream", "127.0.0.1:3"] if "[[pool]]" not in text and "upstream" not in text else []
        for program in ("roost-proxy", "roost-api"):
            with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(re.sub(rf'"({"|".join(MOVED)})/', f'"{folder}/', text))
                file.flush()
                command = [BIN / program, "--check", "--config", file.name, *(more if program == "roost-proxy" else [])]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, f"{text}\n{done.stderr}")

    def test_every_page_is_in_the_index(self):
        index = (ROOT / "docs/README.md").read_text()
        for path in (ROOT / "docs").glob("*.md"):
            self.assertIn(f"({path.name}", index + "(README.md", f"{path.name} is not in docs/README.md")
        self.assertIn("(docs/README.md)", (ROOT / "README.md").read_text())

    def test_blocks_are_found(self):
        found = blocks.blocks_of("x.md", "# A\n<!-- with: up -->\n<!-- not run: no second host -->\n```sh\na\n```\n"
                                         "## B\n```\nb\n```\n")
        self.assertEqual([(b.line, b.section, b.language, b.text, b.reason, b.marks.get("with")) for b in found],
                         [(5, 1, "sh", "a\n", "no second host", "up"), (9, 2, "", "b\n", "", None)])


if __name__ == "__main__":
    add_tests()
    main()
