#include "common/observe/event_log.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/iso_time.h"
#include "common/base/mutex.h"

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

void write_to_stderr(EventLevel level, std::string_view line) {
  const std::string text = fmt::format("{} {} {}\n", format_iso_time(SystemClock().unix_ms()), level_name(level), line);
  std::fwrite(text.data(), 1, text.size(), stderr);
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

struct EventLog::Output {
  explicit Output(Sink to) : sink(std::move(to)) {}
  Mutex mutex;
  Sink sink ROOST_GUARDED_BY(mutex);
};

EventLog::EventLog(EventLevel lowest) : EventLog(write_to_stderr, lowest) {}

EventLog::EventLog(Sink sink, EventLevel lowest)
    : lowest_(lowest), output_(std::make_unique<Output>(std::move(sink))) {}

EventLog::~EventLog() = default;

void EventLog::write(EventLevel level, std::string_view event, EventFields fields) {
  if (level < lowest_) return;
  std::string line(event);
  for (const EventField& field : fields) field.append_to(line);
  const MutexLock lock(output_->mutex);
  output_->sink(level, line);
}

}  // namespace roost::observe
