#include "proxy/upstream/retry.h"

#include <charconv>

namespace roost::proxy {

namespace {

/// 0 when the word is not such a number.
int status_of(std::string_view word) {
  int status = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), status);
  const bool number = error == std::errc() && end == word.data() + word.size();
  return number && status >= RetryOn::kLeastStatus && status <= RetryOn::kMostStatus ? status : 0;
}

}  // namespace

std::string RetryOn::check_word(std::string_view word) {
  if (word == "connect" || word == "reset" || word == "timeout" || word == "ejected") return "";
  if (status_of(word) != 0) return "";
  return "expected \"connect\", \"reset\", \"timeout\", \"ejected\", or a status from \"400\" to \"599\"";
}

Result<RetryOn> RetryOn::parse(const std::vector<std::string>& words) {
  RetryOn parsed{false, false, false, {}};
  for (const std::string& word : words) {
    if (const std::string wrong = check_word(word); !wrong.empty()) {
      return tl::unexpected(Error{"\"" + word + "\": " + wrong});
    }
    parsed.reset |= word == "reset";
    parsed.timeout |= word == "timeout";
    parsed.ejected |= word == "ejected";
    if (const int status = status_of(word)) parsed.statuses.push_back(static_cast<uint16_t>(status));
  }
  return parsed;
}

Again judge_retry(const FailedAttempt& failed, const RetryOn& retry_on) {
  if (failed.response_begun || !failed.body_replayable || failed.attempts >= kMaxAttempts) return Again::no;
  if (!may_have_executed(failed.progress)) {
    return failed.timed_out && failed.attempts >= kMaxSlowAttempts ? Again::no : Again::free;
  }
  if (!failed.idempotent || failed.repeats > 0) return Again::no;
  bool wanted = failed.timed_out ? retry_on.timeout : retry_on.reset;
  if (failed.progress == http::Progress::head_received) wanted = failed.status != 0 && retry_on.has(failed.status);
  wanted |= failed.distrusted && retry_on.ejected;
  return wanted ? Again::from_budget : Again::no;
}

bool may_retry(const FailedAttempt& failed, const RetryOn& retry_on, RetryBudget& budget) {
  const Again again = judge_retry(failed, retry_on);
  return again == Again::free || (again == Again::from_budget && budget.spend());
}

}  // namespace roost::proxy
