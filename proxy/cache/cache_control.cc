#include "proxy/cache/cache_control.h"

#include <algorithm>

namespace roost::proxy {
namespace {

// delta-seconds: quoted or not, capped; 0 for an invalid number.
int64_t parse_age_s(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.empty()) return 0;
  int64_t age_s = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    age_s = std::min(age_s * 10 + (c - '0'), CacheControl::kMaxAgeS);
  }
  return age_s;
}

void take_smaller(int64_t& into, int64_t value) {
  into = into < 0 ? value : std::min(into, value);
}

void take_larger(int64_t& into, int64_t value) {
  into = std::max(into, value);
}

}  // namespace

void parse_cache_control(std::string_view value, CacheControl& into) {
  http::for_each_list_element(value, [&into](std::string_view directive) {
    const size_t equals = directive.find('=');
    const std::string_view name = directive.substr(0, equals);
    const bool has_argument = equals != std::string_view::npos;
    const std::string_view argument = has_argument ? directive.substr(equals + 1) : std::string_view();
    auto is = [name](std::string_view known) { return http::equals_ignore_case(name, known); };
    // no-cache="field" and private="field" are applied to the whole response, as §5.2.2.4 permits.
    if (is("no-store"))
      into.no_store = true;
    else if (is("no-cache"))
      into.no_cache = true;
    else if (is("private"))
      into.is_private = true;
    else if (is("public"))
      into.is_public = true;
    else if (is("must-revalidate"))
      into.must_revalidate = true;
    else if (is("proxy-revalidate"))
      into.proxy_revalidate = true;
    else if (is("only-if-cached"))
      into.only_if_cached = true;
    else if (is("max-age"))
      take_smaller(into.max_age_s, parse_age_s(argument));
    else if (is("s-maxage"))
      take_smaller(into.s_maxage_s, parse_age_s(argument));
    else if (is("min-fresh"))
      take_larger(into.min_fresh_s, parse_age_s(argument));
    else if (is("max-stale"))
      take_smaller(into.max_stale_s, has_argument ? parse_age_s(argument) : CacheControl::kMaxAgeS);
    else if (is("stale-while-revalidate"))
      take_smaller(into.stale_while_revalidate_s, parse_age_s(argument));
    else if (is("stale-if-error"))
      take_smaller(into.stale_if_error_s, parse_age_s(argument));
  });
}

CacheControl parse_cache_control(const http::Fields& fields) {
  CacheControl control;
  if (fields.has(http::FieldId::cache_control)) {
    for (const http::Field& field : fields) {
      if (field.id == http::FieldId::cache_control) parse_cache_control(field.value, control);
    }
  } else if (fields.has(http::FieldId::pragma)) {
    http::for_each_list_element(fields.value(http::FieldId::pragma), [&control](std::string_view word) {
      control.no_cache |= http::equals_ignore_case(word, "no-cache");
    });
  }
  return control;
}

}  // namespace roost::proxy
