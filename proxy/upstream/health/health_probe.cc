#include "proxy/upstream/health/health_probe.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/units.h"
#include "common/http/field_block.h"

namespace roost::proxy {

namespace {

http::ClientLimits limits_of(const CheckOptions& options) {
  http::ClientLimits limits;
  limits.connect_timeout_ms = options.timeout_ms;
  limits.head_timeout_ms = options.timeout_ms;
  limits.body_idle_timeout_ms = options.timeout_ms;
  limits.write_timeout_ms = options.timeout_ms;
  return limits;
}

}  // namespace

HealthProbe::HealthProbe(net::EventLoop& loop, Connector& connector, const net::Address& address,
                         const CheckOptions& options, const std::string& name, OnDone on_done)
    : loop_(loop),
      options_(options),
      on_done_(std::move(on_done)),
      connection_(connector.connect(address, limits_of(options))),
      timer_(net::Timer::of<&HealthProbe::on_timeout>(loop.timers(), this)) {
  connection_->set_owner(this);
  timer_.start_ms(options.timeout_ms);
  if (options.kind != CheckOptions::Kind::http) return;
  http::FieldBlock fields;
  fields.add("Host", options.host.empty() ? name : options.host);
  fields.add("User-Agent", "roost-check");
  fields.add("Cache-Control", "no-store");
  http::RequestStart request;
  request.method = "GET";
  request.target = options.path;
  request.fields = fields;
  connection_->begin(request, {}, this);
}

HealthProbe::~HealthProbe() {
  if (connection_) loop_.retire(std::move(connection_));
}

void HealthProbe::finish(Result result, const std::string& failure) {
  if (!connection_) return;
  timer_.stop();
  loop_.retire(std::move(connection_));  // not destroyed: one of its calls may be on the stack
  auto on_done = std::move(on_done_);
  on_done(result, failure);
}

void HealthProbe::fail(const Error& error, Result result) {
  finish(error.side == Side::internal ? Result::unknown : result, error.what);
}

void HealthProbe::on_timeout() {
  finish(Result::failed, fmt::format("no answer within {}", format_duration_ms(options_.timeout_ms)));
}

void HealthProbe::on_connection_open(http::ClientConnection&) {
  if (options_.kind != CheckOptions::Kind::http) finish(Result::passed);
}

void HealthProbe::on_connect_failed(http::ClientConnection&, const Error& error) {
  if (options_.kind != CheckOptions::Kind::http) fail(error, Result::absent);  // else on_exchange_failed follows
}

void HealthProbe::on_response_head(const http::ResponseHead& head) {
  if (!options_.expects(head.status)) return finish(Result::failed, fmt::format("status {}", head.status));
  if (options_.body.empty()) finish(Result::passed);
}

void HealthProbe::on_response_body(std::string_view bytes) {
  body_.append(bytes.substr(0, CheckOptions::kMaxBodyBytes - body_.size()));
  if (body_.find(options_.body) != std::string::npos) return finish(Result::passed);
  if (body_.size() == CheckOptions::kMaxBodyBytes) on_response_end();
}

void HealthProbe::on_response_end() {
  finish(Result::failed, fmt::format("\"{}\" is not in the body", options_.body));
}

void HealthProbe::on_exchange_failed(const Error& error, http::Progress progress) {
  fail(error, progress == http::Progress::not_connected ? Result::absent : Result::failed);
}

}  // namespace roost::proxy
