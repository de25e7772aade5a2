#include "api/tweet_module.h"

#include <vector>

namespace roost::api {
namespace {

std::vector<net::HostPort> proxies_of(const Config& config) {
  std::vector<net::HostPort> proxies;
  for (const std::string& text : config.proxies) proxies.push_back(*net::HostPort::parse(text));  // checked when read
  return proxies;
}

ClientLimit::Options like_options(const Config& config) {
  return {.requests = config.likes_per_address,
          .window_ms = config.likes_window_ms,
          .trusted = network_set(config.trusted_proxies)};
}

constexpr observe::MetricInfo kLikesLimited{"roost_likes_limited_total", "Likes answered 429: too many of an address."};

}  // namespace

TweetModule::TweetModule(const WorkerContext& context, observe::MetricScope& scope, Storage& storage,
                         const Authentication& authentication, batcher::Batcher& batcher)
    : revalidator_(context.loop, context.config.admin_token, context.events),
      proxies_(context.loop, proxies_of(context.config), {}, context.events,
               [this](const std::vector<net::Address>& addresses) { revalidator_.use(addresses); }),
      store_(storage.database(), storage.cache(), batcher, [this](int64_t id) { revalidator_.tweet_written(id); }),
      tweets_(store_, authentication, context.clock, context.events),
      like_limit_(like_options(context.config)),
      likes_({store_, batcher, like_limit_, scope.counter(kLikesLimited), context.clock, context.events}) {}

void TweetModule::add_to(Router& router) {
  tweets_.add_to(router);
  likes_.add_to(router);
}

void TweetModule::on_likes_applied(std::span<const int64_t> ids) {
  store_.on_likes_applied(ids);
  revalidator_.tweets_changed(ids);
}

}  // namespace roost::api
