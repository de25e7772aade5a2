#include "proxy/upstream/backend_watch.h"

#include <algorithm>
#include <utility>

#include "common/base/backoff.h"
#include "common/net/timer.h"
#include "proxy/upstream/backend_care.h"

namespace roost::proxy {

namespace {

constexpr Backoff kResolveBackoff{1'000, 5'000, 75, 125};

std::string list_addresses(const std::vector<net::Address>& addresses) {
  std::string text;
  for (const net::Address& address : addresses) text += (text.empty() ? "" : ", ") + address.to_string();
  return text;
}

}  // namespace

/// One host: the lookups of its name, and the care for its backends.
///
///     written address → nothing to look up; else looking up ⇄ waiting (period, or back-off after a failure)
class BackendWatch::Watched {
 public:
  Watched(BackendWatch& watch, std::shared_ptr<BackendHost> host)
      : watch_(watch),
        host_(std::move(host)),
        lookup_timer_(net::Timer::of<&Watched::look_up>(watch.loop_.timers(), this)) {}

  const BackendHost& host() const { return *host_; }
  void start();
  /// False when the backend is not one of this host.
  bool look_at(const Backend& backend);

 private:
  void look_up();
  void on_resolved(Result<std::vector<net::Address>> addresses);
  bool set_addresses(const std::vector<net::Address>& addresses);
  void tell(Backend* backend, const std::string& text, bool bad) { watch_.on_news_({*host_, backend, text, bad}); }

  BackendWatch& watch_;
  std::shared_ptr<BackendHost> host_;
  std::vector<std::unique_ptr<BackendCare>> cares_;  // by the index of their backend
  net::Timer lookup_timer_;
  std::unique_ptr<net::Resolver::Lookup> lookup_;
  uint32_t lookup_failures_ = 0;
};

void BackendWatch::Watched::start() {
  auto written = net::Address::parse(host_->host().to_string());
  if (!written) return look_up();
  set_addresses({*written});
}

void BackendWatch::Watched::look_up() {
  lookup_ = watch_.resolver_.resolve(
      host_->host(), [this](Result<std::vector<net::Address>> addresses) { on_resolved(std::move(addresses)); });
}

void BackendWatch::Watched::on_resolved(Result<std::vector<net::Address>> addresses) {
  if (!addresses) {
    if (++lookup_failures_ == 1) {
      const bool known = host_->resolved();
      tell(nullptr, addresses.error().what + (known ? "; keeping its last addresses" : "; retrying"), true);
    }
    return lookup_timer_.start_ms(kResolveBackoff.delay_ms(lookup_failures_, watch_.random_.next()));
  }
  if (set_addresses(*addresses)) tell(nullptr, "resolved to " + list_addresses(*addresses), false);
  lookup_failures_ = 0;
  lookup_timer_.start_ms(watch_.options_.resolve_period_ms);
}

bool BackendWatch::Watched::set_addresses(const std::vector<net::Address>& addresses) {
  const bool changed = host_->set_addresses(addresses);
  while (cares_.size() < host_->count()) {
    Backend& backend = host_->at(cares_.size());
    const auto on_news = [this, of = &backend](const std::string& text, bool bad) { tell(of, text, bad); };
    cares_.push_back(std::make_unique<BackendCare>(watch_.loop_, watch_.connector_, watch_.random_, backend, on_news));
    backend.set_observer(&watch_);
  }
  for (const auto& care : cares_) care->look_at_address();
  return changed;
}

bool BackendWatch::Watched::look_at(const Backend& backend) {
  for (const auto& care : cares_) {
    if (&care->backend() != &backend) continue;
    care->look();
    return true;
  }
  return false;
}

BackendWatch::BackendWatch(net::EventLoop& loop, net::Resolver& resolver, Connector& connector,
                           const BackendWatchOptions& options, OnNews on_news)
    : loop_(loop),
      resolver_(resolver),
      connector_(connector),
      options_(options),
      on_news_(std::move(on_news)),
      random_(options.seed) {}

BackendWatch::~BackendWatch() = default;

void BackendWatch::watch(const std::vector<std::shared_ptr<BackendHost>>& hosts) {
  std::vector<std::unique_ptr<Watched>> before;
  before.swap(watched_);
  for (const auto& host : hosts) {
    const auto known = std::find_if(before.begin(), before.end(), [&](const auto& watched) {
      return watched != nullptr && &watched->host() == host.get();
    });
    if (known != before.end()) {
      watched_.push_back(std::move(*known));
    } else {
      watched_.push_back(std::make_unique<Watched>(*this, host));
      watched_.back()->start();
    }
  }
}

void BackendWatch::on_backend_changed(Backend& backend) {
  // Looked up on the loop's thread: the backend may not be watched any more by then, or not exist.
  loop_.post([this, changed = &backend] {
    for (const auto& watched : watched_) {
      if (watched->look_at(*changed)) return;
    }
  });
}

}  // namespace roost::proxy
