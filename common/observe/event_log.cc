#include "common/observe/event_log.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

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

spdlog::level::level_enum spdlog_level(EventLevel level) {
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                          spdlog::level::warn, spdlog::level::err};
  return kLevels[static_cast<size_t>(level)];
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
  Output() : logger("roost", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger.set_level(spdlog::level::debug);
    logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }
  std::mutex mutex;
  Sink sink;
  spdlog::logger logger{"unused"};
};

EventLog::EventLog(EventLevel lowest) : lowest_(lowest), output_(std::make_unique<Output>()) {}

EventLog::EventLog(Sink sink, EventLevel lowest)
    : lowest_(lowest), output_(std::make_unique<Output>(std::move(sink))) {}

EventLog::~EventLog() = default;

void EventLog::write(EventLevel level, std::string_view event, EventFields fields) {
  if (level < lowest_) return;
  std::string line(event);
  for (const EventField& field : fields) field.append_to(line);
  if (!output_->sink) {
    output_->logger.log(spdlog_level(level), std::string_view(line));
    return;
  }
  const std::scoped_lock lock(output_->mutex);
  output_->sink(level, line);
}

}  // namespace roost::observe
