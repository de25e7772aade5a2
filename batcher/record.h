#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batcher/sink.h"

namespace roost::batcher {

/// What a journal knows at one moment, apart from what it does not need to: the payload of a SNAPSHOT and the outcome
/// of recovery.
struct JournalState {
  uint64_t last_sequence = 0;      ///< Sequence of the last batch made; 0 when there was none.
  std::optional<Batch> in_flight;  ///< That batch, when it is not known to be applied.
  std::vector<KeyDelta> open;      ///< Likes in no batch yet, sorted by key.
  friend bool operator==(const JournalState&, const JournalState&) = default;
};

// Payloads of the four frame types: LEB128 numbers throughout. The encoders append to `out`; the decoders answer
// nothing for bytes that are not exactly one well-formed record.
void encode_likes(const std::vector<KeyDelta>& likes, std::string& out);
std::optional<std::vector<KeyDelta>> decode_likes(std::string_view payload);

void encode_batch(const Batch& batch, std::string& out);
std::optional<Batch> decode_batch(std::string_view payload);

void encode_applied(uint64_t sequence, std::string& out);
std::optional<uint64_t> decode_applied(std::string_view payload);

void encode_snapshot(const JournalState& state, std::string& out);
std::optional<JournalState> decode_snapshot(std::string_view payload);

/// The most bytes one (key, delta) pair and one bare number take.
constexpr size_t kMaxPairBytes = 20;
constexpr size_t kMaxNumberBytes = 10;

}  // namespace roost::batcher
