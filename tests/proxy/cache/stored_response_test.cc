#include "proxy/cache/stored_response.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/cache/hash.h"
#include "tests/support/field_text.h"

using roost::Block;
using roost::BlockRef;
using roost::Slice;
using roost::cache::Entry;
using roost::cache::Ref;
using roost::http::FieldBlock;
using roost::http::fields_of;
using roost::http::text_of;
using roost::proxy::ResponseTimes;
using roost::proxy::StoredHead;
using roost::proxy::StoredResponse;

namespace {

constexpr ResponseTimes kStoredTimes{1'000'000, 2'000, 60'000};

std::vector<BlockRef> blocks_of(const std::string& body, size_t block_bytes) {
  std::vector<BlockRef> blocks;
  for (size_t at = 0; at < body.size(); at += block_bytes)
    blocks.push_back(BlockRef::copy_of(body.substr(at, block_bytes)));
  return blocks;
}

StoredHead head_at(const ResponseTimes& times = kStoredTimes) {
  StoredHead head;
  head.times = times;
  return head;
}

std::string body_of(const StoredResponse& response) {
  std::string body;
  for (const Slice& piece : response.body()) body += piece.view();
  return body;
}

}  // namespace

TEST_CASE("what is put in is there, whatever the size of the body") {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, StoredResponse::kMaxInlineBody,
                            StoredResponse::kMaxInlineBody + 1, size_t{100'000}}) {
    for (const size_t block_bytes : {size_t{1'000}, size_t{16'384}}) {
      CAPTURE(size);
      std::string body(size, 'x');
      if (size > 0) body.back() = 'y';
      const std::vector<BlockRef> blocks = blocks_of(body, block_bytes);
      StoredHead head = head_at();
      head.status = 404;
      head.fields = FieldBlock(fields_of("ETag: \"e\"\r\nLast-Modified: then\r\nX: y\r\n"));
      head.etag = "\"e\"";
      head.last_modified = "then";
      head.tags = "a, b";
      const Ref<StoredResponse> stored = StoredResponse::make("host/path", head, blocks);
      CHECK_EQ(stored->key(), "host/path");
      CHECK_EQ(stored->hash(), roost::cache::hash_key("host/path"));
      CHECK_FALSE(stored->is_marker());
      CHECK_EQ(stored->status(), 404);
      CHECK_EQ(text_of(stored->fields()), text_of(head.fields));
      CHECK_EQ(stored->etag(), "\"e\"");
      CHECK_EQ(stored->last_modified(), "then");
      CHECK_EQ(stored->tags(), "a, b");
      CHECK_EQ(stored->vary(), "");
      CHECK_EQ(stored->body_bytes(), size);
      CHECK(body_of(*stored) == body);
      CHECK_GE(stored->charge(), sizeof(StoredResponse) + size + head.fields.bytes().size() + Entry::kIndexBytes);
    }
  }
}

TEST_CASE("only a large body shares the blocks it came in") {
  const std::vector<BlockRef> large = blocks_of(std::string(StoredResponse::kMaxInlineBody + 1, 'x'), 16'384);
  const std::vector<BlockRef> small = blocks_of("small", 16'384);
  CHECK_EQ(StoredResponse::make("k", head_at(), large)->body()[0].owner, large[0].get());
  const Ref<StoredResponse> stored = StoredResponse::make("k", head_at(), small);
  CHECK_EQ(stored->body()[0].owner, nullptr);
  CHECK_NE(stored->body()[0].data, small[0]->data());
}

TEST_CASE("validators and tags that do not stand in the fields are kept behind them") {
  StoredHead head = head_at();
  head.fields = FieldBlock(fields_of("X: y\r\n"));
  head.etag = "\"e\"";
  head.last_modified = "then";
  head.tags = "\"a\", \"b\"";
  const std::vector<BlockRef> blocks = blocks_of("body", 16);
  const Ref<StoredResponse> stored = StoredResponse::make("k", head, blocks);
  CHECK_EQ(stored->etag(), "\"e\"");
  CHECK_EQ(stored->last_modified(), "then");
  CHECK_EQ(stored->tags(), "\"a\", \"b\"");
  CHECK_EQ(text_of(stored->fields()), "X: y\r\n");
  CHECK_EQ(body_of(*stored), "body");
}

TEST_CASE("a validator beyond all measure is not used") {
  const std::string longest(StoredResponse::kMaxValidator, 'e');
  const std::string longer = longest + "e";
  StoredHead head = head_at();
  head.etag = longest;
  head.last_modified = longer;
  const Ref<StoredResponse> stored = StoredResponse::make("k", head, {});
  CHECK_EQ(stored->etag(), longest);
  CHECK_EQ(stored->last_modified(), "");
}

TEST_CASE("times: age grows from what it was on arrival") {
  const Ref<StoredResponse> stored = StoredResponse::make("k", head_at(), {});
  const ResponseTimes times = stored->times();
  CHECK_EQ(times.stored_ms, 1'000'000);
  CHECK_EQ(times.initial_age_ms, 2'000);
  CHECK_EQ(times.lifetime_ms, 60'000);
  CHECK_EQ(stored->expires_at_ms(), 1'058'000);
  CHECK_EQ(times.age_ms(1'010'000), 12'000);
  CHECK_EQ(times.age_ms(999'000), 2'000);  // another loop's clock, a little behind
  CHECK_EQ(times.fresh_for_ms(1'010'000), 48'000);
  CHECK_EQ(times.fresh_for_ms(1'058'000), 0);
}

TEST_CASE("a marker says what its URL varies by") {
  const Ref<StoredResponse> marker = StoredResponse::make_marker("k", "accept, cookie", 7);
  CHECK(marker->is_marker());
  CHECK_EQ(marker->vary(), "accept, cookie");
  CHECK_EQ(marker->generation(), 7);
  CHECK(marker->fields().empty());
  CHECK_EQ(marker->expires_at_ms(), roost::cache::kNeverExpires);
  CHECK(marker->body().empty());
}

TEST_CASE("a small object costs at most 350 bytes beyond its body") {
  const std::string fields =
      "Content-Type: text/plain\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nCache-Control: max-age=60\r\n";
  const std::vector<BlockRef> body = blocks_of(std::string(100, 'x'), 1'000);
  StoredHead head = head_at();
  head.fields = FieldBlock(fields_of(fields));
  const Ref<StoredResponse> stored = StoredResponse::make("127.0.0.1:8080/object/12345", head, body);
  CHECK_LE(sizeof(StoredResponse), 144);
  CHECK_LE(stored->charge() - 100, 350);
}

TEST_CASE("a stale response stays as long as there is a use for it, and its times are what went in") {
  StoredHead head = head_at({1'000'000, 2'000, 60'000, 5'000, 9'000});
  ResponseTimes& times = head.times;
  const auto stays_ms = [&] { return StoredResponse::make("k", head, {})->expires_at_ms() - 1'058'000; };
  CHECK_EQ(stays_ms(), 9'000);
  times.stale_if_error_ms = 1'000;
  CHECK_EQ(stays_ms(), 5'000);
  times.stale_while_revalidate_ms = 0;
  times.stale_if_error_ms = 0;
  CHECK_EQ(stays_ms(), 0);
  head.fields = FieldBlock(fields_of("ETag: \"e\"\r\n"));
  head.etag = "\"e\"";
  CHECK_EQ(stays_ms(), StoredResponse::kValidatableMs);
  times.stale_if_error_ms = StoredResponse::kValidatableMs + 1'000;
  CHECK_EQ(stays_ms(), StoredResponse::kValidatableMs + 1'000);
  const ResponseTimes kept = StoredResponse::make("k", head, {})->times();
  CHECK_EQ(kept.lifetime_ms, 60'000);
  CHECK_EQ(kept.age_ms(1'010'000), 12'000);
  CHECK_EQ(kept.stale_while_revalidate_ms, 0);
  CHECK_EQ(kept.stale_if_error_ms, StoredResponse::kValidatableMs + 1'000);
}

TEST_CASE("an age beyond seven weeks is kept") {
  constexpr int64_t kAge = int64_t{5'000'000'000};
  const ResponseTimes times = StoredResponse::make("k", head_at({kAge, kAge, kAge * 2}), {})->times();
  CHECK_EQ(times.age_ms(kAge + 1), kAge + 1);
  CHECK_EQ(times.fresh_for_ms(kAge + 1), kAge - 1);
}

TEST_CASE("a refresh is claimed once per pause, and once more after a pause when it fails") {
  constexpr int64_t kPause = StoredResponse::kRefreshPauseMs;
  // 2^32 ms in the middle of the pause as well.
  for (const int64_t now : {int64_t{1'700'000'000'000}, int64_t{1} << 40, (int64_t{1} << 40) - kPause / 2}) {
    const auto stored = StoredResponse::make("k", head_at(), {});
    CHECK(stored->claim_refresh(now));
    CHECK_FALSE(stored->claim_refresh(now));
    CHECK_FALSE(stored->claim_refresh(now + kPause - 1));
    CHECK(stored->claim_refresh(now + kPause));
    stored->hold_refresh(now + kPause + 700);
    CHECK_FALSE(stored->claim_refresh(now + 2 * kPause));
    CHECK_FALSE(stored->claim_refresh(now + 2 * kPause + 699));
    CHECK(stored->claim_refresh(now + 2 * kPause + 700));
  }
}

TEST_CASE("stale, it may be used until the very millisecond") {
  constexpr ResponseTimes times{1'000'000, 0, 60'000, 5'000, 9'000};
  CHECK(times.usable_while_revalidating(1'064'999));
  CHECK_FALSE(times.usable_while_revalidating(1'065'000));
  CHECK(times.usable_on_error(1'068'999));
  CHECK_FALSE(times.usable_on_error(1'069'000));
}
