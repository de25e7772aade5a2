#include "proxy/limits/load_shedder.h"

#include <doctest/doctest.h>

#include "common/base/random.h"
#include "proxy/limits/limit_news.h"

using roost::Random;
using namespace roost::proxy;

namespace {

LoadShedder shedder(int64_t target_ms) {
  LoadShedder made;
  made.set_target_ms(target_ms);
  return made;
}

}  // namespace

TEST_CASE("lateness that does not last refuses nothing") {
  LoadShedder load = shedder(100);
  for (int round = 0; round < 10; ++round) {
    for (uint32_t i = 0; i + 1 < LoadShedder::kPatience; ++i) load.on_sample(5'000);
    CHECK_FALSE(load.is_shedding());
    load.on_sample(100);  // the target itself is not over it
  }
  CHECK_FALSE(load.is_shedding());
}

TEST_CASE("the share grows while it is late, to less than all, and goes when it is not") {
  LoadShedder load = shedder(100);
  for (uint32_t i = 0; i < LoadShedder::kPatience; ++i) load.on_sample(101);
  CHECK(load.share() == LoadShedder::kStepUp);
  for (int i = 0; i < 100; ++i) load.on_sample(101);
  CHECK(load.share() == LoadShedder::kMost);
  Random random(7);
  int refused = 0;
  for (int i = 0; i < 10'000; ++i) refused += load.refuses(random.next()) ? 1 : 0;
  CHECK(refused > 9'500);
  CHECK(refused < 9'850);
  for (uint32_t i = 0; i < LoadShedder::kMost / LoadShedder::kStepDown; ++i) load.on_sample(0);
  CHECK_FALSE(load.is_shedding());
  CHECK_FALSE(load.refuses(0));
}

TEST_CASE("of three times what a loop can do it settles near what it can, at the target's lateness") {
  // A loop whose lateness grows with what it lets in beyond its capacity, and falls with what it has to spare.
  LoadShedder load = shedder(100);
  constexpr double kOffered = 3.0;
  constexpr double kRefusal = 0.2;  // what refusing costs, of what serving does
  double late_ms = 0;
  double served = 0;
  int late_samples = 0;
  constexpr int kSamples = 4'000;
  for (int i = 0; i < kSamples; ++i) {
    const double refused = static_cast<double>(load.share()) / LoadShedder::kWhole;
    const double work = kOffered * (1 - refused + refused * kRefusal);
    late_ms = std::max(0.0, late_ms + (work - 1) * LoadShedder::kSampleMs);
    load.on_sample(static_cast<int64_t>(late_ms));
    if (i >= kSamples / 4) {
      served += std::min(1.0, kOffered * (1 - refused) / work);
      late_samples += late_ms > 300 ? 1 : 0;
    }
  }
  CHECK(served / (kSamples * 3 / 4) > 0.4);  // of 0.5, for what refusing the rest leaves
  CHECK(late_samples < kSamples / 4);
}

TEST_CASE("without a target nothing is refused") {
  LoadShedder load = shedder(0);
  for (int i = 0; i < 100; ++i) load.on_sample(60'000);
  CHECK_FALSE(load.is_shedding());
  load = shedder(10);
  for (int i = 0; i < 100; ++i) load.on_sample(60'000);
  CHECK(load.is_shedding());
  load.set_target_ms(0);
  CHECK_FALSE(load.is_shedding());
}

TEST_CASE("news of a limit come at once, then at most every half minute") {
  LimitNews news;
  CHECK(news.look(0, 0) == 0);
  CHECK(news.look(3, 1'000) == 3);
  CHECK(news.look(10, 2'000) == 0);
  CHECK(news.look(10, 1'000 + LimitNews::kPeriodMs) == 7);
  CHECK(news.look(10, 500'000) == 0);
  CHECK(news.look(11, 500'001) == 1);
}
