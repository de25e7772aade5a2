#include "common/net/resolver.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>

#include <netdb.h>
#include <strings.h>
#include <uv.h>

#include "common/base/memory_scope.h"

namespace roost::net {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string read_start(const std::string& path, size_t max_bytes) {
  std::string text(max_bytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(max_bytes));
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

/// Cuts the first piece off `rest`, up to one of `separators`; leading separators are skipped. Empty at the end.
std::string_view take_piece(std::string_view& rest, std::string_view separators) {
  const size_t start = std::min(rest.find_first_not_of(separators), rest.size());
  const size_t end = std::min(rest.find_first_of(separators, start), rest.size());
  const std::string_view piece = rest.substr(start, end - start);
  rest.remove_prefix(end);
  return piece;
}

bool same_name(std::string_view one, std::string_view other) {
  return one.size() == other.size() && strncasecmp(one.data(), other.data(), one.size()) == 0;
}

/// The addresses a line gives `wanted`: "10.0.0.1 name other-name # comment".
void take_from_line(std::string_view line, const HostPort& wanted, std::vector<Address>& found) {
  line = line.substr(0, line.find('#'));
  const std::string_view ip = take_piece(line, kBlanks);
  for (auto name = take_piece(line, kBlanks); !name.empty(); name = take_piece(line, kBlanks)) {
    if (!same_name(name, wanted.host)) continue;
    auto address = Address::parse(HostPort{std::string(ip), wanted.port}.to_string());
    if (address && found.size() < Resolver::kMaxAddresses) found.push_back(*address);
  }
}

std::vector<Address> from_hosts_file(const std::string& path, const HostPort& wanted) {
  std::vector<Address> found;
  if (path.empty()) return found;
  const std::string text = read_start(path, Resolver::kMaxHostsFileBytes);
  std::string_view rest = text;
  for (auto line = take_piece(rest, "\n"); !line.empty(); line = take_piece(rest, "\n")) {
    take_from_line(line, wanted, found);
  }
  return found;
}

class SystemLookup;

/// The request in libuv's thread pool; deletes itself when it is done, also after its look-up was destroyed.
struct Request {
  uv_getaddrinfo_t handle{};
  uint16_t port = 0;
  SystemLookup* waiting = nullptr;
};

/// Asks the system (getaddrinfo).
class SystemLookup final : public Resolver::Lookup {
 public:
  SystemLookup(EventLoop& loop, const HostPort& host, Resolver::OnResolved on_resolved)
      : loop_(loop),
        host_(host.host),
        on_resolved_(std::move(on_resolved)),
        answer_(Timer::of<&SystemLookup::answer>(loop.timers(), this)) {
    request_ = new Request{{}, host.port, this};
    request_->handle.data = request_;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    status_ = uv_getaddrinfo(loop.raw(), &request_->handle, on_done, host_.c_str(), nullptr, &hints);
    if (status_ == 0) return;
    delete std::exchange(request_, nullptr);
    answer_.start_ms(0);
  }
  ~SystemLookup() override {
    if (request_ == nullptr) return;
    request_->waiting = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&request_->handle));
  }

 private:
  static void on_done(uv_getaddrinfo_t* handle, int status, addrinfo* list);
  void take(const addrinfo* list, uint16_t port);
  void answer() {
    if (!on_resolved_) return;  // memory ran out in it
    Result<std::vector<Address>> result = std::move(addresses_);
    if (status_ != 0) result = fail("resolve " + host_ + ": " + uv_strerror(status_), Side::backend, true);
    // The callback may destroy this look-up.
    Resolver::OnResolved on_resolved = std::move(on_resolved_);
    on_resolved(std::move(result));
  }

  EventLoop& loop_;
  std::string host_;
  Resolver::OnResolved on_resolved_;
  Timer answer_;
  Request* request_ = nullptr;
  std::vector<Address> addresses_;
  int status_ = 0;
};

void SystemLookup::on_done(uv_getaddrinfo_t* handle, int status, addrinfo* list) {
  const std::unique_ptr<Request> request(static_cast<Request*>(handle->data));
  SystemLookup* self = request->waiting;
  if (self != nullptr) {
    self->request_ = nullptr;
    self->loop_.observe_time();
    self->status_ = status;
    if (!run_contained([&] { self->take(list, request->port); })) self->status_ = UV_EAI_MEMORY;
    self->answer_.start_ms(0);
  }
  uv_freeaddrinfo(list);
}

void SystemLookup::take(const addrinfo* list, uint16_t port) {
  for (const addrinfo* entry = list; entry != nullptr && addresses_.size() < Resolver::kMaxAddresses;
       entry = entry->ai_next) {
    Address address(entry->ai_addr, entry->ai_addrlen);
    address.set_port(port);
    addresses_.push_back(address);
  }
  if (status_ == 0 && addresses_.empty()) status_ = UV_EAI_NODATA;
}

/// Delivers a result that is known at once, at the next turn.
class KnownLookup final : public Resolver::Lookup {
 public:
  KnownLookup(EventLoop& loop, Result<std::vector<Address>> answer, Resolver::OnResolved on_resolved)
      : timer_(Timer::of<&KnownLookup::answer>(loop.timers(), this)),
        answer_(std::move(answer)),
        on_resolved_(std::move(on_resolved)) {
    timer_.start_ms(0);
  }

 private:
  void answer() {
    // The callback may destroy this look-up.
    Resolver::OnResolved on_resolved = std::move(on_resolved_);
    on_resolved(std::move(answer_));
  }
  Timer timer_;
  Result<std::vector<Address>> answer_;
  Resolver::OnResolved on_resolved_;
};

}  // namespace

Resolver::Resolver(EventLoop& loop, std::string hosts_file) : loop_(loop), hosts_file_(std::move(hosts_file)) {}

Resolver::~Resolver() = default;

std::unique_ptr<Resolver::Lookup> Resolver::resolve(const HostPort& host, OnResolved on_resolved) {
  if (auto literal = Address::parse(host.to_string())) {
    return std::make_unique<KnownLookup>(loop_, std::vector<Address>{*literal}, std::move(on_resolved));
  }
  if (auto listed = from_hosts_file(hosts_file_, host); !listed.empty()) {
    return std::make_unique<KnownLookup>(loop_, std::move(listed), std::move(on_resolved));
  }
  return std::make_unique<SystemLookup>(loop_, host, std::move(on_resolved));
}

}  // namespace roost::net
