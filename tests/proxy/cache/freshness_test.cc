#include "proxy/cache/freshness.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "common/http/date.h"

using roost::http::BodyLength;
using roost::http::Fields;
using roost::http::Method;
using roost::http::RequestHead;
using roost::http::ResponseHead;
using namespace roost::proxy;

namespace {

using Lines = std::initializer_list<std::pair<const char*, const char*>>;

constexpr int64_t kNowUnixMs = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr int64_t kNowMs = 5'000;                // monotonic
constexpr int64_t kDefaultMs = 60'000;

const StoringRules kRules;  // 60 s where the origin says nothing

StoringRules with_default(std::string_view rule, int64_t fixed_ms = 0) {
  using Rule = DefaultLifetime::Rule;
  StoringRules rules;
  rules.default_lifetime.rule = rule == "off" ? Rule::none : rule == "heuristic" ? Rule::heuristic : Rule::fixed;
  rules.default_lifetime.fixed_ms = fixed_ms;
  return rules;
}

RequestHead request(Lines lines = {}, Method method = Method::get) {
  RequestHead head;
  head.method = method;
  for (const auto& [name, value] : lines) head.fields.add(name, value);
  return head;
}

ResponseHead response(Lines lines, int status = 200) {
  ResponseHead head;
  head.status = status;
  for (const auto& [name, value] : lines) head.fields.add(name, value);
  return head;
}

Storing judged(Lines lines, int status = 200, const RequestHead& asked = request(), int64_t delay_ms = 0) {
  return judge_response(asked, response(lines, status), {kNowMs, kNowUnixMs, delay_ms}, kRules);
}

std::string why_not(Lines lines, int status = 200, const RequestHead& asked = request()) {
  const Storing storing = judged(lines, status, asked);
  return storing.store ? "stored" : storing.reason;
}

}  // namespace

TEST_CASE("what is stored (RFC 9111 §3)") {
  CHECK_EQ(why_not({}), "stored");
  CHECK_EQ(why_not({{"Cache-Control", "max-age=5"}}), "stored");
  CHECK_EQ(why_not({{"Cache-Control", "no-store, max-age=5"}}), "no-store");
  CHECK_EQ(why_not({{"Cache-Control", "private, max-age=5"}}), "private");
  CHECK_EQ(why_not({{"Cache-Control", "PRIVATE=\"x\", s-maxage=5"}}), "private");
  CHECK_EQ(why_not({{"Cache-Control", "no-cache"}}), "no-cache");
  CHECK_EQ(why_not({{"Cache-Control", "max-age=0"}}), "expired");
  CHECK_EQ(why_not({{"Set-Cookie", "a=b"}, {"Cache-Control", "public, max-age=5"}}), "set-cookie");
  CHECK_EQ(why_not({{"Vary", "Accept, *"}}), "vary");
  CHECK_EQ(why_not({{"Vary", "Accept"}, {"Vary", "*"}}), "vary");
  CHECK_EQ(why_not({{"Vary", "Accept, x-forwarded-for"}}), "vary");
  CHECK_EQ(why_not({{"Vary", "X-Request-Id"}}), "vary");
  CHECK_EQ(why_not({{"Vary", "X-Forwarded-Host"}}), "stored");
  CHECK_EQ(why_not({{"Vary", "Accept, Cookie"}}), "stored");
  CHECK_EQ(why_not({{"Pragma", "no-cache"}}), "no-cache");  // not specified in responses; taken as meant
}

TEST_CASE("which methods (§3, §4)") {
  for (const Method method : {Method::head, Method::post, Method::put, Method::delete_, Method::options}) {
    CHECK_EQ(why_not({{"Cache-Control", "max-age=5"}}, 200, request({}, method)), "method");
  }
}

TEST_CASE("which statuses (RFC 9110 §15.1, RFC 9111 §4.2.2)") {
  for (const int status : {200, 203, 301, 308, 404, 410}) {
    CAPTURE(status);
    CHECK_EQ(why_not({}, status), "stored");
  }
  for (const int status : {201, 202, 204, 300, 302, 303, 307, 401, 403, 405, 406, 414, 500, 501, 502, 503, 504}) {
    CAPTURE(status);
    CHECK_EQ(why_not({}, status), "status");
    CHECK_EQ(why_not({{"Cache-Control", "max-age=5"}}, status), "stored");
    CHECK_EQ(why_not({{"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"}}, status), "stored");
  }
  for (const int status : {100, 103, 206, 304, 400, 408, 413, 415, 416, 429, 431, 600, 999}) {
    CAPTURE(status);
    CHECK_EQ(why_not({{"Cache-Control", "public, max-age=5"}}, status), "status");
  }
}

TEST_CASE("what a refusal says something about") {
  CHECK(refusal_scope(200, "no-store") == RefusalScope::resource);
  CHECK(refusal_scope(200, "set-cookie") == RefusalScope::resource);
  CHECK(refusal_scope(404, "private") == RefusalScope::resource);
  CHECK(refusal_scope(403, "status") == RefusalScope::resource);
  CHECK(refusal_scope(200, "authorization") == RefusalScope::credentials);
  CHECK(refusal_scope(200, "cookie") == RefusalScope::credentials);
  for (const int status : {400, 405, 406, 411, 414, 417, 429, 431}) {
    CAPTURE(status);
    CHECK(refusal_scope(status, "status") == RefusalScope::request);
  }
}

TEST_CASE("no lifetime is invented for the answer to a Cookie, unless the route says so") {
  const RequestHead asked = request({{"Cookie", "session=alice"}});
  CHECK_EQ(why_not({}, 200, asked), "cookie");
  CHECK_EQ(why_not({}, 404, asked), "cookie");
  CHECK_EQ(why_not({{"Cache-Control", "public"}}, 200, asked), "cookie");
  CHECK_EQ(why_not({{"Cache-Control", "max-age=5"}}, 200, asked), "stored");
  CHECK_EQ(why_not({{"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"}}, 200, asked), "stored");
  StoringRules rules;
  rules.with_cookies = true;
  CHECK(judge_response(asked, response({}), {kNowMs, kNowUnixMs, 0}, rules).store);
  CHECK(judged({}).invented);
  CHECK_FALSE(judged({{"Cache-Control", "max-age=5"}}).invented);
}

TEST_CASE("what is stored is withheld from credentials that may personalise it") {
  const Fields none, cookie = request({{"Cookie", "a"}}).fields, login = request({{"Authorization", "x"}}).fields;
  StoringRules rules;
  for (const bool invented : {false, true}) {
    CHECK_FALSE(is_withheld(invented, none, rules));
    CHECK_EQ(is_withheld(invented, cookie, rules), invented);
    CHECK_EQ(is_withheld(invented, login, rules), invented);
  }
  rules.with_cookies = true;
  CHECK_FALSE(is_withheld(true, cookie, rules));
  CHECK(is_withheld(true, login, rules));
  rules.with_authorization = false;
  CHECK(is_withheld(false, login, rules));
  CHECK_FALSE(is_withheld(true, cookie, rules));
}

TEST_CASE("the lifetime that is invented (§4.2.2)") {
  const auto lifetime_ms = [](Lines lines, int status, const StoringRules& rules) {
    const Storing storing = judge_response(request(), response(lines, status), {kNowMs, kNowUnixMs, 0}, rules);
    return storing.store ? storing.times.lifetime_ms : storing.reason == std::string("no-lifetime") ? -1 : -2;
  };
  CHECK_EQ(lifetime_ms({}, 200, kRules), kDefaultMs);
  CHECK_EQ(lifetime_ms({}, 404, kRules), DefaultLifetime::kMaxMissingMs);
  CHECK_EQ(lifetime_ms({}, 410, with_default("fixed", 2'000)), 2'000);
  CHECK_EQ(lifetime_ms({}, 200, with_default("off")), -1);
  CHECK_EQ(lifetime_ms({}, 404, with_default("off")), -1);
  CHECK_EQ(lifetime_ms({}, 200, with_default("fixed", 0)), -1);
  const StoringRules heuristic = with_default("heuristic");
  const char* const kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
  CHECK_EQ(lifetime_ms({}, 200, heuristic), -1);
  CHECK_EQ(lifetime_ms({{"Last-Modified", "junk"}}, 200, heuristic), -1);
  CHECK_EQ(lifetime_ms({{"Date", kDate}, {"Last-Modified", "Sun, 06 Nov 1994 08:47:57 GMT"}}, 200, heuristic), 10'000);
  CHECK_EQ(lifetime_ms({{"Last-Modified", "Sun, 06 Nov 1994 08:47:57 GMT"}}, 200, heuristic), 10'000);
  CHECK_EQ(lifetime_ms({{"Last-Modified", "Sun, 06 Nov 1904 08:47:57 GMT"}}, 200, heuristic),
           DefaultLifetime::kMaxHeuristicMs);
  CHECK_EQ(lifetime_ms({{"Last-Modified", "Sun, 06 Nov 1904 08:47:57 GMT"}}, 404, heuristic),
           DefaultLifetime::kMaxMissingMs);
  CHECK_EQ(lifetime_ms({{"Last-Modified", "Sun, 06 Nov 2044 08:47:57 GMT"}}, 200, heuristic), -2);  // in the future
}

TEST_CASE("a response to credentials is stored only if it allows it (§3.5)") {
  const RequestHead asked = request({{"Authorization", "Bearer x"}});
  CHECK_EQ(why_not({{"Cache-Control", "max-age=5"}}, 200, asked), "authorization");
  CHECK_EQ(why_not({}, 200, asked), "authorization");
  CHECK_EQ(why_not({{"Cache-Control", "public, max-age=5"}}, 200, asked), "stored");
  CHECK_EQ(why_not({{"Cache-Control", "s-maxage=5"}}, 200, asked), "stored");
  CHECK_EQ(why_not({{"Cache-Control", "must-revalidate, max-age=5"}}, 200, asked), "stored");
  CHECK_EQ(why_not({{"Cache-Control", "proxy-revalidate, max-age=5"}}, 200, asked), "authorization");
  CHECK_EQ(why_not({{"Cache-Control", "must-revalidate"}}, 200, asked), "authorization");
  CHECK_EQ(why_not({{"Cache-Control", "public"}}, 200, asked), "stored");
}

TEST_CASE("for how long (§4.2.1)") {
  struct Row {
    const char *control, *expires, *date;
    int64_t lifetime_ms;
  };
  const char* const kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
  const char* const kSoon = "Sun, 06 Nov 1994 08:49:47 GMT";
  const Row rows[] = {
      {"s-maxage=7, max-age=5", kSoon, kDate, 7'000},
      {"max-age=5", kSoon, kDate, 5'000},
      {"public", kSoon, kDate, 10'000},
      {nullptr, kSoon, kDate, 10'000},
      {nullptr, kSoon, nullptr, 10'000},  // without Date the time it came
      {nullptr, "Sunday, 06-Nov-94 08:49:47 GMT", kDate, 10'000},
      {nullptr, "Sun Nov  6 08:49:47 1994", kDate, 10'000},
      {nullptr, kDate, kDate, 0},
      {nullptr, "Sun, 06 Nov 1994 08:49:36 GMT", kDate, 0},
      {nullptr, "0", kDate, 0},  // §5.3: no date is the past
      {nullptr, "", kDate, 0},
      {nullptr, nullptr, kDate, kDefaultMs},
      {"public", nullptr, kDate, kDefaultMs},
      {"immutable, x=y", nullptr, nullptr, kDefaultMs},
      {"max-age=junk", kSoon, kDate, 0},
      {"max-age=99999999999", nullptr, nullptr, (int64_t{1} << 31) * 1000},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lifetime_ms);
    ResponseHead head;
    head.status = 200;
    if (row.control != nullptr) head.fields.add("Cache-Control", row.control);
    if (row.expires != nullptr) head.fields.add("Expires", row.expires);
    if (row.date != nullptr) head.fields.add("Date", row.date);
    const Storing storing = judge_response(request(), head, {kNowMs, kNowUnixMs, 0}, kRules);
    CHECK_EQ(storing.times.lifetime_ms, row.lifetime_ms);
    CHECK_EQ(storing.store, row.lifetime_ms > 0);
  }
}

TEST_CASE("a lifetime is bounded, and none is given to what is refused") {
  const Storing longest =
      judge_response(request(), response({}), {kNowMs, kNowUnixMs, 0}, with_default("fixed", INT64_MAX));
  CHECK_EQ(longest.times.lifetime_ms, (int64_t{1} << 31) * 1000);
  CHECK_EQ(judged({{"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"}}).times.lifetime_ms, (int64_t{1} << 31) * 1000);
  CHECK_EQ(judged({}, 302).times.lifetime_ms, 0);
}

TEST_CASE("how old it is on arrival (§4.2.3)") {
  struct Row {
    const char *age, *date;
    int64_t delay_ms, initial_age_ms;
  };
  const Row rows[] = {
      {nullptr, nullptr, 0, 0},
      {nullptr, nullptr, 250, 250},
      {"7", nullptr, 250, 7'250},
      {nullptr, "Sun, 06 Nov 1994 08:49:17 GMT", 0, 20'000},
      {"7", "Sun, 06 Nov 1994 08:49:17 GMT", 0, 20'000},
      {"30", "Sun, 06 Nov 1994 08:49:17 GMT", 1'000, 31'000},
      {nullptr, "Sun, 06 Nov 1994 08:49:57 GMT", 0, 0},      // a clock that is ahead
      {nullptr, "Sun, 06 Nov 1994 08:49:36 GMT", 200, 200},  // a second may be the clocks' granularity
      {"junk", nullptr, 0, 0},
      {"-5", nullptr, 0, 0},
      {"5, 9", nullptr, 0, 5'000},
      {nullptr, "junk", 0, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.initial_age_ms);
    ResponseHead head;
    head.status = 200;
    head.fields.add("Cache-Control", "max-age=3600");
    if (row.age != nullptr) head.fields.add("Age", row.age);
    if (row.date != nullptr) head.fields.add("Date", row.date);
    CHECK_EQ(judge_response(request(), head, {kNowMs, kNowUnixMs, row.delay_ms}, kRules).times.initial_age_ms,
             row.initial_age_ms);
  }
  CHECK_EQ(why_not({{"Cache-Control", "max-age=5"}, {"Age", "5"}}), "expired");
  CHECK_EQ(why_not({{"Cache-Control", "max-age=5"}, {"Age", "4"}}), "stored");
}

TEST_CASE("staleness that is allowed (RFC 5861), and what forbids it (§5.2.2)") {
  const Storing both = judged({{"Cache-Control", "max-age=5, stale-while-revalidate=10, stale-if-error=20"}});
  CHECK_EQ(both.times.stale_while_revalidate_ms, 10'000);
  CHECK_EQ(both.times.stale_if_error_ms, 20'000);
  for (const char* forbids : {"must-revalidate", "proxy-revalidate", "s-maxage=5"}) {
    ResponseHead head;
    head.status = 200;
    head.fields.add("Cache-Control", "max-age=5, stale-while-revalidate=10, stale-if-error=20");
    head.fields.add("Cache-Control", forbids);
    const Storing storing = judge_response(request(), head, {kNowMs, kNowUnixMs, 0}, kRules);
    CHECK_EQ(storing.times.stale_while_revalidate_ms, 0);
    CHECK_EQ(storing.times.stale_if_error_ms, 0);
  }
}

TEST_CASE("CDN-Cache-Control speaks to this cache, and over Cache-Control and Expires (RFC 9213 §2.2)") {
  CHECK_EQ(judged({{"CDN-Cache-Control", "max-age=9"}, {"Cache-Control", "no-store"}}).times.lifetime_ms, 9'000);
  CHECK_EQ(why_not({{"CDN-Cache-Control", "no-store"}, {"Cache-Control", "max-age=9"}}), "no-store");
  CHECK_EQ(judged({{"CDN-Cache-Control", "public"}, {"Expires", "0"}}).times.lifetime_ms, kDefaultMs);
  CHECK_EQ(judged({{"CDN-Cache-Control", ""}, {"Cache-Control", "max-age=3"}}).times.lifetime_ms, 3'000);
  CHECK_EQ(why_not({{"CDN-Cache-Control", "max-age=9"}}, 302), "stored");
}

TEST_CASE("what a request asks of the cache (§5.2.1)") {
  const RequestRules plain = request_rules(request(), false);
  CHECK(plain.may_use_stored);
  CHECK(plain.may_store);
  CHECK_FALSE(plain.must_not_fetch);
  CHECK_EQ(plain.max_age_ms, -1);
  CHECK_EQ(plain.min_fresh_ms, 0);

  const RequestRules no_cache = request_rules(request({{"Cache-Control", "no-cache"}}), false);
  CHECK_FALSE(no_cache.may_use_stored);
  CHECK(no_cache.may_store);
  CHECK_FALSE(request_rules(request({{"Pragma", "no-cache"}}), false).may_use_stored);
  CHECK(request_rules(request({{"Pragma", "no-cache"}, {"Cache-Control", "max-age=1"}}), false).may_use_stored);

  const RequestRules no_store = request_rules(request({{"Cache-Control", "no-store"}}), false);
  CHECK_FALSE(no_store.may_use_stored);
  CHECK_FALSE(no_store.may_store);

  const RequestRules picky =
      request_rules(request({{"Cache-Control", "max-age=7, min-fresh=3, only-if-cached"}}), false);
  CHECK_EQ(picky.max_age_ms, 7'000);
  CHECK_EQ(picky.min_fresh_ms, 3'000);
  CHECK(picky.must_not_fetch);

  const RequestRules ignored = request_rules(request({{"Cache-Control", "no-store, only-if-cached, max-age=0"}}), true);
  CHECK(ignored.may_use_stored);
  CHECK(ignored.may_store);
  CHECK_FALSE(ignored.must_not_fetch);
  CHECK_EQ(ignored.max_age_ms, -1);
}

TEST_CASE("which requests the cache is for") {
  CHECK(request_rules(request({}, Method::head), false).may_use_stored);
  CHECK_FALSE(request_rules(request({}, Method::head), false).may_store);
  for (const Method method : {Method::post, Method::put, Method::delete_, Method::patch, Method::other}) {
    CHECK_FALSE(request_rules(request({}, method), false).may_use_stored);
    CHECK_FALSE(request_rules(request({}, method), true).may_store);
  }
  RequestHead with_body = request();
  with_body.body = BodyLength::known(3);
  CHECK_FALSE(request_rules(with_body, true).may_use_stored);
  CHECK_FALSE(request_rules(with_body, true).may_store);
}

TEST_CASE("304 for who has it already (§4.3.2, RFC 9110 §13.1)") {
  struct Row {
    const char *none_match, *modified_since, *etag, *last_modified;
    bool not_modified;
  };
  const char* const kOld = "Sun, 06 Nov 1994 08:49:36 GMT";
  const char* const kModified = "Sun, 06 Nov 1994 08:49:37 GMT";
  const char* const kNew = "Sun, 06 Nov 1994 08:49:38 GMT";
  const Row rows[] = {
      {"\"a\"", nullptr, "\"a\"", "", true},
      {"\"a\"", nullptr, "W/\"a\"", "", true},  // weak comparison, RFC 9110 §8.8.3.2
      {"W/\"a\"", nullptr, "\"a\"", "", true},
      {"W/\"a\"", nullptr, "W/\"a\"", "", true},
      {"\"b\", W/\"a\"", nullptr, "\"a\"", "", true},
      {"\"b,\\\", \"a\"", nullptr, "\"a\"", "", false},
      {"*", nullptr, "", "", true},
      {"\"b\"", nullptr, "\"a\"", "", false},
      {"\"A\"", nullptr, "\"a\"", "", false},
      {"\"\"", nullptr, "", "", false},
      {"", nullptr, "", "", false},
      {"\"b\"", kNew, "\"a\"", kModified, false},  // If-None-Match goes first, §13.2.2
      {nullptr, kModified, "", kModified, true},
      {nullptr, kNew, "", kModified, true},
      {nullptr, kOld, "", kModified, false},
      {nullptr, kNew, "", "", false},
      {nullptr, "junk", "", kModified, false},
      {nullptr, kNew, "", "junk", false},
      {nullptr, nullptr, "\"a\"", kModified, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.none_match);
    CAPTURE(row.modified_since);
    CAPTURE(row.etag);
    Fields fields;
    if (row.none_match != nullptr) fields.add("If-None-Match", row.none_match);
    if (row.modified_since != nullptr) fields.add("If-Modified-Since", row.modified_since);
    CHECK_EQ(is_not_modified(fields, row.etag, row.last_modified), row.not_modified);
  }
}
