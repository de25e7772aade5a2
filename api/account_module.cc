#include "api/account_module.h"

#include <utility>

namespace roost::api {
namespace {

Passwords::Options password_options(const WorkerContext& context) {
  return {.operations = static_cast<uint64_t>(context.config.password_operations),
          .memory_bytes = static_cast<size_t>(context.config.password_memory_bytes),
          .deliver = [&loop = context.loop](Task task) { loop.post(std::move(task)); }};
}

LoginLimit::Options limit_options(const Config& config) {
  return {.attempts_per_account = config.login_attempts,
          .attempts_per_address = config.login_attempts_per_address,
          .window_ms = config.login_window_ms};
}

ClientLimit::Options registration_options(const Config& config) {
  return {.requests = config.registrations_per_address,
          .window_ms = config.registration_window_ms,
          .trusted = network_set(config.trusted_proxies)};
}

}  // namespace

Result<std::unique_ptr<AccountModule>> AccountModule::open(const WorkerContext& context, observe::MetricScope& scope,
                                                           Storage& storage) {
  auto tokens = Tokens::open(context.config.token_key_path(), context.config.token_ttl_ms);
  if (!tokens) return tl::unexpected<Error>(tokens.error());
  return std::unique_ptr<AccountModule>(new AccountModule(context, scope, storage, std::move(*tokens)));
}

AccountModule::AccountModule(const WorkerContext& context, observe::MetricScope& scope, Storage& storage, Tokens tokens)
    : tokens_(std::move(tokens)),
      passwords_(password_options(context)),
      login_limit_(limit_options(context.config)),
      login_delays_(context.loop.timers()),
      registrations_(registration_options(context.config)),
      metrics_(scope),
      trusted_proxies_(network_set(context.config.trusted_proxies)),
      users_(storage.database(), storage.cache()),
      authentication_(tokens_, users_, context.clock, context.events),
      accounts_({users_, authentication_, passwords_, tokens_, login_limit_, login_delays_, registrations_, metrics_,
                 trusted_proxies_, context.clock, context.events}),
      follows_(users_, authentication_, context.events),
      people_(users_, context.clock, context.events) {}

void AccountModule::add_to(Router& router) {
  accounts_.add_to(router);
  follows_.add_to(router);
  people_.add_to(router);
}

}  // namespace roost::api
