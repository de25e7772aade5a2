"""tidy.py on a small tree that keeps every rule, and on the same tree with each rule broken."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest

import documents
import structure
import tidy
from classes import classes
from tree import Tree, without_comments

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from reporting import main  # noqa: E402

GOOD = {
    "CMakeLists.txt": "project(x)\n",
    ".clang-format": "BasedOnStyle: Google\nColumnLimit: 120\n",
    "common/base/clock.h": "#pragma once\n\nstruct Clock {\n  int now = 0;\n};\n",
    "common/net/stream.h": '#pragma once\n\n#include <uv.h>\n\n#include "common/base/clock.h"\n',
    "common/http/http1/parser.cc": '#include <llhttp.h>\n\n#include "common/net/stream.h"\n\nint a() { return 0; }\n',
    "proxy/upstream/pool.h": '#pragma once\n\n#include "common/http/fields.h"\n',
    "common/http/fields.h": "#pragma once\n",
    "proxy/main.cc": '#include "proxy/upstream/pool.h"\n\nint main() { return 0; }\n',
    "proxy/cache/key.h": "#pragma once\n",
    "api/db/sqlite/sqlite.h": "#pragma once\n\n#include <sqlite3.h>\n",
    "batcher/journal/journal.h": '#pragma once\n\n#include "common/base/clock.h"\n',
    "tests/common/net/stream_test.cc": '#include "common/net/stream.h"\n',
    "deploy/up": "#!/usr/bin/env bash\nset -euo pipefail\necho up\n",
}


class OnATree(unittest.TestCase):
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
        return list(check(Tree(self.root)))

    def broken(self, check, path, text, *expected):
        """With `text` as `path`, `check` reports exactly one problem, which names the expected words."""
        self.write(path, text)
        found = self.problems(check)
        self.assertEqual(len(found), 1, found)
        for word in expected:
            self.assertIn(word, found[0])


class Tidy(OnATree):
    """The checks of tidy.py."""

    def test_a_good_tree_has_no_problem(self):
        for check in tidy.CHECKS:
            self.assertEqual(self.problems(check), [], check.__name__)

    def test_a_lower_layer_does_not_include_a_higher_one(self):
        self.broken(tidy.check_layers, "common/base/bad.h", '#include "common/net/stream.h"\n', "bad.h:1", "layer 2")

    def test_siblings_do_not_include_each_other(self):
        self.broken(tidy.check_layers, "proxy/cache/bad.h", '#include "proxy/upstream/pool.h"\n', "bad.h:1")

    def test_proxy_and_api_never_meet(self):
        self.broken(tidy.check_layers, "proxy/bad.cc", '#include "api/db/sqlite/sqlite.h"\n', "bad.cc:1")

    def test_the_batcher_knows_no_http(self):
        self.broken(tidy.check_layers, "batcher/bad.cc", '#include "common/http/fields.h"\n', "bad.cc:1")

    def test_tests_are_in_the_layer_of_what_they_test(self):
        self.broken(tidy.check_layers, "tests/common/base/a_test.cc", '#include "common/net/stream.h"\n', "layer 1")

    def test_includes_are_written_from_the_top(self):
        self.broken(tidy.check_layers, "common/net/bad.h", '#include "stream.h"\n', "from the top")

    def test_a_new_folder_needs_a_layer(self):
        self.broken(tidy.check_layers, "common/new/bad.h", '#include "common/base/clock.h"\n', "in no layer")

    def test_a_library_is_known_to_one_folder(self):
        self.broken(tidy.check_libraries, "proxy/bad.h", "#include <uv.h>\n", "only common/net")
        self.broken(tidy.check_libraries, "proxy/bad.h", "#include <llhttp.h>\n", "only common/http/http1")
        self.broken(tidy.check_libraries, "proxy/bad.h", "#include <sqlite3.h>\n", "only api/db/sqlite")

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

    def test_a_licence_may_stand_at_the_top(self):
        self.write("LICENSE", "")
        self.assertEqual(self.problems(tidy.check_top_level), [])

    def test_format(self):
        self.broken(tidy.check_format, "proxy/bad.h", "int  a;\n", "bad.h:1")

    def test_shell(self):
        self.broken(tidy.check_scripts, "deploy/up", "#!/usr/bin/env bash\ncat $1\n", "deploy/up:2")

    def test_python(self):
        self.broken(tidy.check_scripts, "bench/bad.py", "def f(:\n", "bad.py:1")


class Structure(OnATree):
    """The checks of structure.py and documents.py."""

    def test_a_class_of_many_methods(self):
        methods = "".join(f"  int f{i}(int a = 0) const {{ return a; }}\n  void g{i}();\n" for i in range(15))
        text = f"class A {{\n public:\n  A();\n  ~A();\n  A& operator=(const A&);\n{methods}" "};\n"
        self.write("proxy/good.h", text)
        self.assertEqual(self.problems(structure.check_classes), [])
        private = text.replace("};\n", " private:\n  static void h();\n};\n")
        self.broken(structure.check_classes, "proxy/good.h", private, "A has 31 methods")

    def test_a_class_of_many_members(self):
        pair = "  std::function<void(int, int)> f{0}_;\n  Timer t{0}_{{of<&A::a>(b, c)}};\n"
        members = "".join(pair.format(i) for i in range(9))
        members += "  int a = 0, b[2] = {}; static constexpr int kC = 1;\n  observe::Counter& reads_;\n"
        text = f"class A final : public B<C> {{\n  struct D {{ int x, y; }};\n{members}" "};\n"
        self.write("proxy/good.h", text)
        self.assertEqual(self.problems(structure.check_classes), [])
        more = text.replace("};\n", "  bool d_ GUARDED_BY(mutex_) = f(1);\n};\n")
        self.broken(structure.check_classes, "proxy/good.h", more, "A has 21 data members")

    def test_a_record_may_have_many_members(self):
        members = "".join(f"  int a{i} = 0;\n" for i in range(25))
        record = f"struct A {{\n  A() : a1(1), a2{{2}} {{}}\n  int sum() const;\n{members}" "};\n"
        self.write("proxy/good.h", record)
        self.assertEqual(self.problems(structure.check_classes), [])
        self.broken(structure.check_classes, "proxy/good.h", record.replace(" const", ""), "25 data members")
        self.broken(structure.check_classes, "proxy/good.h", record.replace("  int sum", " private:\n  int sum"), "25")
        self.broken(structure.check_classes, "proxy/good.h", record.replace("struct", "class"), "25")

    def test_classes_are_read_right(self):
        text = """
            template <class T>
            class Outer : public Base<T> {
             public:
              Outer(int a, std::function<void()> f) : a_(a), f_{std::move(f)} { go(); }
              auto get(int a = 1) const -> std::map<int, int>;
              bool operator()(int a) { return [this] { return a_; }(); }
              bool operator<(const Outer&) const = default;
              enum class State { a, b };
              class Inner { void x(); int y_ = 0; };
              friend class Other;
              struct alignas(64) CAPABILITY("x") Third final { int z_; };
              using Call = void (*)(int);
             protected:
              std::vector<std::pair<int, void (*)(int)>> pairs_{{1, nullptr}};
              alignas(64) std::atomic<int> a_, b_ = 2;
              std::function<void()> f_ = [](int) {};
            };"""
        outer, inner, third = classes(without_comments(text))
        self.assertEqual((outer.name, outer.methods), ("Outer", ["get", "operator_10"]))
        self.assertEqual(outer.members, ["pairs_", "a_", "b_", "f_"])
        self.assertEqual((inner.name, inner.methods, inner.members), ("Inner", ["x"], ["y_"]))
        self.assertEqual((third.name, third.members), ("Third", ["z_"]))

    def test_a_folder_of_many_sources(self):
        for number in range(30):
            self.write(f"proxy/routing/a{number}.h", "#pragma once\n")
        self.assertEqual(self.problems(structure.check_folders), [])
        self.broken(structure.check_folders, "proxy/routing/more.cc", "", "proxy/routing: 31 sources")

    def test_a_file_of_many_includes(self):
        line = '#include "common/base/clock.h"\n'
        self.write("proxy/bad.cc", "#include <string>\n" + line * 15)
        self.assertEqual(self.problems(structure.check_include_counts), [])
        self.broken(structure.check_include_counts, "proxy/bad.cc", line * 16, "16 project includes")

    def test_a_cycle_of_includes(self):
        self.write("proxy/a.h", '#include "proxy/b.h"\n')
        self.write("proxy/a.cc", '#include "proxy/a.h"\n')
        self.assertEqual(self.problems(structure.check_cycles), [])
        self.write("proxy/c.cc", '#include "proxy/a.h"\n')
        self.broken(structure.check_cycles, "proxy/b.cc", '#include "proxy/c.h"\n', "proxy/a and proxy/b and proxy/c")

    def test_http1_above_its_folder(self):
        for line in ('auto a = "Age: 1\\r\\n";', "bool keep_alive = true;", "head.version_minor = 1;",
                     "return Kind::chunked;", 'const std::string_view kCrlf = "\\r\\n";'):
            self.broken(structure.check_http1, "proxy/bad.cc", line + "\n", "bad.cc:1")
        fine = ["// ends in \\r\\n", "case FieldId::keep_alive:", "FieldId::keep_alive", "int keep_alive_interval_s;",
                'a.find_first_of(" \\r\\n");']
        self.write("proxy/bad.cc", "\n".join(fine) + "\n")
        self.write("common/http/http1/head.cc", "bool keep_alive = false;\n")
        self.write("tests/proxy/good_test.cc", 'auto a = "GET / HTTP/1.1\\r\\n";\n')
        self.assertEqual(self.problems(structure.check_http1), [])

    TABLE = """
/// A machine.
///
///   state   meaning                leaves for
///   idle    nothing to do, or      busy, done
///           no longer
///   busy    something to do        idle (all is
///                                  done), busy (more), done
///   done    the end                –
///
/// More words.
class Machine final : public A {
  enum class State : uint8_t { idle, busy, done };
};
"""
    SWITCH = """
bool Machine::is_move(State from, State to) {
  switch (from) {
    case State::idle:
      return to == State::busy || to == State::done;
    case State::busy:  // until all is done
      return to == State::idle || to == State::busy || to == State::done;
    case State::done:
      return false;
  }
  return false;
}
"""

    def machine(self, table, switch, *expected):
        self.write("proxy/machine.cc", switch)
        if expected:
            self.broken(structure.check_state_tables, "proxy/machine.h", table, *expected)
        else:
            self.write("proxy/machine.h", table)
            self.assertEqual(self.problems(structure.check_state_tables), [])

    def test_state_tables(self):
        self.machine(self.TABLE, self.SWITCH)
        self.machine(self.TABLE, "")
        self.machine(self.TABLE.replace("busy, done\n", "busy\n", 1), self.SWITCH, "idle leaves for busy;",
                     "busy, done")
        self.machine(self.TABLE, self.SWITCH.replace("busy || to == State::done;", "done;", 1), "is_move allows done")
        self.machine(self.TABLE.replace("///   done ", "///   over "), self.SWITCH, "busy, idle, over", "State has")
        self.machine(self.TABLE.replace("busy, done }", "busy, done, lost }"), self.SWITCH, "State has")
        self.machine(self.TABLE, self.SWITCH.replace("to == State::idle", "to != State::idle"), "not a switch")
        self.machine(self.TABLE.replace("busy, done\n", "any\n", 1), self.SWITCH, "idle leaves for any;")

    def test_documents(self):
        good = ("[a](#a-heading-of-two) [b](../proxy/main.cc) [c](https://example.org/x)\n"
                "`proxy/cache/*` `proxy/cache/`\n")
        self.write("docs/a.md", "# A heading, of `two`\n" + good + "`bench/results/a.md`\n")
        self.assertEqual(self.problems(documents.check_documents), [])
        self.broken(documents.check_documents, "docs/b.md", "[b](proxy/main.cc)\n", "docs/b.md:1: no proxy/main.cc")
        self.broken(documents.check_documents, "docs/b.md", "[b](a.md#other)\n", "#other")
        self.broken(documents.check_documents, "docs/b.md", "`proxy/gone.*`\n", "no proxy/gone.*")
        self.broken(documents.check_documents, "docs/b.md", '<img src="gone.svg">\n', "no gone.svg")


if __name__ == "__main__":
    main()
