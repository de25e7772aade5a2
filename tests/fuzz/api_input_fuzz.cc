// What the API reads by hand of a request: forms, JSON bodies, e-mail addresses, media types, forwarded addresses,
// tokens. Whatever is let through is within its limits.

#include <cstdint>
#include <string>

#include "api/accounts/account_input.h"
#include "api/accounts/tokens.h"
#include "api/db/words.h"
#include "api/http/client_address.h"
#include "api/http/request_input.h"
#include "api/http/text.h"
#include "common/base/check.h"

using namespace roost;
using namespace roost::api;

namespace {

void check(const std::string& text, size_t least, size_t most) {
  const auto characters = count_characters(text);
  ROOST_CHECK(characters && *characters >= least && *characters <= most);
  ROOST_CHECK(!has_control_characters(text, false));
}

void read_bodies(const Request& request) {
  if (const auto account = read_new_account(request)) {
    check(account->username, kLeastUsername, kMostUsername);
    check(account->password, kLeastPassword, kMostPassword);
    check(account->display_name, 1, kMostDisplayName);
    check(account->bio, 0, kMostBio);
    ROOST_CHECK(account->email.size() <= kMaxEmailBytes && is_email_shaped(account->email));
  }
  if (const auto credentials = read_credentials(request)) {
    check(credentials->name, 1, kMaxEmailBytes);
    check(credentials->password, 1, kMostPassword);
  }
  if (const auto content = read_content(request, 280)) ROOST_CHECK(*count_characters(*content) <= 280);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const net::NetworkSet kTrusted = [] {
    net::NetworkSet set;
    ROOST_CHECK(set.add("127.0.0.0/8"));
    return set;
  }();
  static const Tokens kTokens(std::string(Tokens::kKeyBytes, 'k'), 1000);
  const std::string text(reinterpret_cast<const char*>(data), size);
  Request request;
  request.client = *net::Address::parse("127.0.0.1:1");
  request.body = text;
  for (const char* type : {"application/json", "application/x-www-form-urlencoded"}) {
    request.content_type = type;
    read_bodies(request);
  }
  request.content_type = text.substr(0, text.find('\n'));
  read_bodies(request);
  request.forwarded_for = text;
  ROOST_CHECK(!client_address(request, kTrusted).to_string().empty());
  request.query_text = text;
  (void)read_range(request);
  if (const auto query = read_parameter(request, "q", 200)) ROOST_CHECK(extract_words(*query).size() <= query->size());
  (void)is_email_shaped(text);
  ROOST_CHECK(!kTokens.user_of(text, 0));  // nobody guesses the key
  return 0;
}
