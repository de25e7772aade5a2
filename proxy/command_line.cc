#include "proxy/command_line.h"

namespace roost::proxy {

config::CommandLineParser command_line() {
  return {"roost-proxy",
          "roost-proxy: a caching load balancer.\n\n"
          "  roost-proxy --upstream HOST:PORT [--upstream HOST:PORT…] [flags]\n"
          "  roost-proxy --config FILE [flags]",
          {{"--listen", "proxy", "listen", "ADDR",
            "listening address; repeat for each; overrides the file's listeners [127.0.0.1:8080]", true},
           {"--upstream", "proxy", "upstream", "HOST:PORT", "a backend; repeat for each", true},
           {"--threads", "proxy", "threads", "N", "event loops; 0 for one per core [0]"},
           {"--admin", "proxy", "admin", "ADDR|off",
            "admin listener: status, metrics, purge; or unix:PATH [127.0.0.1:8081]"},
           {"--access-log", "proxy", "access_log", "PATH|-|off", "one JSON line per request [off]"},
           {"--hosts-file", "proxy", "hosts_file", "FILE", "names looked up here before DNS; format of /etc/hosts"},
           {"--cache-size", "cache", "size", "SIZE", "limit of the whole cache [64MiB]"},
           {"--cache-ttl", "cache", "default_ttl", "TIME", "freshness when the backend gives none [60s]"}}};
}

}  // namespace roost::proxy
