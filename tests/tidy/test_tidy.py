"""tidy.py on a small tree that keeps every rule, and on the same tree with each rule broken."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest

import tidy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from reporting import main  # noqa: E402

GOOD = {
    "CMakeLists.txt": "project(x)\n",
    ".clang-format": "BasedOnStyle: Google\nColumnLimit: 120\n",
    "common/base/clock.h": "#pragma once\n\nstruct Clock {\n  int now = 0;\n};\n",
    "common/net/stream.h": '#pragma once\n\n#include <uv.h>\n\n#include "common/base/clock.h"\n',
    "common/http/parser.cc": '#include <llhttp.h>\n\n#include "common/net/stream.h"\n\nint a() { return 0; }\n',
    "proxy/upstream/pool.h": '#pragma once\n\n#include "common/http/fields.h"\n',
    "common/http/fields.h": "#pragma once\n",
    "proxy/main.cc": '#include "proxy/upstream/pool.h"\n\nint main() { return 0; }\n',
    "proxy/cache/key.h": "#pragma once\n",
    "api/db/sqlite.h": "#pragma once\n\n#include <sqlite3.h>\n",
    "batcher/journal/journal.h": '#pragma once\n\n#include "common/base/clock.h"\n',
    "tests/common/net/stream_test.cc": '#include "common/net/stream.h"\n',
    "deploy/up": "#!/usr/bin/env bash\nset -euo pipefail\necho up\n",
}


class Tidy(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="roost-tidy-"))
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in GOOD.items():
            self.write(path, text)
        self.compile_all()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def compile_all(self):
        entries = [{"file": str(self.root / path)} for path in GOOD if path.endswith(".cc")]
        self.write("build/debug/compile_commands.json", json.dumps(entries))

    def problems(self, check):
        return list(check(tidy.Tree(self.root)))

    def broken(self, check, path, text, *expected):
        """With `text` as `path`, `check` reports exactly one problem, which names the expected words."""
        self.write(path, text)
        found = self.problems(check)
        self.assertEqual(len(found), 1, found)
        for word in expected:
            self.assertIn(word, found[0])

    def test_a_good_tree_has_no_problem(self):
        for check in tidy.CHECKS:
            self.assertEqual(self.problems(check), [], check.__name__)

    def test_a_lower_floor_does_not_include_a_higher_one(self):
        self.broken(tidy.check_floors, "common/base/bad.h", '#include "common/net/stream.h"\n', "bad.h:1", "floor 2")

    def test_siblings_do_not_include_each_other(self):
        self.broken(tidy.check_floors, "proxy/cache/bad.h", '#include "proxy/upstream/pool.h"\n', "bad.h:1")

    def test_proxy_and_api_never_meet(self):
        self.broken(tidy.check_floors, "proxy/bad.cc", '#include "api/db/sqlite.h"\n', "bad.cc:1")

    def test_the_batcher_knows_no_http(self):
        self.broken(tidy.check_floors, "batcher/bad.cc", '#include "common/http/fields.h"\n', "bad.cc:1")

    def test_tests_stand_on_the_floor_of_what_they_test(self):
        self.broken(tidy.check_floors, "tests/common/base/a_test.cc", '#include "common/net/stream.h"\n', "floor 1")

    def test_includes_are_written_from_the_top(self):
        self.broken(tidy.check_floors, "common/net/bad.h", '#include "stream.h"\n', "from the top")

    def test_a_new_folder_needs_a_floor(self):
        self.broken(tidy.check_floors, "common/new/bad.h", '#include "common/base/clock.h"\n', "no place")

    def test_a_library_is_known_to_one_folder(self):
        self.broken(tidy.check_libraries, "proxy/bad.h", "#include <uv.h>\n", "only common/net")
        self.broken(tidy.check_libraries, "proxy/bad.h", "#include <llhttp.h>\n", "only common/http")
        self.broken(tidy.check_libraries, "proxy/bad.h", "#include <sqlite3.h>\n", "only api/db")

    def test_a_long_file(self):
        self.broken(tidy.check_sizes, "proxy/bad.h", "int a;\n" * 501, "501 lines")

    def test_a_long_function(self):
        body = "  f();\n" * 69
        self.broken(tidy.check_sizes, "proxy/bad.cc", f"namespace a {{\nvoid g() {{\n{body}}}\n}}\n", "cc:2", "71")

    def test_a_long_class_of_short_functions_is_fine(self):
        members = "  int a() { return '{'; }  // {\n" * 80
        self.write("proxy/good.h", f"class A {{\n{members}}};\n")
        self.assertEqual(self.problems(tidy.check_sizes), [])

    def test_a_function_beside_literals_is_measured_right(self):
        text = 'void f() {\n  const char c = \'}\';\n  const char* s = "}}\\"}";\n  if (c) {\n  }\n}\nvoid g() {}\n'
        self.assertEqual(list(tidy.function_lengths(text)), [(1, 6), (7, 1)])

    def test_empty_names(self):
        self.broken(tidy.check_names, "proxy/bad.h", "class PoolManager {};\n", "PoolManager")
        (self.root / "proxy/bad.h").unlink()
        self.broken(tidy.check_names, "proxy/request_handler.h", "", "says nothing")

    def test_file_names(self):
        self.broken(tidy.check_names, "proxy/BadName.h", "", "snake_case")

    def test_a_file_that_is_not_compiled(self):
        self.broken(tidy.check_built, "proxy/bad.cc", "", "not compiled")

    def test_a_fuzz_target_that_cmake_would_not_find(self):
        self.broken(tidy.check_built, "tests/fuzz/parser.cc", "", "NAME_fuzz.cc")

    def test_a_header_without_guard(self):
        self.broken(tidy.check_headers, "proxy/bad.h", "int a;\n", "pragma")

    def test_lines(self):
        self.broken(tidy.check_lines, "proxy/bad.h", "int a;\tint b;\n", "a tab")
        self.broken(tidy.check_lines, "proxy/bad.h", "int a; \n", "trailing")
        self.broken(tidy.check_lines, "proxy/bad.h", "// " + "x" * 118 + "\n", "121 columns")
        self.broken(tidy.check_lines, "proxy/bad.h", "int a;", "newline")

    def test_words(self):
        self.broken(tidy.check_words, "proxy/bad.h", "// TO" "DO later\n", "unfinished")
        self.write("proxy/bad.h", "")
        self.broken(tidy.check_words, "docs/bad.md", "see /wo" "rk/main/x\n", "machine")
        self.write("docs/bad.md", "GET /api/work/x and network/work/ are fine\n")
        self.assertEqual(self.problems(tidy.check_words), [])

    def test_the_top_level(self):
        self.broken(tidy.check_top_level, "notes.txt", "", "notes.txt")

    def test_format(self):
        self.broken(tidy.check_format, "proxy/bad.h", "int  a;\n", "bad.h:1")

    def test_shell(self):
        self.broken(tidy.check_scripts, "deploy/up", "#!/usr/bin/env bash\ncat $1\n", "deploy/up:2")

    def test_python(self):
        self.broken(tidy.check_scripts, "bench/bad.py", "def f(:\n", "bad.py:1")


if __name__ == "__main__":
    main()
