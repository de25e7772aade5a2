"""A backend that fails as it is told: failing_backend.py PORT NAME. Reads its mode from standard input, a line each:

    ok            200 at once
    fail PERCENT  503 for this share of requests, at once
    garbage       bytes that are no response
    slow SECONDS  200 after so long

Answers name it in X-Backend."""

import asyncio
import random
import sys


class Backend:
    def __init__(self, name):
        self.name, self.mode, self.value = name, "ok", 0.0
        self.random = random.Random(1)

    async def answer(self, writer):
        status = "200 OK"
        if self.mode == "garbage":
            writer.write(b"\x00\x01 this is no response\r\n\r\n")
            return False
        if self.mode == "slow":
            await asyncio.sleep(self.value)
        if self.mode == "fail" and self.random.random() * 100 < self.value:
            status = "503 Service Unavailable"
        writer.write(f"HTTP/1.1 {status}\r\nX-Backend: {self.name}\r\nCache-Control: no-store\r\n"
                     "Content-Length: 3\r\n\r\nok\n".encode())
        return True

    async def serve(self, reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                if not await self.answer(writer):
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def obey(self):
        mode, _, value = sys.stdin.readline().strip().partition(" ")
        if mode:
            self.mode, self.value = mode, float(value or 0)


async def main(port, name):
    backend = Backend(name)
    server = await asyncio.start_server(backend.serve, "127.0.0.1", int(port), reuse_address=True)
    asyncio.get_running_loop().add_reader(sys.stdin, backend.obey)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
