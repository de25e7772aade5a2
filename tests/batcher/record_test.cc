#include "batcher/record.h"

#include <cstdint>

#include <doctest/doctest.h>

namespace roost::batcher {
namespace {

const std::vector<KeyDelta> kPairs{{INT64_MIN, 1}, {-1, 127}, {0, 128}, {1, INT64_MAX}, {INT64_MAX, 300}};

template <class Decoder>
void rejects_every_prefix(const std::string& bytes, Decoder decode) {
  for (size_t size = 0; size < bytes.size(); ++size) CHECK(!decode(std::string_view(bytes).substr(0, size)));
  CHECK(!decode(bytes + '\0'));
}

}  // namespace

TEST_CASE("records come back as they went, and only whole") {
  std::string likes;
  encode_likes(kPairs, likes);
  CHECK(decode_likes(likes) == kPairs);
  rejects_every_prefix(likes, decode_likes);

  std::string bytes;
  const Batch batch{42, kPairs};
  encode_batch(batch, bytes);
  CHECK(decode_batch(bytes) == batch);
  rejects_every_prefix(bytes, decode_batch);

  std::string applied;
  encode_applied(UINT64_MAX, applied);
  CHECK(applied.size() == kMaxNumberBytes);
  CHECK(decode_applied(applied) == UINT64_MAX);
  rejects_every_prefix(applied, decode_applied);
}

TEST_CASE("a snapshot carries open likes and the batch in flight") {
  for (const JournalState& state :
       {JournalState{}, JournalState{9, std::nullopt, kPairs}, JournalState{9, Batch{9, kPairs}, {{5, 1}}},
        JournalState{1, Batch{1, kPairs}, {}}}) {
    std::string bytes;
    encode_snapshot(state, bytes);
    CHECK(decode_snapshot(bytes) == state);
    rejects_every_prefix(bytes, decode_snapshot);
  }
}

TEST_CASE("nonsense is no record") {
  CHECK(!decode_likes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));    // More pairs than there are bytes.
  CHECK(!decode_likes(std::string_view("\x01\x05\x00", 3)));           // A delta of nothing.
  CHECK(!decode_batch(std::string_view("\x01\x00", 2)));               // A batch of nothing.
  CHECK(!decode_applied("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));  // A number over 64 bits.
}

}  // namespace roost::batcher
