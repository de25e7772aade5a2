#include "api/accounts/login_limit.h"

#include <algorithm>

namespace roost::api {
namespace {

constexpr int64_t kMostExcess = 5;  // the fifth delay is the longest
static_assert(LoginLimit::kFirstDelayMs << (kMostExcess - 1) == LoginLimit::kMostDelayMs);

int64_t delay_ms(int64_t excess) {
  return excess == 0 ? 0 : LoginLimit::kFirstDelayMs << (std::min(excess, kMostExcess) - 1);
}

}  // namespace

std::string LoginLimit::pair_of(std::string_view account, const ClientAddress& address) {
  return std::string(address.key()).append(account);
}

int64_t LoginLimit::attempt_at(std::string_view account, const ClientAddress& address, int64_t now_ms) {
  const int64_t of_all = by_account_.excess(account, kMostExcess, now_ms);
  const std::string pair = pair_of(account, address);
  const int64_t* known_until_ms = known_until_ms_.find(pair);
  const bool is_known = known_until_ms != nullptr && *known_until_ms > now_ms;
  return delay_ms(is_known ? by_pair_.excess(pair, kMostExcess, now_ms) : of_all);
}

void LoginLimit::succeeded(std::string_view account, const ClientAddress& address, int64_t now_ms) {
  forgive(account, address);
  known_until_ms_.at(pair_of(account, address), now_ms) = now_ms + kKnownMs;
}

void LoginLimit::forgive(std::string_view account, const ClientAddress& address) {
  by_address_.forgive(address.key());
  if (account.empty()) return;
  by_account_.forgive(account);
  by_pair_.forgive(pair_of(account, address));
}

}  // namespace roost::api
