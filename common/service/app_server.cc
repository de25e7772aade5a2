#include "api/http/front.h"

#include <chrono>
#include <random>
#include <utility>

#include <fmt/compile.h>

namespace roost::api {
namespace {

constexpr observe::MetricInfo kAnswers{"roost_api_answers_total", "Answers by class of status."};
constexpr observe::MetricInfo kRefusals{"roost_api_refused_total",
                                        "Messages that were no valid request, or exceeded a limit."};
constexpr observe::MetricInfo kDurations{"roost_api_request_seconds",
                                         "From the request's head to its answer, whatever the route."};

int64_t unix_now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

/// Calls of the API, as opposed to pages, health and the log itself.
bool is_api_call(std::string_view path) {
  return path.starts_with("/api/") || path.starts_with("/like/");
}

}  // namespace

Front::Front(net::EventLoop& loop, const Routes& routes, CallObserver& log, observe::MetricScope& metrics, Cors cors)
    : loop_(loop),
      routes_(routes),
      log_(log),
      cors_(std::move(cors)),
      durations_(metrics.histogram(kDurations)),
      refused_(metrics.counter(kRefusals)),
      request_id_prefix_(fmt::format("{:08x}-", std::random_device{}())) {
  static constexpr const char* kClasses[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < std::size(kClasses); ++i) answered_[i] = &metrics.counter(kAnswers, {{"class", kClasses[i]}});
}

Front::~Front() {
  while (Exchange* exchange = exchanges_.pop_front()) {
    exchange->front_ = nullptr;
    exchange->responder_ = nullptr;
    if (exchange->state_ == Exchange::State::reading_body) delete exchange;
  }
}

void Front::on_request(http::Responder& responder, const http::RequestHead& head) {
  auto* exchange = new Exchange(*this, responder, head);
  exchanges_.push_back(*exchange);
  ++active_;
  exchange->request_.arrived_us = unix_now_us();
  if (exchange->request_.request_id.empty()) exchange->request_.request_id = next_request_id();
  responder.attach(exchange);
}

void Front::on_refused(const net::Address&, int, const Error&) {
  refused_.add();
}

std::string Front::next_request_id() {
  return fmt::format(FMT_COMPILE("{}{:x}"), request_id_prefix_, ++request_count_);
}

void Front::send(http::Responder* responder, const Request& request, const Answer& answer) {
  --active_;
  const int64_t now_us = unix_now_us();
  const int64_t duration_us = now_us > request.arrived_us ? now_us - request.arrived_us : 0;
  const int status_class = answer.status / 100;
  answered_[status_class >= 1 && status_class <= 5 ? status_class : 0]->add();
  durations_.observe_us(static_cast<uint64_t>(duration_us));
  if (is_api_call(request.path)) log_.on_call(request, answer.status, now_us, duration_us);
  if (responder == nullptr) return;
  const Slice body(std::string_view(answer.body));
  responder->respond({.status = answer.status,
                      .fields = answer.fields.text(),
                      .more_fields = common_fields(request, answer),
                      .body = http::BodyLength::known(answer.body.size())},
                     {&body, 1});
}

// What answers carry whatever the route. Valid until the next answer.
std::string_view Front::common_fields(const Request& request, const Answer& answer) {
  common_fields_.clear();
  common_fields_.add("Date", date_.at_unix_ms(loop_.unix_ms()));
  common_fields_.add("X-Request-Id", request.request_id);
  common_fields_.add("X-Content-Type-Options", "nosniff");  // JSON with somebody's text in it is no page
  // Not the log and the metrics: who may read them is told by where they ask from, and a page asks from anywhere.
  const bool shared = is_api_call(request.path);
  if (shared) cors_.add_to(common_fields_, request.origin);
  if (shared && request.is_preflight)
    cors_.add_preflight_to(common_fields_, request.origin, routes_.allowed(request.path));
  if (answer.status != 304 && answer.status != 204) common_fields_.add("Content-Type", answer.content_type);
  return common_fields_.text();
}

}  // namespace roost::api
