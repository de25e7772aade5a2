#include "proxy/exchange/error_page.h"

#include <algorithm>
#include <charconv>

#include "common/http/fields.h"

namespace roost::proxy {

namespace {

constexpr std::string_view kStandardPage = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{status} {title}</title>
<style>
:root { --back: #f7f7f5; --text: #1d1f21; --soft: #5d6166; --line: #d9dadc; }
@media (prefers-color-scheme: dark) {
  :root { --back: #17191b; --text: #e7e8e9; --soft: #a0a5aa; --line: #35393d; }
}
* { margin: 0; box-sizing: border-box; }
body {
  min-height: 100vh; display: grid; place-items: center; padding: 2rem;
  background: var(--back); color: var(--text); font: 1rem/1.6 system-ui, sans-serif;
}
main { max-width: 32rem; }
.status { color: var(--soft); font-size: .95rem; letter-spacing: .08em; font-variant-numeric: tabular-nums; }
h1 { margin: .2rem 0 .8rem; font-size: 1.9rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; }
.id {
  margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: .85rem; overflow-wrap: anywhere;
}
code { font-family: ui-monospace, monospace; user-select: all; }
</style>
</head>
<body>
<main>
<p class="status">{status}</p>
<h1>{title}</h1>
<p>{detail}</p>
<p class="id">Request <code>{request_id}</code></p>
</main>
</body>
</html>
)";

void append_escaped(std::string& to, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<':
        to += "&lt;";
        break;
      case '>':
        to += "&gt;";
        break;
      case '&':
        to += "&amp;";
        break;
      case '"':
        to += "&quot;";
        break;
      case '\'':
        to += "&#39;";
        break;
      default:
        to += c;
    }
  }
}

/// The weight of an element of Accept, in thousandths: "text/html;q=0.8" is 800.
int weight_of(std::string_view parameters) {
  for (size_t at = 0; (at = parameters.find(';', at)) != std::string_view::npos;) {
    at = parameters.find_first_not_of(" \t", at + 1);
    if (at == std::string_view::npos) break;
    const std::string_view rest = parameters.substr(at);
    if (rest.size() < 3 || (rest[0] | 0x20) != 'q' || rest[1] != '=') continue;
    double weight = 0;
    const auto [end, error] = std::from_chars(rest.data() + 2, rest.data() + rest.size(), weight);
    return error == std::errc() ? static_cast<int>(std::clamp(weight, 0.0, 1.0) * 1'000) : 0;
  }
  return 1'000;
}

bool is_json(std::string_view type) {
  if (!http::equals_ignore_case(type.substr(0, 12), "application/")) return false;
  const std::string_view subtype = type.substr(12);
  return http::equals_ignore_case(subtype, "json") ||
         (subtype.size() > 5 && http::equals_ignore_case(subtype.substr(subtype.size() - 5), "+json"));
}

}  // namespace

std::string_view standard_page() {
  return kStandardPage;
}

std::string render_page(std::string_view page, const PageText& text) {
  std::string out;
  out.reserve(page.size() + text.detail.size() + 256);
  while (!page.empty()) {
    const size_t brace = std::min(page.find('{'), page.size());
    out.append(page.substr(0, brace));
    page.remove_prefix(brace);
    const auto take = [&page](std::string_view name) {
      const bool found = page.starts_with(name);
      if (found) page.remove_prefix(name.size());
      return found;
    };
    if (take("{status}")) {
      out.append(std::to_string(text.status));
    } else if (take("{title}")) {
      append_escaped(out, text.title);
    } else if (take("{detail}")) {
      append_escaped(out, text.detail);
    } else if (take("{request_id}")) {
      append_escaped(out, text.request_id);
    } else if (!page.empty()) {
      out.push_back(page.front());
      page.remove_prefix(1);
    }
  }
  return out;
}

bool prefers_page(std::string_view accept) {
  int page = 0;
  int json = 0;
  http::for_each_list_element(accept, [&](std::string_view element) {
    std::string_view type = element.substr(0, element.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    const bool is_page =
        http::equals_ignore_case(type, "text/html") || http::equals_ignore_case(type, "application/xhtml+xml");
    if (is_page) page = std::max(page, weight_of(element.substr(type.size())));
    if (is_json(type)) json = std::max(json, weight_of(element.substr(type.size())));
  });
  return page > 0 && page >= json;
}

}  // namespace roost::proxy
