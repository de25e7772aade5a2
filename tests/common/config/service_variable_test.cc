#include "common/config/service_variable.h"

#include <doctest/doctest.h>

using namespace roost::config;

TEST_CASE("the variables that Kubernetes makes for a service are recognised") {
  CHECK(is_service_variable("ROOST_PROXY_SERVICE_HOST", "10.0.0.1"));
  CHECK(is_service_variable("ROOST_PROXY_SERVICE_PORT", "8080"));
  CHECK(is_service_variable("ROOST_PROXY_SERVICE_PORT_HTTP", "8080"));
  CHECK(is_service_variable("ROOST_PROXY_PORT", "tcp://10.0.0.1:8080"));
  CHECK(is_service_variable("ROOST_API_PORT_8080_TCP", "tcp://10.0.0.1:8080"));
  CHECK(is_service_variable("ROOST_API_PORT_8080_TCP_PROTO", "tcp"));
  CHECK(is_service_variable("ROOST_API_PORT_8080_TCP_PORT", "8080"));
  CHECK(is_service_variable("ROOST_API_PORT_53_UDP_ADDR", "10.0.0.1"));
  CHECK(is_service_variable("ROOST_API_PORT_53_SCTP", "sctp://10.0.0.1:53"));
}

TEST_CASE("settings and mistyped settings are not") {
  CHECK_FALSE(is_service_variable("ROOST_API_PORT", "9001"));
  CHECK_FALSE(is_service_variable("ROOST_API_LISTEN", "tcp://10.0.0.1:80"));
  CHECK_FALSE(is_service_variable("ROOST_API_PORT_TCP", "tcp://10.0.0.1:80"));
  CHECK_FALSE(is_service_variable("ROOST_API_8080_TCP", ""));
  CHECK_FALSE(is_service_variable("ROOST_API_PORT_8080_TCP_SIZE", ""));
  CHECK_FALSE(is_service_variable("ROOST_API_WORKRES", "5"));
  CHECK_FALSE(is_service_variable("8080_TCP", ""));
}
