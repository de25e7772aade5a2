#include "common/base/intrusive_list.h"

#include <memory>

#include <doctest/doctest.h>

namespace {

struct Item : roost::ListLink<> {
  explicit Item(int v) : value(v) {}
  int value;
};
using List = roost::IntrusiveList<Item>;

}  // namespace

TEST_CASE("entries come out in the order they went in, and unlink themselves") {
  List list;
  CHECK(list.empty());
  CHECK_EQ(list.front(), nullptr);
  Item a(1);
  auto b = std::make_unique<Item>(2);
  Item c(3);
  list.push_back(a);
  list.push_back(*b);
  list.push_front(c);
  CHECK_EQ(list.front()->value, 3);
  CHECK_EQ(list.back()->value, 2);
  b.reset();
  CHECK_EQ(list.next(c), &a);
  CHECK_EQ(list.next(a), nullptr);
  a.unlink();
  a.unlink();
  CHECK_FALSE(a.linked());
  CHECK_EQ(list.pop_front(), &c);
  CHECK(list.empty());
}

TEST_CASE("splice moves everything and leaves the other list empty") {
  List one, two;
  Item a(1), b(2), c(3);
  one.push_back(a);
  two.push_back(b);
  two.push_back(c);
  one.splice_back(two);
  CHECK(two.empty());
  CHECK_EQ(one.next(a), &b);
  CHECK_EQ(one.back(), &c);
  one.splice_back(two);
  CHECK_EQ(one.back(), &c);
}
