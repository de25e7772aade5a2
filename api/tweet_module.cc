#include "api/tweet_module.h"

#include <vector>

namespace roost::api {
namespace {

std::vector<net::Address> proxy_addresses(const Config& config) {
  std::vector<net::Address> proxies;
  for (const std::string& text : config.proxies) proxies.push_back(*net::Address::parse(text));  // checked when read
  return proxies;
}

}  // namespace

TweetModule::TweetModule(const WorkerContext& context, Storage& storage, const Authentication& authentication,
                         batcher::Batcher& batcher)
    : revalidator_(context.loop, proxy_addresses(context.config), context.events),
      store_(storage.database(), storage.cache(), batcher),
      tweets_(store_, authentication, context.clock, context.events),
      likes_(store_, batcher, context.clock, context.events) {}

void TweetModule::add_to(Router& router) {
  tweets_.add_to(router);
  likes_.add_to(router);
}

void TweetModule::on_likes_applied(std::span<const int64_t> ids) {
  store_.on_likes_applied(ids);
  revalidator_.tweets_changed(ids);
}

}  // namespace roost::api
