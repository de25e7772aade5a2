#include "proxy/upstream/backend_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/backoff.h"
#include "common/net/tcp_stream.h"
#include "common/net/timer.h"
#include "proxy/upstream/backend_upkeep.h"

namespace roost::proxy {

namespace {

// A restarted backend is found within half a second.
constexpr Backoff kProbeBackoff{100, 500, 75, 125};
constexpr Backoff kResolveBackoff{1'000, 5'000, 75, 125};

std::string list_addresses(const Backend::AddressList& addresses) {
  std::string text;
  for (const net::Address& address : addresses) text += (text.empty() ? "" : ", ") + address.to_string();
  return text;
}

}  // namespace

/// One backend: a timer for its name and a timer for its probe.
///
///     name:   written address → nothing to do; else looking up ⇄ waiting (period, or back-off after a failure)
///     probe:  idle → waiting (back-off) ⇄ connecting (with time-out) → idle when it connects or is up again
class BackendWatch::Watched final : public net::StreamReceiver {
 public:
  Watched(BackendWatch& watch, std::shared_ptr<Backend> backend)
      : watch_(watch),
        owned_(std::move(backend)),
        backend_(*owned_),
        upkeep_(watch.loop_, backend_, [this](const std::string& news, bool bad) { tell(news, bad); }),
        lookup_timer_(net::Timer::of<&Watched::look_up>(watch.loop_.timers(), this)),
        probe_timer_(net::Timer::of<&Watched::on_probe_timer>(watch.loop_.timers(), this)) {}

  ~Watched() { backend_.set_observer(nullptr); }

  Backend& backend() const { return backend_; }
  void start();
  /// Something about the backend has changed.
  void look() {
    if (backend_.down()) start_probing();
    upkeep_.look();
  }

 private:
  void tell(const std::string& news, bool bad) { watch_.on_news_(backend_, news, bad); }
  void start_probing();
  void look_up();
  void on_resolved(Result<std::vector<net::Address>> addresses);
  void on_probe_timer();
  void probe_failed();
  void come_up();
  // The probe's stream.
  void on_connected() override;
  void on_data(std::string_view) override {}
  void on_end() override {}
  void on_error(const Error& error) override;

  BackendWatch& watch_;
  std::shared_ptr<Backend> owned_;
  Backend& backend_;
  BackendUpkeep upkeep_;
  net::Timer lookup_timer_;
  net::Timer probe_timer_;
  std::unique_ptr<net::Resolver::Lookup> lookup_;
  net::StreamPtr probe_;  // while connecting
  net::Address probed_;
  uint32_t lookup_failures_ = 0;
  uint32_t probe_failures_ = 0;
};

void BackendWatch::Watched::start() {
  backend_.set_observer(&watch_);
  auto written = net::Address::parse(backend_.host().to_string());
  if (!written) return look_up();
  backend_.set_addresses({*written});
}

void BackendWatch::Watched::look_up() {
  lookup_ = watch_.resolver_.resolve(
      backend_.host(), [this](Result<std::vector<net::Address>> addresses) { on_resolved(std::move(addresses)); });
}

void BackendWatch::Watched::on_resolved(Result<std::vector<net::Address>> addresses) {
  if (!addresses) {
    if (++lookup_failures_ == 1) {
      const bool known = backend_.resolved();
      tell(addresses.error().what + (known ? "; keeping its last addresses" : "; retrying"), true);
    }
    return lookup_timer_.start_ms(kResolveBackoff.delay_ms(lookup_failures_, watch_.random_.next()));
  }
  const std::string text = list_addresses(*addresses);
  if (backend_.set_addresses(std::move(*addresses))) tell("resolved to " + text, false);
  lookup_failures_ = 0;
  lookup_timer_.start_ms(watch_.options_.resolve_period_ms);
}

void BackendWatch::Watched::start_probing() {
  if (probe_ || probe_timer_.active()) return;
  tell("down: no address accepts connections; probing in the background", true);
  probe_failures_ = 1;
  probe_timer_.start_ms(kProbeBackoff.delay_ms(probe_failures_, watch_.random_.next()));
}

void BackendWatch::Watched::on_probe_timer() {
  if (probe_) return probe_failed();  // its time is over
  if (!backend_.down()) return come_up();
  probed_ = backend_.current_address();
  probe_ = net::TcpStream::connect(watch_.loop_, probed_);
  probe_->set_receiver(this);
  probe_timer_.start_ms(watch_.options_.probe_timeout_ms);
}

void BackendWatch::Watched::probe_failed() {
  probe_.reset();
  backend_.report_connect_failure(probed_);
  probe_timer_.start_ms(kProbeBackoff.delay_ms(++probe_failures_, watch_.random_.next()));
}

void BackendWatch::Watched::on_connected() {
  probe_.reset();
  probe_timer_.stop();
  backend_.report_connected();
  come_up();
}

void BackendWatch::Watched::come_up() {
  if (backend_.health().slow_start_ms > 0) upkeep_.begin_slow_start(backend_.health().slow_start_ms);
  tell("up: accepts connections again", false);
}

void BackendWatch::Watched::on_error(const Error&) {
  probe_failed();
}

BackendWatch::BackendWatch(net::EventLoop& loop, net::Resolver& resolver, const BackendWatchOptions& options,
                           OnNews on_news)
    : loop_(loop), resolver_(resolver), options_(options), on_news_(std::move(on_news)), random_(options.seed) {}

BackendWatch::~BackendWatch() = default;

void BackendWatch::watch(const std::vector<std::shared_ptr<Backend>>& backends) {
  std::vector<std::unique_ptr<Watched>> before;
  before.swap(watched_);
  for (const auto& backend : backends) {
    const auto known = std::find_if(before.begin(), before.end(), [&](const auto& watched) {
      return watched != nullptr && &watched->backend() == backend.get();
    });
    if (known != before.end()) {
      watched_.push_back(std::move(*known));
    } else {
      watched_.push_back(std::make_unique<Watched>(*this, backend));
      watched_.back()->start();
    }
  }
}

void BackendWatch::on_backend_changed(Backend& backend) {
  // Looked up on the loop's thread: the backend may not be watched any more by then, or not exist.
  loop_.post([this, changed = &backend] {
    for (const auto& watched : watched_) {
      if (&watched->backend() == changed) watched->look();
    }
  });
}

}  // namespace roost::proxy
