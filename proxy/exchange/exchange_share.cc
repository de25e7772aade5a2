// The part of an exchange that shares a fetch with others: see exchange.h.

#include <algorithm>
#include <array>

#include "common/base/check.h"
#include "proxy/cache/validation.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/front.h"

namespace roost::proxy {

using http::BodyLength;
using http::FieldId;

// ---- joining ------------------------------------------------------------------------------------------------------

void Exchange::join() {
  FetchLock::Joined joined = front_.shared().fetches.join(key_, now_us(), changed_us_);
  fetch_ = std::move(joined.fetch);
  leads_ = joined.leads;
  cursor_ = {};
  if (leads_) {
    // Another may have stored it since this request looked.
    if (reason_ != ForwardReason::request && answer_stored()) return;
    outcome_ = Outcome::miss;
    return call_backend();
  }
  if (responder_ == nullptr) return settle();  // a refresh that others are at already
  outcome_ = Outcome::collapsed;
  set_state(State::waiting);
  fetch_->wait(*this, front_.context().loop);
}

// The fetch waited for was of no use; what is wanted may be stored by now, or another fetches it.
void Exchange::look_up_again() {
  key_.drop_variant();
  if (reason_ == ForwardReason::request || !answer_stored()) join();
}

// Looks for what is stored; true when it may be used as it is.
bool Exchange::find_stored() {
  const int64_t now_unix_ms = front_.context().loop.unix_ms();
  look_up_key_ = key_;
  look_up_key_.drop_variant();
  stored_ = front_.shared().cache.find(look_up_key_, kept_.fields(), now_unix_ms);
  if (!stored_) return false;
  if (front_.shared().cache.is_outdated(*stored_)) {
    revalidates_ = true;
    changed_us_ = front_.shared().cache.tags_changed_at_us(look_up_key_, stored_->tags());
  }
  return !revalidates_ && stored_->times().fresh_for_ms(now_unix_ms) > 0;
}

// Answers from the cache, if it can; then everything is over.
bool Exchange::answer_stored() {
  if (!find_stored()) return false;
  if (leads_) stop_sharing(FetchState::abandoned);
  if (responder_ != nullptr) {
    const int64_t now_unix_ms = front_.context().loop.unix_ms();
    outcome_ = Outcome::hit;
    respond_stored(HitFields(stored_->times().age_ms(now_unix_ms), stored_->times().fresh_for_ms(now_unix_ms)).view());
  }
  settle();
  return true;
}

// The backend has failed: what is stale serves in its place where that is allowed (RFC 5861 §4), for those who wait as
// well, who look for themselves. The call may go on; what it brings is not for anybody any more.
bool Exchange::answer_stale(int failed_status) {
  if (reason_ == ForwardReason::request) return false;
  find_stored();
  const int64_t now_unix_ms = front_.context().loop.unix_ms();
  if (!stored_ || revalidates_ || !stored_->times().usable_on_error(now_unix_ms)) return false;
  if (leads_) stop_sharing(FetchState::failed, failed_status);
  if (state_ == State::calling && call_.active()) set_state(State::alone);
  if (responder_ == nullptr) return true;
  outcome_ = Outcome::hit;
  front_.context().counters.stale_on_error.add();
  http::FieldBlock more;
  more.add("Age", static_cast<uint64_t>(stored_->times().age_ms(now_unix_ms) / 1'000));
  add_forward_status(reason_, /*stored=*/false, /*collapsed=*/false, "stale-if-error", more, failed_status);
  respond_stored(more);
  return true;
}

void Exchange::respond_stored(http::FieldBlockView more_fields) {
  flush_timer_.stop();
  const int64_t age_ms = stored_->times().age_ms(front_.context().loop.unix_ms());
  front_.context().counters.hit_age.observe_us(static_cast<uint64_t>(age_ms) * 1'000);
  http::ResponseStart start;
  start.fields = stored_->fields();
  start.more_fields = more_fields;
  if (stored_->status() == 200 && is_not_modified(kept_.fields(), stored_->etag(), stored_->last_modified())) {
    start.status = status_ = 304;
    responder_->respond(start, {});
  } else {
    start.status = status_ = stored_->status();
    start.body = BodyLength::known(stored_->body_bytes());
    responder_->respond(start, stored_->body());
  }
  client_done(/*complete=*/true);
}

void Exchange::leave_fetch() {
  if (!fetch_) return;
  if (!leads_) fetch_->leave(*this);
  fetch_ = {};
}

// ---- leading ------------------------------------------------------------------------------------------------------

// A 304 that is about something else, or answers a question that was not asked, is of no use (RFC 9111 §4.3.4): when it
// has ended, the whole is asked for.
void Exchange::take_not_modified(const http::ResponseHead& head) {
  if (validates_ && confirms(head, *stored_)) take_validated(head);
}

void Exchange::ask_whole() {
  if (asked_whole_) return on_call_failed({502, "the backend answered 304 to a request without conditions"});
  asked_whole_ = true;
  validates_ = false;
  forward_fields(kept_.head(), /*share=*/true);
  ask();
}

// 304: what is stored is still right. From here on it is as if the backend had sent it again.
void Exchange::take_validated(const http::ResponseHead& head) {
  front_.context().counters.validated.add();
  const cache::Ref<StoredResponse> unchanged = stored_;
  take_head(validated_head(*unchanged, head));
  for (const Slice& piece : unchanged->body()) {
    if (unused()) return;
    on_answer_body(piece.view());
  }
}

// What is to be kept no longer has a newer self that is not to be kept at all.
void Exchange::forget_stale(int status, std::string_view reason) {
  if (reason == "authorization") return;  // that is about this request
  if (stored_ && status < 500) front_.shared().cache.purge(key_);
}

void Exchange::lead_head(const http::ResponseHead& head) {
  const int64_t now_unix_ms = front_.context().loop.unix_ms();
  Storing storing = judge_response(kept_.head(), head, now_unix_ms, backend_head_us_ / 1'000, route_->default_ttl_ms);
  HttpCache& cache = front_.shared().cache;
  if (head.body.kind == BodyLength::Kind::known && head.body.bytes > cache.max_object_bytes()) {
    storing.store = false;
    storing.reason = "too-large";
  }
  if (storing.store) {
    add_forward_status(reason_, /*stored=*/true, /*collapsed=*/false, {}, more_fields_, validates_ ? 304 : 0);
    return publish_head(head, storing);
  }
  forget_stale(head.status, storing.reason);
  add_forward_status(reason_, /*stored=*/false, /*collapsed=*/false, storing.reason, more_fields_,
                     validates_ ? 304 : 0);
  // A backend in trouble says nothing about the URL: those who come next may share the attempt.
  if (head.status < 500) {
    cache.remember_uncacheable(key_, kept_.fields().has(FieldId::authorization), now_unix_ms);
  }
  stop_sharing(FetchState::uncacheable);
}

void Exchange::publish_head(const http::ResponseHead& head, const Storing& storing) {
  FetchedHead fetched;
  fetched.status = head.status;
  fetched.fields = answer_fields_;
  fetched.etag = head.fields.value(FieldId::etag);
  fetched.last_modified = head.fields.value(FieldId::last_modified);
  fetched.vary = head.fields.combined(FieldId::vary).value_or("");
  fetched.tags = head.fields.combined(FieldId::cache_groups).value_or("");
  append_variant(fetched.vary, kept_.fields(), fetched.variant);
  fetched.times = storing.times;
  // It is as new as the question, or as much older as it says it was then.
  const int64_t age_when_asked_ms = storing.times.initial_age_ms - backend_head_us_ / 1'000;
  fetched.right_at_us = called_us_ - (revalidates_ ? 0 : age_when_asked_ms * 1'000);
  fetched.length_known = head.body.kind != BodyLength::Kind::unknown;
  fetched.length = fetched.length_known ? head.body.bytes : 0;
  const bool not_modified = responder_ != nullptr && fetched.status == 200 &&
                            is_not_modified(kept_.fields(), fetched.etag, fetched.last_modified);
  fetch_->publish_head(std::move(fetched));
  if (not_modified) answer_not_modified();
}

void Exchange::answer_not_modified() {
  status_ = 304;
  answer_length_ = BodyLength::none();
  head_sent_ = true;
  responder_->respond(answer_start(), {});
  client_done(/*complete=*/true);
}

// The key is free before anybody is told, so that who competes again finds it so.
void Exchange::stop_sharing(FetchState how, int status) {
  front_.shared().fetches.close(key_, *fetch_.get());
  fetch_->end(how, status);
  leads_ = false;
  fetch_ = {};
}

void Exchange::share_body(std::string_view bytes) {
  const uint64_t before = fetch_->bytes();
  fetch_->append(bytes);
  // While the client keeps up it is sent what comes as it comes; else it reads behind, from the blocks. The last piece
  // of all waits until the whole is stored: a client that has its answer finds it in the cache, on whatever thread.
  const bool keeps_up = responder_ != nullptr && client_writable_ && cursor_.offset == before;
  const bool last = answer_length_.kind == BodyLength::Kind::known && before + bytes.size() == answer_length_.bytes;
  if (keeps_up && !last) {
    cursor_.offset += bytes.size();
    answer_body(bytes);
  }
  if (!too_large_ && before + bytes.size() > front_.shared().cache.max_object_bytes()) {
    too_large_ = true;
    forget_stale(status_, "too-large");
    front_.shared().fetches.close(key_, *fetch_.get());
  }
  if (!is_wanted()) {
    stop_sharing(FetchState::abandoned);
    return cut_off();
  }
  if (!too_large_) return;
  // Not to be kept, so no longer than it takes to send: the slowest of our own client and the watermark decides.
  if (responder_ != nullptr && (!client_writable_ || cursor_.offset < fetch_->bytes())) return call_.pause();
  fetch_->drop_read_blocks();
}

void Exchange::share_end() {
  const std::vector<BlockRef> body = fetch_->complete();
  leads_ = false;
  if (!too_large_) {
    Fetch::Cursor end{fetch_->bytes()};
    std::vector<BlockRef> none;
    const Fetch::Reading reading = fetch_->read(end, none, 1);
    if (!fetch_->spoiled()) {
      if (!front_.shared().cache.insert(key_, kept_.fields(), *reading.head, body)) forget_stale(status_, "too-large");
      if (fetch_->spoiled()) front_.shared().cache.purge(key_);  // by a purge that came between
    }
    front_.shared().fetches.close(key_, *fetch_.get());
  }
  if (responder_ == nullptr || cursor_.offset >= fetch_->bytes()) return;
  set_state(State::following);
  send_available();
}

// By our own client, by others or by the cache. One that was begun for a client that has left, and then was finished
// for others that have left as well, is judged as it would have been when the first left.
bool Exchange::is_wanted() const {
  if (responder_ != nullptr || fetch_->has_waiters()) return true;
  return !too_large_ && (!client_left_ || worth_finishing());
}

bool Exchange::worth_finishing() const {
  if (!leads_) return false;
  if (fetch_->has_waiters()) return true;
  if (too_large_ || answer_length_.kind != BodyLength::Kind::known || status_ == 0) return false;
  return answer_length_.bytes - std::min(answer_length_.bytes, fetch_->bytes()) <= kNearlyDoneBytes;
}

// ---- following ----------------------------------------------------------------------------------------------------

void Exchange::on_fetch_progress() {
  if (state_ == State::waiting) {
    Fetch::Cursor start;
    pieces_.clear();
    const Fetch::Reading reading = fetch_->read(start, pieces_, 0);
    if (reading.state == FetchState::head_awaited) return;
    if (reading.head == nullptr || reading.state == FetchState::uncacheable || reading.state == FetchState::abandoned) {
      return on_fetch_without_answer(reading);
    }
    if (!begin_following(*reading.head)) return;
  }
  catch_up();
}

void Exchange::on_fetch_without_answer(const Fetch::Reading& reading) {
  const FetchState state = reading.state;
  const int status = reading.failed_status;
  leave_fetch();
  if (state == FetchState::failed) {
    if (!answer_stale(status)) answer_problem(status, "the backend gave no answer");
    return settle();
  }
  if (state == FetchState::abandoned) return look_up_again();
  fetch_alone();
}

// Where a URL comes to vary by other fields, the variant's key may be that of a fetch that was left before, this one
// even, which would be met again and again until it ends.
void Exchange::join_variant(std::string_view variant) {
  leave_fetch();
  if (++other_variants_ > kMaxOtherVariants) return fetch_alone();
  key_.set_variant(variant);
  join();
}

void Exchange::fetch_alone() {
  outcome_ = Outcome::pass;
  detail_ = "uncacheable";
  call_backend();
}

/// False when the fetch is another variant's, or there is nothing more to send.
bool Exchange::begin_following(const FetchedHead& head) {
  std::string variant;
  append_variant(head.vary, kept_.fields(), variant);
  if (variant != head.variant) {
    join_variant(variant);
    return false;
  }
  set_state(State::following);
  status_ = head.status;
  const int64_t age_ms = head.times.age_ms(front_.context().loop.unix_ms());
  answer_fields_.clear();
  more_fields_.clear();
  more_fields_.add("Age", static_cast<uint64_t>(age_ms / 1'000));
  add_forward_status(reason_, /*stored=*/false, /*collapsed=*/true, {}, more_fields_);
  more_fields_.append(head.fields);
  answer_length_ = head.length_known ? BodyLength::known(head.length) : BodyLength::unknown();
  if (status_ != 200 || !is_not_modified(kept_.fields(), head.etag, head.last_modified)) return true;
  answer_not_modified();
  settle();
  return false;
}

// Sends the client what lies between it and the end of what has been fetched, as far as it takes it.
void Exchange::send_available() {
  while (responder_ != nullptr && client_writable_) {
    pieces_.clear();
    const Fetch::Reading reading = fetch_->read(cursor_, pieces_, kPiecesPerRead);
    if (reading.lagging) {
      abort_answer();
      break;
    }
    if (!pieces_.empty()) {
      send_pieces(reading);
      continue;
    }
    end_following(reading);
    break;
  }
  pieces_.clear();
}

void Exchange::catch_up() {
  send_available();
  if (leads_ && too_large_ && client_writable_) call_.resume();
  settle();
}

void Exchange::send_pieces(const Fetch::Reading& reading) {
  std::array<Slice, kPiecesPerRead> slices;
  for (size_t i = 0; i < pieces_.size(); ++i) slices[i] = Slice(pieces_[i]);
  const std::span<const Slice> body(slices.data(), pieces_.size());
  if (head_sent_) {
    client_writable_ = responder_->send_body(body);
    return;
  }
  flush_timer_.stop();
  head_sent_ = true;
  if (reading.state == FetchState::complete && reading.head->length_known && cursor_.offset == reading.head->length) {
    responder_->respond(answer_start(), body);
    return client_done(/*complete=*/true);
  }
  client_writable_ = responder_->send_head(answer_start(), body);
}

// There is nothing behind the cursor: is that the end?
void Exchange::end_following(const Fetch::Reading& reading) {
  if (leads_) return;  // our own call ends the answer
  if (reading.state == FetchState::complete) return answer_end();
  if (reading.state != FetchState::streaming) {
    if (head_sent_) return abort_answer();
    return answer_problem(502, "the backend broke off its answer");
  }
  flush_head();
}

}  // namespace roost::proxy
