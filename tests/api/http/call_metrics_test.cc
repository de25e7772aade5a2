#include "api/http/call_metrics.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

TEST_CASE("calls are counted by endpoint") {
  observe::MetricRegistry registry;
  CallMetrics metrics(registry.make_scope());
  service::Request request;
  request.method_text = "POST";
  request.endpoint = "/like/{id}";
  for (int i = 0; i < 3; ++i) metrics.on_call(request, 202, 0, 10);
  request.method_text = "GET";
  metrics.on_call(request, 200, 0, 10);
  request.endpoint = {};
  for (const char* method : {"GET", "BREW", "MKCOL"}) {
    request.method_text = method;
    metrics.on_call(request, 404, 0, 10);
  }
  const std::string text = registry.exposition();
  for (const char* line : {"roost_api_requests_total{method=\"POST\",endpoint=\"/like/{id}\"} 3\n",
                           "roost_api_requests_total{method=\"GET\",endpoint=\"/like/{id}\"} 1\n",
                           "roost_api_requests_total{method=\"other\",endpoint=\"none\"} 3\n"})
    CHECK_MESSAGE(text.find(line) != std::string::npos, text);
}

TEST_CASE("calls are counted by class of status, refusals apart") {
  observe::MetricRegistry registry;
  CallMetrics metrics(registry.make_scope());
  const service::Request request;
  for (const int status : {200, 204, 304, 404, 503, 0, 999}) metrics.on_call(request, status, 0, 1000);
  metrics.on_refused(431);
  const std::string text = registry.exposition();
  for (const char* line : {"roost_api_answers_total{class=\"2xx\"} 2\n", "roost_api_answers_total{class=\"3xx\"} 1\n",
                           "roost_api_answers_total{class=\"4xx\"} 1\n", "roost_api_answers_total{class=\"5xx\"} 1\n",
                           "roost_api_answers_total{class=\"other\"} 2\n", "roost_api_refused_total 1\n",
                           "roost_api_request_seconds_count 7\n"})
    CHECK_MESSAGE(text.find(line) != std::string::npos, text);
}
