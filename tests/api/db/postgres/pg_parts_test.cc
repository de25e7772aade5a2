#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "api/db/postgres/pg_params.h"
#include "api/db/postgres/pg_rows.h"
#include "api/db/postgres/pg_target.h"
#include "tests/api/db/postgres/pg_scratch.h"

using namespace roost;
using namespace roost::api;

TEST_CASE("what PostgreSQL can hold is UTF-8 without NUL") {
  CHECK(is_postgres_text(""));
  CHECK(is_postgres_text("caf\xC3\xA9 \xF0\x9F\x90\xA6"));
  CHECK_FALSE(is_postgres_text(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_postgres_text("\xff"));
  CHECK_FALSE(is_postgres_text("a\xC3"));
  CHECK_FALSE(is_postgres_text("\xED\xA0\x80"));  // half of a surrogate pair
}

TEST_CASE("a query of words quotes what it is given") {
  CHECK(tsquery_of_all(std::vector<std::string>{"rook"}) == "'rook'");
  CHECK(tsquery_of_all(std::vector<std::string>{"a'b", "c\\d"}) == "'a''b' & 'c\\\\d'");
}

TEST_CASE("what an error means for its transaction") {
  CHECK(judge_sqlstate("40001", false) == PgVerdict::try_again);
  CHECK(judge_sqlstate("40P01", false) == PgVerdict::try_again);
  CHECK(judge_sqlstate("40003", false) == PgVerdict::unknown);
  CHECK(judge_sqlstate("08007", false) == PgVerdict::unknown);
  CHECK(judge_sqlstate("57014", false) == PgVerdict::try_later);
  CHECK(judge_sqlstate("57P01", true) == PgVerdict::unknown);
  CHECK(judge_sqlstate("53300", false) == PgVerdict::try_later);
  CHECK(judge_sqlstate("25006", false) == PgVerdict::try_later);
  CHECK(judge_sqlstate("26000", false) == PgVerdict::try_again);
  CHECK(judge_sqlstate("23505", false) == PgVerdict::refused);
  CHECK(judge_sqlstate("42601", false) == PgVerdict::refused);
  CHECK(judge_sqlstate("", false) == PgVerdict::unknown);
  PgFailure failure;
  failure.what = "it broke";
  CHECK_FALSE(error_of(failure).retryable);
  failure.verdict = PgVerdict::try_later;
  failure.sqlstate = "53300";
  CHECK(error_of(failure).retryable);
  CHECK(error_of(failure).what == "postgres: it broke (53300)");
}

TEST_CASE("a target is named without user and password") {
  const auto target = PgTarget::parse("postgres://ada:s3cret@db.internal:6000,10.0.0.1/roost?sslmode=require");
  REQUIRE(target);
  CHECK(target->name() == "db.internal:6000,10.0.0.1:5432/roost");
  REQUIRE(target->lookups().size() == 1);
  CHECK(target->lookups()[0] == net::HostPort{"db.internal", 6000});
  const auto socket = PgTarget::parse("postgresql:///roost?host=/run/postgresql");
  REQUIRE(socket);
  CHECK(socket->lookups().empty());
}

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string value_of(const Settings& settings, std::string_view keyword) {
  std::string found;
  for (const auto& [name, text] : settings) {
    if (name == keyword) found += text;
  }
  return found;
}

}  // namespace

TEST_CASE("names that were looked up are given to libpq as addresses, one pair each") {
  const auto target = PgTarget::parse("postgres://db:6000,10.0.0.1:7000/roost");
  REQUIRE(target);
  CHECK(target->has_host_without_lookup());
  const auto settings =
      target->settings({{*net::Address::parse("127.0.0.1:6000"), *net::Address::parse("[::1]:6000")}});
  CHECK(value_of(settings, "host") == "db,db,10.0.0.1");
  CHECK(value_of(settings, "hostaddr") == "127.0.0.1,::1,");
  CHECK(value_of(settings, "port") == "6000,6000,7000");
  CHECK(value_of(settings, "client_encoding") == "UTF8");
  const auto unknown = target->settings({{}});  // A name that does not resolve is left out.
  CHECK(value_of(unknown, "host") == "10.0.0.1");
  CHECK(value_of(unknown, "port") == "7000");
  CHECK_FALSE(PgTarget::parse("postgres://db:6000/roost")->has_host_without_lookup());
}

TEST_CASE("of several hosts each may stand first") {
  const auto target = PgTarget::parse("postgres://a:1,b:2,c:3/roost");
  REQUIRE(target);
  for (const auto& [first, hosts, ports] :
       {std::tuple(0, "a,b,c", "1,2,3"), std::tuple(1, "b,c,a", "2,3,1"), std::tuple(5, "c,a,b", "3,1,2")}) {
    const auto settings = target->settings({}, static_cast<size_t>(first));
    CHECK(value_of(settings, "host") == hosts);
    CHECK(value_of(settings, "port") == ports);
  }
  const auto numbered = PgTarget::parse("postgres://a:1,b:2/roost?hostaddr=10.0.0.1,10.0.0.2");
  REQUIRE(numbered);
  CHECK(value_of(numbered->settings({}, 1), "hostaddr") == "10.0.0.2,10.0.0.1");
  const auto alone = PgTarget::parse("postgres:///roost?host=/run/postgresql");
  CHECK(value_of(alone->settings({}, 3), "host") == "/run/postgresql");
}

TEST_CASE("a URL that cannot be read is refused without being quoted") {
  for (const char* url : {"mysql://ada:s3cret@x", "postgres://ada:s3cret@x/%zz", "postgres://ada:s3cret@[x/y",
                          "postgres://ada:s3cret@x/db?nonsense=s3cret"}) {
    const auto target = PgTarget::parse(url);
    REQUIRE_FALSE(target);
    CHECK(target.error().what.find("s3cret") == std::string::npos);
    CHECK(target.error().what.find("zz") == std::string::npos);
  }
}

TEST_CASE("passwords are not shown") {
  CHECK(without_password("postgres://ada:s3cret@db/roost") == "postgres://ada:***@db/roost");
  CHECK(without_password("postgres://ada:s3@cret:x@db/roost") == "postgres://ada:***@db/roost");
  CHECK(without_password("postgres://ada@db:5432/roost") == "postgres://ada@db:5432/roost");
  CHECK(without_password("postgres://db:5432/roost?user=a&password=s3cret&sslmode=require") ==
        "postgres://db:5432/roost?user=a&password=***&sslmode=require");
  CHECK(without_password("postgres://db/roost?sslpassword=s3cret") == "postgres://db/roost?sslpassword=***");
  CHECK(without_password("postgres://ada:pa?ss@db/roost") == "postgres://ada:***@db/roost");
  for (const char* unescaped : {"postgres://roost:s/cret@db/x", "postgres://u:p@ss@host/db"}) {
    const auto parsed = PgTarget::parse(unescaped);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().what.find("%XX") != std::string::npos);
  }
  CHECK(without_password("sqlite:data/roost.db") == "sqlite:data/roost.db");
  CHECK(without_password("") == "");
}

TEST_CASE("values arrive as they are sent" * doctest::skip(!has_postgres())) {
  auto session = open_session();
  static constexpr PgStatement echo{
      "SELECT $1::bigint, $2::text, array_to_string($3::text[], '|'), "
      "array_to_string($4::bigint[], '|'), cardinality($5::text[]), $1 < 0"};
  const std::vector<std::string> texts{"a", "", "q\"u,o{te}\\d", "\xF0\x9F\x90\xA6"};
  const std::vector<int64_t> numbers{INT64_MIN, -1, 0, INT64_MAX};
  PgParams params;
  params.add(INT64_MIN).add("Robert'); DROP TABLE users;--").add(texts).add(numbers).add(std::vector<std::string>{});
  const auto rows = session->run(echo, params);
  REQUIRE(rows);
  CHECK(rows->count() == 1);
  CHECK(rows->integer(0, 0) == INT64_MIN);
  CHECK(rows->text(0, 1) == "Robert'); DROP TABLE users;--");
  CHECK(rows->text(0, 2) == "a||q\"u,o{te}\\d|\xF0\x9F\x90\xA6");
  CHECK(rows->text(0, 3) == "-9223372036854775808|-1|0|9223372036854775807");
  CHECK(rows->integer(0, 4) == 0);
  CHECK(rows->flag(0, 5));
}
