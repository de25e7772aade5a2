#include "batcher/journal/record.h"

namespace roost::batcher {
namespace {

void put_number(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void put_pairs(std::string& out, const std::vector<KeyDelta>& pairs) {
  put_number(out, pairs.size());
  for (const KeyDelta& pair : pairs) {
    put_number(out, static_cast<uint64_t>(pair.key));
    put_number(out, static_cast<uint64_t>(pair.delta));
  }
}

void put_word(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

void put_tokens(std::string& out, const std::vector<TokenedLike>& tokens) {
  put_number(out, tokens.size());
  for (const TokenedLike& like : tokens) {
    put_number(out, static_cast<uint64_t>(like.key));
    put_word(out, like.token.high);
    put_word(out, like.token.low);
  }
}

/// Reads a payload from the beginning; after a malformed value every further read fails too.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint64_t number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    good_ = false;
    return 0;
  }

  std::vector<KeyDelta> pairs() {
    std::vector<KeyDelta> pairs;
    const uint64_t count = number();
    if (count > rest_.size() / 2) good_ = false;  // A pair takes at least two bytes.
    if (!good_) return pairs;
    pairs.reserve(count);
    for (uint64_t i = 0; i < count && good_; ++i) {
      KeyDelta pair;
      pair.key = static_cast<int64_t>(number());
      pair.delta = static_cast<int64_t>(number());
      if (pair.delta < 1) good_ = false;
      pairs.push_back(pair);
    }
    return pairs;
  }

  bool has_more() const { return good_ && !rest_.empty(); }
  std::vector<TokenedLike> tokens() {
    std::vector<TokenedLike> tokens;
    const uint64_t count = number();
    if (count > rest_.size() / kMinTokenBytes) good_ = false;
    if (!good_) return tokens;
    tokens.reserve(count);
    for (uint64_t i = 0; i < count && good_; ++i) {
      TokenedLike like;
      like.key = static_cast<int64_t>(number());
      like.token.high = word();
      like.token.low = word();
      tokens.push_back(like);
    }
    return tokens;
  }

  /// The tokens at the end of a payload, if there are any.
  std::vector<TokenedLike> last_tokens() {
    if (!has_more()) return {};
    std::vector<TokenedLike> last = tokens();
    if (last.empty()) good_ = false;
    return last;
  }

  /// The store at the end of a snapshot, if it is there.
  std::optional<StoreId> last_store() {
    if (!has_more()) return std::nullopt;
    StoreId store;
    store.high = word();
    store.low = word();
    return store;
  }

  /// True if nothing was malformed and nothing is left.
  bool complete() const { return good_ && rest_.empty(); }

 private:
  static constexpr size_t kMinTokenBytes = 17;
  uint64_t word() {
    if (rest_.size() < 8) good_ = false;
    if (!good_) return 0;
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(rest_[i])) << (8 * i);
    rest_.remove_prefix(8);
    return value;
  }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

void encode_likes(const std::vector<KeyDelta>& deltas, const std::vector<TokenedLike>& tokens, std::string& out) {
  put_pairs(out, deltas);
  if (!tokens.empty()) put_tokens(out, tokens);
}

std::optional<GroupLikes> decode_likes(std::string_view payload) {
  Reader reader(payload);
  GroupLikes likes;
  likes.deltas = reader.pairs();
  likes.tokens = reader.last_tokens();
  if (!reader.complete()) return std::nullopt;
  return likes;
}

void encode_batch(const Batch& batch, std::string& out) {
  put_number(out, batch.sequence);
  put_pairs(out, batch.deltas);
  if (!batch.tokens.empty()) put_tokens(out, batch.tokens);
}

std::optional<Batch> decode_batch(std::string_view payload) {
  Reader reader(payload);
  Batch batch;
  batch.sequence = reader.number();
  batch.deltas = reader.pairs();
  batch.tokens = reader.last_tokens();
  if (!reader.complete() || batch.deltas.empty()) return std::nullopt;
  return batch;
}

void encode_applied(uint64_t sequence, std::string& out) {
  put_number(out, sequence);
}

std::optional<uint64_t> decode_applied(std::string_view payload) {
  Reader reader(payload);
  const uint64_t sequence = reader.number();
  if (!reader.complete()) return std::nullopt;
  return sequence;
}

void encode_snapshot(const JournalState& state, std::string& out) {
  put_number(out, state.last_sequence);
  put_pairs(out, state.in_flight ? state.in_flight->deltas : std::vector<KeyDelta>{});
  put_pairs(out, state.open);
  const std::vector<TokenedLike> in_flight = state.in_flight ? state.in_flight->tokens : std::vector<TokenedLike>{};
  if (in_flight.empty() && state.open_tokens.empty() && !state.store) return;
  put_tokens(out, in_flight);
  put_tokens(out, state.open_tokens);
  if (!state.store) return;
  put_word(out, state.store->high);
  put_word(out, state.store->low);
}

std::optional<JournalState> decode_snapshot(std::string_view payload) {
  Reader reader(payload);
  JournalState state;
  state.last_sequence = reader.number();
  Batch in_flight{state.last_sequence, reader.pairs()};
  state.open = reader.pairs();
  if (reader.has_more()) {
    in_flight.tokens = reader.tokens();
    state.open_tokens = reader.tokens();
    state.store = reader.last_store();
    if (in_flight.tokens.empty() && state.open_tokens.empty() && !state.store) return std::nullopt;
  }
  if (!reader.complete() || (in_flight.deltas.empty() && !in_flight.tokens.empty())) return std::nullopt;
  if (!in_flight.deltas.empty()) state.in_flight = std::move(in_flight);
  return state;
}

}  // namespace roost::batcher
