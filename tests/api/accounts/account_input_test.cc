#include "api/accounts/account_input.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::api;

namespace {

Request with(std::string body, std::string content_type = "application/json") {
  Request request;
  request.body = std::move(body);
  request.content_type = std::move(content_type);
  return request;
}

constexpr const char* kForm = "application/x-www-form-urlencoded";

/// "201" as it were, or the status and the field that is wrong: "422 username".
std::string outcome(const Answer& answer) {
  const size_t at = answer.body.find("\"field\":\"");
  if (at == std::string::npos) return std::to_string(answer.status);
  const std::string rest = answer.body.substr(at + 9);
  return std::to_string(answer.status) + " " + rest.substr(0, rest.find('"'));
}

std::string registering(const std::string& username, const std::string& email, const std::string& password,
                        const std::string& more = "") {
  const auto read = read_new_account(with(R"({"username":")" + username + R"(","email":")" + email +
                                          R"(","password":")" + password + "\"" + more + "}"));
  return read ? "good" : outcome(read.error());
}

std::string logging_in(const Request& request) {
  const auto read = read_credentials(request);
  return read ? read->name + "/" + read->password : outcome(read.error());
}

}  // namespace

TEST_CASE("a registration within its limits") {
  CHECK(registering("abc", "a@b.co", "12345678") == "good");
  CHECK(registering(std::string(30, 'a'), "a@b.co", std::string(128, 'p')) == "good");
  CHECK(registering("ab", "a@b.co", "12345678") == "422 username");
  CHECK(registering(std::string(31, 'a'), "a@b.co", "12345678") == "422 username");
  CHECK(registering("a.b", "a@b.co", "12345678") == "422 username");
  CHECK(registering("abc", "a@b", "12345678") == "422 email");
  CHECK(registering("abc", "a@b.co", "1234567") == "422 password");
  CHECK(registering("abc", "a@b.co", std::string(129, 'p')) == "422 password");
  CHECK(registering("abc", "a@b.co", "12345678", R"(,"display_name":"a\tb")") == "422 display_name");
  CHECK(registering("abc", "a@b.co", "12345678", ",\"bio\":\"" + std::string(160, 'b') + "\"") == "good");
  CHECK(registering("abc", "a@b.co", "12345678", ",\"bio\":\"" + std::string(161, 'b') + "\"") == "422 bio");
  CHECK(registering("abc", "a@b.co", "12345678", R"(,"bio":7)") == "422 bio");
}

TEST_CASE("an e-mail address is bounded in bytes") {
  std::string longest = std::string(64, 'a') + "@";  // 65, and labels up to 254 bytes in all
  for (int i = 0; i < 2; ++i) longest += std::string(62, 'b') + ".";
  longest += std::string(59, 'c') + ".de";
  REQUIRE(longest.size() == 253);
  CHECK(registering("abc", longest, "12345678") == "good");
  CHECK(registering("abc", longest + "e", "12345678") == "good");
  CHECK(registering("abc", longest + "ee", "12345678") == "422 email");
  const std::string umlauts = "a@" + std::string("\xC3\xBC.") + std::string(60, 'b') + ".";
  CHECK(registering("abc",
                    umlauts + std::string(60, 'c') + "." + std::string(60, 'd') + "." + std::string(62, 'e') + ".de",
                    "12345678") == "good");
}

TEST_CASE("a name to be shown is the user name where none is given") {
  for (const char* more : {"", R"(,"display_name":"")", R"(,"display_name":null)", R"(,"display_name":"  ")"}) {
    const auto read =
        read_new_account(with(std::string(R"({"username":"Ann","email":"a@b.co","password":"12345678")") + more + "}"));
    REQUIRE(read);
    CHECK(read->display_name == "Ann");
  }
}

TEST_CASE("what a body is said to be") {
  CHECK(outcome(read_new_account(with("{}", "text/plain")).error()) == "415");
  CHECK(outcome(read_new_account(with("{}", kForm)).error()) == "415");
  CHECK(outcome(read_new_account(with("{}", "")).error()) == "422 username");
  CHECK(outcome(read_new_account(with("{}", "Application/JSON; charset=utf-8")).error()) == "422 username");
  CHECK(outcome(read_new_account(with("{}", "application/merge-patch+json")).error()) == "422 username");
  CHECK(outcome(read_new_account(with("[]")).error()) == "422 body");
}

TEST_CASE("credentials, as a form or as JSON") {
  CHECK(logging_in(with("username=ann&password=a+b%26c", kForm)) == "ann/a b&c");
  CHECK(logging_in(with("username=ann&password=x", "")) == "ann/x");
  CHECK(logging_in(with(R"({"username":"ann","password":"x"})")) == "ann/x");
  CHECK(logging_in(with("username=ann&password=x", "multipart/form-data; boundary=b")) == "415");
  CHECK(logging_in(with("username=ann", kForm)) == "422 password");
  CHECK(logging_in(with("username=&password=x", kForm)) == "422 username");
  CHECK(logging_in(with("username=%ff&password=x", kForm)) == "422 username");
  CHECK(logging_in(with("username=%zz", kForm)) == "422 body");
  CHECK(logging_in(with("username=a&password=" + std::string(129, 'x'), kForm)) == "422 password");
  CHECK(logging_in(with("username=" + std::string(255, 'x') + "&password=x", kForm)) == "422 username");
  CHECK(logging_in(with("{}")) == "422 username");
}
