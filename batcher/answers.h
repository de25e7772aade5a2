#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/base/task.h"

namespace roost::batcher {

/// What the caller of add() learns once its likes cannot be lost any more.
struct Accepted {
  int64_t pending = 0;  ///< As pending(key), this like included.
};

/// Called exactly once for each like that was taken on: with Accepted, or with the error that kept it off the disk.
using Done = UniqueFunction<void(Result<Accepted>)>;

/// The result of add_once().
enum class Added : unsigned char {
  waiting,  ///< The like waits for the disk; its Done will be called.
  known,    ///< A like under this token was acknowledged before. It counts once; Done is not called.
};

/// One answer on its way to a caller of add().
struct Completion {
  Done done;
  Result<Accepted> result;
  /// Calls `done` with `result`. Once.
  void run() { done(std::move(result)); }
};

/// All answers of one group commit. As long as they are neither run nor dropped, the commit thread takes up no further
/// group: the likes that answers bring about, such as each client's next one, then share a sync with those that waited.
/// May outlive the batcher. On one thread at a time.
class Answers {
 public:
  /// `then` is called when they have been run or dropped.
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
