#include "batcher/like_intake.h"

#include <cerrno>

#include <doctest/doctest.h>

namespace roost::batcher {
namespace {

constexpr LikeToken kA{1, 1}, kB{1, 2};

struct LikeIntakeFixture {
  Options options;
  LikeLedger ledger{FlushPolicy{10, 1000}};
  LikeIntake intake{options};
  LikeGroup group;

  LikeIntakeFixture() {
    options.max_waiting = 5;
    options.max_pending_keys = 4;
    options.max_pending_tokens = 2;
  }
  Result<void> admit(int64_t key, bool has_token = false, int64_t now_ms = 0) {
    return intake.admit(key, has_token, ledger, now_ms);
  }
  void add(int64_t key, int64_t delta = 1, const LikeToken* token = nullptr, int64_t unix_ms = 0) {
    REQUIRE(admit(key, token != nullptr));
    intake.add(
        key, delta, token, [](const Result<Accepted>&) {}, unix_ms);
  }
  /// The code of a refusal, which must be retryable; 0 if the like was admitted.
  int refusal(const Result<void>& admitted) {
    if (admitted) return 0;
    CHECK(admitted.error().retryable);
    return admitted.error().code;
  }
};

}  // namespace

TEST_CASE_FIXTURE(LikeIntakeFixture, "likes of one group are folded by key and keep their order of arrival") {
  CHECK(intake.idle());
  add(7, 2, nullptr, 50);
  add(8, 1, nullptr, 60);
  add(7, 1, &kA, 70);
  CHECK(intake.has_group());
  intake.take_group(group);
  CHECK(!intake.has_group());
  CHECK(!intake.idle());
  CHECK(group.likes.pairs() == std::vector<KeyDelta>{{7, 3}, {8, 1}});
  CHECK(group.tokens == std::vector<TokenedLike>{{7, kA}});
  REQUIRE(group.waiting.size() == 3);
  CHECK(group.waiting[1].key == 8);
  CHECK(group.first_unix_ms == 50);
  intake.group_committed();
  CHECK(intake.idle());
  group.clear();
  add(9, 1, nullptr, 80);
  intake.take_group(group);
  CHECK(group.likes.pairs() == std::vector<KeyDelta>{{9, 1}});
  CHECK(group.first_unix_ms == 80);
}

TEST_CASE_FIXTURE(LikeIntakeFixture, "as many likes gather as may wait, and no more") {
  for (size_t i = 0; i < options.max_waiting; ++i) add(1);
  CHECK(refusal(admit(1)) == EAGAIN);
  intake.take_group(group);
  CHECK(refusal(admit(1)) == 0);
}

TEST_CASE_FIXTURE(LikeIntakeFixture,
                  "keys count in the ledger, in the group being committed and in the one that gathers") {
  ledger.add({{1, 1}, {2, 1}}, 0);
  add(3);
  intake.take_group(group);
  add(4);
  CHECK(refusal(admit(5)) == EAGAIN);
  CHECK(refusal(admit(1)) == 0);  // Open already.
  CHECK(refusal(admit(4)) == 0);  // Gathering already.
  intake.group_committed();
  CHECK(refusal(admit(5)) == 0);
  ledger.add(group.likes.pairs(), 0);
  CHECK(refusal(admit(5)) == EAGAIN);
}

TEST_CASE_FIXTURE(LikeIntakeFixture, "tokens count in all three places too, and only for likes that have one") {
  ledger.add({{1, 1}}, 0, {{1, kA}});
  CHECK(refusal(admit(1, true)) == 0);
  add(1, 1, &kB);
  CHECK(refusal(admit(1, true)) == EAGAIN);
  CHECK(refusal(admit(1, false)) == 0);
  intake.take_group(group);
  CHECK(refusal(admit(1, true)) == EAGAIN);
  intake.group_committed();
  CHECK(refusal(admit(1, true)) == 0);
}

TEST_CASE_FIXTURE(LikeIntakeFixture,
                  "a disk error refuses likes until its time, and accepting() says so until it has gone") {
  const Result<void> error = fail("no space", Side::internal, true, ENOSPC);
  intake.refuse_until(error.error(), 100);
  CHECK(refusal(admit(1, false, 99)) == ENOSPC);
  CHECK(refusal(admit(1, false, 100)) == 0);
  CHECK(!intake.accepting());
  intake.refuse_until(std::nullopt, 0);
  CHECK(refusal(admit(1, false, 99)) == 0);
  CHECK(intake.accepting());
}

TEST_CASE_FIXTURE(LikeIntakeFixture, "once closed nothing is admitted, and what gathered can still be taken") {
  add(1);
  intake.close();
  CHECK(refusal(admit(1)) == ESHUTDOWN);
  CHECK(intake.closed());
  CHECK(!intake.accepting());
  REQUIRE(intake.has_group());
  intake.take_group(group);
  CHECK(group.waiting.size() == 1);
}

}  // namespace roost::batcher
