#include "common/service/asset.h"

#include <array>

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using namespace roost::service;

TEST_CASE("assets are found by name and answered with an ETag") {
  constexpr std::array<Asset, 2> kAssets = {Asset{"index.html", "text/html", "<p>"},
                                            Asset{"app.js", "text/javascript", "1"}};
  const Asset* script = find_asset(kAssets, "app.js");
  REQUIRE(script != nullptr);
  CHECK(find_asset(kAssets, "app.css") == nullptr);
  const Answer answer = asset_answer(*script, "public, max-age=60", "");
  CHECK(answer.status == 200);
  CHECK(answer.body == "1");
  CHECK(answer.content_type == "text/javascript");
  CHECK(roost::http::text_of(answer.fields).find("Cache-Control: public, max-age=60\r\n") != std::string_view::npos);
  CHECK(asset_answer(*script, "no-store", "*").status == 304);
}
