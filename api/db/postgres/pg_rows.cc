#include "api/db/postgres/pg_rows.h"

#include <charconv>
#include <string_view>

#include <libpq-fe.h>

namespace roost::api {
namespace {

std::string diagnosis(const pg_result* raw, int field) {
  const char* text = PQresultErrorField(raw, field);
  return text == nullptr ? "" : text;
}

bool is_class(std::string_view sqlstate, std::string_view two) {
  return sqlstate.substr(0, 2) == two;
}

}  // namespace

void PgRows::Clear::operator()(pg_result* raw) const {
  PQclear(raw);
}

int64_t PgRows::count() const {
  return raw_ ? PQntuples(raw_.get()) : 0;
}

int64_t PgRows::integer(int64_t row, int column) const {
  const char* text = PQgetvalue(raw_.get(), static_cast<int>(row), column);
  int64_t value = 0;
  std::from_chars(text, text + PQgetlength(raw_.get(), static_cast<int>(row), column), value);
  return value;
}

std::string PgRows::text(int64_t row, int column) const {
  return {PQgetvalue(raw_.get(), static_cast<int>(row), column),
          static_cast<size_t>(PQgetlength(raw_.get(), static_cast<int>(row), column))};
}

bool PgRows::flag(int64_t row, int column) const {
  return *PQgetvalue(raw_.get(), static_cast<int>(row), column) == 't';
}

PgVerdict judge_sqlstate(std::string_view sqlstate, bool fatal) {
  // 40003 statement_completion_unknown, 08007 transaction_resolution_unknown.
  if (sqlstate.empty() || fatal || sqlstate == "40003" || sqlstate == "08007") return PgVerdict::unknown;
  // 40001 serialization_failure, 40P01 deadlock_detected; 26000 and 42P05: the set of prepared statements is not the
  // expected one.
  if (is_class(sqlstate, "40") || sqlstate == "26000" || sqlstate == "42P05") return PgVerdict::try_again;
  // Out of resources, object in use, shutdown or time-out (57014), I/O error; a read-only server.
  for (const std::string_view later : {"08", "53", "55", "57", "58"}) {
    if (is_class(sqlstate, later)) return PgVerdict::try_later;
  }
  return sqlstate == "25006" ? PgVerdict::try_later : PgVerdict::refused;
}

PgFailure failure_of(const pg_result* raw) {
  PgFailure failure;
  failure.sqlstate = diagnosis(raw, PG_DIAG_SQLSTATE);
  failure.constraint = diagnosis(raw, PG_DIAG_CONSTRAINT_NAME);
  failure.what = diagnosis(raw, PG_DIAG_MESSAGE_PRIMARY);
  if (failure.what.empty()) {
    failure.what = PQresultErrorMessage(raw);
    while (!failure.what.empty() && failure.what.back() == '\n') failure.what.pop_back();
  }
  const bool fatal = diagnosis(raw, PG_DIAG_SEVERITY_NONLOCALIZED) != "ERROR";
  failure.verdict = judge_sqlstate(failure.sqlstate, fatal);
  failure.connection_bad = fatal || failure.sqlstate == "25006";
  return failure;
}

Error error_of(const PgFailure& failure) {
  Error error;
  error.what = "postgres: " + failure.what;
  if (!failure.sqlstate.empty()) error.what += " (" + failure.sqlstate + ")";
  error.retryable = failure.verdict == PgVerdict::try_again || failure.verdict == PgVerdict::try_later;
  return error;
}

}  // namespace roost::api
