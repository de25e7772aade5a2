#include "proxy/exchange/pass.h"

#include <charconv>
#include <functional>

#include "proxy/exchange/cache_status.h"
#include "proxy/exchange/invalidation.h"
#include "proxy/fetching/stored_lookup.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

using http::BodyLength;
using http::FieldId;

namespace {

/// The length a response announces: for an answer to HEAD that of the body it does not have.
BodyLength announced_length(const http::ResponseHead& head, bool head_only) {
  if (!head_only) return head.body;
  const std::string_view text = head.fields.value(FieldId::content_length);
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  const bool told = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return told ? BodyLength::known(bytes) : BodyLength::unknown();
}

}  // namespace

void Pass::begin(const http::RequestHead& head, const Origin& origin, const Plan& plan, LoopSite& site) {
  ForwardedRequest& request = call_.request();
  request.method.assign(head.method_text);
  request.target.assign(head.target);
  request.body = head.body;
  request.head_only = head.method == http::Method::head;
  request.idempotent = http::is_idempotent(head.method);
  ForwardPurpose purpose = plan.share ? ForwardPurpose::shared : ForwardPurpose::single;
  if (!plan.route->cache || !http::is_safe(head.method)) purpose = ForwardPurpose::pass;
  forward_request_fields(head, origin, purpose, request.fields);
  // A worker bypasses its own cache then. A client's no-cache is not forwarded (ForwardPurpose).
  if (plan.revalidate) request.fields.add("Cache-Control", "no-cache");
  invalidates_ = http::is_safe(head.method) ? nullptr : plan.key;
  unconditional_ = purpose == ForwardPurpose::shared;
  reason_ = plan.reason;
  detail_ = plan.detail;
  head_us_ = -1;
  called_us_ = now_us();
  call_.open(site, *plan.route, std::hash<std::string_view>()(request.target));
}

void Pass::on_answer_head(const http::ResponseHead& head) {
  if (head.status < 200) {
    forward_informational_fields(head, answer_fields_);
    return delivery_.send_informational(head.status, answer_fields_);
  }
  head_us_ = now_us() - called_us_;
  context_.loop.counters.backend_wait.observe_us(static_cast<uint64_t>(head_us_));
  if (unconditional_ && head.status == 304) {
    call_.abort();
    return owner_.on_pass_failed({502, "the backend answered 304 to a request without conditions"});
  }
  if (stale_may_replace(head.status) && owner_.on_pass_status(head.status)) return;
  forward_response_fields(head, context_.loop.dates.at_unix_ms(context_.now_unix_ms()), answer_fields_);
  if (invalidates_ != nullptr) invalidate_after(head, *invalidates_, context_);
  http::FieldBlock& more = delivery_.more_fields();
  more.add("X-Request-Id", record_.request_id());
  if (head.fields.has(FieldId::age)) more.add("Age", head.fields.value(FieldId::age));
  add_forward_status(reason_, /*stored=*/false, /*collapsed=*/false, detail_, more);
  const bool head_only = call_.request().head_only;
  delivery_.set_head({head.status, announced_length(head, head_only), answer_fields_, head_only});
  if (!head.body.has_body() || head_only) return delivery_.end();
  delivery_.flush_soon();
}

void Pass::on_answer_body(std::string_view bytes) {
  if (!delivery_.active()) return;
  delivery_.send_body(bytes);
  if (delivery_.active() && !delivery_.writable()) call_.pause();
}

void Pass::on_answer_end() {
  if (delivery_.active()) delivery_.end();
  owner_.on_pass_ended();
}

}  // namespace roost::proxy
