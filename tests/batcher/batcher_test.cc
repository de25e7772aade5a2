#include "batcher/batcher.h"

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batcher/journal/posix_disk.h"
#include "batcher/journal/recovery.h"
#include "batcher/own_flush.h"
#include "tests/batcher/file_sink.h"
#include "tests/batcher/temporary_directory.h"

namespace roost::batcher {
namespace {

/// A sink in memory that can be told to stop answering.
class MemorySink final : public Sink {
 public:
  std::atomic<bool> away{false};
  std::optional<StoreId> store;
  Result<std::optional<StoreId>> identity() override {
    if (away) return fail("away", Side::backend, true);
    return store;
  }
  Outcome apply(const JournalId& journal, const Batch& batch) override {
    const std::lock_guard lock(mutex_);
    if (away || applied_[journal] + 1 != batch.sequence) return Outcome::unknown;
    applied_[journal] = batch.sequence;
    for (const KeyDelta& delta : batch.deltas) counts_[delta.key] += delta.delta;
    return Outcome::applied;
  }
  Result<uint64_t> applied_seq(const JournalId& journal) override {
    const std::lock_guard lock(mutex_);
    if (away) return fail("away", Side::backend, true);
    return applied_[journal];
  }
  Result<void> forget(const JournalId& journal) override {
    const std::lock_guard lock(mutex_);
    applied_.erase(journal);
    return {};
  }
  int64_t total() {
    const std::lock_guard lock(mutex_);
    int64_t total = 0;
    for (const auto& [key, count] : counts_) total += count;
    return total;
  }
  /// What it has: for a standby to take over that got no more.
  struct State {
    std::map<JournalId, uint64_t> applied;
    std::map<int64_t, int64_t> counts;
  };
  State state() {
    const std::lock_guard lock(mutex_);
    return {applied_, counts_};
  }
  void go_back_to(const State& state) {
    const std::lock_guard lock(mutex_);
    applied_ = state.applied;
    counts_ = state.counts;
  }
  size_t journals() {
    const std::lock_guard lock(mutex_);
    return applied_.size();
  }

 private:
  std::mutex mutex_;
  std::map<JournalId, uint64_t> applied_;
  std::map<int64_t, int64_t> counts_;
};

struct BatcherFixture {
  TemporaryDirectory directory;
  PosixDisk disk;
  SystemClock clock;
  MemorySink sink;

  Options options() {
    Options options;
    options.directory = directory.path() + "/journal";
    options.segment_bytes = 64 << 10;
    options.max_batch_keys = 100;
    options.max_waiting = 1000;
    options.backoff = {1, 10};
    options.adoption_interval_ms = 10;
    return options;
  }
  std::unique_ptr<Batcher> open(Options options) {
    auto batcher = Batcher::open(std::move(options), disk, clock, sink);
    REQUIRE(batcher);
    return std::move(*batcher);
  }
  size_t journals_left() { return disk.list(directory.path() + "/journal").value().size(); }
};

/// Waits for a condition that other threads bring about; gives up only when the test has hung.
template <class Condition>
void wait_for(Condition condition) {
  for (int i = 0; i < 30'000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  REQUIRE(condition());
}

}  // namespace

TEST_CASE_FIXTURE(BatcherFixture, "likes from many threads arrive once each, few statements") {
  constexpr int kThreads = 4;
  constexpr int kLikes = 2000;
  auto batcher = open(options());
  std::atomic<int> acknowledged{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kLikes;) {
        if (batcher->add(i % 7, 1, [&](const Result<Accepted>& result) { acknowledged += result ? 1 : 0; })) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  batcher->close(30'000);
  CHECK(acknowledged == kThreads * kLikes);
  CHECK(sink.total() == kThreads * kLikes);
  const Stats stats = batcher->stats();
  CHECK(stats.pending == 0);
  CHECK(stats.accepted == kThreads * kLikes);
  CHECK(stats.statements_saved + stats.batches == kThreads * kLikes);
  CHECK(!stats.accepting);
  CHECK(sink.journals() == 0);
  CHECK(journals_left() == 0);
}

TEST_CASE_FIXTURE(BatcherFixture, "the eleventh like sends all, without waiting for their age") {
  auto batcher = open(options());
  for (int i = 0; i < 11; ++i) REQUIRE(batcher->add(1, 1, [](const Result<Accepted>&) {}));
  wait_for([&] { return sink.total() == 11; });
  wait_for([&] { return batcher->pending(1) == 0; });
}

TEST_CASE_FIXTURE(BatcherFixture, "likes that have waited long enough go, too") {
  Options quick = options();
  quick.policy.max_age_ms = 5;
  auto batcher = open(std::move(quick));
  REQUIRE(batcher->add(1, 3, [](const Result<Accepted>&) {}));
  wait_for([&] { return sink.total() == 3; });
}

TEST_CASE_FIXTURE(BatcherFixture, "batches that the sink has applied and lost are applied again") {
  Options quick = options();
  quick.policy.max_pending = 0;
  auto batcher = open(std::move(quick));
  int64_t sent = 0;
  const auto like = [&](int64_t key, int64_t delta) {
    REQUIRE(batcher->add(key, delta, [](const Result<Accepted>&) {}));
    sent += delta;
    wait_for([&] { return sink.total() == sent && batcher->pending(key) == 0; });
  };
  const MemorySink::State nothing = sink.state();
  like(1, 1);
  like(2, 10);
  const MemorySink::State early = sink.state();
  for (int i = 0; i < 20; ++i) like(i, 100);
  sink.go_back_to(early);
  like(7, 1'000);  // which is when it is noticed
  sink.go_back_to(nothing);
  like(7, 10'000);
  CHECK(batcher->stats().accepting);
  CHECK(batcher->stats().pending == 0);
  batcher->close(30'000);
  CHECK(sink.total() == sent);
}

TEST_CASE("of the applied batches the oldest are given up, by their number and by their bytes") {
  AppliedBatches applied;
  CHECK_FALSE(applied.has_all_behind(0));
  CHECK(applied.find(1) == nullptr);
  const uint64_t most = AppliedBatches::kMaxBatches;
  for (uint64_t k = 1; k <= most; ++k) applied.add({.sequence = k, .deltas = {{1, 1}}});
  CHECK(applied.has_all_behind(0));
  CHECK(applied.has_all_behind(most - 1));
  CHECK_FALSE(applied.has_all_behind(most));
  CHECK(applied.find(most)->sequence == most);
  CHECK(applied.find(most + 1) == nullptr);
  applied.add({.sequence = most + 1, .deltas = {{1, 1}}});
  CHECK(applied.size() == most);
  CHECK_FALSE(applied.has_all_behind(0));
  CHECK(applied.has_all_behind(1));
  CHECK(applied.find(2)->sequence == 2);
  const std::vector<KeyDelta> large(AppliedBatches::kMaxBytes / sizeof(KeyDelta) * 2 / 3, KeyDelta{1, 1});
  applied.add({.sequence = most + 2, .deltas = large});
  applied.add({.sequence = most + 3, .deltas = large});
  CHECK(applied.size() == 1);
  CHECK(applied.has_all_behind(most + 2));
  CHECK_FALSE(applied.has_all_behind(most + 1));
}

TEST_CASE_FIXTURE(BatcherFixture, "what a closed batcher leaves, the next one delivers") {
  auto batcher = open(options());
  sink.away = true;
  for (int i = 0; i < 30; ++i) REQUIRE(batcher->add(i % 3, 1, [](const Result<Accepted>&) {}));
  batcher->close(20);
  CHECK(batcher->stats().pending == 30);
  CHECK(!batcher->add(1, 1, [](const Result<Accepted>&) {}));
  CHECK(journals_left() == 1);
  batcher.reset();
  sink.away = false;
  auto next = open(options());
  wait_for([&] { return next->stats().adopted == 1; });
  CHECK(sink.total() == 30);
  CHECK(journals_left() == 1);
}

TEST_CASE_FIXTURE(BatcherFixture, "a directory that cannot be made is an error that names it") {
  Options wrong = options();
  wrong.directory = directory.path() + "/missing/journal";
  const auto batcher = Batcher::open(std::move(wrong), disk, clock, sink);
  REQUIRE(!batcher);
  CHECK(batcher.error().what.find("missing/journal") != std::string::npos);
}

TEST_CASE_FIXTURE(BatcherFixture, "a journal limit below two segments is an error") {
  Options wrong = options();
  wrong.max_journal_bytes = 100 << 10;
  CHECK(!Batcher::open(std::move(wrong), disk, clock, sink));
}

namespace {

/// A child process that likes until it is killed. On the pipe: 'a' before each attempt, 'k' for each acknowledgement.
[[noreturn]] void like_until_killed(const std::string& directory, int pipe) {
  PosixDisk disk;
  SystemClock clock;
  FileSink sink(directory + "/database");
  Options options;
  options.directory = directory + "/journal";
  options.segment_bytes = 64 << 10;
  options.max_batch_keys = 100;
  options.max_waiting = 1000;
  options.batch_spacing_ms = 1;
  options.adoption_interval_ms = 5;
  auto batcher = Batcher::open(std::move(options), disk, clock, sink);
  ROOST_CHECK(batcher.has_value());
  for (int64_t i = 0;; ++i) {
    ROOST_CHECK(::write(pipe, "a", 1) == 1);
    (void)(*batcher)->add(i % 5, 1, [pipe](const Result<Accepted>& result) {
      if (result) ROOST_CHECK(::write(pipe, "k", 1) == 1);
    });
    if (i % 16 == 0) ::usleep(200);
  }
}

struct Counted {
  int64_t attempted = 0;
  int64_t acknowledged = 0;
};

/// Starts a child, kills it once it has had `likes` acknowledged, and counts what it said.
Counted run_and_kill(const std::string& directory, int64_t likes) {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    like_until_killed(directory, pipe[1]);
  }
  ::close(pipe[1]);
  Counted counted;
  char buffer[4096];
  bool killed = false;
  ssize_t size = 0;
  while ((size = ::read(pipe[0], buffer, sizeof buffer)) > 0) {
    for (ssize_t i = 0; i < size; ++i) ++(buffer[i] == 'a' ? counted.attempted : counted.acknowledged);
    if (counted.acknowledged < likes || killed) continue;
    ::kill(child, SIGKILL);
    killed = true;
  }
  ::close(pipe[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  return counted;
}

}  // namespace

TEST_CASE("processes killed at any moment lose nothing they acknowledged") {
  const TemporaryDirectory directory;
  Counted total;
  for (int round = 0; round < 25; ++round) {
    const Counted counted = run_and_kill(directory.path(), 1 + round * 37 % 200);
    total.attempted += counted.attempted;
    total.acknowledged += counted.acknowledged;
  }
  PosixDisk disk;
  SystemClock clock;
  FileSink sink(directory.path() + "/database");
  Options options;
  options.directory = directory.path() + "/journal";
  options.adoption_interval_ms = 5;
  {
    auto last = Batcher::open(std::move(options), disk, clock, sink);
    REQUIRE(last);
    wait_for([&] { return disk.list(directory.path() + "/journal").value().size() == 1; });
    CHECK((*last)->stats().quarantined == 0);
    (*last)->close(1000);
  }
  int64_t stored = 0;
  for (const auto& [key, count] : sink.load().counts) stored += count;
  MESSAGE(total.attempted << " attempted, " << stored << " stored, " << total.acknowledged << " acknowledged");
  CHECK(stored >= total.acknowledged);
  CHECK(stored <= total.attempted);
  CHECK(total.acknowledged > 0);
  CHECK(sink.load().applied.empty());
}

TEST_CASE_FIXTURE(BatcherFixture, "likes are refused until the sink's store is known, and the journal names it") {
  sink.store = StoreId{1, 2};
  sink.away = true;
  auto batcher = open(options());
  CHECK_FALSE(batcher->add(1, 1, [](auto) {}));
  CHECK_FALSE(batcher->stats().accepting);
  sink.away = false;
  wait_for([&] { return batcher->stats().accepting; });
  std::promise<bool> acknowledged;
  REQUIRE(batcher->add(1, 1, [&](Result<Accepted> result) { acknowledged.set_value(result.has_value()); }));
  CHECK(acknowledged.get_future().get());
  const std::string path = directory.path() + "/journal/" + batcher->journal().hex();
  CHECK(recover_journal(disk, path, batcher->journal())->state.store == StoreId{1, 2});
}

TEST_CASE_FIXTURE(BatcherFixture, "what one store's batcher left is not applied to another store") {
  Options keep = options();
  keep.policy.max_pending = 100;
  sink.store = StoreId{1, 1};
  {
    auto batcher = open(std::move(keep));
    std::promise<void> acknowledged;
    REQUIRE(batcher->add(7, 9, [&](auto) { acknowledged.set_value(); }));
    acknowledged.get_future().wait();
  }
  sink.store = StoreId{2, 2};
  {
    auto batcher = open(options());
    wait_for([&] { return batcher->stats().foreign == 1; });
    CHECK_EQ(sink.total(), 0);
  }
  sink.store = StoreId{1, 1};
  auto batcher = open(options());
  wait_for([&] { return sink.total() == 9; });
}

}  // namespace roost::batcher
