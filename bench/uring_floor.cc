// uring_floor PORT BODY_SIZE: epoll_floor on io_uring, as its authors recommend for a server of one thread: accepts and
// receives that stay in the ring, buffers that the kernel takes from a ring, completions run when they are asked for.

#include <vector>

#include <liburing.h>

#include "bench/floor_answer.h"
#include "bench/loop.h"

namespace {

using namespace roost::bench;

constexpr unsigned kEntries = 4096;
constexpr unsigned kBuffers = 1024;  // a power of two
constexpr unsigned kBufferSize = 4096;
constexpr int kGroup = 0;

enum Kind : uint64_t { accepting, receiving, sending };

uint64_t tag(Kind kind, int fd) {
  return kind << 32U | static_cast<uint32_t>(fd);
}

class Ring {
 public:
  explicit Ring(std::string answer) : answer_(std::move(answer)), buffers_(kBuffers * kBufferSize) {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    const int result = io_uring_queue_init_params(kEntries, &ring_, &parameters);
    errno = -result;
    check(result, "io_uring_queue_init_params");
    provide_all();
  }

  [[noreturn]] void serve(int listener) {
    io_uring_sqe* const sqe = entry();
    io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, tag(accepting, listener));
    for (;;) {
      io_uring_submit_and_wait(&ring_, 1);
      io_uring_cqe* completion = nullptr;
      unsigned head = 0;
      unsigned count = 0;
      io_uring_for_each_cqe(&ring_, head, completion) {
        ++count;
        on_completion(*completion);
      }
      io_uring_cq_advance(&ring_, count);
    }
  }

 private:
  void provide_all() {
    io_uring_buf_reg registration{};
    void* memory = nullptr;
    check(posix_memalign(&memory, 4096, kBuffers * sizeof(io_uring_buf)), "posix_memalign");
    ring_of_buffers_ = static_cast<io_uring_buf_ring*>(memory);
    registration.ring_addr = reinterpret_cast<uint64_t>(ring_of_buffers_);
    registration.ring_entries = kBuffers;
    registration.bgid = kGroup;
    check(io_uring_register_buf_ring(&ring_, &registration, 0), "io_uring_register_buf_ring");
    io_uring_buf_ring_init(ring_of_buffers_);
    for (unsigned i = 0; i < kBuffers; ++i) provide(i);
  }

  void provide(unsigned number) {
    io_uring_buf_ring_add(ring_of_buffers_, &buffers_[number * kBufferSize], kBufferSize,
                          static_cast<unsigned short>(number), io_uring_buf_ring_mask(kBuffers), 0);
    io_uring_buf_ring_advance(ring_of_buffers_, 1);
  }

  io_uring_sqe* entry() {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    while (sqe == nullptr) {
      io_uring_submit(&ring_);
      sqe = io_uring_get_sqe(&ring_);
    }
    return sqe;
  }

  void receive(int fd) {
    io_uring_sqe* const sqe = entry();
    io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = kGroup;
    io_uring_sqe_set_data64(sqe, tag(receiving, fd));
  }

  void send(int fd) {
    io_uring_sqe* const sqe = entry();
    io_uring_prep_send(sqe, fd, answer_.data(), answer_.size(), MSG_WAITALL | MSG_NOSIGNAL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(sqe, tag(sending, fd));
  }

  void on_completion(const io_uring_cqe& completion) {
    const uint64_t data = io_uring_cqe_get_data64(&completion);
    const int fd = static_cast<int>(data & 0xffffffff);
    switch (static_cast<Kind>(data >> 32U)) {
      case accepting:
        if (completion.res < 0) return;
        set_no_delay(completion.res);
        return receive(completion.res);
      case receiving:
        return on_received(fd, completion);
      case sending:
        return;
    }
  }

  void on_received(int fd, const io_uring_cqe& completion) {
    if (completion.res > 0) {
      const unsigned number = completion.flags >> IORING_CQE_BUFFER_SHIFT;
      if (ends_request({&buffers_[number * kBufferSize], static_cast<size_t>(completion.res)})) send(fd);
      provide(number);
    } else if (completion.res != -ENOBUFS) {
      close(fd);
      return;
    }
    if ((completion.flags & IORING_CQE_F_MORE) == 0) receive(fd);
  }

  std::string answer_;
  std::vector<char> buffers_;
  io_uring ring_{};
  io_uring_buf_ring* ring_of_buffers_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: uring_floor PORT BODY_SIZE\n");
    return 2;
  }
  const auto port = static_cast<uint16_t>(number_argument(argv[0], argv[1], 1, 65535));
  Ring ring(floor_answer(number_argument(argv[0], argv[2], 0, kMaxBodySize)));
  ring.serve(listen_on(port));
}
