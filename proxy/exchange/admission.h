#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/memory_reserve.h"
#include "common/http/server.h"
#include "proxy/routing/routes.h"
#include "proxy/runtime/loop_context.h"
#include "proxy/runtime/runtime.h"

namespace roost::proxy {

/// Which requests of one loop are let in: within the rates of their client, and, where they need a backend, within what
/// the proxy can do. Counts what it refuses. Loop thread only.
class Admission {
 public:
  /// How to answer what is not let in. Texts are static; `word` is for Cache-Status.
  struct Refusal {
    int status;
    std::string_view sentence;
    std::string_view word;
    int64_t retry_after_s;
  };

  Admission(Runtime& runtime, LoopContext& context);

  /// Takes the request from the buckets of its client: that of all routes, then that of `route`. Only where the Site
  /// has rates.
  std::optional<Refusal> over_rate(const http::Responder& responder, const http::RequestHead& head, const Route& route);
  /// For a request that the cache cannot answer.
  std::optional<Refusal> over_capacity() {
    if (MemoryReserve::is_low()) {
      if (const auto refusal = out_of_memory()) return refusal;
    }
    if (!context_.shedder.is_shedding() && context_.active_requests == nullptr) return std::nullopt;
    return look_at_capacity();
  }

 private:
  std::optional<Refusal> out_of_memory();
  std::optional<Refusal> look_at_capacity();
  std::optional<Refusal> take(uint64_t client, uint32_t rule, const RequestRate& rate);

  Runtime& runtime_;
  LoopContext& context_;
};

}  // namespace roost::proxy
