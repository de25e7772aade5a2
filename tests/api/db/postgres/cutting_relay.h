#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace roost {

/// A TCP relay on loopback that can cut one connection after a given number of bytes in one direction: what a network
/// does at the worst moment. All connections but the one that is cut pass unharmed. A thread of its own; every method
/// may be called from any thread.
class CuttingRelay {
 public:
  enum class Direction : uint8_t { to_server, to_client };
  enum class Manner : uint8_t {
    cut,   ///< both sides are closed; bytes beyond the limit are lost
    late,  ///< the client is closed; what it had sent reaches the server when deliver_late() says so
  };

  /// Relays to 127.0.0.1:`server_port`.
  explicit CuttingRelay(uint16_t server_port);
  ~CuttingRelay();
  CuttingRelay(const CuttingRelay&) = delete;
  CuttingRelay& operator=(const CuttingRelay&) = delete;

  uint16_t port() const { return port_; }
  /// From now on the bytes of `direction` are counted, and the connection that carries the one behind the first `bytes`
  /// of them is cut before it. Once.
  void arm(Direction direction, size_t bytes, Manner manner);
  /// Whether the cut has happened since arm().
  bool has_cut() const { return cut_; }
  /// Bytes of the armed direction since arm().
  size_t counted() const { return counted_; }
  /// Sends what `late` has kept and waits until the server has dealt with it, which it shows by an answer.
  void deliver_late();

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    std::string kept;  ///< sent by a client that is closed, not yet seen by the server
  };
  void run();
  void accept_one();
  /// False when the pair is over.
  bool relay(Pair& pair, Direction direction);
  bool pass(Pair& pair, Direction direction, const char* data, size_t size);
  bool cut(Pair& pair, const char* rest, size_t size);
  static void close_both(Pair& pair);

  const uint16_t server_port_;
  uint16_t port_ = 0;
  int listener_ = -1;
  std::mutex mutex_;
  std::list<Pair> pairs_;  // guarded by mutex_, as is what follows
  bool armed_ = false;
  Direction direction_ = Direction::to_server;
  Manner manner_ = Manner::cut;
  size_t limit_ = 0;
  std::atomic<size_t> counted_ = 0;
  std::atomic<bool> cut_ = false;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace roost
