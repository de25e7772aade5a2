#include "batcher/journal/frame.h"

#include <cstring>

#include <xxhash.h>

#include "common/base/check.h"

namespace roost::batcher {
namespace {

constexpr uint32_t kMagic = 0x314a4c52;  // "RLJ1"

// The fields as stored on disk. The build is for little-endian machines only.
struct Header {
  uint64_t checksum;
  uint32_t magic;
  uint32_t length;
  uint64_t sequence;
  int64_t unix_ms;
  uint32_t synced;
  uint8_t type;
  uint8_t zero[3];
};
static_assert(sizeof(Header) == kFrameHeaderBytes);
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

uint64_t seed_of(const FramePlace& place) {
  const uint64_t parts[4] = {place.journal.high, place.journal.low, place.segment, place.offset};
  return XXH3_64bits(parts, sizeof parts);
}

/// `frame` is header and payload; the checksum covers everything but itself.
uint64_t checksum_of(std::string_view frame, const FramePlace& place) {
  const std::string_view covered = frame.substr(sizeof(uint64_t));
  return XXH3_64bits_withSeed(covered.data(), covered.size(), seed_of(place));
}

}  // namespace

void encode_frame(const Frame& frame, const FramePlace& place, std::string& out) {
  ROOST_CHECK(frame.payload.size() <= kMaxFramePayload);
  Header header{};
  header.magic = kMagic;
  header.length = static_cast<uint32_t>(frame.payload.size());
  header.sequence = frame.sequence;
  header.unix_ms = frame.unix_ms;
  header.synced = frame.synced;
  header.type = static_cast<uint8_t>(frame.type);
  const size_t start = out.size();
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  out.append(frame.payload);
  const uint64_t checksum = checksum_of(std::string_view(out).substr(start), place);
  std::memcpy(out.data() + start, &checksum, sizeof checksum);
  out.append(frame_bytes(frame.payload.size()) - (out.size() - start), '\0');
}

std::optional<Frame> decode_frame(std::string_view bytes, const FramePlace& place) {
  Header header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic || header.length > bytes.size() - sizeof header) return std::nullopt;
  if (header.checksum != checksum_of(bytes.substr(0, sizeof header + header.length), place)) return std::nullopt;
  Frame frame;
  frame.type = static_cast<FrameType>(header.type);
  frame.sequence = header.sequence;
  frame.unix_ms = header.unix_ms;
  frame.synced = header.synced;
  frame.payload = bytes.substr(sizeof header, header.length);
  return frame;
}

}  // namespace roost::batcher
