"""Overload, for bench/run weather: a backend that serves SLOTS requests at a time, SERVICE_S each, behind a proxy that
has `max_active_requests`; requests come at a set rate whether or not earlier ones were answered (an open loop)."""

import asyncio
import contextlib
import multiprocessing
import time
from dataclasses import dataclass, field

from measure import SERVER_CORE, Server, free_port

SLOTS, SERVICE_S = 10, 0.05
CAPACITY_PER_S = SLOTS / SERVICE_S


class SlowBackend:
    """In a process of its own."""

    def __init__(self):
        self.port = free_port()
        self.ready = multiprocessing.Event()
        self.process = multiprocessing.Process(target=lambda: asyncio.run(self.run()), daemon=True)
        self.process.start()
        self.ready.wait(10)

    async def run(self):
        slots = asyncio.Semaphore(SLOTS)

        async def serve(reader, writer):
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    async with slots:
                        await asyncio.sleep(SERVICE_S)
                    writer.write(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok")
                    await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", self.port, backlog=1024)
        self.ready.set()
        await server.serve_forever()

    def stop(self):
        self.process.terminate()
        self.process.join()


@dataclass
class Outcome:
    served_ms: list = field(default_factory=list)
    refused_ms: list = field(default_factory=list)
    failed: int = 0
    seconds: float = 0

    def goodput(self):
        return len(self.served_ms) / self.seconds

    @staticmethod
    def p99(times_ms):
        ordered = sorted(times_ms)
        return ordered[len(ordered) * 99 // 100] if ordered else 0.0


async def offer(port, per_s, seconds):
    outcome = Outcome(seconds=seconds)

    async def one():
        began = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /pass HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            status = int((await asyncio.wait_for(reader.read(), 60)).split(b" ", 2)[1])
            writer.close()
        except (OSError, IndexError, ValueError, asyncio.TimeoutError):
            outcome.failed += 1
            return
        took_ms = (time.perf_counter() - began) * 1000
        if status == 200:
            outcome.served_ms.append(took_ms)
        elif status in (429, 503):
            outcome.refused_ms.append(took_ms)
        else:
            outcome.failed += 1

    under_way = set()
    began = time.perf_counter()
    for number in range(int(per_s * seconds)):
        if (ahead := began + number / per_s - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        task = asyncio.create_task(one())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    outcome.seconds = max(seconds, time.perf_counter() - began)
    return outcome


def measure(binaries, directory, seconds):
    """Lines of the table, and whether the goodput at three times the capacity is at least 90% of that at capacity and
    the p99 of what was served at most twice, with refusals sooner than one
    request is served."""
    backend = SlowBackend()
    port = free_port()
    config = directory / "overload.toml"
    config.write_text(f'[proxy]\nlisten = ["127.0.0.1:{port}"]\nadmin = "off"\nthreads = 1\n'
                      f'upstream = ["127.0.0.1:{backend.port}"]\n[limits]\nmax_active_requests = {2 * SLOTS}\n')
    server = Server("overload", [binaries / "roost-proxy", "--config", config], port, directory, SERVER_CORE)
    try:
        at_peak = asyncio.run(offer(port, CAPACITY_PER_S, seconds))
        beyond = asyncio.run(offer(port, 3 * CAPACITY_PER_S, seconds))
    finally:
        server.stop()
        backend.stop()
    lines = [f"{'overload':<24}{'served/s':>9}{'p99 ms':>9}{'refused':>9}{'p99 ms':>10}{'failed':>9}"]
    for name, found in (("at capacity", at_peak), ("three times", beyond)):
        lines.append(f"{name:<24}{found.goodput():>9.0f}{found.p99(found.served_ms):>9.0f}{len(found.refused_ms):>9}"
                     f"{found.p99(found.refused_ms):>10.1f}{found.failed:>9}")
    good = (beyond.goodput() >= 0.9 * at_peak.goodput() and beyond.failed == 0
            and beyond.p99(beyond.served_ms) <= 2 * at_peak.p99(at_peak.served_ms)
            and beyond.p99(beyond.refused_ms) < SERVICE_S * 1000)
    return lines, good
