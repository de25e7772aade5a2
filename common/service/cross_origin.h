#pragma once

#include <string_view>

#include "common/service/request.h"

namespace roost::service {

/// Whether a browser sent this request for a page of another origin. It tells by Sec-Fetch-Site; where that is missing
/// (other browsers, and pages that were not fetched over HTTPS) by Origin, whose host and port are compared with those
/// of Host and of X-Forwarded-Host. A request with neither was not made by a page, or reads only.
///
/// A page cannot forge any of these: Origin, Host and Sec-* are the browser's own, and a request with X-Forwarded-Host
/// needs the leave of a preflight.
bool is_cross_origin(const Request& request);

/// The host of an authority, without port and brackets: "example.org:8080" → "example.org", "[::1]:80" → "::1".
std::string_view host_of(std::string_view authority);

/// Whether a host names this machine alone: "localhost", a name below it, or a loopback address. Names of the DNS never
/// do, whatever they resolve to.
bool is_loopback_host(std::string_view host);

}  // namespace roost::service
