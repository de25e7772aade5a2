#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/db/access.h"
#include "api/db/like_store.h"
#include "api/db/postgres/pg_session.h"
#include "api/db/token_clock.h"

namespace roost::api {

/// The batcher's sink on PostgreSQL, over a connection of its own that is made anew when it is lost.
///
/// An attempt to apply may be anywhere when its connection is lost: in a dead worker's socket, in the buffer of a
/// server process that is stopped, in the middle of its commit. It must not commit any more once applied_seq() has
/// answered, and not after forget() either. What makes sure of it is a token in the journal's row:
///
///  - applied_seq() writes a new random token into the row (and makes the row with sequence 0 where there is none) and
///    reads the sequence in that same statement. It waits for the row's lock, so an attempt that holds it has committed
///    or is gone when the sequence is read.
///  - apply() moves the sequence only where the row still has the token that this store wrote last. An attempt that was
///    sent before the token changed and is executed after it finds another one, and changes nothing.
///  - A token is used only once its writing was confirmed, and never twice. A late applied_seq() of somebody who is
///    gone therefore allows nobody anything; it merely takes the token away from the one who works now, whose next
///    batch is `unknown`, which makes it ask again.
///  - apply() never makes a row. After forget() there is none, so nothing that is still on its way can find one, and
///    no tombstone is needed.
///
/// A server that has got the statement but not the end of its message (the network broke between) waits for that end
/// and holds the row's lock: it is told to give up by the next connection, which knows its predecessors by name. Behind
/// a pooler (PgSession::Limits::session is false) the pooler does that.
///
/// A journal of which this store has no token is registered by apply() itself first, in a round trip of its own.
class PgLikeStore final : public LikeStore {
 public:
  /// Does not connect yet. `observer` may be null; it and `events` outlive the store.
  PgLikeStore(PgTarget target, const PgSession::Limits& limits, AccessObserver* observer, observe::EventLog& events);

  /// An error until the schema has been migrated.
  Result<std::optional<batcher::StoreId>> identity() override;
  batcher::Outcome apply(const batcher::JournalId& journal, const batcher::Batch& batch) override;
  Result<uint64_t> applied_seq(const batcher::JournalId& journal) override;
  Result<void> forget(const batcher::JournalId& journal) override;

 private:
  PgResult<PgSession*> session();
  PgResult<PgRows> run(const PgStatement& statement, const PgParams& params);
  void end_lost_sessions();
  PgResult<uint64_t> take_over(const std::string& journal);
  PgResult<PgRows> send(const std::string& journal, const batcher::Batch& batch, int64_t token_time_ms);
  PgResult<int64_t> read_token_time();
  void prune_tokens(int64_t now_ms);

  const PgTarget target_;
  PgSession::Limits limits_;
  AccessObserver* observer_;
  std::unique_ptr<PgSession> session_;
  std::vector<std::string> lost_sessions_;           ///< Names of those that may still be running.
  std::unordered_map<std::string, int64_t> tokens_;  ///< By journal: the own one and one adopted.
  TokenClock token_clock_;
  int64_t pruned_at_ms_ = 0;  ///< By token_clock_.
};

}  // namespace roost::api
