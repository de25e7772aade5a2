#include "common/http/http1/connection_parts.h"

#include <array>

#include "common/base/check.h"

namespace roost::http {
namespace {

// Gathers slices and hands them to the stream whenever they are as many as it takes at once.
class Gather {
 public:
  explicit Gather(net::Stream& stream) : stream_(stream) {}
  void add(const Slice& slice) {
    if (slice.size == 0) return;
    if (count_ == slices_.size()) flush();
    slices_[count_++] = slice;
  }
  bool flush() {
    if (count_ > 0) below_watermark_ = stream_.write({slices_.data(), count_});
    count_ = 0;
    return below_watermark_;
  }

 private:
  net::Stream& stream_;
  union {  // left as it is: zeroing it would cost more than a small response
    std::array<Slice, net::Stream::kMaxSlices> slices_;
  };
  size_t count_ = 0;
  bool below_watermark_ = true;
};

}  // namespace

bool BodyWriter::write(net::Stream& stream, std::string_view head, std::span<const Slice> pieces, bool last,
                       FieldBlockView trailers) {
  Gather gather(stream);
  gather.add(Slice(head));
  uint64_t bytes = 0;
  for (const Slice& piece : pieces) bytes += piece.size;
  body_bytes_ += bytes;
  std::array<char, 20> size_line;
  if (chunked() && bytes > 0) {
    char* end = std::to_chars(size_line.data(), size_line.data() + 16, bytes, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    gather.add(Slice(size_line.data(), static_cast<size_t>(end - size_line.data())));
  }
  for (const Slice& piece : pieces) gather.add(piece);
  if (kind_ == Framing::Kind::counted) {
    ROOST_CHECK(bytes <= left_);
    left_ -= bytes;
  }
  if (chunked() && bytes > 0) gather.add(Slice(std::string_view("\r\n")));
  if (chunked() && last) {
    gather.add(Slice(std::string_view(trailers.empty() ? "0\r\n\r\n" : "0\r\n")));
    gather.add(Slice(trailers.http1_text()));
    if (!trailers.empty()) gather.add(Slice(std::string_view("\r\n")));
  }
  return gather.flush();
}

}  // namespace roost::http
