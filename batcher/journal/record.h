#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batcher/sink.h"

namespace roost::batcher {

/// The state of a journal: the payload of a SNAPSHOT frame, and the result of recovery.
struct JournalState {
  uint64_t last_sequence = 0;      ///< Of the last batch written; 0 if there was none.
  std::optional<Batch> in_flight;  ///< The last batch, unless it is known to be applied.
  std::vector<KeyDelta> open;      ///< Likes in no batch yet, sorted by key.
  /// Of the open likes that have one: sorted by key, then in order of arrival.
  std::vector<TokenedLike> open_tokens = {};
  std::optional<StoreId> store = {};  ///< The store that the likes are for; none in journals of before 0.2.
  friend bool operator==(const JournalState&, const JournalState&) = default;
};

/// The likes of one group: the payload of a LIKES frame.
struct GroupLikes {
  std::vector<KeyDelta> deltas;
  std::vector<TokenedLike> tokens = {};  ///< Of the likes that have one.
  friend bool operator==(const GroupLikes&, const GroupLikes&) = default;
};

// Payloads of the four frame types: LEB128 numbers, then the tokens of 16 bytes, omitted if there are none; in a
// snapshot the store's 16 bytes behind the tokens, which then are always there. The encoders append to `out`; the
// decoders return nothing unless the payload is exactly one well-formed record.
void encode_likes(const std::vector<KeyDelta>& deltas, const std::vector<TokenedLike>& tokens, std::string& out);
std::optional<GroupLikes> decode_likes(std::string_view payload);

void encode_batch(const Batch& batch, std::string& out);
std::optional<Batch> decode_batch(std::string_view payload);

void encode_applied(uint64_t sequence, std::string& out);
std::optional<uint64_t> decode_applied(std::string_view payload);

void encode_snapshot(const JournalState& state, std::string& out);
std::optional<JournalState> decode_snapshot(std::string_view payload);

/// Largest encoded size of a (key, delta) pair, a like with its token, and a number.
constexpr size_t kMaxPairBytes = 20;
constexpr size_t kMaxTokenBytes = 26;
constexpr size_t kMaxNumberBytes = 10;

}  // namespace roost::batcher
