#pragma once

#include <cstddef>

#include "common/base/intrusive_list.h"

namespace roost::net {

/// Divides the reading of one loop among connections that have much to read, so that a turn of the loop stays short
/// for all others. The first read of a connection is small. Whoever fills it may go on at once with a few whole
/// buffers, then waits behind those that wait already. A connection that fills none never waits.
///
/// In one turn each connection reads kFirstBytes, and kReadersPerTurn * kBuffersInARow buffers are read in all: 1 MiB.
/// Loop thread only.
class ReadTurns {
 public:
  static constexpr size_t kBufferBytes = 64 * 1024;
  static constexpr size_t kFirstBytes = 16 * 1024;
  static constexpr unsigned kBuffersInARow = 4;
  static constexpr unsigned kReadersPerTurn = 4;

  class Reader : public ListLink<ReadTurns> {
   public:
    /// The reader has waited long enough, and reads on in the turn that begins.
    virtual void on_read_turn() = 0;

   protected:
    ~Reader() = default;
  };

  /// `reader`, which does not wait, has filled its first read and `buffers` behind it: whether it may fill another one.
  /// If not, it is queued until its on_read_turn() or until it is unlinked.
  bool may_go_on(Reader& reader, unsigned buffers) {
    if (buffers < kBuffersInARow && filled_ < kReadersPerTurn * kBuffersInARow) {
      ++filled_;
      return true;
    }
    waiting_.push_back(reader);
    return false;
  }
  /// Begins a turn: those who have waited longest read on.
  void begin_turn() {
    filled_ = 0;
    for (unsigned i = 0; i < kReadersPerTurn && !waiting_.empty(); ++i) {
      ++filled_;
      waiting_.pop_front()->on_read_turn();
    }
  }
  /// Whether there are readers for the turn after this one, which nothing may delay.
  bool anybody_waits() const { return !waiting_.empty(); }

 private:
  IntrusiveList<Reader, ReadTurns> waiting_;
  unsigned filled_ = 0;  // buffers in this turn
};

}  // namespace roost::net
