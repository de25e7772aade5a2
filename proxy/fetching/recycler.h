#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/intrusive_list.h"
#include "common/base/memory_scope.h"
#include "common/net/event_loop.h"

namespace roost::proxy {

/// Owns the objects of one kind on one loop and keeps those that are done for the next use, so that their buffers are
/// allocated once. T derives publicly from ListLink<>. Loop thread only.
template <class T>
class Recycler {
 public:
  /// Objects kept for reuse; more are freed.
  static constexpr size_t kMaxSpare = 256;

  /// `total`: counts those in use of several loops together; may be null.
  explicit Recycler(net::EventLoop& loop, std::atomic<int64_t>* total = nullptr) : loop_(loop), total_(total) {}
  ~Recycler() { clear(); }
  Recycler(const Recycler&) = delete;
  Recycler& operator=(const Recycler&) = delete;

  /// One that is done, or a new one made of `arguments`. In use until give_back().
  template <class... Arguments>
  T& take(Arguments&&... arguments) {
    std::unique_ptr<T> object;
    if (spare_.empty()) {
      object = std::make_unique<T>(std::forward<Arguments>(arguments)...);
    } else {
      object = std::move(spare_.back());
      spare_.pop_back();
    }
    active_.push_back(*object);
    ++active_count_;
    if (total_ != nullptr) ++*total_;
    return *object.release();  // the list's until it is given back
  }
  /// It is done. May be called from inside its methods: it is not freed before the end of the loop's turn.
  void give_back(T& object) {
    const EssentialMemory essential;
    static_cast<ListLink<>&>(object).unlink();
    --active_count_;
    if (total_ != nullptr) --*total_;
    std::unique_ptr<T> owned(&object);
    if (spare_.size() < kMaxSpare) return spare_.push_back(std::move(owned));
    struct Retired final : net::Retirable {
      explicit Retired(std::unique_ptr<T> held) : object(std::move(held)) {}
      std::unique_ptr<T> object;
    };
    loop_.retire(std::make_unique<Retired>(std::move(owned)));
  }
  /// Destroys those in use.
  void clear() {
    while (T* object = active_.pop_front()) delete object;
    if (total_ != nullptr) *total_ -= static_cast<int64_t>(active_count_);
    active_count_ = 0;
  }
  size_t active_count() const { return active_count_; }

 private:
  net::EventLoop& loop_;
  std::atomic<int64_t>* const total_;
  IntrusiveList<T> active_;
  size_t active_count_ = 0;
  std::vector<std::unique_ptr<T>> spare_;
};

}  // namespace roost::proxy
