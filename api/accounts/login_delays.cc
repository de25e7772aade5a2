#include "api/accounts/login_delays.h"

#include <algorithm>
#include <utility>

namespace roost::api {

struct LoginDelays::Waiting {
  Waiting(LoginDelays& delays, std::string_view of, const ClientAddress& from, Task what)
      : owner(delays),
        account(of),
        address(from),
        then(std::move(what)),
        timer(net::Timer::of<&Waiting::on_due>(delays.timers_, this)) {}
  void on_due() { owner.end(this); }

  LoginDelays& owner;
  const std::string account;
  const ClientAddress address;
  Task then;
  net::Timer timer;
};

LoginDelays::LoginDelays(net::TimerQueue& timers) : timers_(timers) {}

LoginDelays::~LoginDelays() = default;

bool LoginDelays::has_room(std::string_view account, const ClientAddress& address) const {
  if (waiting_.size() >= kMax) return false;
  size_t of_account = 0;
  for (const auto& other : waiting_) {
    if (other->account != account) continue;
    if (other->address == address || ++of_account == kMaxPerAccount) return false;
  }
  return true;
}

bool LoginDelays::hold(std::string_view account, const ClientAddress& address, int64_t delay_ms, Task&& then) {
  if (!has_room(account, address)) return false;
  waiting_.push_back(std::make_unique<Waiting>(*this, account, address, std::move(then)));
  waiting_.back()->timer.start_ms(delay_ms);
  return true;
}

void LoginDelays::end(const Waiting* waiting) {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& other) { return other.get() == waiting; });
  const std::unique_ptr<Waiting> ended = std::move(*found);
  waiting_.erase(found);
  ended->then();
}

}  // namespace roost::api
