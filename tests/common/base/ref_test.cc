#include "common/base/ref.h"

#include <cstring>
#include <string_view>

#include <doctest/doctest.h>

using roost::Ref;
using roost::RefCounted;
using roost::Trailing;

namespace {

class Counted : public RefCounted {
 public:
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  virtual ~Counted() { --alive_; }

 private:
  int& alive_;
};

class Named final : public Counted {
 public:
  Named(int& alive, std::string_view name) : Counted(alive), size_(name.size()) {
    std::memcpy(reinterpret_cast<char*>(this + 1), name.data(), name.size());
  }
  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), size_}; }

 private:
  size_t size_;
};

}  // namespace

TEST_CASE("an object is deleted with its last reference") {
  int alive = 0;
  Ref<Counted> first = Ref<Counted>::make(alive);
  Ref<Counted> second = Ref<Counted>::share(first.get());
  CHECK(first.get() == second.get());
  first = Ref<Counted>();
  CHECK(!first);
  CHECK(alive == 1);
  Ref<Counted> moved = std::move(second);
  CHECK(!second);
  const Ref<Counted>& self = moved;
  moved = self;
  CHECK(alive == 1);
  Counted* raw = moved.release();
  CHECK(!moved);
  CHECK(alive == 1);
  Ref<Counted>::adopt(raw);
  CHECK(alive == 0);
  CHECK(!Ref<Counted>::share(nullptr));
}

TEST_CASE("bytes behind an object come in its allocation, and go with it through a base class") {
  int alive = 0;
  const Ref<Named> named = Ref<Named>::make(Trailing{5}, alive, "heron");
  CHECK(named->name() == "heron");
  {
    const Ref<Counted> base = Ref<Counted>::share(named.get());
    CHECK(base.get() == named.get());
  }
  CHECK(alive == 1);
}
