#pragma once

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/observe/event_log.h"
#include "proxy/exchange/front.h"
#include "proxy/runtime/runtime.h"
#include "tests/support/fake_responder.h"
#include "tests/support/upstream_fixture.h"

namespace roost::proxy {

/// A front over one backend in memory, in driven time, with clients that are FakeResponders.
class FrontLab {
 public:
  using Fields = std::initializer_list<std::pair<const char*, const char*>>;
  static constexpr int64_t kMaxObjectBytes = 20'000;

  /// A request of a new client for host h; its end follows at once, unless a body is announced.
  http::FakeResponder& send(std::string_view method, std::string_view target, Fields fields = {},
                            http::BodyLength body = {}) {
    http::RequestHead head;
    head.method_text = method;
    head.method = method == "GET"       ? http::Method::get
                  : method == "HEAD"    ? http::Method::head
                  : method == "POST"    ? http::Method::post
                  : method == "CONNECT" ? http::Method::connect
                  : method == "OPTIONS" ? http::Method::options
                  : method == "TRACE"   ? http::Method::trace
                                        : http::Method::other;
    head.target = target;
    head.path = target.substr(0, target.find('?'));
    if (head.path.size() < target.size()) head.query = target.substr(head.path.size() + 1);
    head.authority = "h";
    head.scheme = scheme;
    head.body = body;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    http::FakeResponder& client = clients.emplace_back();
    static_cast<http::RequestAcceptor&>(front).on_request(client, head);
    if (!client.over() && !body.has_body()) client.receiver()->on_request_end();
    return client;
  }
  /// The same by GET, and all that follows without time passing.
  http::FakeResponder& get(std::string_view target = "/a", Fields fields = {}) {
    http::FakeResponder& client = send("GET", target, fields);
    upstream.run();
    return client;
  }
  /// From now on clients are trusted proxies, for the host they name as well if `host`.
  void trust_clients(bool host = false) {
    upstream.reconfigure([host](Config& config) {
      config.proxy.trusted_proxies = {"0.0.0.0/0", "::/0"};
      config.proxy.trust_forwarded_host = host;
    });
  }
  ScriptedBackend& script() { return upstream.script(0); }
  const std::string& last_request() { return script().requests().back().head; }
  bool idle() const { return front.active_count() == 0 && runtime.fetches.size() == 0; }

  static Config config() {
    Config config;
    config.cache.max_object_bytes = kMaxObjectBytes;
    return config;
  }

  UpstreamFixture upstream{1};
  observe::EventLog events;
  Runtime runtime{config(), events};
  Front front{runtime, upstream.context()};
  std::deque<http::FakeResponder> clients;
  std::string_view scheme = "http";
};

}  // namespace roost::proxy
