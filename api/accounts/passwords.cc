#include "api/accounts/passwords.h"

#include <array>
#include <cerrno>
#include <deque>
#include <utility>

#include <fmt/core.h>
#include <sodium.h>

#include "common/base/check.h"

namespace roost::api {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;

std::string base64(const unsigned char* bytes, size_t size) {
  std::string text(sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, size, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  text.pop_back();  // the NUL
  return text;
}

/// In the form of crypto_pwhash_str, of random bytes.
std::string random_hash(uint64_t operations, size_t memory_bytes) {
  ROOST_CHECK(sodium_init() >= 0);
  std::array<unsigned char, kSaltBytes> salt;
  std::array<unsigned char, kHashBytes> hash;
  randombytes_buf(salt.data(), salt.size());
  randombytes_buf(hash.data(), hash.size());
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", memory_bytes / 1024, operations,
                     base64(salt.data(), salt.size()), base64(hash.data(), hash.size()));
}

tl::unexpected<Error> queue_full() {
  return fail("too many passwords wait to be hashed", Side::internal, true, Passwords::kQueueFull);
}

}  // namespace

Result<std::string> hash_password(std::string_view password, uint64_t operations, size_t memory_bytes) {
  ROOST_CHECK(sodium_init() >= 0);
  std::array<char, crypto_pwhash_STRBYTES> text;
  if (crypto_pwhash_str(text.data(), password.data(), password.size(), operations, memory_bytes) != 0)
    return fail("not enough memory to hash a password", Side::internal, true);
  return std::string(text.data());
}

/// New passwords that wait for the one before them.
struct Passwords::NewLine {
  Passwords* owner;
  std::deque<WorkQueue::Job> waiting;
  bool busy = false;  ///< one is with the queue, or is being hashed
};

Passwords::Passwords(Options options)
    : options_(std::move(options)),
      dummy_hash_(random_hash(options_.operations, options_.memory_bytes)),
      new_line_(std::make_shared<NewLine>(NewLine{this, {}})) {}

Passwords::~Passwords() {
  new_line_->owner = nullptr;
  new_line_->waiting.clear();
}

void Passwords::start_next(const std::shared_ptr<NewLine>& line) {
  if (line->owner == nullptr || line->busy || line->waiting.empty()) return;
  // Those to verify leave it one place in the queue.
  line->busy = line->owner->queue_.submit(std::move(line->waiting.front()));
  ROOST_CHECK(line->busy);
  line->waiting.pop_front();
}

void Passwords::hash(std::string password, Done<std::string> done) {
  if (new_line_->waiting.size() >= kMaxNewQueued) {
    return options_.deliver([done = std::move(done)]() mutable { done(queue_full()); });
  }
  new_line_->waiting.emplace_back(
      [this, line = new_line_, password = std::move(password), done = std::move(done)](size_t) mutable {
        Result<std::string> hashed = hash_password(password, options_.operations, options_.memory_bytes);
        sodium_memzero(password.data(), password.size());
        options_.deliver([line = std::move(line), done = std::move(done), hashed = std::move(hashed)]() mutable {
          line->busy = false;
          start_next(line);
          done(std::move(hashed));
        });
      });
  start_next(new_line_);
}

void Passwords::verify(std::string password, std::string hash, Done<bool> done) {
  if (queue_.queued() >= kMaxQueued) {
    return options_.deliver([done = std::move(done)]() mutable { done(queue_full()); });
  }
  WorkQueue::Job job = [this, password = std::move(password), hash = std::move(hash),
                        done = std::move(done)](size_t) mutable {
    errno = 0;
    Result<bool> fits = crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
    if (!*fits && errno == ENOMEM) fits = fail("no memory to check a password", Side::internal, true);
    sodium_memzero(password.data(), password.size());
    options_.deliver([done = std::move(done), fits = std::move(fits)]() mutable { done(std::move(fits)); });
  };
  ROOST_CHECK(queue_.submit(std::move(job)));  // only this thread adds to it
}

}  // namespace roost::api
