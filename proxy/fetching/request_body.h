#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/message.h"
#include "proxy/upstream/body_spool.h"
#include "proxy/upstream/call_policy.h"

namespace roost::proxy {

/// What has come of a request's body, held as long as the request may have to be sent again, and how much of it the
/// attempt under way has been given. Of a gathered body the beginning is in memory, the rest in a file. Loop thread
/// only.
class RequestBody {
 public:
  /// Of one body in memory. Bodies up to this size are held until the response, for another attempt. Longer ones that
  /// are not gathered are let go once a backend may have seen them.
  static constexpr size_t kMaxHeldBytes = 64 * 1024;

  /// `spool`: for a body that is gathered whatever its length; outlives its use.
  void begin(const http::BodyLength& announced, Gather gather, BodySpool& spool);
  /// Whether the whole is to be here before a backend is chosen: it goes out in one write with the head then.
  bool is_gathered() const { return gathered_; }
  /// As the backend is told: a gathered body has a known length.
  http::BodyLength length() const;
  /// Its length is not told, so that its end is.
  bool tells_end() const { return announced_.kind == http::BodyLength::Kind::unknown && !gathered_; }

  /// More of it has come. Only while held(). The error is that of its file.
  Result<void> append(std::string_view bytes);
  void set_ended() { ended_ = true; }
  bool ended() const { return ended_; }
  /// All that has come is still here.
  bool held() const { return held_; }
  uint64_t size() const { return text_.size() + (file_ ? file_->size() : 0); }
  /// With `more` bytes it would be within what may be held though a backend may have seen it.
  bool fits(size_t more) const { return gathered_ || text_.size() + more <= kMaxHeldBytes; }
  void let_go();

  /// A new attempt: nothing has been given to it.
  void rewind() { given_ = 0; }
  bool all_given() const { return given_ == size(); }
  /// More of what the attempt has not been given yet; it has been from now on. All of what is in memory comes first.
  /// Valid until the next call of any RequestBody of this thread. Not empty, unless all_given().
  Result<std::string_view> next_piece();

 private:
  http::BodyLength announced_;
  BodySpool* spool_ = nullptr;
  std::string text_;
  std::unique_ptr<BodyFile> file_;  // what follows on text_; null while there is nothing
  uint64_t given_ = 0;
  bool held_ = true;
  bool ended_ = false;
  bool gathered_ = false;
};

}  // namespace roost::proxy
