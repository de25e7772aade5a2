#include "proxy/exchange/error_page.h"

#include <doctest/doctest.h>

#include "proxy/exchange/problem.h"
#include "tests/support/fake_responder.h"

using namespace roost;
using namespace roost::proxy;

TEST_CASE("what asks for a page") {
  for (const char* accept :
       {"text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        "application/json;q=0.5, text/html", "TEXT/HTML; q=0.3", "application/xhtml+xml"}) {
    CAPTURE(accept);
    CHECK(prefers_page(accept));
  }
  for (const char* accept :
       {"", "*/*", "text/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0", "text/html;q=x",
        "text/htmlx", "application/problem+json,text/html;q=0.5"}) {
    CAPTURE(accept);
    CHECK_FALSE(prefers_page(accept));
  }
}

TEST_CASE("a page is filled in, and nothing said by others becomes markup") {
  CHECK(render_page("{status} {title}: {detail} {x} {", {502, "Bad Gateway", "<b>&\"'", {}}) ==
        "502 Bad Gateway: &lt;b&gt;&amp;&quot;&#39; {x} {");
  const std::string page = render_page(standard_page(), {503, "Service Unavailable", "Later.", "<id>"});
  CHECK(page.find("<title>503 Service Unavailable</title>") != std::string::npos);
  CHECK(page.find("&lt;id&gt;") != std::string::npos);
  CHECK(page.find("{detail}") == std::string::npos);
}

TEST_CASE("an error is a page or an object, with the request id") {
  http::FakeResponder program;
  respond_problem(program, {503, sentence_of_failure(503), "id-1", {}}, {});
  CHECK(program.field("Content-Type") == "application/problem+json");
  CHECK(program.body().find("\"request_id\":\"id-1\"") != std::string::npos);
  CHECK(program.field("X-Request-Id") == "id-1");
  CHECK(program.field("Retry-After") == "1");
  http::FakeResponder browser;
  respond_problem(browser, {502, sentence_of_failure(502), "id-2", standard_page()}, {});
  CHECK(browser.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(browser.field("X-Request-Id") == "id-2");
  CHECK(browser.field("Cache-Control") == "no-store");
  CHECK(browser.field("Retry-After") == "(none)");
  CHECK(browser.body().find("502") != std::string::npos);
}
