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

/// The declaration of a metric: its name and its HELP text. Names follow Prometheus: `roost_…`, counters end in
/// `_total`, durations are in seconds. Declare each once, as a constant with static storage.
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

/// A monotonic count. One thread writes it with add(), any thread reads it.
class Counter {
 public:
  /// Only on the thread that owns the scope: a load and a store, no locked instruction.
  void add(uint64_t by = 1) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  /// For a counter that several threads write.
  void add_shared(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  /// Copies a total that is counted elsewhere, such as in a cache. Same thread as add().
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

/// A histogram of durations with fixed bounds, 100 µs to a minute. One thread writes it, any thread reads it.
class Histogram {
 public:
  /// Inclusive upper bounds in microseconds; one more bucket counts what is above the last.
  static constexpr uint64_t kBoundsUs[] = {100,       200,       500,       1'000,      2'000,      5'000,
                                           10'000,    20'000,    50'000,    100'000,    200'000,    500'000,
                                           1'000'000, 2'000'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000};
  static constexpr size_t kBuckets = std::size(kBoundsUs) + 1;

  /// Only on the thread that owns the scope.
  void observe_us(uint64_t duration_us);
  uint64_t bucket(size_t index) const { return buckets_[index].value(); }
  uint64_t sum_us() const { return sum_us_.value(); }

 private:
  Counter buckets_[kBuckets];
  Counter sum_us_;
};

class MetricScope;

/// All metrics of a program, and their exposition. Created in main and passed down. Each thread that counts has a
/// scope, so no two threads write the same cache line; cells with the same name and labels in several scopes are shown
/// as their sum. The registry and its scopes may be used from any thread; each cell type says who may write it.
class MetricRegistry {
 public:
  /// Limit of cells over all scopes. A cell beyond it works but is not shown; the metric `roost_metrics_not_shown` is
  /// the number of such cells.
  static constexpr size_t kMaxCells = 16384;

  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  /// A scope for one thread. It lives as long as the registry, so that totals never decrease.
  MetricScope& make_scope();
  /// Runs `refresh` at the start of every exposition, on the calling thread: for values that are copied from elsewhere.
  /// What it refers to must outlive the last call of exposition().
  void before_exposition(Task refresh);
  /// The sum of a counter's cells with these labels, over all scopes.
  uint64_t counter_total(std::string_view name, Labels labels = {});
  /// All metrics in the Prometheus text format 0.0.4, sorted by name and labels.
  std::string exposition();

 private:
  friend class MetricScope;
  bool admit_cell();

  Mutex mutex_;
  std::vector<std::unique_ptr<MetricScope>> scopes_ ROOST_GUARDED_BY(mutex_);
  std::vector<Task> refreshes_ ROOST_GUARDED_BY(mutex_);
  std::atomic<size_t> cells_{0};
};

/// The cells of one thread, adjacent in memory. The same name and labels give the same cell. A look-up takes a lock and
/// may allocate: keep the reference, which is valid as long as the registry. A name must always be the same kind of
/// metric.
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
