#include "api/db/postgres/pg_target.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>
#include <libpq-fe.h>

namespace roost::api {
namespace {

constexpr std::string_view kDefaultPort = "5432";

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

/// Sockets ("/run/postgresql", "@abstract") and addresses need no resolving, nor does an empty name.
bool is_name(const std::string& host) {
  if (host.empty() || host[0] == '/' || host[0] == '@') return false;
  return !net::Address::parse(host + ":1") && !net::Address::parse("[" + host + "]:1");
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& settings, std::string_view keyword) {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const auto& s) { return s.first == keyword; });
  return found == settings.end() ? std::string() : found->second;
}

/// Hosts paired with ports as libpq does: a single port is for all hosts.
std::vector<std::pair<std::string, std::string>> hosts_of(
    const std::vector<std::pair<std::string, std::string>>& settings) {
  const auto hosts = split(value_of(settings, "host"));
  const auto ports = split(value_of(settings, "port"));
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i < hosts.size(); ++i) {
    std::string port = ports.size() == 1 ? ports[0] : i < ports.size() ? ports[i] : std::string();
    pairs.emplace_back(hosts[i], port.empty() ? std::string(kDefaultPort) : std::move(port));
  }
  return pairs;
}

}  // namespace

Result<PgTarget> PgTarget::parse(const std::string& url) {
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://"))
    return fail("expected \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\"");
  char* problem = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &problem);
  PQfreemem(problem);  // it may quote the password
  if (options == nullptr)
    return fail(
        "not a URL that PostgreSQL's library understands: special characters of names and passwords are "
        "written as %XX");
  PgTarget target;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') target.given_.emplace_back(option->keyword, option->val);
  }
  PQconninfoFree(options);
  const auto hosts = hosts_of(target.given_);
  for (const auto& [host, port] : hosts) {
    uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    // Otherwise part of an unescaped password would be taken for a name, and shown.
    if (host.find('@') != std::string::npos || end != port.data() + port.size() || error != std::errc())
      return fail("the host or port is none: special characters of names and passwords are written as %XX");
    if (!target.has("hostaddr") && is_name(host)) target.lookups_.push_back({host, number});
    target.name_ += fmt::format("{}{}:{}", target.name_.empty() ? "" : ",", host, port);
  }
  const std::string database = value_of(target.given_, "dbname");
  if (database.find('@') != std::string::npos)
    return fail("the database's name holds \"@\": special characters of names and passwords are written as %XX");
  target.name_ += "/" + database;
  return target;
}

bool PgTarget::has(std::string_view keyword) const {
  return std::any_of(given_.begin(), given_.end(), [&](const auto& setting) { return setting.first == keyword; });
}

bool PgTarget::has_host_without_lookup() const {
  return lookups_.size() < hosts_of(given_).size();
}

std::vector<PgTarget::Place> PgTarget::places(const std::vector<std::vector<net::Address>>& addresses) const {
  const auto numbers = split(value_of(given_, "hostaddr"));
  std::vector<Place> places;
  size_t lookup = 0;
  for (const auto& [host, port] : hosts_of(given_)) {
    const size_t index = places.size();
    if (has("hostaddr") || addresses.empty() || !is_name(host)) {
      places.push_back({host, index < numbers.size() ? numbers[index] : std::string(), port});
      continue;
    }
    for (const net::Address& address : addresses[lookup]) places.push_back({host, address.host(), port});
    ++lookup;
  }
  return places;
}

std::vector<std::pair<std::string, std::string>> PgTarget::settings(
    const std::vector<std::vector<net::Address>>& addresses, size_t first_host) const {
  std::vector<std::pair<std::string, std::string>> settings = given_;
  const auto add_missing = [&](const char* keyword, const char* value) {
    if (!has(keyword)) settings.emplace_back(keyword, value);
  };
  settings.emplace_back("client_encoding", "UTF8");
  add_missing("application_name", "roost-api");
  add_missing("gssencmode", "disable");  // asking for a ticket may block
  // TCP keepalive, to notice that the server's host is gone while the connection is idle.
  add_missing("keepalives_idle", "30");
  add_missing("keepalives_interval", "10");
  add_missing("keepalives_count", "3");
  add_missing("tcp_user_timeout", "30000");
  std::vector<Place> hosts = places(addresses);
  if (addresses.empty() && hosts.size() < 2) return settings;

  if (!hosts.empty()) {
    const auto middle = hosts.begin() + static_cast<std::ptrdiff_t>(first_host % hosts.size());
    std::rotate(hosts.begin(), middle, hosts.end());
  }
  std::string names;
  std::string numbers;
  std::string ports;
  for (const Place& place : hosts) {
    const char* comma = ports.empty() ? "" : ",";
    names += comma + place.host;
    numbers += comma + place.number;
    ports += comma + place.port;
  }
  std::erase_if(settings,
                [](const auto& s) { return s.first == "host" || s.first == "hostaddr" || s.first == "port"; });
  settings.emplace_back("host", names);
  settings.emplace_back("hostaddr", numbers);
  settings.emplace_back("port", ports);
  return settings;
}

std::string without_password(std::string_view url) {
  const size_t start = url.find("://");
  if (start == std::string_view::npos) return std::string(url);
  std::string shown(url);
  const size_t authority = start + 3;
  const size_t at = shown.substr(0, shown.find('/', authority)).rfind('@');  // a '?' may be part of a password
  const size_t colon = shown.find(':', authority);
  if (at != std::string::npos && colon < at) shown.replace(colon + 1, at - colon - 1, "***");
  for (size_t found = shown.find("password="); found != std::string::npos; found = shown.find("password=", found + 9)) {
    const size_t value = found + 9;
    shown.replace(value, std::min(shown.find('&', value), shown.size()) - value, "***");
  }
  return shown;
}

}  // namespace roost::api
