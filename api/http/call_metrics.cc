#include "api/http/call_metrics.h"

namespace roost::api {
namespace {

constexpr observe::MetricInfo kAnswers{"roost_api_answers_total", "Answers by class of status."};
constexpr observe::MetricInfo kRequests{"roost_api_requests_total",
                                        "Requests by endpoint; \"none\" where no route has the path."};
constexpr observe::MetricInfo kRefusals{"roost_api_refused_total",
                                        "Messages refused as malformed or for exceeding a limit."};
constexpr observe::MetricInfo kDurations{"roost_api_request_seconds",
                                         "Time from the request's head to its answer, all routes."};
constexpr std::array<const char*, 6> kClasses = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

CallMetrics::CallMetrics(observe::MetricScope& scope)
    : scope_(scope), durations_(scope.histogram(kDurations)), refused_(scope.counter(kRefusals)) {
  for (size_t i = 0; i < kClasses.size(); ++i) answered_[i] = &scope.counter(kAnswers, {{"class", kClasses[i]}});
}

// HEAD is answered by the routes of GET. A method that no route has is counted with the calls that found none.
observe::Counter& CallMetrics::counter_of(const service::Request& request) {
  const bool found = !request.endpoint.empty();
  const std::string_view method = found ? std::string_view(request.method_text) : std::string_view("other");
  endpoint_.assign(method).append(" ").append(request.endpoint);
  observe::Counter*& counter = endpoints_[endpoint_];
  if (counter == nullptr) {
    const std::string_view endpoint = found ? request.endpoint : std::string_view("none");
    counter = &scope_.counter(kRequests, {{"method", method}, {"endpoint", endpoint}});
  }
  return *counter;
}

void CallMetrics::on_call(const service::Request& request, int status, int64_t, int64_t duration_us) {
  const int status_class = status / 100;
  counter_of(request).add();
  answered_[status_class >= 1 && status_class <= 5 ? static_cast<size_t>(status_class) : 0]->add();
  durations_.observe_us(static_cast<uint64_t>(duration_us));
}

void CallMetrics::on_refused(int) {
  refused_.add();
}

}  // namespace roost::api
