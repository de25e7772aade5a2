#include "proxy/upstream/backend.h"

#include <cerrno>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

namespace {

net::Address address(const char* text) {
  return *net::Address::parse(text);
}

struct CountingObserver final : BackendObserver {
  void on_backend_changed(Backend&) override { ++changes; }
  int changes = 0;
};

HealthOptions with_checks() {
  HealthOptions health;
  health.check.kind = CheckOptions::Kind::tcp;
  return health;
}

}  // namespace

TEST_CASE("a backend is down when a connection to its address fails, until one is made") {
  Backend backend(0, {"10.0.0.1", 80});
  CountingObserver observer;
  backend.set_observer(&observer);
  CHECK(backend.state() == BackendState::unresolved);
  backend.set_address(address("10.0.0.1:80"));
  CHECK(backend.state() == BackendState::up);
  backend.report_connect_failure(address("10.0.0.1:80"), ECONNREFUSED);
  CHECK(backend.state() == BackendState::down);
  backend.report_connect_failure(address("10.0.0.1:80"), ECONNREFUSED);
  CHECK(observer.changes == 1);
  CHECK(backend.statistics().connect_failures.load() == 2);
  backend.report_connected();
  CHECK(backend.state() == BackendState::up);
}

TEST_CASE("a failure of an address that it no longer has says nothing") {
  Backend backend(0, {"api.internal", 80});
  backend.set_address(address("10.0.0.1:80"));
  backend.set_address(address("10.0.0.2:80"));
  backend.report_connect_failure(address("10.0.0.1:80"));
  CHECK(backend.state() == BackendState::up);
  backend.clear_address();
  backend.report_connect_failure(address("10.0.0.2:80"));
  CHECK(backend.state() == BackendState::unresolved);
}

TEST_CASE("errors of this machine say nothing about a backend") {
  Backend backend(0, {"10.0.0.1", 80});
  backend.set_address(address("10.0.0.1:80"));
  for (const int code : {EMFILE, ENFILE, ENOMEM, ENOBUFS, EPERM, EACCES, EAGAIN}) {
    backend.report_connect_failure(address("10.0.0.1:80"), code);
    CHECK(backend.state() == BackendState::up);
  }
  CHECK(backend.statistics().connect_failures.load() == 0);
  SUBCASE("no free port, where connections have been made") {
    backend.report_connected();
    backend.report_connect_failure(address("10.0.0.1:80"), EADDRNOTAVAIL);
    CHECK(backend.state() == BackendState::up);
  }
  SUBCASE("no address of its family") {
    backend.report_connect_failure(address("10.0.0.1:80"), EADDRNOTAVAIL);
    CHECK(backend.state() == BackendState::down);
  }
}

TEST_CASE("a new address is a new start") {
  Backend backend(0, {"api.internal", 80}, with_checks());
  backend.set_address(address("10.0.0.1:80"));
  const uint32_t generation = backend.address_generation();
  backend.set_check_state(CheckHistory::State::failing);
  backend.report_connect_failure(address("10.0.0.1:80"));
  backend.eject(0, "why");
  backend.set_draining(true);
  backend.set_address(address("10.0.0.2:80"));
  CHECK(backend.address() == address("10.0.0.2:80"));
  CHECK(backend.address_generation() != generation);
  CHECK(backend.out_of_use() == (Backend::kDraining | Backend::kUnchecked));
  CHECK(backend.passive().ejection().reason.empty());
}

TEST_CASE("the state that is shown is the worst") {
  Backend backend(0, {"10.0.0.1", 80}, with_checks());
  backend.set_address(address("10.0.0.1:80"));
  CHECK(backend_state_name(backend.state()) == "unchecked");
  backend.eject(0, "why");
  CHECK(backend_state_name(backend.state()) == "ejected");
  backend.set_check_state(CheckHistory::State::failing);
  CHECK(backend_state_name(backend.state()) == "failing");
  backend.report_connect_failure(address("10.0.0.1:80"));
  CHECK(backend_state_name(backend.state()) == "down");
  backend.clear_address();
  CHECK(backend_state_name(backend.state()) == "unresolved");
  backend.set_draining(true);
  CHECK(backend_state_name(backend.state()) == "draining");
}

TEST_CASE("backends of one name are told apart by their address, whatever their order") {
  Backend written(0, {"10.0.0.1", 80});
  Backend first(1, {"api.internal", 80});
  Backend second(2, {"api.internal", 80});
  written.set_address(address("10.0.0.1:80"));
  first.set_address(address("10.0.0.1:80"));
  second.set_address(address("10.0.0.2:80"));
  const uint64_t of_first = first.identity();
  CHECK(of_first != second.identity());
  second.set_address(address("10.0.0.1:80"));
  CHECK(second.identity() == of_first);
  CHECK(written.identity() != of_first);
}
