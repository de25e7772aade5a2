#include "batcher/store_identity.h"

namespace roost::batcher {

bool StoreIdentity::ask(int64_t now_ms) {
  if (known_ || now_ms < retry_at_ms_) return known_;
  const auto answer = sink_.identity();
  if (answer) {
    store_ = *answer;
    known_ = true;
  } else {
    retry_at_ms_ = now_ms + options_.backoff.delay_ms(++failures_, options_.random());
  }
  return known_;
}

}  // namespace roost::batcher
