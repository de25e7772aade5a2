#include "proxy/exchange/admission.h"

#include "proxy/limits/address_key.h"
#include "proxy/limits/client_address.h"

namespace roost::proxy {

namespace {

constexpr uint32_t kAllRoutes = 0;
constexpr int64_t kBusyRetryS = 1;

}  // namespace

Admission::Admission(Runtime& runtime, LoopContext& context) : runtime_(runtime), context_(context) {}

std::optional<Admission::Refusal> Admission::over_rate(const http::Responder& responder, const http::RequestHead& head,
                                                       const Route& route) {
  if (runtime_.rates == nullptr) return std::nullopt;
  const Site& site = context_.site();
  const uint64_t client = address_key(client_address(responder.client(), head.fields, site.trusted));
  if (const auto refusal = take(client, kAllRoutes, site.request_rate)) return refusal;
  return take(client, route.id, route.request_rate);
}

std::optional<Admission::Refusal> Admission::take(uint64_t client, uint32_t rule, const RequestRate& rate) {
  if (!rate.is_set()) return std::nullopt;
  const auto decision = runtime_.rates->take(client, rule, rate, context_.loop.now_ms() * 1'000);
  if (decision.allowed) return std::nullopt;
  context_.counters.over_rate.add();
  return Refusal{429, "Too many requests have come from this address.", "request-rate",
                 (decision.wait_us + 999'999) / 1'000'000};
}

// What is stored may make room at once.
std::optional<Admission::Refusal> Admission::out_of_memory() {
  if (runtime_.budget.relieve()) return std::nullopt;
  context_.counters.count(http::Limit::memory);
  return Refusal{503, "The server is out of memory. Try again later.", "memory", kBusyRetryS};
}

std::optional<Admission::Refusal> Admission::look_at_capacity() {
  if (context_.shedder.refuses(context_.random.next())) {
    context_.counters.shed.add();
    return Refusal{503, "The server has more to do than it can. Try again later.", "overload", kBusyRetryS};
  }
  const int64_t most = context_.site().config.limits.max_active_requests;
  if (context_.active_requests == nullptr || most == 0 || *context_.active_requests < most) return std::nullopt;
  context_.counters.over_active.add();
  return Refusal{503, "Too many requests are under way. Try again later.", "active-requests", kBusyRetryS};
}

}  // namespace roost::proxy
