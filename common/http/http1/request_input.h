#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/http1/body_decoder.h"
#include "common/http/http1/head_reader.h"
#include "common/http/server.h"

namespace roost::http {

/// The reading side of a client's connection: takes heads and bodies of requests from the bytes that come, within the
/// limits, and keeps bytes that cannot be taken yet (part of a head, or what comes behind the request under way).
class RequestInput {
 public:
  enum class Event : uint8_t {
    need_more,   ///< nothing more can be taken from the given bytes
    empty_line,  ///< one before a head was passed over
    head,        ///< of a request, which may have a body: in_body() tells
    content,     ///< content() is a piece of the body
    end,         ///< the body is whole
    refused,     ///< the bytes break a rule or a limit; nothing more can be read
  };
  struct Found {
    Event event = Event::need_more;
    /// Its facts when `head`, its refusal when `refused`; complete then if only a limit was in the way of the head.
    HeadReader::Reading reading;
  };
  static constexpr uint64_t kMaxDropBytes = 64 * 1024;  // of a body nobody wants, before closing is cheaper

  /// Takes the next thing from the front of `bytes`, which are not empty and begin with those kept. `head` is filled
  /// when that is a head; its views point into `bytes`.
  [[nodiscard]] Found next(std::string_view& bytes, const ServerLimits& limits, RequestHead& head);
  std::string_view content() const { return decoder_.content(); }
  /// Behind `content` that used up all bytes: whether a body of known length is whole with it.
  bool ends_here();

  /// Part of the body of the request under way is still to be read.
  bool in_body() const { return in_body_; }
  bool reads_body() const { return in_body_ && !paused_; }
  bool paused() const { return paused_; }
  void pause(bool paused) { paused_ = paused; }
  /// Bytes of the body still to come, where that is known; 0 otherwise.
  uint64_t remaining() const { return decoder_.remaining(); }
  /// Of the body so far; from drop_body() on, of what was dropped.
  uint64_t body_bytes() const { return body_bytes_; }
  /// What is still to come of the body is known to be little enough to be read when nobody wants it.
  bool ends_soon() const { return decoder_.remaining() > 0 && decoder_.remaining() <= kMaxDropBytes; }
  /// Nobody wants the rest of the body: it is read up to kMaxDropBytes.
  void drop_body();
  /// No further request is read: in_body() ends, what was kept is freed, and drop() counts what still comes.
  void stop();
  /// Returns how much was dropped since stop().
  uint64_t drop(std::string_view bytes) { return body_bytes_ += bytes.size(); }

  /// Whether kept bytes could be looked at now; those of a head that is not whole have been. `idle`: no request is
  /// under way.
  bool waits(bool idle) const { return !kept_.empty() && (idle || reads_body()); }
  size_t kept_bytes() const { return kept_.size(); }
  void keep(std::string_view bytes) { kept_.append(bytes); }
  std::string take_kept();
  /// Of `bytes`, which were taken, keeps the last `left`.
  void put_back(std::string bytes, size_t left);
  void free_kept() { kept_ = std::string(); }

 private:
  Found next_of_head(std::string_view& bytes, const ServerLimits& limits, RequestHead& head);
  Found next_of_body(std::string_view& bytes, uint64_t max_body_bytes);

  std::string kept_;
  HeadReader reader_;
  BodyDecoder decoder_;
  uint64_t body_bytes_ = 0;  // of the request's body so far; from drop_body() or stop() on, bytes dropped
  bool in_body_ : 1 = false;
  bool paused_ : 1 = false;
  bool dropped_ : 1 = false;             // nobody wants the body
  bool empty_line_skipped_ : 1 = false;  // before the next head
};

}  // namespace roost::http
