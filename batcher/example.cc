#include <filesystem>
#include <fstream>
#include <future>
#include <map>

#include <fmt/core.h>

#include "batcher/batcher.h"
#include "batcher/journal/posix_disk.h"

// batcher-example DIRECTORY KEY…: adds one to the counter of each KEY and prints all counters. The "database" is a text
// file that is replaced as a whole by a rename, which makes every change of it atomic.
using namespace roost::batcher;

class CounterFile final : public Sink {
 public:
  explicit CounterFile(std::string path) : path_(std::move(path)) {
    std::ifstream file(path_);
    std::string name;
    for (int64_t value = 0; file >> name >> value;) rows_[name] = value;
  }
  Outcome apply(const JournalId& journal, const Batch& batch) override {
    auto rows = rows_;
    if (rows[journal.hex()]++ + 1 != static_cast<int64_t>(batch.sequence)) return Outcome::unknown;
    for (const KeyDelta& delta : batch.deltas) rows[fmt::format("counter-{}", delta.key)] += delta.delta;
    return store(std::move(rows)) ? Outcome::applied : Outcome::not_applied;
  }
  roost::Result<uint64_t> applied_seq(const JournalId& journal) override {
    return rows_.contains(journal.hex()) ? static_cast<uint64_t>(rows_.at(journal.hex())) : 0;
  }
  roost::Result<void> forget(const JournalId& journal) override {
    auto rows = rows_;
    rows.erase(journal.hex());
    if (!store(std::move(rows))) return roost::fail("cannot write " + path_);
    return {};
  }
  const std::map<std::string, int64_t>& rows() const { return rows_; }

 private:
  bool store(std::map<std::string, int64_t> rows) {
    std::ofstream file(path_ + ".new");
    for (const auto& [name, value] : rows) file << name << ' ' << value << '\n';
    if (file.close(); !file) return false;
    std::error_code error;
    std::filesystem::rename(path_ + ".new", path_, error);
    if (!error) rows_ = std::move(rows);
    return !error;
  }
  std::string path_;
  std::map<std::string, int64_t> rows_;  ///< Of counters, and the applied sequence of each journal.
};

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  CounterFile database(std::string(argv[1]) + "/counters");
  PosixDisk disk;
  roost::SystemClock clock;
  Options options;
  options.directory = std::string(argv[1]) + "/journal";  // Shared by all processes of the host with this database.
  options.report = [](std::string_view line) { fmt::print(stderr, "{}\n", line); };
  auto batcher = Batcher::open(std::move(options), disk, clock, database);
  if (!batcher) return fmt::print(stderr, "{}\n", batcher.error().what), 1;
  for (int i = 2; i < argc; ++i) {
    std::promise<bool> durable;
    auto added = (*batcher)->add(std::stoll(argv[i]), 1,
                                 [&durable](roost::Result<Accepted> result) { durable.set_value(result.has_value()); });
    if (!added) fmt::print("{}: refused: {}\n", argv[i], added.error().what);  // Later, a limit is reached.
    if (added) fmt::print("{}: {}\n", argv[i], durable.get_future().get() ? "cannot be lost any more" : "failed");
  }
  (*batcher)->close(5000);  // Sends what is pending for 5 s; the journal keeps the rest for the next start.
  for (const auto& [name, value] : database.rows()) fmt::print("{} {}\n", name, value);
  return 0;
}
