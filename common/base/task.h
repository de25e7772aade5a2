#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace roost {

template <class Signature>
class UniqueFunction;

/// A callable that is moved, never copied, so that it can own what it works on (std::function cannot).
/// Calling an empty one is undefined.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, UniqueFunction> &&
                                              std::is_invocable_r_v<R, F&, Args...>>>
  UniqueFunction(F&& callable) : body_(std::make_unique<Body<std::decay_t<F>>>(std::forward<F>(callable))) {}

  explicit operator bool() const { return body_ != nullptr; }
  R operator()(Args... args) { return body_->call(std::forward<Args>(args)...); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Body final : Base {
    explicit Body(F&& callable) : callable_(std::move(callable)) {}
    explicit Body(const F& callable) : callable_(callable) {}
    R call(Args... args) override { return callable_(std::forward<Args>(args)...); }
    F callable_;
  };
  std::unique_ptr<Base> body_;
};

/// Something to run once on another thread or at a later turn of a loop.
using Task = UniqueFunction<void()>;

}  // namespace roost
