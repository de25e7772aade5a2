#include "api/accounts/tokens.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

using namespace roost;
using namespace roost::api;

namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr int64_t kHourMs = 3'600'000;

struct Folder {
  std::string path = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "roost-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
  }();
  std::string key = path + "/token.key";
  ~Folder() { std::filesystem::remove_all(path); }
};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("a token names its user until it ends") {
  const Tokens tokens(std::string(32, 'k'), kHourMs);
  const std::string token = tokens.issue(42, kNowMs);
  CHECK(tokens.user_of(token, kNowMs) == 42);
  CHECK(tokens.user_of(token, kNowMs + kHourMs - 1) == 42);
  CHECK_FALSE(tokens.user_of(token, kNowMs + kHourMs));
  CHECK(tokens.user_of(tokens.issue(INT64_MAX, kNowMs), kNowMs) == INT64_MAX);
}

TEST_CASE("a token of another key, or altered anywhere, names nobody") {
  const Tokens tokens(std::string(32, 'k'), kHourMs);
  const std::string token = tokens.issue(42, kNowMs);
  CHECK_FALSE(Tokens(std::string(32, 'l'), kHourMs).user_of(token, kNowMs));
  for (size_t at = 0; at < token.size(); ++at) {
    std::string altered = token;
    altered[at] = altered[at] == 'A' ? 'B' : 'A';
    CHECK_FALSE(tokens.user_of(altered, kNowMs));
    CHECK_FALSE(tokens.user_of(token.substr(0, at), kNowMs));
  }
  CHECK_FALSE(tokens.user_of("", kNowMs));
  CHECK_FALSE(tokens.user_of(token + "A", kNowMs));
  CHECK_FALSE(tokens.user_of(token + std::string("\0x", 2), kNowMs));
  CHECK_FALSE(tokens.user_of(std::string(Tokens::kMaxTokenBytes + 1, 'a'), kNowMs));
}

TEST_CASE("the key is made once, for its owner alone") {
  const Folder folder;
  const auto first = Tokens::open(folder.key, kHourMs);
  REQUIRE(first);
  CHECK(mode_of(folder.key) == 0600);
  CHECK(std::filesystem::file_size(folder.key) == Tokens::kKeyBytes);
  const auto second = Tokens::open(folder.key, kHourMs);
  REQUIRE(second);
  CHECK(second->user_of(first->issue(7, kNowMs), kNowMs) == 7);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);  // nothing lies about
}

TEST_CASE("a key is private to its owner, or to a group that root chose") {
  CHECK(is_private(0100600, 990, 990));
  CHECK(is_private(0100400, 0, 0));
  CHECK(is_private(0100440, 0, 990));
  CHECK(is_private(0100640, 0, 990));
  CHECK_FALSE(is_private(0100640, 990, 990));
  CHECK_FALSE(is_private(0100640, 0, 0));
  CHECK_FALSE(is_private(0100660, 0, 990));
  CHECK_FALSE(is_private(0100444, 0, 990));
  CHECK_FALSE(is_private(0100604, 990, 990));
}

TEST_CASE("a key that is no good is told") {
  const Folder folder;
  std::ofstream(folder.key) << "short";
  ::chmod(folder.key.c_str(), 0600);
  auto opened = Tokens::open(folder.key, kHourMs);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().what.find("a key of 5 bytes, at least 32") != std::string::npos);
  std::ofstream(folder.key) << std::string(32, 'k');
  CHECK(Tokens::open(folder.key, kHourMs));
  ::chmod(folder.key.c_str(), 0640);
  opened = Tokens::open(folder.key, kHourMs);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().what.find("others may read") != std::string::npos);
  CHECK_FALSE(Tokens::open(folder.path + "/none/token.key", kHourMs));
}
