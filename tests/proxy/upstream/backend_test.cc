#include "proxy/upstream/backend.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

namespace {

net::Address address(const char* text) {
  return *net::Address::parse(text);
}

struct CountingObserver final : BackendObserver {
  void on_backend_changed(Backend&) override { ++downs; }
  int downs = 0;
};

}  // namespace

TEST_CASE("a backend is down only when all of its addresses have failed in a row") {
  Backend backend(0, {"api.internal", 9001});
  CountingObserver observer;
  backend.set_observer(&observer);
  CHECK(backend.state() == BackendState::unresolved);
  CHECK(backend.set_addresses({address("[::1]:9001"), address("127.0.0.1:9001")}));
  CHECK(backend.state() == BackendState::up);
  CHECK(backend.current_address() == address("[::1]:9001"));

  CHECK(backend.report_connect_failure(address("[::1]:9001")));
  CHECK(backend.current_address() == address("127.0.0.1:9001"));
  SUBCASE("a late failure of the first address says nothing about the second") {
    CHECK(backend.report_connect_failure(address("[::1]:9001")));
    CHECK(backend.state() == BackendState::up);
  }
  SUBCASE("success forgets the failure") {
    backend.report_connected();
    CHECK(backend.report_connect_failure(address("127.0.0.1:9001")));
    CHECK(backend.state() == BackendState::up);
  }
  SUBCASE("the second fails too") {
    CHECK_FALSE(backend.report_connect_failure(address("127.0.0.1:9001")));
    CHECK(backend.state() == BackendState::down);
    CHECK_FALSE(backend.report_connect_failure(address("[::1]:9001")));
    CHECK(observer.downs == 1);
    CHECK(backend.statistics().connect_failures.load() == 3);
  }
}

TEST_CASE("new addresses are a new start, the same ones are not") {
  Backend backend(0, {"api.internal", 9001});
  backend.set_addresses({address("10.0.0.1:9001"), address("10.0.0.2:9001")});
  const uint32_t generation = backend.address_generation();
  CHECK_FALSE(backend.set_addresses({address("10.0.0.2:9001"), address("10.0.0.1:9001")}));
  CHECK(backend.address_generation() == generation);
  backend.report_connect_failure(address("10.0.0.1:9001"));
  backend.report_connect_failure(address("10.0.0.2:9001"));
  CHECK(backend.down());
  CHECK(backend.set_addresses({address("10.0.0.3:9001")}));
  CHECK(backend.address_generation() != generation);
  CHECK(backend.state() == BackendState::up);
  CHECK(backend.current_address() == address("10.0.0.3:9001"));
}

TEST_CASE("draining shows before anything else") {
  Backend backend(0, {"api.internal", 9001});
  backend.set_draining(true);
  CHECK(backend.state() == BackendState::draining);
  CHECK(backend_state_name(backend.state()) == "draining");
}
