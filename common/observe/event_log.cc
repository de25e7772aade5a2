#include "common/observe/event_log.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/iso_time.h"
#include "common/base/mutex.h"
#include "common/observe/event_limiter.h"
#include "common/observe/log_writer.h"

namespace roost::observe {
namespace {

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

std::string_view level_name(EventLevel level) {
  static constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

EventLog::Sink standard_error() {
  LogWriterOptions options{.path = "standard error", .descriptor = STDERR_FILENO};
  options.buffer_bytes = EventLog::kQueueBytes;
  auto opened = LogWriter::open(std::move(options));
  if (!opened) return [](EventLevel, std::string_view) {};  // it is closed
  return [writer = std::shared_ptr<LogWriter>(std::move(*opened)), dropped = uint64_t{0}](
             EventLevel level, std::string_view line) mutable {
    const std::string time = format_iso_time(SystemClock().unix_ms());
    if (dropped > 0 && writer->append(fmt::format("{} warning events dropped count={}", time, dropped))) dropped = 0;
    if (!writer->append(fmt::format("{} {} {}", time, level_name(level), line))) ++dropped;
  };
}

}  // namespace

void EventField::append_to(std::string& line) const {
  line.append(" ").append(key_).append("=");
  switch (kind_) {
    case Kind::integer:
      line += fmt::to_string(integer_);
      return;
    case Kind::real:
      line += fmt::format("{:g}", real_);
      return;
    case Kind::text:
      break;
  }
  if (!text_.empty() && std::all_of(text_.begin(), text_.end(), is_plain)) {
    line += text_;
  } else {
    append_quoted(line, text_);
  }
}

class EventLog::Output {
 public:
  explicit Output(Sink to) : sink_(std::move(to)) {}
  ~Output() {
    const MutexLock lock(mutex_);
    tell(limiter_.take_all());
  }

  void write(EventLevel level, std::string_view event, EventFields fields) {
    std::string line(event);
    for (const EventField& field : fields) field.append_to(line);
    const int64_t now_ms = SystemClock().monotonic_ms();
    const MutexLock lock(mutex_);
    tell(limiter_.take_suppressed(now_ms));
    if (limiter_.admit(event, now_ms)) sink_(level, line);
  }

 private:
  void tell(const std::vector<EventLimiter::Suppressed>& kinds) ROOST_REQUIRES(mutex_) {
    for (const auto& [event, count] : kinds) {
      std::string line("and more like it");
      EventField("event", event).append_to(line);
      EventField("count", count).append_to(line);
      sink_(EventLevel::warning, line);
    }
  }

  Mutex mutex_;
  Sink sink_ ROOST_GUARDED_BY(mutex_);
  EventLimiter limiter_ ROOST_GUARDED_BY(mutex_);
};

EventLog::EventLog(EventLevel lowest) : EventLog(standard_error(), lowest) {}

EventLog::EventLog(Sink sink, EventLevel lowest)
    : lowest_(lowest), output_(std::make_unique<Output>(std::move(sink))) {}

EventLog::~EventLog() = default;

void EventLog::write(EventLevel level, std::string_view event, EventFields fields) {
  if (level >= lowest_) output_->write(level, event, fields);
}

std::function<void(const Result<void>& outcome)> log_report(EventLog& events, std::string path) {
  return [&events, path = std::move(path)](const Result<void>& outcome) {
    if (outcome) return events.info("log is written again", {{"path", path}});
    events.error("log cannot be written", {{"error", outcome.error().what}});
  };
}

}  // namespace roost::observe
