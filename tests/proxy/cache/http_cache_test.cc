#include "proxy/cache/http_cache.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using roost::BlockRef;
using roost::http::Fields;
using roost::proxy::CacheKey;
using roost::proxy::HttpCache;
using roost::proxy::ResponseTimes;
using roost::proxy::StoredHead;
using roost::proxy::StoredResponse;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr ResponseTimes kTimes{kNow, 0, 60'000};

Fields accepting(const char* what) {
  Fields fields;
  if (what != nullptr) fields.add("Accept", what);
  return fields;
}

CacheKey url(std::string_view without_scheme) {
  CacheKey key;
  REQUIRE(key.assign_url("http://" + std::string(without_scheme)));
  return key;
}

struct Cache {
  explicit Cache(HttpCache::Options options = {}) : cache(options) {}
  bool put(std::string_view at, std::string_view body, std::string_view vary = "", const char* accept = nullptr,
           std::string_view tags = "") {
    const BlockRef block = BlockRef::copy_of(body);
    StoredHead head;
    head.vary = vary;
    head.tags = tags;
    head.times = kTimes;
    return cache.insert(url(at), accepting(accept), head, {&block, 1});
  }
  std::string get(std::string_view at, const char* accept = nullptr, int64_t now = kNow) {
    key = url(at);
    const auto found = cache.find(key, accepting(accept), now);
    if (!found) return "(none)";
    return found->body().empty() ? "" : std::string(found->body()[0].view());
  }
  HttpCache cache;
  CacheKey key;
};

}  // namespace

TEST_CASE("what is stored is found until it is stale") {
  Cache cache;
  CHECK_EQ(cache.get("h/a"), "(none)");
  CHECK(cache.put("h/a", "one"));
  CHECK_EQ(cache.get("h/a"), "one");
  CHECK_EQ(cache.key.text(), "h/a");
  CHECK_EQ(cache.get("h/b"), "(none)");
  CHECK_EQ(cache.get("h/a", nullptr, kNow + 59'999), "one");
  CHECK(cache.put("h/a", "two"));
  CHECK_EQ(cache.get("h/a"), "two");
  CHECK_EQ(cache.get("h/a", nullptr, kNow + 60'000), "(none)");
}

TEST_CASE("variants (RFC 9111 §4.1)") {
  Cache cache;
  CHECK(cache.put("h/a", "for x", "Accept", "x"));
  CHECK(cache.put("h/a", "for y", "Accept", "y"));
  CHECK(cache.put("h/a", "for none", "Accept"));
  CHECK_EQ(cache.get("h/a", "x"), "for x");
  CHECK_EQ(cache.get("h/a", "y"), "for y");
  CHECK_EQ(cache.get("h/a"), "for none");
  CHECK_EQ(cache.get("h/a", "z"), "(none)");
  CHECK_EQ(cache.key.text(), "h/a\naccept=z");  // what to fetch under

  SUBCASE("another Vary stands beside the first") {
    CHECK(cache.put("h/a", "new x", "Accept, Cookie", "x"));
    CHECK_EQ(cache.get("h/a", "x"), "new x");  // of two that fit, the newer
    CHECK_EQ(cache.get("h/a", "y"), "for y");
    CHECK_EQ(cache.get("h/a"), "for none");
    CHECK_EQ(cache.get("h/a", "z"), "(none)");
    CHECK_EQ(cache.key.text(), "h/a\naccept=z\ncookie");  // as the last one varied
    CHECK(cache.cache.purge(url("h/a")));
    CHECK_EQ(cache.get("h/a", "x"), "(none)");
    CHECK_EQ(cache.get("h/a", "y"), "(none)");
  }
  SUBCASE("one variant is dropped, the others stay") {
    CacheKey key = url("h/a");
    const auto found = cache.cache.find(key, accepting("x"), kNow);
    CHECK(cache.cache.drop(*found));
    CHECK_FALSE(cache.cache.drop(*found));
    CHECK_EQ(cache.get("h/a", "x"), "(none)");
    CHECK_EQ(cache.get("h/a", "y"), "for y");
  }
  SUBCASE("one that does not vary is for everybody") {
    CHECK(cache.put("h/a", "all"));
    CHECK_EQ(cache.get("h/a", "z"), "all");
    CHECK(cache.put("h/a", "new x", "Accept", "x"));
    CHECK_EQ(cache.get("h/a", "x"), "new x");
    CHECK_EQ(cache.get("h/a", "y"), "(none)");
  }
  SUBCASE("a purge takes them all, for good") {
    CHECK(cache.cache.purge(url("h/a")));
    CHECK_EQ(cache.get("h/a", "x"), "(none)");
    CHECK(cache.put("h/a", "new x", "Accept", "x"));
    CHECK_EQ(cache.get("h/a", "x"), "new x");
    CHECK_EQ(cache.get("h/a", "y"), "(none)");
  }
}

TEST_CASE("as many different Vary fields as there is room for; then the oldest goes") {
  Cache cache;
  const auto vary = [](size_t i) { return "Accept" + std::string(i, ',') + (i > 0 ? "A" + std::to_string(i) : ""); };
  for (size_t i = 0; i < HttpCache::kMaxVaries; ++i) {
    CHECK(cache.put("h/a", "body " + std::to_string(i), vary(i), std::to_string(i).c_str()));
  }
  for (size_t i = 0; i < HttpCache::kMaxVaries; ++i) {
    CHECK_EQ(cache.get("h/a", std::to_string(i).c_str()), "body " + std::to_string(i));
  }
  CHECK(cache.put("h/a", "one more", vary(HttpCache::kMaxVaries), "more"));
  CHECK_EQ(cache.get("h/a", "more"), "one more");
  CHECK_EQ(cache.get("h/a", "0"), "(none)");
  CHECK_EQ(cache.get("h/a", "1"), "body 1");
}

TEST_CASE("purging") {
  Cache cache;
  cache.put("h/a", "1", "", nullptr, "\"tweet-1\", \"list\"");
  cache.put("h/a/b", "2", "", nullptr, "list, Tweet-1");
  cache.put("h/b", "3", "Accept", "x", "\"list\"");
  cache.put("other/a", "4");
  SUBCASE("one URL") {
    CHECK(cache.cache.purge(url("h/a")));
    CHECK_FALSE(cache.cache.purge(url("h/a")));
    CHECK_EQ(cache.get("h/a"), "(none)");
    CHECK_EQ(cache.get("h/a/b"), "2");
  }
  SUBCASE("a prefix, a marker and its variant counting each") {
    CHECK_EQ(cache.cache.purge_prefix(url("h/")), 4);
    CHECK_EQ(cache.get("h/b", "x"), "(none)");
    CHECK_EQ(cache.get("other/a"), "4");
  }
  SUBCASE("a tag, quoted or not, as it is written") {
    CHECK_EQ(cache.cache.purge_tag("tweet-1"), 1);
    CHECK_EQ(cache.get("h/a"), "(none)");
    CHECK_EQ(cache.cache.purge_tag("list"), 2);
    CHECK_EQ(cache.get("h/b", "x"), "(none)");
    CHECK_EQ(cache.cache.purge_tag("lis"), 0);
    CHECK_EQ(cache.get("other/a"), "4");
  }
  SUBCASE("everything") {
    cache.cache.clear();
    CHECK_EQ(cache.cache.stats().entries, 0);
  }
}

TEST_CASE("what is too much is not stored") {
  HttpCache::Options options;
  options.limit_bytes = 1 << 20;
  options.max_object_bytes = 20'000;
  options.shards = 1;
  Cache cache(options);
  CHECK_EQ(cache.cache.max_object_bytes(), 20'000);
  CHECK(cache.put("h/fits", std::string(19'000, 'x')));
  CHECK_FALSE(cache.put("h/large", std::string(20'001, 'x')));
  CHECK(cache.put(std::string(9'000, 'k'), "x"));
  CHECK_FALSE(cache.put(std::string(HttpCache::kMaxKeyBytes + 1, 'k'), "x"));
  std::string vary = "Accept";
  for (size_t i = 1; i < HttpCache::kMaxVaryNames; ++i) vary += ",a";
  CHECK(cache.put("h/v", "x", vary));
  CHECK_FALSE(cache.put("h/v", "x", vary + ",a"));
  CHECK_FALSE(cache.put("h/t", "x", "", nullptr, std::string(StoredResponse::kMaxTags + 1, 't')));
}

TEST_CASE("the limit in bytes holds") {
  HttpCache::Options options;
  options.limit_bytes = 1 << 20;
  Cache cache(options);
  for (int i = 0; i < 5'000; ++i) cache.put("h/" + std::to_string(i), std::string(1'000, 'x'));
  const roost::cache::StoreStats stats = cache.cache.stats();
  CHECK_LE(stats.bytes, options.limit_bytes);
  CHECK_GT(stats.entries, 400);
  CHECK_GT(stats.evictions, 3'000);
}

TEST_CASE("a response that is being read survives its purge") {
  Cache cache;
  cache.put("h/a", std::string(50'000, 'x'));
  CacheKey key = url("h/a");
  const auto held = cache.cache.find(key, Fields(), kNow);
  cache.cache.clear();
  REQUIRE(held);
  CHECK_EQ(held->body()[0].view(), std::string(50'000, 'x'));
}

TEST_CASE("threads that store, find and purge the same URLs see whole responses") {
  Cache cache;
  std::atomic<int> wrong{0};
  const auto work = [&](unsigned seed) {
    CacheKey key;
    for (unsigned i = 0; i < 4'000; ++i) {
      seed = seed * 1664525 + 1013904223;
      const CacheKey own = url("h/" + std::to_string(seed >> 8 & 7));
      const bool varies = (seed >> 12 & 1) != 0;
      const std::string body(9'000, static_cast<char>('a' + (seed >> 8 & 7)));
      const BlockRef block = BlockRef::copy_of(body);
      StoredHead head;
      head.vary = varies ? "Accept" : "";
      head.times = kTimes;
      if (i % 3 == 0) cache.cache.insert(own, accepting("x"), head, {&block, 1});
      if (i % 7 == 0) cache.cache.purge(own);
      if (i % 1'000 == 0) cache.cache.purge_prefix(url("h/3"));
      key = own;
      const auto found = cache.cache.find(key, accepting("x"), kNow);
      if (found && found->body()[0].view() != body) ++wrong;
    }
  };
  std::thread other([&] { work(1); });
  work(2);
  other.join();
  CHECK_EQ(wrong, 0);
}
