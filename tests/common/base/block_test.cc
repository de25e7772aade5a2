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

TEST_CASE("an account has the blocks that are alive and in no store") {
  roost::BlockAccount account;
  BlockRef block = BlockRef::make(1'000, &account);
  BlockRef other = BlockRef::copy_of("12345", &account);
  const BlockRef elsewhere = BlockRef::make(1'000);
  CHECK_EQ(block->footprint(), 1'000 + sizeof(Block));
  CHECK_EQ(account.bytes(), 1'005 + 2 * sizeof(Block));
  other = BlockRef();
  CHECK_EQ(account.bytes(), 1'000 + sizeof(Block));
  block->enter_store();
  CHECK_EQ(account.bytes(), 0);
  block->enter_store();  // a second store
  block->leave_store();
  CHECK_EQ(account.bytes(), 0);
  block->leave_store();
  CHECK_EQ(account.bytes(), 1'000 + sizeof(Block));
  elsewhere.get()->enter_store();
  elsewhere.get()->leave_store();
  block = BlockRef();
  CHECK_EQ(account.bytes(), 0);
}

TEST_CASE("a unique function owns what it captured") {
  auto owned = std::make_unique<int>(41);
  roost::UniqueFunction<int(int)> add = [value = std::move(owned)](int by) { return *value + by; };
  roost::UniqueFunction<int(int)> moved = std::move(add);
  CHECK_FALSE(add);
  CHECK_EQ(moved(1), 42);
}
