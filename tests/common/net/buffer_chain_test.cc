#include "common/net/buffer_chain.h"

#include <array>
#include <random>
#include <string>

#include <doctest/doctest.h>

using roost::Block;
using roost::BlockRef;
using roost::Slice;
using roost::net::BufferChain;

namespace {

std::string content(const BufferChain& chain) {
  std::array<Slice, 256> pieces;
  std::string all;
  const size_t count = chain.front(pieces);
  for (size_t i = 0; i < count; ++i) all += pieces[i].view();
  return all;
}

}  // namespace

TEST_CASE("borrowed bytes are copied, and small pieces share a block") {
  BufferChain chain;
  {
    std::string gone = "hello ";
    chain.append(gone);
    gone = "XXXXXX";
  }
  chain.append("world");
  chain.append("");
  CHECK_EQ(content(chain), "hello world");
  CHECK_EQ(chain.size(), 11);
  std::array<Slice, 4> pieces;
  CHECK_EQ(chain.front(pieces), 1);
}

TEST_CASE("owned bytes are referenced, not copied") {
  BufferChain chain;
  const char* place = nullptr;
  {
    const BlockRef block = BlockRef::copy_of("body");
    place = block->data();
    chain.append("head ");
    chain.append(Slice(block));
    chain.append(" tail");
  }
  std::array<Slice, 4> pieces;
  REQUIRE_EQ(chain.front(pieces), 3);
  CHECK_EQ(static_cast<const void*>(pieces[1].data), static_cast<const void*>(place));
  CHECK_EQ(content(chain), "head body tail");
}

TEST_CASE("front fills no more than it is given") {
  BufferChain chain;
  const BlockRef block = BlockRef::copy_of("x");
  for (int i = 0; i < 5; ++i) chain.append(Slice(block));
  std::array<Slice, 3> pieces;
  CHECK_EQ(chain.front(pieces), 3);
  chain.clear();
  CHECK(chain.empty());
  CHECK_EQ(chain.front(pieces), 0);
}

TEST_CASE("any mix of appends and consumes keeps the bytes in order") {
  std::mt19937 random(7);
  BufferChain chain;
  std::string expected;
  for (int step = 0; step < 3000; ++step) {
    if (random() % 2 == 0) {
      const std::string bytes(random() % (random() % 50 == 0 ? 10'000 : 90), static_cast<char>('a' + step % 26));
      const BlockRef block = BlockRef::copy_of(bytes);
      if (random() % 2 == 0) {
        chain.append(Slice(block));
      } else {
        chain.append(bytes);
      }
      expected += bytes;
    } else {
      const size_t count = expected.empty() ? 0 : random() % (expected.size() + 1);
      chain.consume(count);
      expected.erase(0, count);
    }
    REQUIRE_EQ(chain.size(), expected.size());
    std::array<Slice, 2> pieces;
    const size_t filled = chain.front(pieces);
    std::string start;
    for (size_t i = 0; i < filled; ++i) start += pieces[i].view();
    REQUIRE_EQ(start, expected.substr(0, start.size()));
    REQUIRE_EQ(start.empty(), expected.empty());
  }
}
