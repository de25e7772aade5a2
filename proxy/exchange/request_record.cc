#include "proxy/exchange/request_record.h"

#include "common/base/memory_scope.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

void write_record(LoopContext& context, AccessRecord& record, int64_t started_us) {
  context.counters.count(record.outcome, record.status);
  if (record.ending != Ending::complete) context.counters.count_ending(record.ending);
  if (record.failure != nullptr) context.counters.count_failure(*record.failure);
  if (context.access_log == nullptr) return;
  const EssentialMemory essential;
  record.unix_ms = context.loop.unix_ms();
  record.total_us = now_us() - started_us;
  if (!context.access_log->write(record)) context.counters.log_drops.add();
}

void RequestRecord::begin(const http::RequestHead& head, const Origin& origin, int64_t started_us) {
  started_us_ = started_us;
  outcome_ = Outcome::pass;
  backend_ = nullptr;
  retries_ = 0;
  failure_.step = Step::none;
  backend_head_us_ = -1;
  request_id_.assign(origin.request_id);
  accept_.assign(head.fields.value(http::FieldId::accept).substr(0, kMaxAcceptBytes));
  if (started_us == 0) return;
  client_.assign(origin.client);
  method_.assign(head.method_text);
  target_.assign(head.target);
}

void RequestRecord::note_call(const BackendCall& call, int64_t head_us) {
  backend_ = call.backend();
  retries_ = call.retries();
  backend_head_us_ = head_us;
}

void RequestRecord::note_failure(Side side, Step step, std::string_view what) {
  if (failure_.step != Step::none) return;
  failure_.side = side;
  failure_.step = step;
  failure_.what.assign(what);
}

void RequestRecord::finish(LoopContext& context, const Delivered& delivered) const {
  AccessRecord record;
  record.client = client_;
  record.request_id = request_id_;
  record.method = method_;
  record.target = target_;
  record.status = delivered.status;
  record.bytes = delivered.bytes;
  record.outcome = outcome_;
  if (backend_ != nullptr) record.backend = backend_->name();
  record.retries = retries_;
  record.backend_head_us = backend_head_us_;
  record.ending = delivered.ending;
  if (failure_.step != Step::none) {
    record.failure = &failure_;
    if (failure_.step == Step::receive) record.ending = Ending::refused;
  }
  write_record(context, record, started_us_);
}

}  // namespace roost::proxy
