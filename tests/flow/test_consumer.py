"""Programs of others that link roost::batcher and roost::cache: by add_subdirectory, and by find_package of what that
build installs."""

from harness import *

BATCHER = """
#include <filesystem>
#include <future>
#include "batcher/batcher.h"
#include "batcher/journal/posix_disk.h"
using namespace roost::batcher;
struct Total final : Sink {
  Outcome apply(const JournalId&, const Batch& batch) override {
    for (const KeyDelta& delta : batch.deltas) total += delta.delta;
    sequence = batch.sequence;
    return Outcome::applied;
  }
  roost::Result<uint64_t> applied_seq(const JournalId&) override { return sequence; }
  roost::Result<void> forget(const JournalId&) override { return {}; }
  uint64_t sequence = 0;
  int64_t total = 0;
};
int main(int, char** argv) {
  Total total;
  PosixDisk disk;
  roost::SystemClock clock;
  Options options;
  options.directory = std::string(argv[1]) + "/journal";
  auto batcher = Batcher::open(std::move(options), disk, clock, total);
  if (!batcher) return 1;
  std::promise<bool> durable;
  const auto told = [&durable](roost::Result<Accepted> result) { durable.set_value(result.has_value()); };
  if (!(*batcher)->add(7, 3, told) || !durable.get_future().get()) return 2;
  (*batcher)->close(5000);
  return total.total == 3 ? 0 : 3;
}
"""
CACHE = """
#include "common/cache/read_through.h"
struct Name {
  std::string text;
  bool absent() const { return text.empty(); }
  size_t memory_bytes() const { return text.size(); }
};
int main(int, char**) {
  using roost::cache::ReadThrough;
  roost::SystemClock clock;
  ReadThrough names({}, clock);
  ReadThrough::Done<Name> answer;
  int answers = 0;
  const auto ask = [&] {
    names.get<Name>("user/1", ReadThrough::kNoGroup, ReadThrough::Use::cached,
                    [&](ReadThrough::Done<Name> done) { answer = std::move(done); },
                    [&](roost::Result<roost::cache::Reading<Name>> name) { answers += name->value->text == "ada"; });
  };
  ask();
  ask();
  answer(Name{"ada"});
  return answers == 2 && names.stats().joins == 1 ? 0 : 1;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
{how}
add_executable(counts counts.cc)
target_link_libraries(counts PRIVATE roost::batcher)
add_executable(names names.cc)
target_link_libraries(names PRIVATE roost::cache)
"""


class Consumer(FlowTest):
    def build(self, name, how, *flags):
        """A project of its own that finds the libraries in one way; returns its build directory."""
        source, build = self.directory / name, self.directory / f"{name}-build"
        source.mkdir()
        for file, text in [("CMakeLists.txt", PROJECT.format(how=how)), ("counts.cc", BATCHER), ("names.cc", CACHE)]:
            (source / file).write_text(text)
        self.command("cmake", "-S", source, "-B", build, "-G", "Ninja", *flags)
        self.command("cmake", "--build", build)
        return build

    def command(self, *words):
        code, output = self.run_program(*words, timeout_s=300)
        self.assertEqual(code, 0, output)
        return output

    def check_programs(self, build):
        data = self.directory / f"{build.name}-data"
        data.mkdir()
        self.command(build / "counts", data)
        self.command(build / "names")

    def test_in_the_same_build_and_installed(self):
        build = self.build("inside", f"add_subdirectory({ROOT} roost)", "-DROOST_UNITY=ON", "-DROOST_INSTALL=ON")
        self.check_programs(build)
        archives = {path.name for path in build.rglob("*.a")}
        self.assertEqual(archives, {"libroost_base.a", "libroost_cache.a", "libroost_batcher.a"})
        self.assertNotIn("libpq", (build / "CMakeCache.txt").read_text())

        prefix = self.directory / "prefix"
        self.command("cmake", "--install", build, "--prefix", prefix)
        self.assertTrue((prefix / "include/roost/batcher/batcher.h").exists())
        build = self.build("outside", "find_package(roost 0.1 REQUIRED)", f"-DCMAKE_PREFIX_PATH={prefix}")
        self.check_programs(build)
        self.assertEqual(list(build.rglob("*.a")), [])


if __name__ == "__main__":
    main()
