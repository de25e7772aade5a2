#include "api/logs/logs.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "api/http/text.h"
#include "common/base/iso_time.h"
#include "common/service/bearer_token.h"
#include "common/service/cross_origin.h"

namespace roost::api {
namespace {

/// An element of X-Forwarded-For, without a port.
bool is_loopback_text(std::string_view address) {
  const bool bare_v6 = address.find(':') != std::string_view::npos && !address.starts_with('[');
  const auto parsed = net::Address::parse(bare_v6 ? fmt::format("[{}]:1", address) : fmt::format("{}:1", address));
  return parsed && parsed->is_loopback();
}

void append_pair(std::string& out, const LogRecord& record) {
  out += '[';
  append_json_string(out, record.verb);
  out += ',';
  append_json_string(out, record.subject);
  out += ']';
}

}  // namespace

bool may_read_logs(LogAccess access, std::string_view token, const Request& request) {
  switch (access) {
    case LogAccess::open:
      return true;
    case LogAccess::loopback: {
      // Of its own host's people, that is; behind another's proxy on this host, or with a name that leads here, it is
      // somebody else's request.
      if (request.is_for_another || !service::is_loopback_host(service::host_of(request.authority))) return false;
      bool all_local = request.client.is_loopback();
      http::for_each_list_element(
          request.forwarded_for, [&](std::string_view address) { all_local = all_local && is_loopback_text(address); });
      return all_local;
    }
    case LogAccess::token:
      return !token.empty() && service::is_same_secret(service::bearer_token(request), token);
  }
  return false;
}

Input<LogsQuery> read_logs_query(const Request& request) {
  const auto query = QueryString::parse(request.query_text);
  if (!query) return wrong_input("query", "a malformed escape, or too many parameters");
  LogsQuery logs;
  logs.query.limit = LogsQuery::kDefaultLimit;
  if (const std::string* limit = query->find("limit")) {
    const auto value = parse_id(*limit);
    if (!value || *value > static_cast<int64_t>(LogQuery::kMaxLimit))
      return wrong_input("limit", fmt::format("expected a whole number from 1 to {}", LogQuery::kMaxLimit));
    logs.query.limit = static_cast<size_t>(*value);
  }
  if (const std::string* since = query->find("since")) {
    const auto time_ms = parse_time(*since);
    if (!time_ms || *time_ms > INT64_MAX / 1000)
      return wrong_input("since", "expected a time such as 2026-03-01T10:00:00Z, or Unix milliseconds");
    logs.query.since_us = *time_ms * 1000;
  }
  if (const std::string* kind = query->find("kind")) {
    if (*kind != "api" && *kind != "db") return wrong_input("kind", "expected api or db");
    logs.query.kind = *kind == "api" ? RecordKind::api : RecordKind::db;
  }
  if (const std::string* format = query->find("format")) {
    if (*format != "pairs" && *format != "full") return wrong_input("format", "expected pairs or full");
    logs.full = *format == "full";
  }
  if (const std::string* method = query->find("method")) logs.query.method = *method;
  if (const std::string* path = query->find("path")) logs.query.path_prefix = *path;
  return logs;
}

std::string logs_body(const LogAnswer& answer, bool full) {
  std::string calls;
  std::string accesses;
  size_t call_count = 0;
  size_t access_count = 0;
  for (const LogRecord& record : answer.records) {
    const bool is_call = record.kind == RecordKind::api;
    std::string& out = is_call ? calls : accesses;
    if (!out.empty()) out += ',';
    if (full) {
      append_json(out, record);
    } else {
      append_pair(out, record);
    }
    ++(is_call ? call_count : access_count);
  }
  return fmt::format(
      R"({{"requests":[{}],"db_accesses":[{}],"request_count":{},"db_access_count":{},"incomplete":{}}})", calls,
      accesses, call_count, access_count, answer.incomplete);
}

/// A request that waits for the workers' records to reach their files.
struct Logs::Waiting {
  Waiting(Logs& owner, LogsQuery asked, Reply to)
      : logs(owner),
        query(std::move(asked)),
        reply(std::move(to)),
        timer(net::Timer::of<&Waiting::on_settled>(owner.loop_.timers(), this)) {
    timer.start_ms(kSettleMs);
  }
  void on_settled() {
    auto& all = logs.waiting_;
    const auto self = std::find_if(all.begin(), all.end(), [this](const auto& other) { return other.get() == this; });
    const std::unique_ptr<Waiting> keep = std::move(*self);
    all.erase(self);
    logs.read(std::move(query), std::move(reply));
  }
  Logs& logs;
  LogsQuery query;
  Reply reply;
  net::Timer timer;
};

Logs::Logs(Options options, net::EventLoop& loop, RequestLog& own, observe::EventLog& events, Action page)
    : options_(std::move(options)), loop_(loop), own_(own), events_(events), page_(std::move(page)) {}

Logs::~Logs() = default;

void Logs::add_to(Router& router) {
  router.add(http::Method::get, "/logs", [this](Request& request, Reply reply) { answer(request, std::move(reply)); });
}

void Logs::answer(Request& request, Reply reply) {
  if (request.wants_html) return page_(request, std::move(reply));
  if (!may_read_logs(options_.access, options_.token, request)) {
    if (options_.access != LogAccess::token)
      return reply.send(problem(403, "The log is shown only on the host itself; [logs] access can change that."));
    return reply.send(service::bearer_token_needed("The log is shown to those who send its token."));
  }
  auto query = read_logs_query(request);
  if (!query) return reply.send(std::move(query.error()));
  if (waiting_.size() >= kMaxWaiting) return reply.send(problem_of(Error{"too many read the log", {}, true, 0}));
  waiting_.push_back(std::make_unique<Waiting>(*this, std::move(*query), std::move(reply)));
}

void Logs::read(LogsQuery query, Reply reply) {
  auto to = std::make_shared<Reply>(std::move(reply));
  WorkQueue::Job read = [this, query = std::move(query), to](size_t) mutable {
    const bool written = own_.flush();
    auto answer = options_.read ? options_.read(query.query) : read_request_logs(options_.directory, query.query);
    Result<std::string> body = fail("");
    if (answer) {
      answer->incomplete |= !written;
      body = logs_body(*answer, query.full);
    } else {
      body = tl::unexpected<Error>(answer.error());
    }
    loop_.post([this, to = std::move(to), body = std::move(body)]() mutable {
      if (body) return to->send(uncached_json(200, std::move(*body)));
      events_.error("request log", {{"error", body.error().what}});
      to->send(problem_of(body.error()));
    });
  };
  if (!readers_.submit(std::move(read))) to->send(problem_of(Error{"too many read the log", {}, true, 0}));
}

}  // namespace roost::api
