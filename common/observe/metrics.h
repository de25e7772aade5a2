#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/mutex.h"
#include "common/base/task.h"

namespace roost::observe {

/// A metric's declaration: name, and the prose that explains it to who reads /metrics. Names are those of Prometheus:
/// `roost_…`, counters end in `_total`, times are in seconds. Declare each once, as a constant with static storage.
struct MetricInfo {
  const char* name;
  const char* help;
};

/// One dimension of a metric, such as {"backend", "10.0.0.1:9001"}.
struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

/// A count that only grows. One thread writes it (add), any thread reads it.
class Counter {
 public:
  /// By the thread that owns the scope only: a load and a store, no locked instruction.
  void add(uint64_t by = 1) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  /// For a counter that several threads write.
  void add_shared(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  /// For a count somebody else keeps, such as a cache's: takes its value over. Same thread rules as add.
  void set_total(uint64_t total) { value_.store(total, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// A value that goes up and down. Any thread.
class Gauge {
 public:
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

/// How durations are distributed over fixed bounds, 100 µs to a minute. One thread writes it, any thread reads it.
class Histogram {
 public:
  /// Upper bounds, inclusive, in microseconds; one more bucket holds what is above the last.
  static constexpr uint64_t kBoundsUs[] = {100,       200,       500,       1'000,      2'000,      5'000,
                                           10'000,    20'000,    50'000,    100'000,    200'000,    500'000,
                                           1'000'000, 2'000'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000};
  static constexpr size_t kBuckets = std::size(kBoundsUs) + 1;

  /// By the thread that owns the scope only.
  void observe_us(uint64_t duration_us);
  uint64_t bucket(size_t index) const { return buckets_[index].value(); }
  uint64_t sum_us() const { return sum_us_.value(); }

 private:
  Counter buckets_[kBuckets];
  Counter sum_us_;
};

class MetricScope;

/// Every metric of a program, and the text of /metrics. Made in main, passed to what counts. Each thread that counts
/// takes a scope; cells of the same name and labels in different scopes are shown as their sum, so no two threads ever
/// write the same cache line. Scopes and the registry may be used from any thread, but see the cells for who writes.
class MetricRegistry {
 public:
  /// Cells in all scopes together. A cell asked for beyond them counts, but is not shown; the metric
  /// `roost_metrics_not_shown` says how many there are.
  static constexpr size_t kMaxCells = 16384;

  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  /// A scope for one thread. It lives as long as the registry: what it counted never goes back.
  MetricScope& make_scope();
  /// `refresh` runs at the start of every exposition, on the thread that asks for it: for gauges that are read from
  /// elsewhere. What it refers to must outlive the last call of exposition().
  void before_exposition(Task refresh);
  /// The Prometheus text format, version 0.0.4: metrics by name, series by labels.
  std::string exposition();

 private:
  friend class MetricScope;
  bool admit_cell();

  Mutex mutex_;
  std::vector<std::unique_ptr<MetricScope>> scopes_ ROOST_GUARDED_BY(mutex_);
  std::vector<Task> refreshes_ ROOST_GUARDED_BY(mutex_);
  std::atomic<size_t> cells_{0};
};

/// Where one thread's cells stand together in memory. Asking twice for the same name and labels returns the same cell.
/// Asking takes a lock and may allocate: keep the reference, which stays valid as long as the registry does. A name is
/// always the same kind of metric.
class MetricScope {
 public:
  explicit MetricScope(MetricRegistry& registry);
  ~MetricScope();
  Counter& counter(const MetricInfo& info, Labels labels = {});
  Gauge& gauge(const MetricInfo& info, Labels labels = {});
  Histogram& histogram(const MetricInfo& info, Labels labels = {});

 private:
  friend class MetricRegistry;
  struct Cells;
  MetricRegistry& registry_;
  std::unique_ptr<Cells> cells_;
};

}  // namespace roost::observe
