#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "batcher/journal/journal_id.h"

namespace roost::batcher {

/// The type of a frame; record.h describes the payloads.
enum class FrameType : uint8_t { likes = 1, batch = 2, applied = 3, snapshot = 4 };

/// The position of a frame. It seeds the frame's checksum, so that bytes of another journal, segment or offset are
/// never accepted.
struct FramePlace {
  JournalId journal;
  uint64_t segment = 0;
  uint64_t offset = 0;
};

/// One entry of a segment. On disk, little-endian, at an offset that is a multiple of 8:
///
///     0 checksum u64   XXH3-64 of the rest of the frame, seeded with its place
///     8 magic u32      "RLJ1"
///    12 length u32     bytes of payload
///    16 sequence u64   one more than that of the frame before
///    24 time i64       Unix time in milliseconds
///    32 synced u32     offset up to which the segment was on stable storage when the frame was written
///    36 type u8, 3 bytes of zero
///    40 payload, then zeros up to a multiple of 8
///
/// `synced` tells a torn tail from damage: a crash may lose any part of the unsynced bytes, even earlier ones while
/// later ones survive, but nothing below the `synced` of a later frame.
struct Frame {
  FrameType type = FrameType::likes;
  uint64_t sequence = 0;
  int64_t unix_ms = 0;
  uint32_t synced = 0;
  std::string_view payload;  ///< Into the buffer decoded from.
};

constexpr size_t kFrameHeaderBytes = 40;
constexpr size_t kMaxFramePayload = 64u << 20;

/// Bytes of a frame with `payload_bytes` of payload, padding included.
constexpr size_t frame_bytes(size_t payload_bytes) {
  return (kFrameHeaderBytes + payload_bytes + 7) / 8 * 8;
}

/// Appends the frame to `out`. The payload has at most kMaxFramePayload bytes.
void encode_frame(const Frame& frame, const FramePlace& place, std::string& out);

/// The frame at the beginning of `bytes`, whose position is `place`; nothing if it is not intact.
std::optional<Frame> decode_frame(std::string_view bytes, const FramePlace& place);

}  // namespace roost::batcher
