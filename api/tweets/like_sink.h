#pragma once

#include "api/db/like_store.h"
#include "batcher/sink.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The batcher's sink over the database's like store.
class LikeSink final : public batcher::Sink {
 public:
  /// Both outlive it.
  LikeSink(LikeStore& store, observe::EventLog& events) : store_(store), events_(events) {}
  batcher::Outcome apply(const batcher::JournalId& journal, const batcher::Batch& batch) override;
  Result<uint64_t> applied_seq(const batcher::JournalId& journal) override;
  Result<void> forget(const batcher::JournalId& journal) override;

 private:
  LikeStore& store_;
  observe::EventLog& events_;
};

}  // namespace roost::api
