#include "batcher/like_intake.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace roost::batcher {

Result<void> LikeIntake::admit(int64_t key, bool has_token, const LikeLedger& ledger, int64_t now_ms) {
  if (closed_) return fail("the like batcher is closing", Side::internal, true, ESHUTDOWN);
  if (store_awaited_) return fail("the database has not answered since the start", Side::backend, true, EAGAIN);
  if (gathering_.waiting.size() >= options_.max_waiting) {
    return fail(fmt::format("{} likes already wait for the disk", options_.max_waiting), Side::internal, true, EAGAIN);
  }
  if (disk_error_ && now_ms < refuse_until_ms_) return tl::unexpected<Error>(*disk_error_);
  const size_t keys = ledger.key_count() + committing_keys_ + gathering_.likes.size();
  if (keys >= options_.max_pending_keys && !ledger.is_open(key) && !gathering_.likes.contains(key)) {
    return fail(fmt::format("{} keys already have pending likes", keys), Side::internal, true, EAGAIN);
  }
  const size_t tokens = ledger.token_count() + committing_tokens_ + gathering_.tokens.size();
  if (has_token && tokens >= options_.max_pending_tokens) {
    return fail(fmt::format("{} likes with a token are already pending", tokens), Side::internal, true, EAGAIN);
  }
  return {};
}

void LikeIntake::add(int64_t key, int64_t delta, const LikeToken* token, Done&& done, int64_t unix_ms) {
  if (gathering_.waiting.empty()) gathering_.first_unix_ms = unix_ms;
  gathering_.likes.add(key, delta);
  if (token != nullptr) gathering_.tokens.push_back({key, *token});
  gathering_.waiting.push_back({key, std::move(done)});
}

void LikeIntake::refuse_until(std::optional<Error> error, int64_t until_ms) {
  disk_error_ = std::move(error);
  refuse_until_ms_ = until_ms;
}

void LikeIntake::take_group(LikeGroup& spare) {
  std::swap(gathering_, spare);
  committing_keys_ = spare.likes.size();
  committing_tokens_ = spare.tokens.size();
}

}  // namespace roost::batcher
