#include "common/observe/memory_watch.h"

#include "common/base/memory_reserve.h"

namespace roost::observe {

namespace {

constexpr MetricInfo kLow{"roost_memory_low", "1 while the process is short of memory and refuses new work, else 0."};
constexpr MetricInfo kShortages{"roost_memory_shortages_total",
                                "Allocations that failed and were helped from the reserve, or were refused."};
constexpr MetricInfo kRefusals{
    "roost_memory_refusals_total",
    "Allocations that were refused: the request was answered 503, or its connection closed."};

}  // namespace

MemoryWatch::MemoryWatch(EventLog& events, MetricScope& scope)
    : events_(events),
      low_(scope.gauge(kLow)),
      shortages_(scope.counter(kShortages)),
      refusals_(scope.counter(kRefusals)) {}

bool MemoryWatch::look(const std::function<void()>& give_back) {
  const uint64_t shortages = MemoryReserve::shortages();
  const bool was_low = was_low_;
  // A shortage may have come and gone since the last look.
  if (MemoryReserve::is_low() || shortages > shortages_seen_) {
    if (!was_low_) events_.warning("memory is low: new requests are refused", {{"shortages", shortages}});
    was_low_ = true;
    shortages_seen_ = shortages;
    give_back();
    (void)MemoryReserve::refill();
  } else if (was_low_) {
    was_low_ = false;
    events_.info("memory is there again", {{"shortages", shortages}});
  }
  return was_low && !was_low_;
}

void MemoryWatch::refresh() {
  low_.set(MemoryReserve::is_low() ? 1 : 0);
  shortages_.set_total(MemoryReserve::shortages());
  refusals_.set_total(MemoryReserve::refusals());
}

}  // namespace roost::observe
