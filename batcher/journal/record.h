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
  /// Those of them that have a token: sorted by key, those of a key in the order in which they came.
  std::vector<TokenedLike> open_tokens = {};
  friend bool operator==(const JournalState&, const JournalState&) = default;
};

/// The likes of one group: the payload of LIKES.
struct GroupLikes {
  std::vector<KeyDelta> deltas;
  std::vector<TokenedLike> tokens = {};  ///< Of those among them that have one.
  friend bool operator==(const GroupLikes&, const GroupLikes&) = default;
};

// Payloads of the four frame types: LEB128 numbers, and tokens of 16 bytes at the end, which is not there when there
// are none. The encoders append to `out`; the decoders answer nothing for bytes that are not exactly one well-formed
// record.
void encode_likes(const std::vector<KeyDelta>& deltas, const std::vector<TokenedLike>& tokens, std::string& out);
std::optional<GroupLikes> decode_likes(std::string_view payload);

void encode_batch(const Batch& batch, std::string& out);
std::optional<Batch> decode_batch(std::string_view payload);

void encode_applied(uint64_t sequence, std::string& out);
std::optional<uint64_t> decode_applied(std::string_view payload);

void encode_snapshot(const JournalState& state, std::string& out);
std::optional<JournalState> decode_snapshot(std::string_view payload);

/// The most bytes one (key, delta) pair, one like with its token and one bare number take.
constexpr size_t kMaxPairBytes = 20;
constexpr size_t kMaxTokenBytes = 26;
constexpr size_t kMaxNumberBytes = 10;

}  // namespace roost::batcher
