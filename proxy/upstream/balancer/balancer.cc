#include "proxy/upstream/balancer/balancer.h"

#include <array>

namespace roost::proxy {

namespace {
constexpr std::array<std::string_view, 4> kNames = {"least_connections", "round_robin", "two_choices",
                                                    "consistent_hash"};
}  // namespace

std::string_view balance_name(Balance balance) {
  return kNames[static_cast<size_t>(balance)];
}

std::optional<Balance> parse_balance(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Balance>(i);
  }
  return std::nullopt;
}

}  // namespace roost::proxy
