#include "api/db/replica_lag.h"

#include <doctest/doctest.h>

using namespace roost::api;

TEST_CASE("replica lag: nothing is proven before the replica has reached what the primary said") {
  ReplicaLag lag;
  CHECK_FALSE(lag.age_ms(1'000));
  lag.primary_at(500, 1'000);
  lag.replica_at(499);
  CHECK_FALSE(lag.age_ms(1'000));
  lag.replica_at(500);
  CHECK(lag.age_ms(1'250) == 250);
  CHECK(lag.proven_ms() == 1'000);
}

TEST_CASE("replica lag: the age counts from the question that was answered with what is reached") {
  ReplicaLag lag;
  for (int64_t i = 0; i < 10; ++i) lag.primary_at(100 * i, 1'000 + i);
  lag.replica_at(450);
  CHECK(lag.age_ms(2'000) == 2'000 - 1'004);
  lag.replica_at(450);  // it stands still, whatever it says of itself
  CHECK(lag.age_ms(60'000) == 60'000 - 1'004);
  lag.replica_at(900);
  CHECK(lag.age_ms(60'000) == 60'000 - 1'009);
}

TEST_CASE("replica lag: a primary without writes does not make its replica old") {
  ReplicaLag lag;
  for (int64_t now = 0; now < 100'000; now += 1'000) {
    lag.primary_at(42, now);
    lag.replica_at(42);
    CHECK(lag.age_ms(now) == 0);
  }
}

TEST_CASE("replica lag: a full memory makes the age larger, never smaller") {
  ReplicaLag lag;
  const auto size = static_cast<int64_t>(ReplicaLag::kMaxSamples);
  for (int64_t i = 0; i < 3 * size; ++i) lag.primary_at(10 * i, i);
  lag.replica_at(10 * (size - 2));
  CHECK(lag.proven_ms() == size - 2);
  lag.replica_at(10 * (2 * size));  // of that time nothing is remembered
  CHECK(lag.proven_ms() == size - 2);
  lag.replica_at(10 * (3 * size - 1));
  CHECK(lag.proven_ms() == 3 * size - 1);
}

TEST_CASE("replica lag: another primary makes the answers of the former one void") {
  ReplicaLag lag;
  lag.primary_at(1'000, 10);
  lag.primary_at(900, 20);  // promoted, without the former one's last changes
  lag.replica_at(900);
  CHECK(lag.proven_ms() == 20);
}
