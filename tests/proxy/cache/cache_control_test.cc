#include "proxy/cache/cache_control.h"

#include <string>

#include <doctest/doctest.h>

using roost::http::Fields;
using roost::proxy::CacheControl;
using roost::proxy::parse_cache_control;

namespace {

CacheControl parsed(std::string_view value) {
  CacheControl control;
  parse_cache_control(value, control);
  return control;
}

}  // namespace

TEST_CASE("every directive is known, in any case") {
  const CacheControl control = parsed(
      "No-Store, NO-CACHE, private, Public, must-revalidate, proxy-revalidate, only-if-cached, MAX-AGE=1, s-maxage=2, "
      "min-fresh=3, max-stale=4, stale-while-revalidate=5, stale-if-error=6");
  CHECK(control.no_store);
  CHECK(control.no_cache);
  CHECK(control.is_private);
  CHECK(control.is_public);
  CHECK(control.must_revalidate);
  CHECK(control.proxy_revalidate);
  CHECK(control.only_if_cached);
  CHECK_EQ(control.max_age_s, 1);
  CHECK_EQ(control.s_maxage_s, 2);
  CHECK_EQ(control.min_fresh_s, 3);
  CHECK_EQ(control.max_stale_s, 4);
  CHECK_EQ(control.stale_while_revalidate_s, 5);
  CHECK_EQ(control.stale_if_error_s, 6);
}

TEST_CASE("nothing said is nothing known") {
  for (const char* value : {"", " ", ",,,", "unknown", "unknown=5", "x-no-store", "no-storex", "\"no-store\""}) {
    CAPTURE(value);
    const CacheControl control = parsed(value);
    CHECK_FALSE(control.no_store);
    CHECK_FALSE(control.no_cache);
    CHECK_FALSE(control.is_private);
    CHECK_EQ(control.max_age_s, -1);
    CHECK_EQ(control.s_maxage_s, -1);
    CHECK_EQ(control.max_stale_s, -1);
  }
}

TEST_CASE("numbers (RFC 9111 §1.2.2, §4.2.1)") {
  struct Row {
    const char* value;
    int64_t max_age_s;
  };
  const Row rows[] = {
      {"max-age=60", 60},
      {"max-age=\"60\"", 60},  // a quoted form is to be accepted, §5.2
      {"max-age=0060", 60},
      {"max-age=0", 0},
      {"max-age=2147483648", CacheControl::kMaxAgeS},
      {"max-age=99999999999999999999999999", CacheControl::kMaxAgeS},
      {"max-age=18446744073709551617", CacheControl::kMaxAgeS},
      {"max-age", 0},  // what is no number is stale
      {"max-age=", 0},
      {"max-age=\"\"", 0},
      {"max-age=-1", 0},
      {"max-age=1.5", 0},
      {"max-age=60s", 0},
      {"max-age= 60", 0},
      {"max-age=60;s-maxage=10", 0},
      {"max-age=60, max-age=10", 10},  // of two the stricter
      {"max-age=10, max-age=60", 10},
      {"max-age=10, max-age=x", 0},
      {"foo=\"max-age=1, no-store\", max-age=7", 7},  // quoted commas do not separate
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    const CacheControl control = parsed(row.value);
    CHECK_EQ(control.max_age_s, row.max_age_s);
    CHECK_FALSE(control.no_store);
  }
}

TEST_CASE("of duplicates the more restrictive wins") {
  CHECK_EQ(parsed("min-fresh=3, min-fresh=9").min_fresh_s, 9);
  CHECK_EQ(parsed("min-fresh=9, min-fresh=3").min_fresh_s, 9);
  CHECK_EQ(parsed("max-stale, max-stale=9").max_stale_s, 9);
  CHECK_EQ(parsed("max-stale").max_stale_s, CacheControl::kMaxAgeS);
  CHECK_EQ(parsed("stale-if-error=9, stale-if-error=1").stale_if_error_s, 1);
  const CacheControl both = parsed("public, private");
  CHECK(both.is_private);
}

TEST_CASE("qualified forms count as unqualified ones (§5.2.2.4, §5.2.2.7)") {
  CHECK(parsed("no-cache=\"set-cookie, x\", max-age=5").no_cache);
  CHECK_EQ(parsed("no-cache=\"set-cookie, max-age=1\", max-age=5").max_age_s, 5);
  CHECK(parsed("private=\"set-cookie\"").is_private);
}

TEST_CASE("several field lines are one list") {
  Fields fields;
  fields.add("Cache-Control", "max-age=60");
  fields.add("X", "no-store");
  fields.add("cache-control", "must-revalidate, max-age=30");
  const CacheControl control = parse_cache_control(fields);
  CHECK_EQ(control.max_age_s, 30);
  CHECK(control.must_revalidate);
  CHECK_FALSE(control.no_store);
}

TEST_CASE("Pragma counts only without Cache-Control (§5.4)") {
  Fields fields;
  fields.add("Pragma", "foo, No-Cache");
  CHECK(parse_cache_control(fields).no_cache);
  fields.add("Cache-Control", "max-age=5");
  CHECK_FALSE(parse_cache_control(fields).no_cache);
}

TEST_CASE("an unclosed quotation and control bytes do no harm") {
  CHECK_EQ(parsed("foo=\"bar, no-store").no_store, false);
  CHECK_EQ(parsed("max-age=\"5").max_age_s, 0);
  CHECK_EQ(parsed(std::string_view("a\0b, no-store\x7f, no-store", 24)).no_store, true);
  CHECK(parsed(std::string(100'000, ',') + "no-store").no_store);
}
