#include "common/http/http1/body_decoder.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/http/http1/chunk_rules.h"
#include "common/http/http1/llhttp_spans.h"

namespace roost::http {
namespace {

// llhttp at the first byte of a chunked body.
llhttp_t machine_at_chunks() {
  constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  llhttp_t machine;
  roost_spans spans{};
  llhttp__internal_init(&machine);
  machine.type = HTTP_REQUEST;
  machine.data = &spans;
  ROOST_CHECK(llhttp__internal_execute(&machine, kHead.data(), kHead.data() + kHead.size()) == HPE_PAUSED);
  machine.data = nullptr;
  machine.error = HPE_OK;
  return machine;
}

}  // namespace

class BodyDecoder::Chunks {
 public:
  void start() {
    static const llhttp_t at_chunks = machine_at_chunks();
    machine_ = at_chunks;
    rules_ = ChunkRules();
  }
  Event next(std::string_view& bytes, std::string_view& content) {
    roost_spans spans;  // no fields: trailers are dropped
    spans.fields = nullptr;
    spans.field_count = 0;
    spans.body.at = nullptr;
    spans.complete = 0;
    machine_.data = &spans;
    const char* const begin = bytes.data();
    const char* end = begin + bytes.size();
    const int error = llhttp__internal_execute(&machine_, begin, end);
    if (error != HPE_OK && error != HPE_PAUSED) return Event::malformed;
    if (error == HPE_PAUSED) end = machine_.error_pos;
    machine_.error = HPE_OK;
    bytes.remove_prefix(static_cast<size_t>(end - begin));
    const bool found = spans.body.at != nullptr;
    const char* const behind_lines = found ? spans.body.at : end;
    if (!rules_.take({begin, static_cast<size_t>(behind_lines - begin)})) return Event::malformed;
    if (found) {
      if (!rules_.in_chunk() || spans.body.end != end) return Event::malformed;
      content = {spans.body.at, static_cast<size_t>(end - spans.body.at)};
      return Event::content;
    }
    if ((spans.complete != 0) != rules_.done()) return Event::malformed;
    return spans.complete != 0 ? Event::end : Event::need_more;
  }

 private:
  llhttp_t machine_;
  ChunkRules rules_;
};

BodyDecoder::BodyDecoder() = default;
BodyDecoder::~BodyDecoder() = default;

void BodyDecoder::start(const Framing& framing) {
  left_ = 0;
  content_ = {};
  switch (framing.kind) {
    case Framing::Kind::none:
      state_ = State::done;
      break;
    case Framing::Kind::counted:
      left_ = framing.bytes;
      state_ = left_ == 0 ? State::done : State::counted;
      break;
    case Framing::Kind::chunked:
      if (chunks_ == nullptr) chunks_ = std::make_unique<Chunks>();
      chunks_->start();
      state_ = State::chunked;
      break;
    case Framing::Kind::until_close:
      state_ = State::until_close;
      break;
  }
}

BodyDecoder::Event BodyDecoder::take_content(std::string_view& bytes) {
  const size_t count =
      state_ == State::until_close ? bytes.size() : static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  content_ = bytes.substr(0, count);
  bytes.remove_prefix(count);
  if (state_ == State::counted) {
    left_ -= count;
    if (left_ == 0) state_ = State::done;
  }
  return Event::content;
}

BodyDecoder::Event BodyDecoder::next_of_chunks(std::string_view& bytes) {
  const Event event = chunks_->next(bytes, content_);
  if (event == Event::end) state_ = State::done;
  if (event == Event::malformed) state_ = State::broken;
  return event;
}

BodyDecoder::Event BodyDecoder::next(std::string_view& bytes) {
  if (state_ == State::done) return Event::end;
  if (state_ == State::broken) return Event::malformed;
  if (bytes.empty()) return Event::need_more;
  return state_ == State::chunked ? next_of_chunks(bytes) : take_content(bytes);
}

}  // namespace roost::http
