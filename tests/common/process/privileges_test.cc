#include "common/process/privileges.h"

#include <doctest/doctest.h>

using namespace roost::process;

namespace {

std::optional<Account> find(const std::string& name) {
  if (name == "roost") return Account{"roost", 990, 990};
  if (name == "www") return Account{"www", 33, 33};
  if (name == "toor") return Account{"toor", 0, 0};
  return std::nullopt;
}
std::optional<Account> find_none(const std::string&) {
  return std::nullopt;
}

}  // namespace

TEST_CASE("root changes to the account that is configured") {
  const auto chosen = choose_account(0, "www", find);
  REQUIRE(chosen);
  REQUIRE(*chosen);
  CHECK_EQ((*chosen)->user, 33);
  const auto missing = choose_account(0, "wwww", find);
  REQUIRE_FALSE(missing);
  CHECK_EQ(missing.error().what, "user = \"wwww\": there is no such account");
}

TEST_CASE("root changes to the default account if there is one, and stays root if not") {
  REQUIRE(*choose_account(0, "", find));
  CHECK_EQ((**choose_account(0, "", find)).name, "roost");
  CHECK_FALSE(*choose_account(0, "", find_none));
}

TEST_CASE("\"root\", and an account that is root by another name, stay root") {
  CHECK_FALSE(*choose_account(0, "root", find));
  CHECK_FALSE(*choose_account(0, "toor", find));
}

TEST_CASE("who is not root stays who they are") {
  CHECK_FALSE(*choose_account(1000, "", find));
  CHECK_FALSE(*choose_account(1000, "www", find));
  CHECK_FALSE(*choose_account(1000, "nobody-has-this", find));
}
