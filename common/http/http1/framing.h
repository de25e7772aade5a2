#pragma once

#include <cstdint>

#include "common/http/message.h"

namespace roost::http {

/// How a message tells where its body ends (RFC 9112 §6).
struct Framing {
  enum class Kind : uint8_t { none, counted, chunked, until_close };
  Kind kind = Kind::none;
  uint64_t bytes = 0;  ///< when counted

  bool has_body() const { return kind != Kind::none && !(kind == Kind::counted && bytes == 0); }
  BodyLength length() const {
    if (kind == Kind::none) return BodyLength::none();
    return kind == Kind::counted ? BodyLength::known(bytes) : BodyLength::unknown();
  }
};

/// What a received head says about the connection it came on, and nobody else needs to know.
struct HeadFacts {
  Framing framing;
  uint8_t version_minor = 1;
  bool keep_alive = true;
};

}  // namespace roost::http
