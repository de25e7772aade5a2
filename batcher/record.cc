#include "batcher/record.h"

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

/// Reads a payload from the front; once something is malformed, every further read fails too.
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
    if (count > rest_.size() / 2) good_ = false;  // A pair takes two bytes at least.
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

  /// Nothing malformed, and nothing left over.
  bool complete() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

void encode_likes(const std::vector<KeyDelta>& likes, std::string& out) {
  put_pairs(out, likes);
}

std::optional<std::vector<KeyDelta>> decode_likes(std::string_view payload) {
  Reader reader(payload);
  std::vector<KeyDelta> likes = reader.pairs();
  if (!reader.complete()) return std::nullopt;
  return likes;
}

void encode_batch(const Batch& batch, std::string& out) {
  put_number(out, batch.sequence);
  put_pairs(out, batch.deltas);
}

std::optional<Batch> decode_batch(std::string_view payload) {
  Reader reader(payload);
  Batch batch;
  batch.sequence = reader.number();
  batch.deltas = reader.pairs();
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
}

std::optional<JournalState> decode_snapshot(std::string_view payload) {
  Reader reader(payload);
  JournalState state;
  state.last_sequence = reader.number();
  Batch in_flight{state.last_sequence, reader.pairs()};
  if (!in_flight.deltas.empty()) state.in_flight = std::move(in_flight);
  state.open = reader.pairs();
  if (!reader.complete()) return std::nullopt;
  return state;
}

}  // namespace roost::batcher
