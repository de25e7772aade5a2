#include "batcher/journal/record.h"

#include <cstdint>

#include <doctest/doctest.h>

namespace roost::batcher {
namespace {

const std::vector<KeyDelta> kPairs{{INT64_MIN, 1}, {-1, 127}, {0, 128}, {1, INT64_MAX}, {INT64_MAX, 300}};

const std::vector<TokenedLike> kTokens{{INT64_MIN, {UINT64_MAX, 0}}, {1, {1, 2}}, {1, {1, UINT64_MAX}}};

template <class Decoder>
void rejects_every_prefix(const std::string& bytes, Decoder decode) {
  for (size_t size = 0; size < bytes.size(); ++size) CHECK(!decode(std::string_view(bytes).substr(0, size)));
  CHECK(!decode(bytes + '\0'));
}

}  // namespace

TEST_CASE("records come back as they went, and only whole") {
  std::string likes;
  encode_likes(kPairs, {}, likes);
  CHECK(decode_likes(likes) == GroupLikes{kPairs});
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

TEST_CASE("tokens stand behind the likes they belong to") {
  std::string without;
  encode_likes(kPairs, {}, without);
  std::string likes;
  encode_likes(kPairs, kTokens, likes);
  CHECK(likes.substr(0, without.size()) == without);
  CHECK(likes.size() <= without.size() + kMaxNumberBytes + kTokens.size() * kMaxTokenBytes);
  CHECK(decode_likes(likes) == GroupLikes{kPairs, kTokens});
  for (size_t size = without.size() + 1; size < likes.size(); ++size) CHECK(!decode_likes(likes.substr(0, size)));
  CHECK(!decode_likes(likes + '\0'));

  std::string bytes;
  const Batch batch{42, kPairs, kTokens};
  encode_batch(batch, bytes);
  CHECK(decode_batch(bytes) == batch);
  CHECK(!decode_batch(bytes + '\0'));
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
  for (const JournalState& state :
       {JournalState{9, std::nullopt, kPairs, kTokens}, JournalState{9, Batch{9, kPairs, kTokens}, {}},
        JournalState{9, Batch{9, kPairs, kTokens}, kPairs, kTokens}}) {
    std::string bytes;
    encode_snapshot(state, bytes);
    CHECK(decode_snapshot(bytes) == state);
    CHECK(!decode_snapshot(bytes.substr(0, bytes.size() - 1)));
    CHECK(!decode_snapshot(bytes + '\0'));
  }
}

TEST_CASE("a snapshot names the store that its likes are for") {
  JournalState state{7, Batch{7, {{1, 2}}}, {{3, 4}}};
  std::string before;
  encode_snapshot(state, before);
  CHECK_FALSE(decode_snapshot(before)->store);  // as journals before this were
  state.store = StoreId{UINT64_MAX, 1};
  SUBCASE("without tokens") {}
  SUBCASE("with tokens") {
    state.in_flight->tokens = {{1, {5, 6}}};
  }
  std::string bytes;
  encode_snapshot(state, bytes);
  CHECK(decode_snapshot(bytes) == state);
  CHECK_FALSE(decode_snapshot(bytes.substr(0, bytes.size() - 1)));
  CHECK_FALSE(decode_snapshot(bytes + '\0'));
}

TEST_CASE("nonsense is no record") {
  CHECK(!decode_likes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));      // More pairs than there are bytes.
  CHECK(!decode_likes(std::string_view("\x01\x05\x00", 3)));             // A delta of nothing.
  CHECK(!decode_batch(std::string_view("\x01\x00", 2)));                 // A batch of nothing.
  CHECK(!decode_likes(std::string_view("\x01\x05\x01\x00", 4)));         // A list of no tokens.
  CHECK(!decode_likes("\x01\x05\x01\xff\xff\x7f"));                      // More tokens than there are bytes.
  CHECK(!decode_snapshot(std::string_view("\x01\x00\x00\x00\x00", 5)));  // Two lists of no tokens.
  CHECK(
      !decode_snapshot(std::string_view("\x01\x00\x00\x01\x05"
                                        "0123456789abcdef\x00",
                                        22)));                         // A token in flight with no batch.
  CHECK(!decode_applied("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));  // A number over 64 bits.
}

}  // namespace roost::batcher
