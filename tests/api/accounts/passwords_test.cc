#include "api/accounts/passwords.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

namespace {

/// Where results are delivered; `hold` keeps the hashing threads there.
class Desk {
 public:
  std::function<void(Task)> deliver() {
    return [this](Task task) {
      std::unique_lock guard(mutex_);
      arrived_.push_back(std::move(task));
      changed_.notify_all();
      if (std::this_thread::get_id() != own_) changed_.wait(guard, [this] { return !holding_; });
    };
  }
  void hold(bool on) {
    const std::lock_guard guard(mutex_);
    holding_ = on;
    changed_.notify_all();
  }
  void wait_for(size_t count) {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return arrived_.size() >= count; });
  }
  /// Runs what has arrived.
  void run() {
    std::vector<Task> tasks;
    {
      const std::lock_guard guard(mutex_);
      tasks.swap(arrived_);
    }
    for (Task& task : tasks) task();
  }

 private:
  const std::thread::id own_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Task> arrived_;
  bool holding_ = false;
};

Passwords::Options cheap(Desk& desk) {
  return {.operations = 1, .memory_bytes = 8 << 10, .deliver = desk.deliver()};
}

std::string hash_of(Desk& desk, Passwords& passwords, std::string password) {
  std::optional<Result<std::string>> made;
  passwords.hash(std::move(password), [&](Result<std::string> hash) { made = std::move(hash); });
  desk.wait_for(1);
  desk.run();
  REQUIRE(made);
  REQUIRE(*made);
  return **made;
}

bool fits(Desk& desk, Passwords& passwords, std::string password, std::string hash) {
  std::optional<Result<bool>> checked;
  passwords.verify(std::move(password), std::move(hash), [&](Result<bool> fit) { checked = fit; });
  desk.wait_for(1);
  desk.run();
  REQUIRE(checked);
  REQUIRE(*checked);
  return **checked;
}

}  // namespace

TEST_CASE("a password fits its own hash alone") {
  Desk desk;
  Passwords passwords(cheap(desk));
  const std::string hash = hash_of(desk, passwords, "correct horse");
  CHECK(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  CHECK(hash != hash_of(desk, passwords, "correct horse"));  // the salt
  CHECK(fits(desk, passwords, "correct horse", hash));
  CHECK_FALSE(fits(desk, passwords, "correct horsf", hash));
  CHECK_FALSE(fits(desk, passwords, "", hash));
  CHECK_FALSE(fits(desk, passwords, "correct horse", "no hash"));
  CHECK_FALSE(fits(desk, passwords, "correct horse", ""));
}

TEST_CASE("the dummy hash costs as much as others and matches no password") {
  Desk desk;
  Passwords passwords(cheap(desk));
  const std::string hash = hash_of(desk, passwords, "x");
  const std::string& dummy = passwords.dummy_hash();
  CHECK(dummy.size() == hash.size());
  CHECK(dummy.substr(0, dummy.find("p=1$")) == hash.substr(0, hash.find("p=1$")));
  CHECK_FALSE(fits(desk, passwords, "x", dummy));
  CHECK_FALSE(fits(desk, passwords, "", dummy));
}

TEST_CASE("the queue of log-ins is bounded, and what does not fit in is refused at once") {
  Desk desk;
  Passwords passwords(cheap(desk));
  desk.hold(true);
  size_t hashed = 0;
  size_t refused = 0;
  const auto submit = [&] {
    passwords.verify("x", passwords.dummy_hash(), [&](const Result<bool>& fits) {
      if (!fits) CHECK(fits.error().retryable);
      if (!fits) CHECK(fits.error().code == Passwords::kQueueFull);
      ++(fits ? hashed : refused);
    });
  };
  for (size_t i = 0; i < Passwords::kThreads; ++i) submit();
  desk.wait_for(Passwords::kThreads);  // every thread has delivered and is kept there
  for (size_t i = 0; i < Passwords::kMaxQueued; ++i) submit();
  desk.run();
  CHECK(hashed == Passwords::kThreads);
  CHECK(refused == 0);
  submit();
  desk.run();
  CHECK(refused == 1);
  desk.hold(false);
  desk.wait_for(Passwords::kMaxQueued);
  desk.run();
  CHECK(hashed == Passwords::kThreads + Passwords::kMaxQueued);
}

TEST_CASE("registrations take one thread and wait in a line of their own") {
  Desk desk;
  Passwords passwords(cheap(desk));
  desk.hold(true);
  size_t hashed = 0;
  size_t refused = 0;
  const auto submit = [&] {
    passwords.hash("x", [&](const Result<std::string>& hash) {
      if (!hash) CHECK(hash.error().code == Passwords::kQueueFull);
      ++(hash ? hashed : refused);
    });
  };
  submit();
  desk.wait_for(1);  // its thread is kept there
  for (size_t i = 0; i < Passwords::kMaxNewQueued; ++i) submit();
  submit();
  desk.wait_for(2);  // the refusal of the last
  bool checked = false;
  passwords.verify("x", "no hash", [&](const Result<bool>& fits) { checked = fits.has_value(); });
  desk.wait_for(3);  // at once, on the other thread
  desk.run();
  CHECK(checked);
  CHECK(refused == 1);
  CHECK(hashed == 1);
  desk.hold(false);
  while (hashed < 1 + Passwords::kMaxNewQueued) {
    desk.wait_for(1);
    desk.run();
  }
  CHECK(refused == 1);
}

TEST_CASE("at the end what waits is dropped unanswered") {
  Desk desk;
  bool answered = false;
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> waiting = held;
  std::thread release;
  {
    Passwords passwords(cheap(desk));
    desk.hold(true);
    for (size_t i = 0; i < Passwords::kThreads; ++i) passwords.verify("x", "no hash", [](const Result<bool>&) {});
    desk.wait_for(Passwords::kThreads);
    passwords.verify("x", "no hash", [&answered, held = std::move(held)](const Result<bool>&) { answered = true; });
    release = std::thread([&] {
      while (!waiting.expired()) std::this_thread::yield();  // until the destructor has dropped it
      desk.hold(false);
    });
  }
  release.join();
  desk.run();
  CHECK_FALSE(answered);
}
