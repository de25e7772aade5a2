#include "proxy/fetching/request_body.h"

#include <array>
#include <utility>

namespace roost::proxy {

using http::BodyLength;

void RequestBody::begin(const BodyLength& announced, Gather gather, BodySpool& spool) {
  announced_ = announced;
  spool_ = &spool;
  text_.clear();
  file_.reset();
  given_ = 0;
  held_ = true;
  ended_ = !announced.has_body();
  const bool small = announced.kind == BodyLength::Kind::known && announced.bytes <= kMaxHeldBytes;
  gathered_ = gather == Gather::all ? announced.has_body() : gather == Gather::small && small;
}

BodyLength RequestBody::length() const {
  return gathered_ && ended_ ? BodyLength::known(size()) : announced_;
}

Result<void> RequestBody::append(std::string_view bytes) {
  if (gathered_ && text_.size() + bytes.size() > kMaxHeldBytes) {
    const size_t in_memory = kMaxHeldBytes - text_.size();
    text_.append(bytes.substr(0, in_memory));
    if (!file_) {
      auto opened = spool_->open();
      if (!opened) return tl::unexpected(opened.error());
      file_ = std::move(*opened);
    }
    return file_->append(bytes.substr(in_memory));
  }
  text_.append(bytes);
  return {};
}

void RequestBody::let_go() {
  held_ = false;
  text_ = std::string();
  file_.reset();
  given_ = 0;
}

Result<std::string_view> RequestBody::next_piece() {
  if (given_ < text_.size()) {
    return std::string_view(text_).substr(static_cast<size_t>(std::exchange(given_, text_.size())));
  }
  if (all_given()) return std::string_view();
  thread_local std::array<char, kMaxHeldBytes> buffer;
  const auto count = file_->read(given_ - text_.size(), buffer.data(), buffer.size());
  if (!count) return tl::unexpected(count.error());
  if (*count == 0) return fail("the file of a request's body is shorter than it was");
  given_ += *count;
  return std::string_view(buffer.data(), *count);
}

}  // namespace roost::proxy
