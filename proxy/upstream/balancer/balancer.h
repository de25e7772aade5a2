#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace roost::proxy {

/// What a policy sees of a backend that may take the request.
struct Candidate {
  uint32_t load = 0;      ///< requests in flight, of all threads, and a charge for each that failed lately
  uint32_t weight = 1;    ///< at least 1; a backend of weight 2 gets twice the requests of one of weight 1
  uint64_t identity = 0;  ///< the same for the same backend in every process and after every restart
};

/// The other inputs of a choice.
struct Draw {
  uint64_t random = 0;    ///< uniformly distributed, new for each choice
  uint64_t key_hash = 0;  ///< of the request's target: equal for requests that consistent hashing keeps together
};

/// Chooses the backend of a request. Stateless, round robin's counter aside. Any thread, several at once.
class BalancerPolicy {
 public:
  virtual ~BalancerPolicy() = default;
  /// An index into `candidates`, which is never empty.
  virtual size_t choose(std::span<const Candidate> candidates, const Draw& draw) = 0;
  virtual std::string_view name() const = 0;
};

enum class Balance : uint8_t { least_connections, round_robin, two_choices, consistent_hash };

/// "least_connections" and so on, as the configuration spells them.
std::string_view balance_name(Balance balance);
std::optional<Balance> parse_balance(std::string_view name);

}  // namespace roost::proxy
