#include "api/notify/proxy_names.h"

#include <algorithm>
#include <utility>

namespace roost::api {
namespace {

void add_each(std::vector<net::Address>& all, const std::vector<net::Address>& more) {
  for (const net::Address& address : more) {
    if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
  }
}

}  // namespace

/// One name, and the look-up or the pause that it is in.
class ProxyNames::Name {
 public:
  Name(ProxyNames& owner, net::HostPort host)
      : owner_(owner), host_(std::move(host)), timer_(net::Timer::of<&Name::look_up>(owner.loop_.timers(), this)) {
    look_up();
  }
  const std::vector<net::Address>& addresses() const { return addresses_; }

 private:
  void look_up() {
    lookup_ = owner_.resolver_.resolve(host_, [this](Result<std::vector<net::Address>> found) { on_found(found); });
  }
  void on_found(Result<std::vector<net::Address>>& found) {
    if (!found && !failed_) {
      owner_.events_.warning("proxy not resolved", {{"proxy", host_.to_string()}, {"why", found.error().what}});
    }
    failed_ = !found;
    if (found) addresses_ = std::move(*found);
    timer_.start_ms(addresses_.empty() ? owner_.options_.retry_ms : owner_.options_.period_ms);
    if (!failed_) owner_.tell();
  }

  ProxyNames& owner_;
  const net::HostPort host_;
  net::Timer timer_;
  std::unique_ptr<net::Resolver::Lookup> lookup_;
  std::vector<net::Address> addresses_;
  bool failed_ = false;
};

ProxyNames::ProxyNames(net::EventLoop& loop, const std::vector<net::HostPort>& proxies, Options options,
                       observe::EventLog& events, OnAddresses on_addresses)
    : options_(std::move(options)),
      loop_(loop),
      resolver_(loop, options_.hosts_file),
      events_(events),
      on_addresses_(std::move(on_addresses)) {
  for (const net::HostPort& proxy : proxies) {
    if (const auto address = net::Address::parse_or_localhost(proxy.to_string())) {
      add_each(fixed_, {*address});
    } else {
      names_.push_back(std::make_unique<Name>(*this, proxy));
    }
  }
  told_ = fixed_;
  on_addresses_(told_);
}

ProxyNames::~ProxyNames() = default;

void ProxyNames::tell() {
  std::vector<net::Address> all = fixed_;
  for (const auto& name : names_) add_each(all, name->addresses());
  const auto known = [&](const net::Address& address) {
    return std::find(told_.begin(), told_.end(), address) != told_.end();
  };
  if (all.size() == told_.size() && std::all_of(all.begin(), all.end(), known)) return;
  told_ = std::move(all);
  on_addresses_(told_);
}

}  // namespace roost::api
