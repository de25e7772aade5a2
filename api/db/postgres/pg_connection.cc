#include "api/db/postgres/pg_connection.h"

#include <algorithm>

#include <fmt/core.h>
#include <libpq-fe.h>

#include "api/db/postgres/pg_settings.h"
#include "common/base/check.h"

namespace roost::api {
namespace {

constexpr std::string_view kSessionName = "roost-api";

/// 42P05 duplicate_prepared_statement: a pooler has assigned a session in which the statement exists.
bool is_there_already(const pg_result* failed) {
  const char* sqlstate = PQresultErrorField(failed, PG_DIAG_SQLSTATE);
  return sqlstate != nullptr && std::string_view(sqlstate) == "42P05";
}

}  // namespace

PgConnection::PgConnection(net::EventLoop& loop, net::Resolver& resolver, const PgTarget& target,
                           const Options& options, Owner& owner)
    : loop_(loop),
      resolver_(resolver),
      target_(target),
      options_(options),
      owner_(owner),
      timer_(net::Timer::of<&PgConnection::on_time_out>(loop.timers(), this)) {}

PgConnection::~PgConnection() {
  on_retired();
}

void PgConnection::on_retired() {
  timer_.stop();
  lookup_.reset();
  watcher_.reset();  // before libpq closes the descriptor
  PQfinish(raw_);
  raw_ = nullptr;
}

bool PgConnection::is_move(State from, State to) {
  switch (from) {
    case State::resolving:
      return to == State::connecting || to == State::down;
    case State::connecting:
      return to == State::preparing || to == State::down;
    case State::preparing:
      return to == State::up || to == State::down;
    case State::up:
      return to == State::down;
    case State::down:
      return false;
  }
  return false;
}

void PgConnection::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
}

// ---- coming up ------------------------------------------------------------------------------------------------------

void PgConnection::start() {
  connect_deadline_ms_ = loop_.now_ms() + options_.connect_timeout_ms;
  arm_timer();
  resolve_next();
}

void PgConnection::resolve_next() {
  if (addresses_.size() == target_.lookups().size()) return connect();
  lookup_ = resolver_.resolve(target_.lookups()[addresses_.size()], [this](Result<std::vector<net::Address>> found) {
    addresses_.push_back(found.value_or(std::vector<net::Address>()));
    const bool last = addresses_.size() == target_.lookups().size();
    const bool nothing = std::all_of(addresses_.begin(), addresses_.end(), [](const auto& a) { return a.empty(); });
    if (last && nothing && !found && !target_.has_host_without_lookup()) return go_down(found.error().what);
    resolve_next();
  });
}

void PgConnection::connect() {
  set_state(State::connecting);
  const auto settings = target_.settings(addresses_, options_.first_host);
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : settings) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  raw_ = PQconnectStartParams(keywords.data(), values.data(), 0);
  if (raw_ == nullptr || PQstatus(raw_) == CONNECTION_BAD) return break_later(last_error());
  PQsetNoticeProcessor(
      raw_, [](void*, const char*) {}, nullptr);
  watcher_ = std::make_unique<net::FdWatcher>(loop_, PQsocket(raw_), [this](bool, bool) { poll_connecting(); });
  watcher_->watch(false, true);
}

void PgConnection::poll_connecting() {
  // libpq may close the socket in this call and open another, perhaps with the same number.
  watcher_.reset();
  const PostgresPollingStatusType status = PQconnectPoll(raw_);
  if (status == PGRES_POLLING_FAILED) return go_down(last_error());
  if (status == PGRES_POLLING_OK) return prepare_session();
  watcher_ = std::make_unique<net::FdWatcher>(loop_, PQsocket(raw_), [this](bool, bool) { poll_connecting(); });
  watcher_->watch(status == PGRES_POLLING_READING, status == PGRES_POLLING_WRITING);
}

void PgConnection::prepare_session() {
  set_state(State::preparing);
  if (PQsetnonblocking(raw_, 1) != 0 || PQenterPipelineMode(raw_) != 1) return go_down(last_error());
  watcher_ = std::make_unique<net::FdWatcher>(loop_, PQsocket(raw_),
                                              [this](bool readable, bool writable) { on_ready(readable, writable); });
  watcher_->watch(true, false);
  if (!options_.session) return come_up();
  auto job = std::make_unique<PgJob>();
  job->statement = &kPrepareSession;
  job->params = session_settings(options_.statement_timeout_ms, kSessionName);
  job->deadline_ms = connect_deadline_ms_;
  send(std::move(job));
}

void PgConnection::come_up() {
  set_state(State::up);
  was_up_ = true;
  arm_timer();
  owner_.on_up(*this);
}

// ---- jobs -----------------------------------------------------------------------------------------------------------

void PgConnection::send(PgJobPtr job) {
  ROOST_CHECK(state_ == State::preparing || has_room());
  Pending& pending = pending_.emplace_back();
  pending.job = std::move(job);
  ++pending.job->attempts;
  bool sent = true;
  if (pending.job->lock != nullptr) sent = send_statement(pending, *pending.job->lock, pending.job->lock_params);
  sent = sent && send_statement(pending, *pending.job->statement, pending.job->params);
  if (!sent || PQpipelineSync(raw_) != 1) return break_later(last_error());
  arm_timer();
  flush();
}

bool PgConnection::send_statement(Pending& pending, const PgStatement& statement, const PgParams& params) {
  const PgParams::Raw raw = params.raw();
  const bool kept = options_.session && statement.plan == PgStatement::Plan::kept;
  if (kept && prepared_.insert(&statement).second) {
    pending.steps.push_back(&statement);
    if (PQsendPrepare(raw_, pg_statement_name(statement).c_str(), statement.sql, params.count(), params.types()) != 1)
      return false;
  }
  pending.steps.push_back(nullptr);
  if (!kept)
    return PQsendQueryParams(raw_, statement.sql, params.count(), params.types(), raw.values.data(), raw.lengths.data(),
                             raw.formats.data(), 0) == 1;
  return PQsendQueryPrepared(raw_, pg_statement_name(statement).c_str(), params.count(), raw.values.data(),
                             raw.lengths.data(), raw.formats.data(), 0) == 1;
}

void PgConnection::flush() {
  if (state_ == State::down || !broken_.empty()) return;
  const int left = PQflush(raw_);
  if (left < 0) return break_later(last_error());
  watcher_->watch(true, left > 0);
}

void PgConnection::on_ready(bool readable, bool writable) {
  if (readable && PQconsumeInput(raw_) != 1) return go_down(last_error());
  if (writable) flush();
  read_results();
}

// Each job ends with the result of its Sync; null pointers between the results of its statements are ignored.
void PgConnection::read_results() {
  while (state_ != State::down && !pending_.empty() && PQisBusy(raw_) == 0) {
    pg_result* result = PQgetResult(raw_);
    if (result != nullptr) take_result(result);
  }
}

void PgConnection::take_result(pg_result* raw) {
  Pending& front = pending_.front();
  const ExecStatusType status = PQresultStatus(raw);
  if (status == PGRES_PIPELINE_SYNC) {
    PQclear(raw);
    return finish_front();
  }
  const PgStatement* prepared = nullptr;
  if (!front.steps.empty()) {  // otherwise an error of the commit
    prepared = front.steps.front();
    front.steps.pop_front();
  }
  if (prepared != nullptr && status != PGRES_COMMAND_OK && !is_there_already(raw)) prepared_.erase(prepared);
  switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      front.rows = PgRows(raw);  // the last statement's remain
      return;
    case PGRES_PIPELINE_ABORTED:  // skipped by the server after the first failure
      PQclear(raw);
      return;
    default:
      front.failures.push_back(failure_of(raw));
      PQclear(raw);
  }
  if (PQstatus(raw_) == CONNECTION_BAD) go_down(last_error());
}

void PgConnection::finish_front() {
  Pending front = std::move(pending_.front());
  pending_.pop_front();
  arm_timer();
  // A pooler has lost a prepared statement, or the server has executed DISCARD ALL.
  if (!front.failures.empty() && front.failures[0].sqlstate == "26000") prepared_.clear();
  if (state_ == State::preparing) {
    if (!front.failures.empty()) return go_down(front.failures[0].what);
    return come_up();
  }
  const bool bad = !front.failures.empty() && front.failures[0].connection_bad;
  const std::string why = bad ? front.failures[0].what : std::string();
  if (front.failures.empty()) {
    owner_.on_answer(std::move(front.job), std::move(front.rows));
  } else {
    owner_.on_answer(std::move(front.job), tl::unexpected<PgFailure>(std::move(front.failures[0])));
  }
  if (bad) go_down(why);
}

// ---- going down -----------------------------------------------------------------------------------------------------

void PgConnection::arm_timer() {
  int64_t due_ms = INT64_MAX;
  if (state_ < State::up) due_ms = connect_deadline_ms_;
  for (const Pending& pending : pending_) due_ms = std::min(due_ms, pending.job->deadline_ms);
  if (!broken_.empty()) due_ms = loop_.now_ms();
  if (due_ms == INT64_MAX) return timer_.stop();
  timer_.start_ms(std::max<int64_t>(due_ms - loop_.now_ms(), 0));
}

void PgConnection::on_time_out() {
  if (!broken_.empty()) return go_down(broken_);
  go_down(state_ < State::up ? fmt::format("no connection within {} ms", options_.connect_timeout_ms)
                             : "no answer within a statement's deadline");
}

void PgConnection::break_later(std::string why) {
  broken_ = std::move(why);
  if (broken_.empty()) broken_ = "out of memory";
  watcher_.reset();
  arm_timer();
}

void PgConnection::go_down(const std::string& why) {
  if (state_ == State::down) return;
  const std::string reason = why;  // `why` may belong to an object destroyed below
  set_state(State::down);
  timer_.stop();
  watcher_.reset();
  std::deque<Pending> lost = std::move(pending_);
  pending_.clear();
  for (Pending& pending : lost) {
    if (!was_up_) break;  // the session's own statement
    PgFailure failure;
    failure.what = "the connection was lost: " + reason;
    failure.connection_bad = true;
    owner_.on_answer(std::move(pending.job), tl::unexpected<PgFailure>(std::move(failure)));
  }
  owner_.on_down(*this, reason);
}

std::string PgConnection::last_error() const {
  std::string text = raw_ == nullptr ? "out of memory" : PQerrorMessage(raw_);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace roost::api
