// uv_floor PORT BODY_SIZE: epoll_floor on libuv. The difference is what libuv costs.

#include <memory>

#include <uv.h>

#include "bench/floor_answer.h"
#include "bench/loop.h"

namespace {

using namespace roost::bench;

struct Floor {
  std::string answer;
  std::array<char, 16384> buffer{};
};

uv_stream_t* stream_of(uv_tcp_t* connection) {
  return reinterpret_cast<uv_stream_t*>(connection);
}

void close_connection(uv_stream_t* connection) {
  uv_close(reinterpret_cast<uv_handle_t*>(connection),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
}

void on_read(uv_stream_t* connection, ssize_t size, const uv_buf_t* buffer) {
  if (size < 0) return close_connection(connection);
  if (!ends_request({buffer->base, static_cast<size_t>(size)})) return;
  auto& floor = *static_cast<Floor*>(connection->loop->data);
  uv_buf_t answer = uv_buf_init(floor.answer.data(), static_cast<unsigned>(floor.answer.size()));
  while (answer.len > 0) {
    const int sent = uv_try_write(connection, &answer, 1);
    if (sent < 0 && sent != UV_EAGAIN) return close_connection(connection);
    if (sent <= 0) continue;
    answer.base += sent;
    answer.len -= static_cast<size_t>(sent);
  }
}

void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto connection = std::make_unique<uv_tcp_t>();
  uv_tcp_init(listener->loop, connection.get());
  uv_stream_t* const stream = stream_of(connection.release());
  if (uv_accept(listener, stream) != 0) return close_connection(stream);
  uv_tcp_nodelay(reinterpret_cast<uv_tcp_t*>(stream), 1);
  uv_read_start(
      stream,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto& floor = *static_cast<Floor*>(handle->loop->data);
        *buffer = uv_buf_init(floor.buffer.data(), static_cast<unsigned>(floor.buffer.size()));
      },
      on_read);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: uv_floor PORT BODY_SIZE\n");
    return 2;
  }
  const auto port = static_cast<uint16_t>(number_argument(argv[0], argv[1], 1, 65535));
  Floor floor{floor_answer(number_argument(argv[0], argv[2], 0, kMaxBodySize)), {}};
  uv_loop_t loop;
  check(uv_loop_init(&loop), "uv_loop_init");
  loop.data = &floor;
  uv_tcp_t listener;
  uv_tcp_init(&loop, &listener);
  check(uv_tcp_open(&listener, listen_on(port)), "uv_tcp_open");
  check(uv_listen(stream_of(&listener), 1024, on_connection), "uv_listen");
  return uv_run(&loop, UV_RUN_DEFAULT);
}
