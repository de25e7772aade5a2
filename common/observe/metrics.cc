#include "common/observe/metrics.h"

#include <algorithm>
#include <deque>
#include <map>

#include <fmt/format.h>

#include "common/base/check.h"

namespace roost::observe {
namespace {

enum class MetricKind : uint8_t { counter, gauge, histogram };

constexpr MetricInfo kNotShown{"roost_metrics_not_shown",
                               "Series left out of this page because there are too many of them."};

void append_escaped(std::string& text, std::string_view value, bool in_quotes) {
  for (const char c : value) {
    if (c == '\\') {
      text += "\\\\";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '"' && in_quotes) {
      text += "\\\"";
    } else {
      text += c;
    }
  }
}

// Labels as in the exposition: `backend="a",route="b"`.
std::string label_text(Labels labels) {
  std::string text;
  for (const Label& label : labels) {
    if (!text.empty()) text += ',';
    text.append(label.name).append("=\"");
    append_escaped(text, label.value, true);
    text += '"';
  }
  return text;
}

// The sum of the cells of one name and labels.
struct Sum {
  int64_t gauge = 0;
  uint64_t count = 0;  // of a counter; the sum in microseconds of a histogram
  uint64_t buckets[Histogram::kBuckets] = {};
};

struct Family {
  const char* help = "";
  MetricKind kind = MetricKind::counter;
  std::map<std::string, Sum> series;
};
using Families = std::map<std::string, Family>;

void append_series(std::string& text, std::string_view name, std::string_view labels, std::string_view value) {
  text += name;
  if (!labels.empty()) text.append("{").append(labels).append("}");
  text.append(" ").append(value).append("\n");
}

void append_histogram(std::string& text, const std::string& name, const std::string& labels, const Sum& sum) {
  uint64_t below = 0;
  const std::string_view comma = labels.empty() ? "" : ",";
  for (size_t i = 0; i < Histogram::kBuckets; ++i) {
    below += sum.buckets[i];
    const std::string bound = i + 1 < Histogram::kBuckets
                                  ? fmt::format("{}", static_cast<double>(Histogram::kBoundsUs[i]) / 1e6)
                                  : std::string("+Inf");
    append_series(text, name + "_bucket", fmt::format("{}{}le=\"{}\"", labels, comma, bound), fmt::to_string(below));
  }
  append_series(text, name + "_sum", labels, fmt::format("{}", static_cast<double>(sum.count) / 1e6));
  append_series(text, name + "_count", labels, fmt::to_string(below));
}

void append_family(std::string& text, const std::string& name, const Family& family) {
  static constexpr const char* kKinds[] = {"counter", "gauge", "histogram"};
  text.append("# HELP ").append(name).append(" ");
  append_escaped(text, family.help, false);
  text.append("\n# TYPE ").append(name).append(" ").append(kKinds[static_cast<size_t>(family.kind)]).append("\n");
  for (const auto& [labels, sum] : family.series) {
    if (family.kind == MetricKind::counter) append_series(text, name, labels, fmt::to_string(sum.count));
    if (family.kind == MetricKind::gauge) append_series(text, name, labels, fmt::to_string(sum.gauge));
    if (family.kind == MetricKind::histogram) append_histogram(text, name, labels, sum);
  }
}

// Cells in whole cache lines, so that none is shared with another scope. References stay valid when it grows.
template <class Cell>
class CellPool {
 public:
  Cell& add() {
    if (used_ % kPerLine == 0) lines_.emplace_back();
    return lines_.back().cells[used_++ % kPerLine];
  }

 private:
  static constexpr size_t kLineBytes = 64;
  static constexpr size_t kPerLine = sizeof(Cell) < kLineBytes ? kLineBytes / sizeof(Cell) : 1;
  struct alignas(kLineBytes) Line {
    Cell cells[kPerLine];
  };
  std::deque<Line> lines_;
  size_t used_ = 0;
};

}  // namespace

void Histogram::observe_us(uint64_t duration_us) {
  const uint64_t* bound = std::lower_bound(std::begin(kBoundsUs), std::end(kBoundsUs), duration_us);
  buckets_[bound - std::begin(kBoundsUs)].add();
  sum_us_.add(duration_us);
}

struct MetricScope::Cells {
  struct Place {
    const MetricInfo* info;
    MetricKind kind;
    bool shown;
    const Counter* counter = nullptr;
    const Gauge* gauge = nullptr;
    const Histogram* histogram = nullptr;
  };
  using Key = std::pair<std::string, std::string>;  // name, labels

  template <class Cell>
  Cell& cell(MetricRegistry& registry, const MetricInfo& info, Labels labels, MetricKind kind,
             const Cell* Place::*member, CellPool<Cell> Cells::*pool) {
    const MutexLock lock(mutex);
    auto [found, added] = places.try_emplace(Key{info.name, label_text(labels)}, Place{&info, kind, false});
    Place& place = found->second;
    ROOST_CHECK(place.kind == kind);
    if (added) {
      place.shown = registry.admit_cell();
      place.*member = &(this->*pool).add();
    }
    return const_cast<Cell&>(*(place.*member));
  }

  void add_to(Families& families) const {
    const MutexLock lock(mutex);
    for (const auto& [key, place] : places) {
      if (!place.shown) continue;
      Family& family = families[key.first];
      family.help = place.info->help;
      family.kind = place.kind;
      Sum& sum = family.series[key.second];
      if (place.counter != nullptr) sum.count += place.counter->value();
      if (place.gauge != nullptr) sum.gauge += place.gauge->value();
      if (place.histogram == nullptr) continue;
      sum.count += place.histogram->sum_us();
      for (size_t i = 0; i < Histogram::kBuckets; ++i) sum.buckets[i] += place.histogram->bucket(i);
    }
  }

  uint64_t count_of(const Key& key) const {
    const MutexLock lock(mutex);
    const auto found = places.find(key);
    return found != places.end() && found->second.counter != nullptr ? found->second.counter->value() : 0;
  }

  mutable Mutex mutex;  // Of the containers; the cells belong to the thread that writes them.
  std::map<Key, Place> places ROOST_GUARDED_BY(mutex);
  CellPool<Counter> counters ROOST_GUARDED_BY(mutex);
  CellPool<Gauge> gauges ROOST_GUARDED_BY(mutex);
  CellPool<Histogram> histograms ROOST_GUARDED_BY(mutex);
};

MetricScope::MetricScope(MetricRegistry& registry) : registry_(registry), cells_(std::make_unique<Cells>()) {}

MetricScope::~MetricScope() = default;

Counter& MetricScope::counter(const MetricInfo& info, Labels labels) {
  return cells_->cell(registry_, info, labels, MetricKind::counter, &Cells::Place::counter, &Cells::counters);
}

Gauge& MetricScope::gauge(const MetricInfo& info, Labels labels) {
  return cells_->cell(registry_, info, labels, MetricKind::gauge, &Cells::Place::gauge, &Cells::gauges);
}

Histogram& MetricScope::histogram(const MetricInfo& info, Labels labels) {
  return cells_->cell(registry_, info, labels, MetricKind::histogram, &Cells::Place::histogram, &Cells::histograms);
}

MetricRegistry::MetricRegistry() = default;
MetricRegistry::~MetricRegistry() = default;

MetricScope& MetricRegistry::make_scope() {
  const MutexLock lock(mutex_);
  return *scopes_.emplace_back(std::make_unique<MetricScope>(*this));
}

void MetricRegistry::before_exposition(Task refresh) {
  const MutexLock lock(mutex_);
  refreshes_.push_back(std::move(refresh));
}

bool MetricRegistry::admit_cell() {
  return cells_.fetch_add(1, std::memory_order_relaxed) < kMaxCells;
}

uint64_t MetricRegistry::counter_total(std::string_view name, Labels labels) {
  const MetricScope::Cells::Key key{std::string(name), label_text(labels)};
  const MutexLock lock(mutex_);
  uint64_t total = 0;
  for (const auto& scope : scopes_) total += scope->cells_->count_of(key);
  return total;
}

std::string MetricRegistry::exposition() {
  const MutexLock lock(mutex_);
  for (Task& refresh : refreshes_) refresh();
  Families families;
  for (const auto& scope : scopes_) scope->cells_->add_to(families);
  const size_t cells = cells_.load(std::memory_order_relaxed);
  Family& not_shown = families[kNotShown.name];
  not_shown.help = kNotShown.help;
  not_shown.kind = MetricKind::gauge;
  not_shown.series[""].gauge = cells > kMaxCells ? static_cast<int64_t>(cells - kMaxCells) : 0;
  std::string text;
  for (const auto& [name, family] : families) append_family(text, name, family);
  return text;
}

}  // namespace roost::observe
