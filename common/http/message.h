#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/field_block.h"
#include "common/http/fields.h"

namespace roost::http {

enum class Method : uint8_t { get, head, post, put, delete_, connect, options, trace, patch, purge, other };

/// Safe methods do not change what they ask for (RFC 9110 §9.2.1); idempotent ones may be sent twice (§9.2.2).
bool is_safe(Method method);
bool is_idempotent(Method method);

/// What is known of a body's length when its head is sent or received. How its end is marked is the connection's
/// business.
struct BodyLength {
  enum class Kind : uint8_t {
    none,     ///< there is no body
    known,    ///< `bytes` of them, zero included
    unknown,  ///< it ends where the connection says so
    tunnel,   ///< no body but bytes both ways until either side ends; not every connection carries one
  };
  Kind kind = Kind::none;
  uint64_t bytes = 0;  ///< when known

  static BodyLength none() { return {}; }
  static BodyLength known(uint64_t bytes) { return {Kind::known, bytes}; }
  static BodyLength unknown() { return {Kind::unknown, 0}; }
  static BodyLength tunnel() { return {Kind::tunnel, 0}; }
  bool is_known() const { return kind == Kind::known; }
  bool has_body() const { return kind != Kind::none && !(kind == Kind::known && bytes == 0); }
};

/// A request's head. All views point into the connection's buffer, or into the head itself, and are valid only during
/// the on_request call.
struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;  ///< as sent: origin form "/path?query" ("*" for OPTIONS; absolute form is already reduced
                            ///< to origin form)
  std::string_view path;    ///< target up to '?'
  std::string_view query;   ///< behind '?', empty when none
  std::string_view scheme = "http";  ///< of the connection it came on, whatever its target says; static text
  std::string_view authority;  ///< the Host field, or the absolute form's authority, which wins (RFC 9112 §3.2.2)
  std::string_view protocol = "1.1";  ///< received-protocol of Via (RFC 9110 §7.6.3): "1.0" or "1.1"; static text
  bool expect_continue = false;
  BodyLength body;
  Fields fields;
  std::string own_target;  ///< holds `target` where that stands nowhere in the buffer ("http://host?x" is "/?x")
};

/// A response's head as a backend sent it; the same lifetime.
struct ResponseHead {
  int status = 0;
  std::string_view reason;
  std::string_view protocol = "1.1";  ///< as in RequestHead
  BodyLength body;
  Fields fields;
};

/// A response's head on its way out, without framing: that is the connection's. The views are used during the call
/// only.
struct ResponseStart {
  int status = 200;
  FieldBlockView fields;
  FieldBlockView more_fields;  ///< more of them, for what differs per request beside a stored head
  /// none(): for 204 and 304. For an answer to HEAD the length is announced and no body sent.
  BodyLength body;
};

/// Bounds of one request to a backend, in milliseconds, in place of those of its connection (see ClientLimits).
struct RequestTimeouts {
  int64_t connect_ms = 2'000;
  int64_t head_ms = 15'000;       ///< from the request's last byte to the response head's last
  int64_t body_idle_ms = 30'000;  ///< between two pieces of the response's body
  bool operator==(const RequestTimeouts&) const = default;
};

/// A request's head on its way to a backend, without framing and hop-by-hop fields. Views as above.
struct RequestStart {
  std::string_view method = "GET";
  std::string_view target = "/";
  FieldBlockView fields;  ///< Host among them
  FieldBlockView more_fields;
  BodyLength body;
  bool head_only = false;                     ///< the answer has no body whatever its head says (HEAD)
  const RequestTimeouts* timeouts = nullptr;  ///< null: the connection's
};

/// "OK" for 200 and so on; "Unknown" for what IANA has not registered.
std::string_view reason_phrase(int status);

/// The fields of one message that belong to its connection and are never forwarded (RFC 9110 §7.6.1): Connection and
/// those it names, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, and Content-Length, which the
/// connection writes itself. Connection is read once; holds views of `fields`, which outlives it.
class HopByHopFields {
 public:
  explicit HopByHopFields(const Fields& fields);

  bool contains(const Field& field) const { return is_always_hop_by_hop(field.id) || names(field); }
  /// True if Connection lists the field.
  bool names(const Field& field) const { return option_count_ > 0 && is_listed(field.name); }
  static bool is_always_hop_by_hop(FieldId id);

 private:
  static constexpr size_t kMaxOptions = 8;  ///< of Connection that are kept; with more it is read again for each field
  bool is_listed(std::string_view name) const;

  const Fields& fields_;
  size_t option_count_ = 0;
  std::array<std::string_view, kMaxOptions> options_;
};

}  // namespace roost::http
