#pragma once

#include "common/base/check.h"

namespace roost {

/// One link of an IntrusiveList. A class that is kept in lists derives from one link per list it can be in, told apart
/// by Tag. Unlinking is idempotent, and a link that is destroyed unlinks itself.
template <class Tag = void>
class ListLink {
 public:
  ListLink() = default;
  ~ListLink() { unlink(); }
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;

  bool linked() const { return next_ != this; }
  void unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

 private:
  template <class, class>
  friend class IntrusiveList;
  void insert_before(ListLink* position) {
    ROOST_CHECK(!linked());
    prev_ = position->prev_;
    next_ = position;
    prev_->next_ = this;
    position->prev_ = this;
  }
  ListLink* prev_ = this;
  ListLink* next_ = this;
};

/// A doubly linked list of objects it does not own and never allocates for. T derives publicly from ListLink<Tag>.
/// All operations are O(1) but size(). Not thread-safe.
template <class T, class Tag = void>
class IntrusiveList {
  using Link = ListLink<Tag>;

 public:
  IntrusiveList() = default;
  /// Leaves the objects alone: they are merely in no list afterwards.
  ~IntrusiveList() {
    while (!empty()) pop_front();
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return !root_.linked(); }
  /// Null when empty.
  T* front() const { return empty() ? nullptr : static_cast<T*>(root_.next_); }
  T* back() const { return empty() ? nullptr : static_cast<T*>(root_.prev_); }
  /// The entry behind `entry`, null at the end.
  T* next(const T& entry) const {
    const Link* link = static_cast<const Link&>(entry).next_;
    return link == &root_ ? nullptr : static_cast<T*>(const_cast<Link*>(link));
  }
  void push_back(T& entry) { static_cast<Link&>(entry).insert_before(&root_); }
  void push_front(T& entry) { static_cast<Link&>(entry).insert_before(root_.next_); }
  T* pop_front() {
    T* entry = front();
    if (entry != nullptr) static_cast<Link&>(*entry).unlink();
    return entry;
  }
  /// Moves every entry of `other` to the end of this list.
  void splice_back(IntrusiveList& other) {
    if (other.empty()) return;
    Link* first = other.root_.next_;
    Link* last = other.root_.prev_;
    other.root_.prev_ = other.root_.next_ = &other.root_;
    first->prev_ = root_.prev_;
    root_.prev_->next_ = first;
    last->next_ = &root_;
    root_.prev_ = last;
  }

 private:
  Link root_;
};

}  // namespace roost
