#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/result.h"

struct pg_result;

namespace roost::api {

/// What a statement returned. Rows and columns count from 0; NULL reads as 0, "" and false.
class PgRows {
 public:
  PgRows() = default;
  /// Takes over a result of libpq.
  explicit PgRows(pg_result* raw) : raw_(raw) {}
  int64_t count() const;
  int64_t integer(int64_t row, int column) const;
  std::string text(int64_t row, int column) const;
  bool flag(int64_t row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* raw) const;
  };
  std::unique_ptr<pg_result, Clear> raw_;
};

/// What an error means for the transaction it ended.
enum class PgVerdict : uint8_t {
  refused,    ///< rolled back, and would be again: the statement, its values or what is stored forbid it
  try_again,  ///< rolled back for a conflict with another transaction: the same may work at once
  try_later,  ///< rolled back, or never begun, for want of something that may come back
  unknown,    ///< nobody can say whether it was committed
};

struct PgFailure {
  PgVerdict verdict = PgVerdict::unknown;
  std::string what;
  std::string sqlstate;         ///< five characters, or empty where the server did not answer
  std::string constraint;       ///< the one that was violated
  bool connection_bad = false;  ///< what follows on this connection would fail too
};

template <class T>
using PgResult = tl::expected<T, PgFailure>;

/// The verdict on an error of the server by its SQLSTATE (PostgreSQL's appendix A). `fatal`: the server ends the
/// connection over it, in which case a commit may have happened just before.
PgVerdict judge_sqlstate(std::string_view sqlstate, bool fatal);

/// What a result of libpq says went wrong.
PgFailure failure_of(const pg_result* raw);

/// The failure as the API's callers see it: retryable only where nothing happened.
Error error_of(const PgFailure& failure);

}  // namespace roost::api
