#include "api/notify/revalidation_queue.h"

#include <doctest/doctest.h>

using namespace roost::api;

namespace {

std::vector<int64_t> ids(const std::vector<RevalidationQueue::Entry>& words) {
  std::vector<int64_t> all;
  for (const auto& word : words) all.push_back(word.id);
  return all;
}
using Ids = std::vector<int64_t>;

}  // namespace

TEST_CASE("words go out at once, in order, each once") {
  RevalidationQueue queue({1000, 60'000, 100});
  for (const int64_t id : {3, 1, 3, 2}) queue.add(id, 10);
  CHECK(queue.stats().coalesced == 1);
  CHECK(queue.next_ms() == 10);
  CHECK(ids(queue.take(2, 10)) == Ids{3, 1});
  CHECK(ids(queue.take(2, 10)) == Ids{2});
  CHECK(queue.take(2, 10).empty());
  CHECK(queue.next_ms() == -1);
}

TEST_CASE("a tweet that changes again is told of when the spacing is over, others at once") {
  RevalidationQueue queue({1000, 60'000, 100});
  queue.add(1, 0);
  CHECK(ids(queue.take(9, 0)) == Ids{1});
  queue.add(1, 400);
  queue.add(2, 400);
  CHECK(ids(queue.take(9, 400)) == Ids{2});
  CHECK(queue.next_ms() == 1000);
  CHECK(queue.take(9, 999).empty());
  CHECK(ids(queue.take(9, 1000)) == Ids{1});
}

TEST_CASE("what was not heard is said again, until it is worth nothing") {
  RevalidationQueue queue({1000, 60'000, 100});
  queue.add(1, 0);
  auto words = queue.take(9, 0);
  queue.add(2, 5);
  queue.give_back(words);
  words = queue.take(9, 10);
  CHECK(ids(words) == Ids{1, 2});
  queue.give_back(words);
  CHECK(ids(queue.take(9, 60'001)) == Ids{2});  // 1 is 60,001 ms old
  CHECK(queue.stats().lost == 1);
  CHECK(queue.take(9, 70'000).empty());
}

TEST_CASE("at its bound the oldest goes") {
  RevalidationQueue queue({1000, 60'000, 3});
  for (int64_t id = 1; id <= 4; ++id) queue.add(id, 0);
  CHECK(queue.pending() == 3);
  CHECK(queue.stats().lost == 1);
  const auto words = queue.take(1, 0);
  CHECK(ids(words) == Ids{2});
  queue.add(5, 0);
  queue.give_back(words);  // full again
  CHECK(queue.stats().lost == 2);
  CHECK(ids(queue.take(9, 0)) == Ids{3, 4, 5});
}
