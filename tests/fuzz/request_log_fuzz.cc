// The reader of the request log meets whatever stands in the files: torn lines, other programs' lines, disk garbage.
// Whatever it accepts must survive being written and read again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/logs/log_record.h"
#include "common/base/check.h"
#include "common/observe/json_text.h"

namespace {

using namespace roost::observe;

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
  std::string line = "{\"k\":";
  append_json_string(line, text);
  line += '}';
  FlatJsonReader reader(line);
  JsonMember member;
  ROOST_CHECK(reader.next(member) && member.kind == JsonMember::Kind::text);
  ROOST_CHECK(!reader.next(member) && reader.complete());
  ROOST_CHECK(line.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto record = parse_record(input)) round_trip(*record);
  string_round_trip(input);
  return 0;
}
