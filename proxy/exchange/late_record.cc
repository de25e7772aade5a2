#include "proxy/exchange/late_record.h"

#include "proxy/exchange/request_record.h"

namespace roost::proxy {

bool LateRecord::wait(http::Responder& responder, const AccessRecord& record, int64_t started_us) {
  if (!responder.attach(this)) {
    recycler_.give_back(*this);
    return false;
  }
  record_ = record;
  started_us_ = started_us;
  text_.clear();
  text_.reserve(record.client.size() + record.request_id.size() + record.method.size() + record.target.size());
  for (std::string_view* part : {&record_.client, &record_.request_id, &record_.method, &record_.target}) {
    const size_t at = text_.size();
    text_.append(*part);
    *part = std::string_view(text_).substr(at, part->size());
  }
  return true;
}

void LateRecord::on_client_gone(const Error& error) {
  failure_ = {Side::client, Step::deliver, error.what};
  record_.failure = &failure_;
  record_.ending = Ending::client_gone;
  finish();
}

void LateRecord::finish() {
  write_record(context_, record_, started_us_);
  recycler_.give_back(*this);
}

}  // namespace roost::proxy
