#include <chrono>
#include <cstdint>
#include <cstdlib>

#include <fmt/core.h>
#include <sys/resource.h>

#include "api/db/sqlite_connection.h"

// direct_likes FILE TWEETS SECONDS: what likes cost without a batcher: one UPDATE and one durable commit each, through
// the connection roost-api writes with. Prints likes per second and CPU microseconds per like.
namespace {

using namespace roost;
using namespace roost::api;

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Result<void> fill(SqliteConnection& database, int64_t tweets) {
  return database.write([&]() -> Result<void> {
    if (auto made = database.execute("CREATE TABLE tweets(id INTEGER PRIMARY KEY, content TEXT, likes INTEGER)"); !made)
      return made;
    return database.execute(fmt::format("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
                                        "INSERT INTO tweets SELECT i, 'a tweet of some length', 0 FROM n",
                                        tweets)
                                .c_str());
  });
}

Result<void> like(SqliteConnection& database, int64_t id) {
  return database.write([&]() -> Result<void> {
    const auto raw = database.prepare("UPDATE tweets SET likes = likes + 1 WHERE id = ?1");
    if (!raw) return tl::unexpected<Error>(raw.error());
    return Statement(*raw).bind(1, id).run();
  });
}

int failed(const Error& error) {
  fmt::print(stderr, "direct_likes: {}\n", error.what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int64_t tweets = std::strtoll(argv[2], nullptr, 10);
  const std::chrono::duration<double> limit(std::strtod(argv[3], nullptr));
  const auto database = SqliteConnection::open(argv[1], SqliteConnection::Mode::write, nullptr);
  if (!database) return failed(database.error());
  if (const auto filled = fill(**database, tweets); !filled) return failed(filled.error());
  const auto begun = std::chrono::steady_clock::now();
  const double cpu_before = cpu_s();
  std::chrono::duration<double> passed{};
  int64_t likes = 0;
  for (; passed < limit; ++likes) {
    if (const auto done = like(**database, 1 + likes * 7919 % tweets); !done) return failed(done.error());
    passed = std::chrono::steady_clock::now() - begun;
  }
  const auto count = static_cast<double>(likes);
  fmt::print("{:.0f} {:.2f}\n", count / passed.count(), (cpu_s() - cpu_before) * 1e6 / count);
  return 0;
}
