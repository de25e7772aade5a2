#include "api/notify/revalidator.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "api/http/cache_groups.h"
#include "api/notify/revalidation_queue.h"
#include "common/base/backoff.h"
#include "common/http/client.h"
#include "common/net/timer.h"

namespace roost::api {

/// One proxy: its pending revalidations, and the request that sends them.
///
///   state    meaning                             leaves for
///   idle     nothing may be sent at present      sending
///   sending  a request is under way              idle, pausing
///   pausing  after a failure, until the timer    idle
class Revalidator::Proxy final : private http::ResponseReceiver {
 public:
  Proxy(net::EventLoop& loop, const net::Address& address, const std::string& token, observe::EventLog& events)
      : loop_(loop),
        address_(address),
        fields_{{"Host", address.to_string()}},
        events_(events),
        queue_({kSpacingMs, kMaxAgeMs, kMaxPending}),
        timer_(net::Timer::of<&Proxy::on_timer>(loop.timers(), this)) {
    if (!token.empty()) fields_.add("Authorization", {"Bearer ", token});
  }
  ~Proxy() { drop_connection(); }

  void add(int64_t id) { queue_.add(id, loop_.now_ms()); }
  void go_on();
  const net::Address& address() const { return address_; }
  void add_to(Stats& stats) const {
    stats.sent += sent_;
    stats.failures += failures_;
    stats.coalesced += queue_.stats().coalesced;
    stats.lost += queue_.stats().lost;
  }

 private:
  enum class State : uint8_t { idle, sending, pausing };
  static constexpr Backoff kBackoff{100, 5'000, 100, 100};
  static constexpr int64_t kTimeoutMs = 5'000;

  void send();
  void fail(std::string_view why);
  void on_timer();
  void drop_connection() {
    if (connection_) loop_.retire(std::move(connection_));
  }
  void on_response_head(const http::ResponseHead& head) override { status_ = head.status; }
  void on_response_body(std::string_view) override {}
  void on_response_end() override;
  void on_exchange_failed(const Error& error, http::Progress) override { fail(error.what); }

  net::EventLoop& loop_;
  const net::Address address_;
  http::FieldBlock fields_;
  observe::EventLog& events_;
  RevalidationQueue queue_;
  net::Timer timer_;
  std::unique_ptr<http::ClientConnection> connection_;
  std::vector<RevalidationQueue::Entry> sending_;
  State state_ = State::idle;
  int status_ = 0;
  int failures_in_a_row_ = 0;
  uint64_t sent_ = 0;
  uint64_t failures_ = 0;
};

void Revalidator::Proxy::go_on() {
  if (state_ != State::idle) return;
  sending_ = queue_.take(kMaxTagsPerRequest, loop_.now_ms());
  if (!sending_.empty()) return send();
  const int64_t next_ms = queue_.next_ms();
  if (next_ms >= 0) timer_.start_ms(std::max<int64_t>(1, next_ms - loop_.now_ms()));
}

void Revalidator::Proxy::send() {
  state_ = State::sending;
  status_ = 0;
  timer_.stop();
  std::string target = "/purge?soft=1&tags=";
  for (const auto& entry : sending_) {
    target.append(entry.id == kLists ? std::string(kListTag) : tweet_tag(entry.id)).push_back(',');
  }
  target.pop_back();
  http::RequestStart start;
  start.method = "POST";
  start.target = target;
  start.fields = fields_;
  start.body = http::BodyLength::known(0);
  http::ClientLimits limits;
  limits.connect_timeout_ms = limits.head_timeout_ms = kTimeoutMs;
  connection_ = http::ClientConnection::connect(loop_, address_, limits);
  connection_->begin(start, {}, this);
}

void Revalidator::Proxy::on_response_end() {
  if (status_ != 200) return fail(fmt::format("answered {}", status_));
  drop_connection();
  if (failures_in_a_row_ > 0) events_.info("proxy reached again", {{"proxy", address_.to_string()}});
  failures_in_a_row_ = 0;
  sent_ += sending_.size();
  sending_.clear();
  state_ = State::idle;
  go_on();
}

void Revalidator::Proxy::fail(std::string_view why) {
  drop_connection();
  ++failures_;
  if (++failures_in_a_row_ == 1) {
    events_.warning("proxy not reached", {{"proxy", address_.to_string()}, {"why", why}});
  }
  queue_.give_back(sending_);
  sending_.clear();
  state_ = State::pausing;
  timer_.start_ms(kBackoff.delay_ms(failures_in_a_row_, 0));
}

void Revalidator::Proxy::on_timer() {
  state_ = State::idle;
  go_on();
}

Revalidator::Revalidator(net::EventLoop& loop, std::string token, observe::EventLog& events)
    : loop_(loop), token_(std::move(token)), events_(events) {}

Revalidator::~Revalidator() = default;

void Revalidator::use(const std::vector<net::Address>& proxies) {
  std::vector<std::unique_ptr<Proxy>> next;
  for (const net::Address& address : proxies) {
    const auto known = std::find_if(proxies_.begin(), proxies_.end(),
                                    [&](const auto& proxy) { return proxy != nullptr && proxy->address() == address; });
    next.push_back(known != proxies_.end() ? std::move(*known)
                                           : std::make_unique<Proxy>(loop_, address, token_, events_));
  }
  for (const auto& proxy : proxies_) {
    if (proxy != nullptr) proxy->add_to(gone_);
  }
  proxies_ = std::move(next);
}

void Revalidator::tweets_changed(std::span<const int64_t> ids) {
  for (const auto& proxy : proxies_) {
    for (const int64_t id : ids) proxy->add(id);
    proxy->go_on();
  }
}

void Revalidator::tweet_written(int64_t id) {
  const std::array<int64_t, 2> ids{id, kLists};
  tweets_changed(ids);
}

Revalidator::Stats Revalidator::stats() const {
  Stats stats = gone_;
  for (const auto& proxy : proxies_) proxy->add_to(stats);
  return stats;
}

}  // namespace roost::api
