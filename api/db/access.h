#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace roost::api {

/// One statement on a table, for the log of accesses (/logs).
struct AccessRecord {
  std::string_view operation;  ///< SELECT, INSERT, UPDATE, DELETE
  std::string_view table;
  int64_t rows = 0;  ///< returned or changed
  int64_t duration_us = 0;
  std::string_view request_id;  ///< of the API call; empty when there is none (a flush of likes)
};

/// Told of every access. Called on the database's threads, concurrently; the record is borrowed for the call.
class AccessObserver {
 public:
  virtual void on_access(const AccessRecord& access) = 0;

 protected:
  ~AccessObserver() = default;
};

/// Measures one access from construction to destruction, then reports it.
class AccessScope {
 public:
  AccessScope(AccessObserver* observer, std::string_view operation, std::string_view table, std::string_view request_id)
      : observer_(observer), record_{operation, table, 0, 0, request_id} {}
  AccessScope(const AccessScope&) = delete;
  AccessScope& operator=(const AccessScope&) = delete;
  ~AccessScope() {
    if (observer_ == nullptr) return;
    const auto duration = std::chrono::steady_clock::now() - start_;
    record_.duration_us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    observer_->on_access(record_);
  }
  void set_rows(int64_t rows) { record_.rows = rows; }

 private:
  AccessObserver* observer_;
  AccessRecord record_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace roost::api
