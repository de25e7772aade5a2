#include "proxy/limits/client_cap.h"

#include <doctest/doctest.h>

using roost::proxy::ClientCap;

TEST_CASE("half of the descriptors are for clients, behind what is kept aside") {
  CHECK(ClientCap::of(20'000, 2, 0).connections == (20'000 - 128 - 64) / 2);
  CHECK(ClientCap::of(1'024, 2, 0).connections == 416);
  CHECK_FALSE(ClientCap::of(1'024, 2, 0).lowered);
}

TEST_CASE("a cap that is asked for is lowered where too few descriptors would be left") {
  CHECK(ClientCap::of(1'024, 2, 100).connections == 100);
  CHECK(ClientCap::of(1'024, 2, 624).connections == 624);
  CHECK_FALSE(ClientCap::of(1'024, 2, 624).lowered);
  CHECK(ClientCap::of(1'024, 2, 625).connections == 624);
  CHECK(ClientCap::of(1'024, 2, 625).lowered);
}

TEST_CASE("there is a least, however few descriptors") {
  CHECK(ClientCap::of(64, 8, 0).connections == ClientCap::kLeast);
  CHECK(ClientCap::of(64, 8, 1'000).connections == ClientCap::kLeast);
  CHECK(ClientCap::of(64, 8, 3).connections == 3);
}
