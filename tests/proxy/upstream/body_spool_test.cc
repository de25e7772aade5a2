#include "proxy/upstream/body_spool.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <sys/resource.h>

using namespace roost::proxy;

namespace {

struct Directory {
  Directory() {
    std::string name = "spool-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  size_t files() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path), {})); }
  std::string path;
};

std::string read(const BodyFile& file, uint64_t offset, size_t most) {
  std::string text(most, '?');
  const auto count = file.read(offset, text.data(), most);
  REQUIRE(count);
  text.resize(*count);
  return text;
}

}  // namespace

TEST_CASE("what is written is read, from a file that nobody sees") {
  const Directory directory;
  BodySpool spool(directory.path, 1'000);
  auto file = spool.open();
  REQUIRE(file);
  CHECK((*file)->append("hello "));
  CHECK((*file)->append("world"));
  CHECK((*file)->size() == 11);
  CHECK(read(**file, 0, 100) == "hello world");
  CHECK(read(**file, 6, 3) == "wor");
  CHECK(read(**file, 11, 3) == "");
  CHECK(directory.files() == 0);
  CHECK(spool.used_bytes() == 11);
  file->reset();
  CHECK(spool.used_bytes() == 0);
}

TEST_CASE("all files together are bounded") {
  const Directory directory;
  BodySpool spool(directory.path, 10);
  auto first = spool.open();
  auto second = spool.open();
  REQUIRE(first);
  REQUIRE(second);
  CHECK((*first)->append("123456"));
  const auto refused = (*second)->append("12345");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what == "the bodies of requests take their 10 bytes on disk already");
  CHECK((*second)->append("1234"));
  first->reset();
  CHECK((*second)->append("567890"));
  CHECK(read(**second, 0, 20) == "1234567890");
}

TEST_CASE("a directory that is not there, and a disk that is full, are named") {
  BodySpool nowhere("no/such/directory", 10);
  const auto missing = nowhere.open();
  REQUIRE_FALSE(missing);
  CHECK(missing.error().what.find("no/such/directory: No such file or directory") != std::string::npos);

  const Directory directory;
  BodySpool spool(directory.path, 1'000'000);
  auto file = spool.open();
  REQUIRE(file);
  REQUIRE((*file)->append("kept"));
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);  // as a full disk would
  const auto full = (*file)->append(std::string(100'000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  REQUIRE_FALSE(full);
  CHECK(full.error().what.find(directory.path) != std::string::npos);
  CHECK((*file)->size() == 4);
  CHECK(spool.used_bytes() == 4);
  CHECK(read(**file, 0, 10) == "kept");
}
