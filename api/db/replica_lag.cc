#include "api/db/replica_lag.h"

namespace roost::api {

void ReplicaLag::primary_at(int64_t position, int64_t asked_ms) {
  if (!ahead_.empty() && position < ahead_.back().position) ahead_.clear();
  if (ahead_.size() == kMaxSamples) ahead_.pop_back();
  ahead_.push_back({position, asked_ms});
}

void ReplicaLag::replica_at(int64_t position) {
  while (!ahead_.empty() && ahead_.front().position <= position) {
    proven_ms_ = ahead_.front().asked_ms;
    ahead_.pop_front();
  }
}

std::optional<int64_t> ReplicaLag::age_ms(int64_t now_ms) const {
  if (!proven_ms_) return std::nullopt;
  return now_ms - *proven_ms_;
}

}  // namespace roost::api
