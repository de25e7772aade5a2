#include "proxy/config/proxy_section.h"

#include <string_view>

#include "common/net/network_set.h"
#include "proxy/config/backend_spec.h"
#include "proxy/config/listen_address.h"

namespace roost::proxy {

using config::Range;

namespace {

constexpr Range kTimeout{1, 24 * 3'600'000};
constexpr int64_t kMaxThreads = 256;

std::string check_network(std::string_view text) {
  const auto added = net::NetworkSet().add(text);
  return added ? "" : added.error().what;
}

}  // namespace

void ProxySection::declare(config::Section& section) {
  section.list("listen", &listen, "addresses that clients connect to; see [[listen]]", check_listen_address)
      .text("admin", &admin, "address of the admin listener, unix:PATH, or off", check_admin_address)
      .list("upstream", &upstream, "backends of the default pool, instead of [[pool]]", check_backend)
      .number("threads", &threads, {0, kMaxThreads}, "event loops; 0 for one per core")
      .text("access_log", &access_log, "a file, - for standard output, or off")
      .bytes("access_log_rotate", &access_log_rotation.bytes, {0, int64_t{1} << 40},
             "size at which the access log is rotated; 0B: never")
      .number("access_log_keep", &access_log_rotation.keep, {0, 1'000}, "rotated access logs that are kept")
      .text("user", &rights.user, "account to change to when started as root; empty for roost, if there is one")
      .flag("core_dumps", &rights.core_dumps, "whether a crash may write memory, with its secrets, to a core file")
      .text("hosts_file", &hosts_file, "names looked up here before DNS; format of /etc/hosts")
      .list("trusted_proxies", &trusted_proxies, "networks whose X-Forwarded-* fields are trusted", check_network)
      .flag("trust_forwarded_host", &trust_forwarded_host,
            "whether X-Forwarded-Host of a trusted proxy takes the place of Host")
      .duration("resolve_period", &resolve_period_ms, {100, kTimeout.most}, "time between two lookups of a name")
      .duration("backend_timeout", &backend_timeout_ms, {0, kTimeout.most},
                "short for first_byte_timeout and between_bytes_timeout; 0s: not given")
      .duration("backend_idle_timeout", &backend_idle_timeout_ms, kTimeout,
                "how long an idle backend connection is kept")
      .number("max_idle_connections", &max_idle_connections, {0, 65'536},
              "idle backend connections kept, per backend and thread")
      .duration("client_idle_timeout", &client_idle_timeout_ms, kTimeout, "keep-alive limit between two requests")
      .bytes("max_head_size", &max_head_bytes, {1'024, 1 << 20}, "largest request head; 431 above")
      .bytes("max_body_size", &max_body_bytes, {0, INT64_MAX}, "largest request body; 413 above")
      .text("request_buffer_dir", &request_buffer.directory, "directory for bodies of routes that buffer requests")
      .bytes("request_buffer_size", &request_buffer.bytes, {0, INT64_MAX}, "most bytes of bodies there; 503 above")
      .duration("drain_timeout", &drain_timeout_ms, {0, kTimeout.most}, "limit for a graceful shutdown");
  declare_timeouts(section, timeouts);
}

}  // namespace roost::proxy
