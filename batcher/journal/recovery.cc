#include "batcher/journal/recovery.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "batcher/journal/frame.h"
#include "batcher/open_tokens.h"

namespace roost::batcher {
namespace {

/// Builds the state from the frames of one segment.
class Replay {
 public:
  /// False if the frame contradicts the ones before it.
  bool take(const Frame& frame) {
    if (frames_ == 0 ? frame.type != FrameType::snapshot : frame.sequence != sequence_ + 1) return false;
    sequence_ = frame.sequence;
    ++frames_;
    switch (frame.type) {
      case FrameType::likes:
        return take_likes(frame.payload);
      case FrameType::batch:
        return take_batch(frame.payload);
      case FrameType::applied:
        return take_applied(frame.payload);
      case FrameType::snapshot:
        return frames_ == 1 && take_snapshot(frame.payload);
    }
    return false;
  }
  bool begun() const { return frames_ > 0; }
  JournalState finish() {
    state_.open.reserve(open_.size());
    for (const auto& [key, count] : open_) state_.open.push_back({key, count});
    std::sort(state_.open.begin(), state_.open.end(), [](const auto& x, const auto& y) { return x.key < y.key; });
    state_.open_tokens = open_tokens_.list();
    return std::move(state_);
  }

 private:
  bool take_snapshot(std::string_view payload) {
    auto snapshot = decode_snapshot(payload);
    if (!snapshot) return false;
    for (const KeyDelta& open : snapshot->open) open_[open.key] += open.delta;
    snapshot->open.clear();
    open_tokens_.add(snapshot->open_tokens);
    snapshot->open_tokens.clear();
    state_ = std::move(*snapshot);
    return true;
  }
  bool take_likes(std::string_view payload) {
    const auto likes = decode_likes(payload);
    if (!likes) return false;
    for (const KeyDelta& like : likes->deltas) open_[like.key] += like.delta;
    open_tokens_.add(likes->tokens);
    return true;
  }
  /// A batch is written only once the previous one is known to be applied, so it replaces that one.
  bool take_batch(std::string_view payload) {
    auto batch = decode_batch(payload);
    if (!batch || batch->sequence != state_.last_sequence + 1) return false;
    for (const KeyDelta& delta : batch->deltas) {
      const auto at = open_.find(delta.key);
      if (at == open_.end() || at->second < delta.delta) return false;
      at->second -= delta.delta;
      if (at->second == 0) open_.erase(at);
    }
    if (!open_tokens_.take(batch->tokens)) return false;
    state_.last_sequence = batch->sequence;
    state_.in_flight = std::move(*batch);
    return true;
  }
  bool take_applied(std::string_view payload) {
    const auto sequence = decode_applied(payload);
    if (!sequence || *sequence > state_.last_sequence) return false;
    if (*sequence == state_.last_sequence) state_.in_flight.reset();
    return true;
  }

  JournalState state_;  ///< Without the open likes, which are in open_ until finish().
  std::unordered_map<int64_t, int64_t> open_;
  OpenTokens open_tokens_;
  uint64_t sequence_ = 0;
  uint64_t frames_ = 0;
};

tl::unexpected<Error> damaged(const JournalId& journal, uint64_t segment, uint64_t offset, std::string_view why) {
  return fail(fmt::format("journal {}, {} at {}: {}", journal.hex(), segment_name(segment), offset, why),
              Side::internal, false, kDamaged);
}

/// The offset of an intact frame after `bad` that was written when the bytes at `bad` were already synced.
std::optional<uint64_t> find_proof_of_damage(std::string_view bytes, FramePlace place, uint64_t bad) {
  for (place.offset = bad + 8; place.offset + kFrameHeaderBytes <= bytes.size(); place.offset += 8) {
    const auto frame = decode_frame(bytes.substr(place.offset), place);
    if (frame && frame->synced > bad) return place.offset;
  }
  return std::nullopt;
}

Result<std::string> read_whole(Disk& disk, const std::string& path) {
  auto file = disk.open(path);
  if (!file) return tl::unexpected<Error>(std::move(file).error());
  const auto size = (*file)->size();
  if (!size) return tl::unexpected<Error>(size.error());
  std::string bytes(*size, '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const auto count = (*file)->pread(bytes.data() + filled, bytes.size() - filled, filled);
    if (!count) return tl::unexpected<Error>(count.error());
    if (*count == 0) break;
    filled += *count;
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace

Result<std::optional<JournalState>> replay_segment(std::string_view bytes, const JournalId& journal, uint64_t segment) {
  Replay replay;
  FramePlace place{journal, segment, 0};
  while (place.offset < bytes.size()) {
    const auto frame = decode_frame(bytes.substr(place.offset), place);
    if (!frame) break;
    if (!replay.take(*frame))
      return damaged(journal, segment, place.offset, "an intact frame contradicts the ones before it");
    place.offset += frame_bytes(frame->payload.size());
  }
  if (const auto proof = find_proof_of_damage(bytes, place, place.offset)) {
    return damaged(journal, segment, place.offset,
                   fmt::format("damaged: the frame at {} was written after this offset was synced", *proof));
  }
  if (!replay.begun()) return std::optional<JournalState>();
  return replay.finish();
}

std::string segment_name(uint64_t number) {
  return fmt::format("{:016x}.seg", number);
}

std::optional<uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != 20 || name.substr(16) != ".seg") return std::nullopt;
  // The 16 digits are parsed as half of a journal's id.
  const auto id = JournalId::parse(std::string(16, '0').append(name.substr(0, 16)));
  if (!id) return std::nullopt;
  return id->low;
}

Result<Recovered> recover_journal(Disk& disk, const std::string& directory, const JournalId& journal) {
  const auto names = disk.list(directory);
  if (!names) return tl::unexpected<Error>(names.error());
  Recovered recovered;
  for (const std::string& name : *names) {
    if (const auto number = parse_segment_name(name)) recovered.segments.push_back(*number);
  }
  std::sort(recovered.segments.begin(), recovered.segments.end());
  for (auto number = recovered.segments.rbegin(); number != recovered.segments.rend(); ++number) {
    const auto bytes = read_whole(disk, directory + "/" + segment_name(*number));
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    auto state = replay_segment(*bytes, journal, *number);
    if (!state) return tl::unexpected<Error>(std::move(state).error());
    if (!*state) continue;
    recovered.state = std::move(**state);
    return recovered;
  }
  return fail(fmt::format("journal {}: no segment with an intact first frame", journal.hex()), Side::internal, false,
              kDamaged);
}

}  // namespace roost::batcher
