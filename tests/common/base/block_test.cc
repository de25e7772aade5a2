#include "common/base/block.h"

#include <string>

#include <doctest/doctest.h>

#include "common/base/task.h"

using roost::Block;
using roost::BlockRef;

TEST_CASE("a block lives as long as its last reference") {
  BlockRef first = BlockRef::copy_of("hello");
  BlockRef second = first;
  CHECK_EQ(first.get(), second.get());
  first = BlockRef();
  CHECK_FALSE(first);
  CHECK_EQ(second->view(), "hello");
  BlockRef moved = std::move(second);
  CHECK_EQ(moved->view(), "hello");
  CHECK_FALSE(BlockRef::share(nullptr));
  CHECK_EQ(BlockRef::copy_of("")->size(), 0);
}

TEST_CASE("a unique function owns what it captured") {
  auto owned = std::make_unique<int>(41);
  roost::UniqueFunction<int(int)> add = [value = std::move(owned)](int by) { return *value + by; };
  roost::UniqueFunction<int(int)> moved = std::move(add);
  CHECK_FALSE(add);
  CHECK_EQ(moved(1), 42);
}
