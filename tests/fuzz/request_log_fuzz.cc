// The reader of the request log must cope with any contents of its files: torn lines, lines of other programs, damage.
// A record that it accepts must be the same after being written and read again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/logs/log_record.h"
#include "common/base/check.h"
#include "common/observe/json_text.h"

namespace {

using namespace roost;
using namespace roost::api;

void round_trip(const LogRecord& record) {
  std::string line;
  append_json(line, record);
  ROOST_CHECK(line.size() <= kMaxRecordBytes);
  const auto first = parse_record(line);
  ROOST_CHECK(first && first->time_us == record.time_us && first->kind == record.kind);
  std::string again;
  append_json(again, *first);
  // Bytes that were not UTF-8 are U+FFFD after the first writing, longer than before and then cut, so only what is
  // short must stay the same.
  if (line.size() < kMaxFieldBytes) ROOST_CHECK(again == line);
}

void string_round_trip(std::string_view text) {
  std::string line = R"({"time_us":1,"kind":"api","x":)";
  observe::append_json_string(line, text);
  line += '}';
  ROOST_CHECK(parse_record(line));
  ROOST_CHECK(line.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto record = parse_record(input)) round_trip(*record);
  string_round_trip(input);
  return 0;
}
