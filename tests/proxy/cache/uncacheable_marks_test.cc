#include "proxy/cache/uncacheable_marks.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

using namespace roost::proxy;
using Advice = UncacheableMarks::Advice;

namespace {

constexpr int64_t kMarkedAt = 5'000;
constexpr Credentials kNone{};

CacheKey key_for(std::string_view target) {
  CacheKey made;
  made.assign("http", "h", target);
  return made;
}

}  // namespace

TEST_CASE("a mark stays for a while, for requests with the same kinds of credentials") {
  const auto marks = std::make_unique<UncacheableMarks>();
  CHECK(marks->advise(key_for("/k"), kNone, kMarkedAt) == Advice::share);
  marks->note(key_for("/k"), kNone, kMarkedAt);
  CHECK(marks->advise(key_for("/k"), kNone, kMarkedAt) == Advice::try_alone);
  CHECK(marks->is_marked(key_for("/k"), kNone, kMarkedAt + UncacheableMarks::kMarkMs - 1));
  CHECK_FALSE(marks->is_marked(key_for("/k"), kNone, kMarkedAt + UncacheableMarks::kMarkMs));
  CHECK(marks->advise(key_for("/k"), kNone, kMarkedAt + UncacheableMarks::kMarkMs) == Advice::share);
  for (const Credentials other : {Credentials{true, false}, Credentials{false, true}, Credentials{true, true}}) {
    CHECK_FALSE(marks->is_marked(key_for("/k"), other, kMarkedAt));
    marks->note(key_for("/k"), other, kMarkedAt);
    CHECK(marks->is_marked(key_for("/k"), other, kMarkedAt));
  }
  CHECK_FALSE(marks->is_marked(key_for("/another"), kNone, kMarkedAt));
}

TEST_CASE("a storable response drops the mark") {
  const auto marks = std::make_unique<UncacheableMarks>();
  marks->note(key_for("/k"), kNone, kMarkedAt);
  marks->forget(key_for("/other"), kNone);
  CHECK(marks->is_marked(key_for("/k"), kNone, kMarkedAt));
  marks->forget(key_for("/k"), kNone);
  CHECK(marks->advise(key_for("/k"), kNone, kMarkedAt) == Advice::share);
}

TEST_CASE("after some refusals in a row tries are spaced") {
  const auto marks = std::make_unique<UncacheableMarks>();
  for (uint32_t i = 1; i < UncacheableMarks::kFreeTries; ++i) {
    marks->note(key_for("/k"), kNone, kMarkedAt);
    CHECK(marks->advise(key_for("/k"), kNone, kMarkedAt) == Advice::try_alone);
  }
  marks->note(key_for("/k"), kNone, kMarkedAt);
  CHECK(marks->advise(key_for("/k"), kNone, kMarkedAt) == Advice::pass);
  const int64_t later = kMarkedAt + UncacheableMarks::kTryPauseMs;
  CHECK(marks->advise(key_for("/k"), kNone, later - 1) == Advice::pass);
  CHECK(marks->advise(key_for("/k"), kNone, later) == Advice::try_alone);
  CHECK(marks->advise(key_for("/k"), kNone, later) == Advice::pass);  // one takes the turn
  marks->note(key_for("/k"), kNone, later);
  CHECK(marks->advise(key_for("/k"), kNone, later) == Advice::pass);
  marks->note(key_for("/k"), kNone, later + UncacheableMarks::kMarkMs);  // a row of its own
  CHECK(marks->advise(key_for("/k"), kNone, later + UncacheableMarks::kMarkMs) == Advice::try_alone);
}

TEST_CASE("the table is bounded: newer marks take old ones' places") {
  const auto marks = std::make_unique<UncacheableMarks>();
  constexpr size_t kMany = 4 * UncacheableMarks::kMaxMarks;
  for (size_t i = 0; i < kMany; ++i) marks->note(key_for("/" + std::to_string(i)), kNone, kMarkedAt);
  size_t marked = 0;
  for (size_t i = 0; i < kMany; ++i) marked += marks->is_marked(key_for("/" + std::to_string(i)), kNone, kMarkedAt);
  CHECK_LE(marked, UncacheableMarks::kMaxMarks);
  CHECK_GT(marked, UncacheableMarks::kMaxMarks / 2);
  CHECK(marks->is_marked(key_for("/" + std::to_string(kMany - 1)), kNone, kMarkedAt));
}
