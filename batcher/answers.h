#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/base/task.h"

namespace roost::batcher {

/// The answer to add() once its likes are durable.
struct Accepted {
  int64_t pending = 0;  ///< As pending(key), this like included.
};

/// Called exactly once for each like that was not refused: with Accepted, or with the error of the disk.
using Done = UniqueFunction<void(Result<Accepted>)>;

/// The result of add_once().
enum class Added : unsigned char {
  waiting,  ///< The like is not durable yet; its Done will be called.
  known,    ///< A like with this token was acknowledged before. It is counted once; Done is not called.
};

/// An answer for a caller of add().
struct Completion {
  Done done;
  Result<Accepted> result;
  /// Calls `done` with `result`. Once.
  void run() { done(std::move(result)); }
};

/// The answers of one group commit. The commit thread starts no further group until they have been run or dropped, so
/// that likes which follow from an answer, such as a client's next one, share a sync with those that arrived meanwhile.
/// May outlive the batcher. One thread at a time.
class Answers {
 public:
  /// `then` is called once they have been run or dropped.
  Answers(std::vector<Completion> completions, Task then)
      : completions_(std::move(completions)), then_(std::move(then)) {}
  Answers(Answers&&) noexcept = default;
  Answers& operator=(Answers&&) = delete;
  ~Answers() { finish(); }

  /// Calls each `done` with its result. Once.
  void run() {
    for (Completion& completion : completions_) completion.run();
    finish();
  }

 private:
  void finish() {
    completions_.clear();
    if (Task then = std::move(then_)) then();
  }
  std::vector<Completion> completions_;
  Task then_;
};

}  // namespace roost::batcher
