// Each allocation of a like and of a read fails once, on whatever thread: a request is answered in full, with 503, or
// its connection is closed; a like is counted if and only if it was acknowledged, and what comes next is right.

#include <deque>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <stdlib.h>

#include "api/account_module.h"
#include "api/like_batching.h"
#include "api/storage.h"
#include "api/tweet_module.h"
#include "common/base/memory_reserve.h"
#include "common/service/app_server.h"
#include "tests/support/failing_new.h"
#include "tests/support/memory_stream.h"

using namespace roost;
using namespace roost::api;
namespace failing = roost::failing_memory;

namespace {

/// The parts of a worker that answer requests, over connections in memory.
class WorkerLab {
 public:
  WorkerLab() {
    std::string name = (std::filesystem::temp_directory_path() / "roost-memory-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    config_.data = name;
    config_.demo = true;
    storage_ = std::move(*Storage::open(context_));
    likes_ = std::move(*LikeBatching::open(context_, storage_->like_sink(), [](const std::vector<int64_t>&) {}));
    storage_->database().watch_journal(likes_->batcher().journal().hex());
    accounts_ = std::move(*AccountModule::open(context_, scope_, *storage_));
    tweets_ =
        std::make_unique<TweetModule>(context_, scope_, *storage_, accounts_->authentication(), likes_->batcher());
    accounts_->add_to(router_);
    tweets_->add_to(router_);
    server_.refuse_without_memory({});
    server_.add_observer(storage_->log());
  }
  ~WorkerLab() {
    likes_->batcher().close(10'000);
    loop_.run_once(false);
    storage_.reset();
    std::filesystem::remove_all(config_.data);
  }

  /// The answer to a request on a new connection; what has come of it when the connection closes.
  std::string ask(std::string_view line, std::string_view fields = {}, std::string_view body = {}) {
    std::string request = std::string(line) + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + std::string(fields);
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    request += "\r\n" + std::string(body);
    const failing::Calm calm;
    net::MemoryStream& stream = streams_.emplace_back();
    net::StreamPtr attached = stream.attach();
    {
      const failing::Tested tested;
      run_refusable([&] { server_.adopt(std::move(attached)); }, [] {});
    }
    stream.feed(request);
    while (!stream.shut_down() && !stream.closed()) turn();
    stream.feed_end();
    return stream.take_sent();
  }
  bool idle() {
    for (int i = 0; i < 3; ++i) loop_.run_once(false);
    return server_.idle();
  }
  batcher::Batcher& batcher() { return likes_->batcher(); }

 private:
  void turn() {
    const failing::Tested tested;
    loop_.run_once(true);
  }

  Config config_;
  SystemClock clock_;
  net::EventLoop loop_;
  observe::EventLog events_{[](observe::EventLevel, std::string_view) {}};
  WorkerContext context_{config_, "w", loop_, clock_, events_};
  observe::MetricRegistry metrics_;
  observe::MetricScope& scope_ = metrics_.make_scope();
  Router router_;
  std::deque<net::MemoryStream> streams_;
  service::AppServer server_{loop_, router_, {}};
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<LikeBatching> likes_;
  std::unique_ptr<AccountModule> accounts_;
  std::unique_ptr<TweetModule> tweets_;
};

bool is_refusal(std::string_view answer) {
  return answer.empty() || (answer.starts_with("HTTP/1.1 503") && answer.ends_with("}"));
}

/// `act(number)` with its first allocation failing, its second, and so on.
template <class Act>
void fail_each_allocation(Act act) {
  bool failed = true;
  for (int64_t number = 1; failed; ++number) {
    CAPTURE(number);
    failing::arm(number);
    act();
    failed = failing::disarm();
    REQUIRE(MemoryReserve::refill());
    REQUIRE(number < 5'000);
  }
}

}  // namespace

TEST_CASE("no allocation that fails ends a worker, or costs a like") {
  const MemoryReserve reserve(MemoryReserve::kKept);
  WorkerLab lab;
  REQUIRE(lab.ask("POST /like/1").starts_with("HTTP/1.1 202"));
  const std::string timeline = lab.ask("GET /api/tweets");
  REQUIRE(timeline.starts_with("HTTP/1.1 200"));

  SUBCASE("a like") {
    int64_t acknowledged = 1;
    fail_each_allocation([&] {
      const std::string answer = lab.ask("POST /like/1");
      const bool taken = answer.starts_with("HTTP/1.1 202");
      CHECK((taken || is_refusal(answer)));
      acknowledged += taken ? 1 : 0;
    });
    CHECK_GT(MemoryReserve::refusals(), 0);
    CHECK_GT(acknowledged, 5);  // those whose request had been taken
    lab.batcher().close(30'000);
    const batcher::Stats stats = lab.batcher().stats();
    CHECK_EQ(stats.accepted, acknowledged);
    CHECK_EQ(stats.applied, acknowledged);
  }
  SUBCASE("a read") {
    fail_each_allocation([&] {
      const std::string answer = lab.ask("GET /api/tweets", "Cache-Control: no-cache\r\n");
      CHECK((answer.starts_with("HTTP/1.1 200") || is_refusal(answer)));
    });
    CHECK(lab.ask("GET /api/tweets").starts_with("HTTP/1.1 200"));
  }
  SUBCASE("a body") {
    int64_t refusals = 0;
    fail_each_allocation([&] {
      const std::string answer =
          lab.ask("POST /api/users/login", "Content-Type: application/json\r\n",
                  R"({"username":"nobody-of-this-name","password":")" + std::string(300, 'p') + "\"}");
      CHECK((answer.starts_with("HTTP/1.1 4") || is_refusal(answer)));
      refusals += is_refusal(answer) ? 1 : 0;
    });
    CHECK_GT(refusals, 3);
  }
  CHECK(lab.idle());
  CHECK(lab.ask("GET /api/tweets").starts_with("HTTP/1.1 200"));
  CHECK(lab.ask("GET /like/1").starts_with("HTTP/1.1 200"));
}

TEST_CASE("while memory is low a worker refuses") {
  const MemoryReserve reserve;
  WorkerLab lab;
  std::get_new_handler()();
  REQUIRE(MemoryReserve::is_low());
  const std::string answer = lab.ask("GET /api/tweets");
  CHECK(answer.starts_with("HTTP/1.1 503"));
  CHECK(answer.find("Retry-After: 1\r\n") != std::string::npos);
  REQUIRE(MemoryReserve::refill());
  CHECK(lab.ask("GET /api/tweets").starts_with("HTTP/1.1 200"));
}
