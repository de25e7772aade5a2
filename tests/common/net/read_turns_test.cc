#include "common/net/read_turns.h"

#include <deque>

#include <doctest/doctest.h>

using roost::net::ReadTurns;

namespace {

constexpr unsigned kBuffersPerTurn = ReadTurns::kReadersPerTurn * ReadTurns::kBuffersInARow;

/// A connection on which there is always more to read.
struct Download final : ReadTurns::Reader {
  void on_read_turn() override {
    ++turns;
    may_read = true;
    reads = 1;
  }
  /// What a connection does in one turn; returns how many buffers it read.
  unsigned read(ReadTurns& all) {
    unsigned buffers = 0;
    while (may_read) {
      if (reads > 0) ++buffers;
      may_read = all.may_go_on(*this, reads++);
    }
    return buffers;
  }
  bool may_read = true;
  unsigned reads = 0;
  unsigned turns = 0;
};

}  // namespace

TEST_CASE("one download alone is only interrupted by the turn's end") {
  ReadTurns all;
  Download one;
  CHECK_EQ(one.read(all), ReadTurns::kBuffersInARow);
  CHECK(all.anybody_waits());
  for (unsigned turn = 1; turn <= 3; ++turn) {
    all.begin_turn();
    CHECK_FALSE(all.anybody_waits());
    CHECK_EQ(one.turns, turn);
    CHECK_EQ(one.read(all), ReadTurns::kBuffersInARow);
  }
}

TEST_CASE("many downloads that begin at once read their first bytes, and share the turn's buffers") {
  ReadTurns all;
  std::deque<Download> downloads(100);
  unsigned buffers = 0;
  for (Download& each : downloads) buffers += each.read(all);
  CHECK_EQ(buffers, kBuffersPerTurn);
  for (const Download& each : downloads) CHECK(each.linked());
}

TEST_CASE("those who wait come in turn, whatever new ones begin meanwhile, and a turn stays bounded") {
  ReadTurns all;
  std::deque<Download> downloads(100);
  for (Download& each : downloads) each.read(all);
  for (unsigned turn = 0; turn < 50; ++turn) {
    all.begin_turn();
    downloads.emplace_back();
    unsigned buffers = 0;
    for (Download& each : downloads) buffers += each.read(all);
    CHECK_LE(buffers, kBuffersPerTurn);
    CHECK_EQ(all.anybody_waits(), true);
  }
  // 25 turns for the first hundred, then those that came meanwhile have waited longer.
  for (unsigned i = 0; i < 100; ++i) CHECK_GE(downloads[i].turns, 1);
  CHECK_EQ(downloads.front().turns, 2);
}

TEST_CASE("one that has gone takes nobody's turn") {
  ReadTurns all;
  std::deque<Download> downloads(ReadTurns::kReadersPerTurn + 1);
  for (Download& each : downloads) each.read(all);
  downloads.front().unlink();
  all.begin_turn();
  CHECK_EQ(downloads.front().turns, 0);
  CHECK_EQ(downloads.back().turns, 1);
  CHECK_FALSE(all.anybody_waits());
}
