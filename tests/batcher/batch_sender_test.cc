#include "batcher/batch_sender.h"

#include <deque>

#include <doctest/doctest.h>

namespace roost::batcher {
namespace {

const JournalId kId{1, 2};
const Batch kBatch{5, {{1, 1}}};

/// Answers from a script and notes what it was asked.
struct ScriptedSink final : Sink {
  std::deque<Outcome> outcomes;
  std::deque<Result<uint64_t>> answers;
  std::string asked;

  Outcome apply(const JournalId& journal, const Batch& batch) override {
    CHECK(journal == kId);
    CHECK(batch == kBatch);
    asked += "apply ";
    const Outcome outcome = outcomes.front();
    outcomes.pop_front();
    return outcome;
  }
  Result<uint64_t> applied_seq(const JournalId&) override {
    asked += "seq ";
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  Result<void> forget(const JournalId&) override { return {}; }
};

using Progress = BatchSender::Progress;

struct BatchSenderFixture {
  ScriptedSink sink;
  BatchSender sender{sink, Backoff{100, 1000}, [] { return uint64_t{0}; }};
  Progress step(int64_t now_ms) { return sender.step(kId, kBatch, now_ms); }
};

}  // namespace

TEST_CASE_FIXTURE(BatchSenderFixture, "a batch that is applied is done") {
  sink.outcomes = {Outcome::applied};
  sender.start_fresh();
  CHECK(step(0) == Progress::applied);
  CHECK(sender.failures() == 0);
}

TEST_CASE_FIXTURE(BatchSenderFixture, "one that was not applied is sent again, later each time") {
  sink.outcomes = {Outcome::not_applied, Outcome::not_applied, Outcome::applied};
  sender.start_fresh();
  CHECK(step(0) == Progress::waiting);
  CHECK(sender.retry_at_ms() == 50);
  CHECK(step(49) == Progress::waiting);
  CHECK(sink.asked == "apply ");
  CHECK(step(50) == Progress::waiting);
  CHECK(sender.retry_at_ms() == 150);
  CHECK(step(150) == Progress::applied);
  CHECK(sender.failures() == 2);
}

TEST_CASE_FIXTURE(BatchSenderFixture, "an unknown outcome is asked for before anything is sent again") {
  sender.start_fresh();
  SUBCASE("it was applied") {
    sink.outcomes = {Outcome::unknown};
    sink.answers = {5};
    CHECK(step(0) == Progress::applied);
    CHECK(sink.asked == "apply seq ");
  }
  SUBCASE("it was not") {
    sink.outcomes = {Outcome::unknown, Outcome::applied};
    sink.answers = {4};
    CHECK(step(0) == Progress::waiting);
    CHECK(step(1000) == Progress::applied);
    CHECK(sink.asked == "apply seq apply ");
  }
  SUBCASE("no answer for a while") {
    sink.outcomes = {Outcome::unknown};
    sink.answers = {fail("down"), fail("down"), 5};
    CHECK(step(0) == Progress::waiting);
    CHECK(step(50) == Progress::waiting);
    CHECK(step(150) == Progress::applied);
    CHECK(sink.asked == "apply seq seq seq ");
  }
}

TEST_CASE_FIXTURE(BatchSenderFixture, "a batch found in a journal is asked for first") {
  sender.start_recovered();
  SUBCASE("applied before the crash") {
    sink.answers = {5};
    CHECK(step(0) == Progress::applied);
    CHECK(sink.asked == "seq ");
  }
  SUBCASE("not applied: sent at once") {
    sink.answers = {4};
    sink.outcomes = {Outcome::applied};
    CHECK(step(0) == Progress::waiting);
    CHECK(sender.retry_at_ms() == 0);
    CHECK(step(0) == Progress::applied);
  }
}

TEST_CASE_FIXTURE(BatchSenderFixture, "a sink with another past is not written to") {
  for (const uint64_t answer : {0u, 3u, 6u}) {
    sink.answers = {answer};
    sender.start_recovered();
    CHECK(step(0) == Progress::impossible);
    CHECK(sender.impossible_answer() == answer);
  }
  CHECK(sink.asked == "seq seq seq ");
}

}  // namespace roost::batcher
