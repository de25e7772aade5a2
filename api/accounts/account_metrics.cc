#include "api/accounts/account_metrics.h"

namespace roost::api {
namespace {

using observe::MetricInfo;
constexpr MetricInfo kLimited{"roost_attempts_limited_total",
                              "Requests answered 429: log-ins by address or by account, registrations by address."};
constexpr MetricInfo kDelayed{"roost_logins_delayed_total", "Log-ins delayed after many wrong passwords."};
constexpr MetricInfo kQueue{"roost_password_queue_refusals_total",
                            "Requests answered 503 because too many passwords wait to be hashed."};

}  // namespace

AccountMetrics::AccountMetrics(observe::MetricScope& scope)
    : login_address(scope.counter(kLimited, {{"limit", "login_address"}})),
      login_account(scope.counter(kLimited, {{"limit", "login_account"}})),
      login_delayed(scope.counter(kDelayed)),
      registrations(scope.counter(kLimited, {{"limit", "registration"}})),
      login_queue(scope.counter(kQueue, {{"for", "login"}})),
      register_queue(scope.counter(kQueue, {{"for", "registration"}})) {}

}  // namespace roost::api
