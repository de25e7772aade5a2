// The connection between a worker and PostgreSQL is cut at every byte of the exchange that commits a batch of likes, in
// both directions: whatever was answered or lost, each batch counts once.

#include <charconv>
#include <string>

#include <fmt/core.h>

#include "api/db/postgres/pg_like_store.h"
#include "tests/api/db/postgres/cutting_relay.h"
#include "tests/api/db/postgres/pg_scratch.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;
using batcher::KeyDelta;
using batcher::Outcome;
using batcher::TokenedLike;

namespace {

using Direction = CuttingRelay::Direction;
using Manner = CuttingRelay::Manner;

uint16_t port_of(const std::string& url) {
  const size_t colon = url.rfind(':');
  uint16_t port = 0;
  std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  return port;
}

/// A store behind a relay, and what is known about the tweet it adds to.
struct PgCommitCutFixture {
  PgScratch database;
  CuttingRelay relay{port_of(postgres_url())};
  PgLikeStore store;
  uint64_t sequence = 0;
  int64_t sent = 0;
  bool named = false;  ///< Batches have likes under a name: a new one, and that of the batch before.

  explicit PgCommitCutFixture(bool session)
      : store(target_of(relayed_url()), {.session = session}, nullptr, quiet_events()) {
    database.add_tweets(2);
  }
  std::string relayed_url() const {
    std::string url = postgres_url();
    const std::string port = std::to_string(port_of(url));
    return url.replace(url.rfind(port), port.size(), std::to_string(relay.port()));
  }
  int64_t stored() { return database.integer("SELECT sum(likes) FROM tweets"); }

  /// The next batch, brought to its end as the batcher does; `meanwhile` runs when the first answer to a question has
  /// been given.
  template <class Meanwhile>
  void bring(Meanwhile meanwhile) {
    ++sequence;
    const std::vector<KeyDelta> deltas{KeyDelta{1, 3}, KeyDelta{2, static_cast<int64_t>(sequence % 5) + 1}};
    sent += deltas[0].delta + deltas[1].delta;
    std::vector<TokenedLike> once;
    if (named) {
      once = {{1, {7, sequence - 1}}, {1, {7, sequence}}};
      if (sequence > 1) --sent;
    }
    for (int attempts = 0; attempts < 10; ++attempts) {
      const Outcome outcome = store.apply(journal("journal"), {sequence, deltas, once});
      if (outcome == Outcome::applied) return;
      if (outcome == Outcome::not_applied) continue;
      auto applied = store.applied_seq(journal("journal"));
      while (!applied) applied = store.applied_seq(journal("journal"));
      meanwhile();
      if (*applied == sequence) return;
      REQUIRE(*applied == sequence - 1);
    }
    FAIL("ten attempts failed");
  }
  void bring() {
    bring([] {});
  }
};

/// How many bytes one batch takes in a direction.
size_t exchange_bytes(PgCommitCutFixture& f, Direction direction) {
  f.relay.arm(direction, SIZE_MAX, Manner::cut);
  f.bring();
  return f.relay.counted();
}

constexpr size_t kSyncBytes = 5;  // the message that ends a request, and commits

/// Cuts before each byte of [first, last).
void cut_everywhere(PgCommitCutFixture& f, Direction direction, Manner manner, size_t first, size_t last) {
  size_t cuts = 0;
  for (size_t at = first; at < last; ++at) {
    f.relay.arm(direction, at, manner);
    f.bring([&] { f.relay.deliver_late(); });
    f.relay.deliver_late();
    cuts += f.relay.has_cut() ? 1 : 0;
    if (at % 64 == 0 || at + 8 > last) REQUIRE(f.stored() == f.sent);
  }
  CHECK(cuts == last - first);
  CHECK(f.stored() == f.sent);
  CHECK(*f.store.applied_seq(journal("journal")) == f.sequence);
}

}  // namespace

TEST_CASE("postgres: a commit cut at every byte" * doctest::skip(!has_postgres())) {
  PgCommitCutFixture f(true);
  SUBCASE("without names") {}
  SUBCASE("with likes under a name") {
    f.named = true;
  }
  f.bring();  // connected, registered, prepared
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    const size_t bytes = exchange_bytes(f, direction);
    REQUIRE(bytes > 50);
    cut_everywhere(f, direction, Manner::cut, 0, bytes);
  }
}

// The server gets the rest of the request when the question about its fate has been answered already. Without a session
// of its own the store cannot end the one that was cut, so that the rest is really executed. What comes before the
// statement's values is its text.
TEST_CASE("postgres: a request cut at every byte, whose rest arrives late" * doctest::skip(!has_postgres())) {
  PgCommitCutFixture f(false);
  f.bring();
  const size_t bytes = exchange_bytes(f, Direction::to_server);
  REQUIRE(bytes > 300);
  cut_everywhere(f, Direction::to_server, Manner::late, bytes - 250, bytes - kSyncBytes);
}

// With only the end of the request missing the server holds the locks and waits: that session is ended.
TEST_CASE("postgres: a server that waits for the end of a request is not waited for" * doctest::skip(!has_postgres())) {
  PgCommitCutFixture f(true);
  f.bring();
  const size_t bytes = exchange_bytes(f, Direction::to_server);
  for (size_t left = 1; left <= kSyncBytes; ++left) {
    f.relay.arm(Direction::to_server, bytes - left, Manner::late);
    f.bring([&] { f.relay.deliver_late(); });
    CHECK(f.relay.has_cut());
    CHECK(f.stored() == f.sent);
  }
}
