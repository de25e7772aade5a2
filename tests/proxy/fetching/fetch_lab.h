#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/fetching/cache_fetch.h"
#include "tests/support/upstream_fixture.h"

namespace roost::proxy {

/// The first client of a CacheFetch, which writes down what it hears: "head body end ".
struct FirstFake final : FirstClient {
  void on_fetched_head(const FetchedAnswer& answer) override {
    log += "head ";
    status = answer.status;
    reason = answer.reason;
    forward_status = answer.forward_status;
    shared = answer.shared != nullptr;
    if (shared) ROOST_CHECK(body_of->begin_reading(cursor));
    if (release_at_head) fetch->release();
  }
  bool on_fetched_body(std::string_view bytes, uint64_t offset, bool last) override {
    log += last ? "last " : "body ";
    if (shared && offset != body.size()) log += "out-of-place ";
    if (shared && !keeps_up) return false;
    body += bytes;
    if (shared) body_of->skip(cursor, bytes.size());
    if (release_at_body) {
      cursor.stop();
      fetch->release();
    }
    return keeps_up;
  }
  void on_fetched_end() override {
    if (shared) read();
    log += "end ";
  }
  /// The rest of what is shared, from the blocks.
  void read() {
    std::vector<BlockRef> pieces;
    body_of->read(cursor, pieces, 1'000);
    for (const BlockRef& piece : pieces) body += piece->view();
  }
  void on_fetch_failed(const CallFailure& why, const cache::Ref<StoredResponse>& instead) override {
    log += "failed ";
    failure = why;
    stale = instead;
  }

  CacheFetch* fetch = nullptr;
  FetchRef body_of;
  FetchCursor cursor;
  std::string log;
  std::string body;
  int status = 0;
  std::string reason;
  int forward_status = 0;
  bool shared = false;
  CallFailure failure;
  cache::Ref<StoredResponse> stale;
  bool keeps_up = true;
  bool release_at_head = false;
  bool release_at_body = false;
};

/// Somebody else who waits for the fetch, and reads it from the beginning. Stays until it is destroyed.
struct WaiterFake final : FetchWaiter {
  WaiterFake(const FetchRef& joined, net::EventLoop& loop) : fetch(joined) {
    fetch->begin_reading(cursor);
    fetch->wait(*this, loop);
  }
  void on_fetch_progress() override {
    last = fetch->look();
    if (reads) read();
  }
  void read() {
    std::vector<BlockRef> pieces;
    last = fetch->read(cursor, pieces, 1'000);
    for (const BlockRef& piece : pieces) body += piece->view();
  }

  FetchRef fetch;
  FetchCursor cursor;
  Fetch::Reading last;
  std::string body;
  bool reads = true;
};

/// Fetches of http://h/a for a cache, over one backend in memory and in driven time.
class FetchLab {
 public:
  static constexpr uint64_t kMaxObjectBytes = 20'000;

  explicit FetchLab(const HttpCache::Options& cache_options = options()) : cache(cache_options) {
    route.pool = &upstream.pool();
    key.assign("http", "h", "/a");
    http::RequestHead head;
    head.method = http::Method::get;
    head.method_text = "GET";
    head.target = head.path = "/a";
    head.authority = "h";
    request_head = head;
  }

  /// Joins and leads. What begin() returned is in `found`.
  CacheFetch& begin(FirstFake* first, bool use_stored = true, bool revalidate = false) {
    FetchLock::Joined joined = fetches.join(key);
    ROOST_CHECK(joined.leads);
    fetch = joined.fetch;
    if (!request) request = std::make_unique<KeptHead>();
    request->keep(request_head, {"192.0.2.1", "http", false, "id", {}});
    CacheFetch& made = recycler.take(context, recycler);
    if (first != nullptr) {
      first->fetch = &made;
      first->body_of = fetch;
    }
    found = made.begin({upstream.context().loop_site, route, key, fetch, use_stored, revalidate}, request, first);
    return made;
  }
  /// A whole fetch of `bytes` by nobody, which leaves them in the cache.
  void store(std::string bytes) {
    script().answer(std::move(bytes));
    begin(nullptr, false);
    upstream.run();
  }
  cache::Ref<StoredResponse> stored() {
    CacheKey own = key;
    return cache.find(own, request_head.fields, upstream.loop().now_ms());
  }
  std::string stored_body() {
    const auto response = stored();
    std::string body;
    if (!response) return "(none)";
    for (const Slice& piece : response->body()) body += piece.view();
    return body;
  }
  ScriptedBackend& script() { return upstream.script(0); }
  const std::string& last_request() { return script().requests().back().head; }
  bool idle() const { return recycler.active_count() == 0 && fetches.size() == 0; }

  static HttpCache::Options options() {
    HttpCache::Options options;
    options.max_object_bytes = kMaxObjectBytes;
    return options;
  }

  UpstreamFixture upstream{1};
  BlockAccount in_flight;
  HttpCache cache;
  MemoryBudget budget{cache, in_flight};
  FetchLock fetches{&in_flight};
  FetchContext context{upstream.context(), cache, fetches, budget};
  Recycler<CacheFetch> recycler{upstream.loop()};
  Route route;
  CacheKey key;
  http::RequestHead request_head;
  std::unique_ptr<KeptHead> request;
  FetchRef fetch;
  cache::Ref<StoredResponse> found;
};

constexpr std::string_view kCacheable = "Cache-Control: max-age=60\r\n";
constexpr std::string_view kTagged = "Cache-Control: max-age=1\r\nETag: \"e\"\r\n";

}  // namespace roost::proxy
