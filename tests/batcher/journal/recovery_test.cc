#include "batcher/journal/recovery.h"

#include <doctest/doctest.h>

#include "batcher/journal/frame.h"

namespace roost::batcher {
namespace {

const JournalId kJournal{1, 2};
constexpr uint64_t kSegment = 5;

/// Writes a segment by hand, so that it can be wrong.
class SegmentText {
 public:
  explicit SegmentText(const JournalState& state = {}) {
    std::string payload;
    encode_snapshot(state, payload);
    add(FrameType::snapshot, payload);
    sync();
  }
  SegmentText& likes(const std::vector<KeyDelta>& pairs, const std::vector<TokenedLike>& tokens = {}) {
    std::string payload;
    encode_likes(pairs, tokens, payload);
    return add(FrameType::likes, payload);
  }
  SegmentText& batch(const Batch& batch) {
    std::string payload;
    encode_batch(batch, payload);
    return add(FrameType::batch, payload);
  }
  SegmentText& applied(uint64_t sequence) {
    std::string payload;
    encode_applied(sequence, payload);
    return add(FrameType::applied, payload);
  }
  SegmentText& add(FrameType type, std::string_view payload) {
    starts_.push_back(bytes_.size());
    encode_frame({type, ++sequence_, 0, synced_, payload}, {kJournal, kSegment, bytes_.size()}, bytes_);
    return *this;
  }
  SegmentText& sync() {
    synced_ = static_cast<uint32_t>(bytes_.size());
    return *this;
  }
  SegmentText& skip_sequence() {
    ++sequence_;
    return *this;
  }
  SegmentText& spoil(size_t frame) {
    bytes_[starts_.at(frame) + 20] ^= 1;
    return *this;
  }
  /// As the file is: zeros behind the last frame.
  auto replay() const { return replay_segment(bytes_ + std::string(4096, '\0'), kJournal, kSegment); }

 private:
  std::string bytes_;
  std::vector<size_t> starts_;
  uint64_t sequence_ = 0;
  uint32_t synced_ = 0;
};

JournalState intact(const SegmentText& text) {
  const auto state = text.replay();
  REQUIRE(state);
  REQUIRE(*state);
  return **state;
}

void damaged(const SegmentText& text) {
  const auto state = text.replay();
  REQUIRE(!state);
  CHECK(state.error().code == kDamaged);
  MESSAGE(state.error().what);
}

}  // namespace

TEST_CASE("replay adds likes up and takes batches out") {
  SegmentText text;
  text.likes({{3, 1}, {1, 4}}).likes({{3, 2}});
  CHECK(intact(text) == JournalState{0, std::nullopt, {{1, 4}, {3, 3}}});
  text.batch({1, {{3, 2}}}).likes({{3, 5}});
  CHECK(intact(text) == JournalState{1, Batch{1, {{3, 2}}}, {{1, 4}, {3, 6}}});
  text.applied(1);
  CHECK(intact(text) == JournalState{1, std::nullopt, {{1, 4}, {3, 6}}});
  text.batch({2, {{1, 4}, {3, 6}}}).applied(1);  // A hint that comes late says nothing new.
  CHECK(intact(text) == JournalState{2, Batch{2, {{1, 4}, {3, 6}}}, {}});
}

TEST_CASE("a batch says that the one before it is applied") {
  SegmentText text;
  text.likes({{1, 2}}).batch({1, {{1, 1}}}).batch({2, {{1, 1}}});
  CHECK(intact(text) == JournalState{2, Batch{2, {{1, 1}}}, {}});
}

TEST_CASE("replay goes on from a snapshot") {
  SegmentText text(JournalState{8, Batch{8, {{1, 1}}}, {{2, 5}}});
  CHECK(intact(text) == JournalState{8, Batch{8, {{1, 1}}}, {{2, 5}}});
  text.likes({{2, 1}}).batch({9, {{2, 6}}});
  CHECK(intact(text) == JournalState{9, Batch{9, {{2, 6}}}, {}});
}

TEST_CASE("replay keeps the tokens of likes and of the batch") {
  const LikeToken one{1, 2};
  const LikeToken two{3, 4};
  SegmentText text(JournalState{0, std::nullopt, {{2, 1}}, {{2, one}}});
  text.likes({{1, 1}, {2, 2}}, {{2, two}});
  CHECK(intact(text) == JournalState{0, std::nullopt, {{1, 1}, {2, 3}}, {{2, one}, {2, two}}});
  text.batch({1, {{2, 2}}, {{2, one}}});
  CHECK(intact(text) == JournalState{1, Batch{1, {{2, 2}}, {{2, one}}}, {{1, 1}, {2, 1}}, {{2, two}}});
  text.batch({2, {{2, 1}}, {{2, one}}});  // Not the token that is left.
  damaged(text);
}

TEST_CASE("a torn tail ends the replay") {
  SegmentText text;
  text.likes({{1, 1}}).sync().likes({{1, 2}}).spoil(2);
  CHECK(intact(text).open == std::vector<KeyDelta>{{1, 1}});
}

TEST_CASE("the front of an unsynced tail may be lost while its rear stays") {
  SegmentText text;
  text.likes({{1, 1}}).sync().likes({{1, 2}}).likes({{1, 4}}).spoil(2);
  CHECK(intact(text).open == std::vector<KeyDelta>{{1, 1}});
}

TEST_CASE("a frame written after the bad place was safe means damage") {
  SegmentText text;
  text.likes({{1, 1}}).likes({{1, 2}}).sync().likes({{1, 4}});
  CHECK(intact(text).open == std::vector<KeyDelta>{{1, 7}});
  text.spoil(1);
  damaged(text);
  SegmentText head;
  head.likes({{1, 1}}).spoil(0);
  damaged(head);
}

TEST_CASE("intact frames that contradict each other mean damage") {
  damaged(SegmentText().skip_sequence().likes({{1, 1}}));
  damaged(SegmentText().likes({{1, 1}}).batch({1, {{1, 2}}}));
  damaged(SegmentText().likes({{1, 1}}).batch({2, {{1, 1}}}));
  damaged(SegmentText().applied(1));
  damaged(SegmentText().add(FrameType::likes, "\x07"));
  damaged(SegmentText().add(static_cast<FrameType>(9), ""));
}

TEST_CASE("a segment without an intact beginning counts for nothing") {
  for (const auto& nothing : {SegmentText().spoil(0).replay(), replay_segment("", kJournal, 1)}) {
    REQUIRE(nothing);
    CHECK(!nothing->has_value());
  }
}

TEST_CASE("segment names") {
  CHECK(segment_name(42) == "000000000000002a.seg");
  CHECK(parse_segment_name("000000000000002a.seg") == 42);
  CHECK(!parse_segment_name("000000000000002A.seg"));
  CHECK(!parse_segment_name("000000000000002a.tmp"));
  CHECK(!parse_segment_name("2a.seg"));
}

}  // namespace roost::batcher
