#include "batcher/open_tokens.h"

#include <algorithm>

namespace roost::batcher {

void OpenTokens::add(const std::vector<TokenedLike>& likes) {
  for (const TokenedLike& like : likes) by_key_[like.key].push_back(like.token);
  size_ += likes.size();
}

void OpenTokens::attach_to(Batch& batch, size_t max_tokens) const {
  if (size_ == 0) return;
  for (KeyDelta& delta : batch.deltas) {
    const auto at = by_key_.find(delta.key);
    if (at == by_key_.end()) continue;
    const size_t taken = std::min(at->second.size(), max_tokens - batch.tokens.size());
    for (size_t i = 0; i < taken; ++i) batch.tokens.push_back({delta.key, at->second[i]});
    delta.delta -= static_cast<int64_t>(at->second.size() - taken);
  }
  std::erase_if(batch.deltas, [](const KeyDelta& delta) { return delta.delta == 0; });
}

bool OpenTokens::take(const std::vector<TokenedLike>& likes) {
  for (auto like = likes.begin(); like != likes.end();) {
    const int64_t key = like->key;
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return false;
    std::vector<LikeToken>& tokens = at->second;
    size_t taken = 0;
    for (; like != likes.end() && like->key == key; ++like, ++taken) {
      if (taken == tokens.size() || tokens[taken] != like->token) return false;
    }
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(taken));
    if (tokens.empty()) by_key_.erase(at);
    size_ -= taken;
  }
  return true;
}

std::vector<TokenedLike> OpenTokens::list() const {
  std::vector<TokenedLike> likes;
  likes.reserve(size_);
  for (const auto& [key, tokens] : by_key_) {
    for (const LikeToken& token : tokens) likes.push_back({key, token});
  }
  std::stable_sort(likes.begin(), likes.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return likes;
}

}  // namespace roost::batcher
