#pragma once

namespace roost::http {

/// Why a head is rejected; false when it is not.
struct Refusal {
  int status = 0;             ///< what to answer a client with: 400, 417, 431, 501, 505
  const char* why = nullptr;  ///< a literal, for a person
  explicit operator bool() const { return why != nullptr; }
};

}  // namespace roost::http
