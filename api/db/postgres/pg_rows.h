#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/result.h"

struct pg_result;

namespace roost::api {

/// The rows of a statement. Rows and columns count from 0; NULL reads as 0, "" and false.
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
  refused,    ///< rolled back; a repetition would fail again: bad statement or values, or a constraint
  try_again,  ///< rolled back for a conflict with another transaction; may be repeated at once
  try_later,  ///< rolled back, or never begun, for lack of a resource; may be repeated later
  unknown,    ///< whether it was committed is unknown
};

struct PgFailure {
  PgVerdict verdict = PgVerdict::unknown;
  std::string what;
  std::string sqlstate;         ///< five characters, or empty where the server did not answer
  std::string constraint;       ///< the violated one
  bool connection_bad = false;  ///< the connection cannot be used any more
};

template <class T>
using PgResult = tl::expected<T, PgFailure>;

/// Classifies an error of the server by its SQLSTATE (PostgreSQL's appendix A). `fatal`: the server closes the
/// connection with it, in which case a commit may have happened just before.
PgVerdict judge_sqlstate(std::string_view sqlstate, bool fatal);

/// The failure described by a result of libpq.
PgFailure failure_of(const pg_result* raw);

/// The failure as the API's callers see it: retryable only if nothing was changed.
Error error_of(const PgFailure& failure);

}  // namespace roost::api
