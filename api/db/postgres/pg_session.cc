#include "api/db/postgres/pg_session.h"

#include <algorithm>
#include <vector>

#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include "api/db/postgres/pg_settings.h"
#include "common/base/clock.h"

namespace roost::api {
namespace {

constexpr size_t kCopyBytes = 64 * 1024;

int64_t now_ms() {
  return SystemClock().monotonic_ms();
}

/// Waits until the descriptor is ready; false when it is not by then.
bool poll_until(int fd, bool writable, int64_t until_ms) {
  while (true) {
    pollfd entry{fd, static_cast<short>(POLLIN | (writable ? POLLOUT : 0)), 0};
    const int64_t left_ms = until_ms - now_ms();
    if (left_ms <= 0) return false;
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<int64_t>(left_ms, 60'000)));
    if (ready > 0) return true;
  }
}

std::string last_error(const pg_conn* raw) {
  std::string text = raw == nullptr ? "out of memory" : PQerrorMessage(raw);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// Runs PQconnectPoll until connected; returns the error, or nothing.
std::string finish_connecting(pg_conn* raw, int64_t until_ms) {
  if (raw == nullptr || PQstatus(raw) == CONNECTION_BAD) return last_error(raw);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK) {
    pollfd entry{PQsocket(raw), static_cast<short>(status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN), 0};
    const int64_t left_ms = until_ms - now_ms();
    if (left_ms <= 0) return "no connection in time";
    if (::poll(&entry, 1, static_cast<int>(left_ms)) <= 0) continue;
    status = PQconnectPoll(raw);
    if (status == PGRES_POLLING_FAILED) return last_error(raw);
  }
  return "";
}

}  // namespace

PgResult<std::unique_ptr<PgSession>> PgSession::connect(const PgTarget& target, const Limits& limits) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  const auto settings = target.settings({}, limits.first_host);
  for (const auto& [keyword, value] : settings) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  const int64_t until_ms = now_ms() + limits.connect_timeout_ms;
  std::unique_ptr<PgSession> session(new PgSession(PQconnectStartParams(keywords.data(), values.data(), 0), limits));
  PgFailure failure;
  failure.verdict = PgVerdict::try_later;
  failure.connection_bad = true;
  failure.what = finish_connecting(session->raw_, until_ms);
  if (failure.what.empty()) {
    PQsetnonblocking(session->raw_, 1);
    PQsetNoticeProcessor(
        session->raw_, [](void*, const char*) {}, nullptr);
    if (!limits.session) return session;
    auto prepared = session->run(kPrepareSession, session_settings(limits.statement_timeout_ms, limits.name));
    if (prepared) return session;
    failure.what = prepared.error().what;
  }
  return tl::unexpected<PgFailure>(std::move(failure));
}

PgSession::~PgSession() {
  PQfinish(raw_);
}

void PgSession::break_off() const {
  ::shutdown(PQsocket(raw_), SHUT_RDWR);
}

bool PgSession::usable() const {
  return !given_up_ && PQstatus(raw_) == CONNECTION_OK && PQtransactionStatus(raw_) == PQTRANS_IDLE;
}

PgFailure PgSession::broken(const char* what) {
  given_up_ = true;
  PgFailure failure;
  failure.what = what == nullptr ? last_error(raw_) : what;
  failure.connection_bad = true;
  return failure;
}

bool PgSession::flush(int64_t until_ms) {
  while (true) {
    const int left = PQflush(raw_);
    if (left <= 0) return left == 0;
    if (!poll_until(PQsocket(raw_), true, until_ms) || PQconsumeInput(raw_) != 1) return false;
  }
}

bool PgSession::wait_for_result(int64_t until_ms) {
  while (PQisBusy(raw_) != 0) {
    if (!poll_until(PQsocket(raw_), false, until_ms) || PQconsumeInput(raw_) != 1) return false;
  }
  return true;
}

// A statement has committed only when the server is ready for the next one, which is what the null pointer behind the
// last result says: the result itself is sent before the commit.
PgResult<PgRows> PgSession::collect(int64_t timeout_ms) {
  const int64_t until_ms = now_ms() + timeout_ms;
  if (!flush(until_ms)) return tl::unexpected<PgFailure>(broken(nullptr));
  PgRows rows;
  PgFailure failure;
  bool failed = false;
  while (true) {
    while (PQisBusy(raw_) != 0) {
      if (!poll_until(PQsocket(raw_), false, until_ms)) return tl::unexpected<PgFailure>(broken("no answer in time"));
      if (PQconsumeInput(raw_) != 1) return tl::unexpected<PgFailure>(broken(nullptr));
    }
    pg_result* result = PQgetResult(raw_);
    if (result == nullptr) break;
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
      rows = PgRows(result);
      continue;
    }
    if (!failed || failure.verdict != PgVerdict::unknown) failure = failure_of(result);
    failed = true;
    PQclear(result);
  }
  if (PQstatus(raw_) != CONNECTION_OK) return tl::unexpected<PgFailure>(broken(nullptr));
  if (failed) return tl::unexpected<PgFailure>(std::move(failure));
  return rows;
}

PgResult<PgRows> PgSession::run(const PgStatement& statement, const PgParams& params) {
  const PgParams::Raw raw = params.raw();
  if (limits_.session && statement.plan == PgStatement::Plan::kept) {
    if (auto prepared = prepare(statement, params); !prepared) return tl::unexpected<PgFailure>(prepared.error());
    if (PQsendQueryPrepared(raw_, pg_statement_name(statement).c_str(), params.count(), raw.values.data(),
                            raw.lengths.data(), raw.formats.data(), 0) != 1)
      return tl::unexpected<PgFailure>(broken(nullptr));
    return collect(limits_.answer_timeout_ms);
  }
  if (PQsendQueryParams(raw_, statement.sql, params.count(), params.types(), raw.values.data(), raw.lengths.data(),
                        raw.formats.data(), 0) != 1)
    return tl::unexpected<PgFailure>(broken(nullptr));
  return collect(limits_.answer_timeout_ms);
}

PgResult<void> PgSession::prepare(const PgStatement& statement, const PgParams& params) {
  if (prepared_.contains(&statement)) return {};
  PgFailure failure;
  if (PQsendPrepare(raw_, pg_statement_name(statement).c_str(), statement.sql, params.count(), params.types()) != 1) {
    failure = broken(nullptr);
  } else if (auto done = collect(limits_.answer_timeout_ms); !done) {
    failure = std::move(done.error());
  } else {
    prepared_.insert(&statement);
    return {};
  }
  // Whatever the result, the statement itself was not sent.
  if (failure.verdict == PgVerdict::unknown) failure.verdict = PgVerdict::try_later;
  return tl::unexpected<PgFailure>(std::move(failure));
}

PgResult<PgRows> PgSession::run_script(const std::string& sql, int64_t timeout_ms) {
  if (PQsendQuery(raw_, sql.c_str()) != 1) return tl::unexpected<PgFailure>(broken(nullptr));
  return collect(timeout_ms);
}

PgResult<PgRows> PgSession::copy_in(const std::string& sql, std::string_view text, int64_t timeout_ms) {
  const int64_t until_ms = now_ms() + timeout_ms;
  if (PQsendQuery(raw_, sql.c_str()) != 1 || !flush(until_ms)) return tl::unexpected<PgFailure>(broken(nullptr));
  if (!wait_for_result(until_ms)) return tl::unexpected<PgFailure>(broken("no answer in time"));
  pg_result* begun = PQgetResult(raw_);
  const bool ready = PQresultStatus(begun) == PGRES_COPY_IN;
  PgFailure refused;
  if (!ready) refused = failure_of(begun);
  PQclear(begun);
  if (!ready) {
    (void)collect(timeout_ms);  // to the end of the statement
    return tl::unexpected<PgFailure>(std::move(refused));
  }
  // Not blocking: 0 when there is no room for what is to be sent.
  const auto put = [&](auto send) {
    int done = 0;
    while ((done = send()) == 0) {
      if (!flush(until_ms)) return false;
    }
    return done == 1;
  };
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kCopyBytes);
    if (!put([&] { return PQputCopyData(raw_, piece.data(), static_cast<int>(piece.size())); }))
      return tl::unexpected<PgFailure>(broken(nullptr));
    text.remove_prefix(piece.size());
  }
  if (!put([&] { return PQputCopyEnd(raw_, nullptr); })) return tl::unexpected<PgFailure>(broken(nullptr));
  return collect(timeout_ms);
}

}  // namespace roost::api
