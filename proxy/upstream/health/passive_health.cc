#include "proxy/upstream/health/passive_health.h"

#include <utility>

namespace roost::proxy {

Judgement PassiveHealth::note_failure(int64_t now_ms, uint64_t ended, uint64_t subject) {
  const MutexLock lock(mutex_);
  if (subject != 0 && std::exchange(last_subject_, subject) == subject) return {};
  const Judgement judged = detector_.note_failure(now_ms, ended);
  suspect_.store(true, std::memory_order_relaxed);
  return judged;
}

void PassiveHealth::clear_suspicion() {
  const MutexLock lock(mutex_);
  detector_.note_success();
  if (detector_.on_probation()) return standing_.note_answer();
  suspect_.store(false, std::memory_order_relaxed);
  if (!detector_.ejected()) standing_.set(Standing::State::trusted);
}

FailureShare PassiveHealth::window(int64_t now_ms, uint64_t ended) const {
  const MutexLock lock(mutex_);
  return detector_.window(now_ms, ended);
}

bool PassiveHealth::eject(int64_t now_ms, std::string reason) {
  const MutexLock lock(mutex_);
  if (detector_.ejected()) return false;
  const int64_t duration_ms = detector_.eject(now_ms);
  last_ = {true, now_ms + duration_ms, duration_ms, std::move(reason)};
  ejections_.fetch_add(1, std::memory_order_relaxed);
  standing_.set(Standing::State::ejected);
  return true;
}

void PassiveHealth::end_ejection(int64_t now_ms) {
  const MutexLock lock(mutex_);
  if (!detector_.ejected()) return;
  detector_.end_ejection(now_ms);
  last_.in_effect = false;
  stand_anew();
}

void PassiveHealth::forget() {
  const MutexLock lock(mutex_);
  detector_.restart();
  start_over();
}

void PassiveHealth::pardon() {
  const MutexLock lock(mutex_);
  detector_.pardon();
  start_over();
}

void PassiveHealth::start_over() {
  last_ = {};
  set_weight_percent(100);
  stand_anew();
}

void PassiveHealth::stand_anew() {
  const bool trusted = !detector_.on_probation();
  standing_.set(trusted ? Standing::State::trusted : Standing::State::awaiting);
  suspect_.store(!trusted, std::memory_order_relaxed);  // successes are looked at
  last_subject_ = 0;
}

PassiveHealth::Ejection PassiveHealth::ejection() const {
  const MutexLock lock(mutex_);
  return last_;
}

}  // namespace roost::proxy
