#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/base/result.h"

namespace roost::observe {

enum class EventLevel : uint8_t { debug, info, warning, error };

/// One `key=value` of an event. The value is text, an integer, a floating-point number or a bool.
class EventField {
 public:
  EventField(std::string_view key, std::string_view value) : key_(key), text_(value), kind_(Kind::text) {}
  EventField(std::string_view key, const std::string& value) : EventField(key, std::string_view(value)) {}
  EventField(std::string_view key, const char* value) : EventField(key, std::string_view(value)) {}
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  EventField(std::string_view key, T value) : key_(key) {
    if constexpr (std::is_same_v<T, bool>) {
      text_ = value ? "true" : "false";
      kind_ = Kind::text;
    } else if constexpr (std::is_floating_point_v<T>) {
      real_ = static_cast<double>(value);
      kind_ = Kind::real;
    } else {
      integer_ = static_cast<int64_t>(value);
      kind_ = Kind::integer;
    }
  }

  /// ` key=value`; text is quoted where it holds blanks, quotes or control characters, which are escaped: an event
  /// stays one line whatever a peer sent.
  void append_to(std::string& line) const;

 private:
  enum class Kind : uint8_t { text, integer, real };
  std::string_view key_;
  std::string_view text_;
  int64_t integer_ = 0;
  double real_ = 0;
  Kind kind_ = Kind::text;
};
using EventFields = std::initializer_list<EventField>;

/// What happens to the process, for who runs it: started, backend down, configuration refused. One line per event on
/// standard error: time, level, the event in words, then its fields. Never for each request: that is the access log's.
/// Any thread.
///
/// write() never blocks on standard error: lines go through a bounded queue (kQueueBytes) to a thread of its own.
/// Events that find it full are dropped and counted ("events dropped"). Of one kind of event, kBurst in ten seconds are
/// logged (EventLimiter); those beyond are told of in one line ("and more like it").
///
///     log.warning("backend down", {{"backend", "10.0.0.1:9001"}, {"after_failures", 3}});
///     2025-03-01T10:00:00.123Z warning backend down backend=10.0.0.1:9001 after_failures=3
class EventLog {
 public:
  using Sink = std::function<void(EventLevel level, std::string_view line)>;

  static constexpr size_t kQueueBytes = 256 * 1024;

  /// To standard error; events below `lowest` are left out.
  explicit EventLog(EventLevel lowest = EventLevel::info);
  /// To a sink of the caller's, called under a lock with `event key=value…`, without time and level. For tests.
  explicit EventLog(Sink sink, EventLevel lowest = EventLevel::debug);
  /// Writes what is queued, for at most a second.
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void write(EventLevel level, std::string_view event, EventFields fields = {});
  void debug(std::string_view event, EventFields fields = {}) { write(EventLevel::debug, event, fields); }
  void info(std::string_view event, EventFields fields = {}) { write(EventLevel::info, event, fields); }
  void warning(std::string_view event, EventFields fields = {}) { write(EventLevel::warning, event, fields); }
  void error(std::string_view event, EventFields fields = {}) { write(EventLevel::error, event, fields); }

 private:
  class Output;
  EventLevel lowest_;
  std::unique_ptr<Output> output_;
};

/// What LogWriterOptions::report does with the trouble of the log at `path`: an event when it begins and one when it is
/// over. `events` must outlive the writer.
std::function<void(const Result<void>& outcome)> log_report(EventLog& events, std::string path);

}  // namespace roost::observe
