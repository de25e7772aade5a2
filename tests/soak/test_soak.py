"""Mixed load for a long time ($ROOST_SOAK_S seconds, an hour by default) while backends fail at random, clients
disconnect and entries are purged: the proxy must answer, be free of reports of a sanitizer, and not grow."""

import asyncio
import os
import random
import sys

from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402, F403

SOAK_S = float(os.environ.get("ROOST_SOAK_S", "3600"))
RATE = float(os.environ.get("ROOST_SOAK_RATE", "150"))  # requests a second
SAMPLES = 60  # of the resident size, over the whole time
MAX_GROWTH_KIB = 8 * 1024  # from the first half's largest to the second half's
# Which requests come, and how often: the rest are hits.
KINDS = {"miss": 15, "pass": 10, "post": 8, "large": 4, "leave": 8, "leave_in_head": 3, "slow_reader": 1, "range": 4,
         "conditional": 5, "reload": 4, "malformed": 2, "pipelined": 3}  # fmt: skip


class BackendBehaviour:
    """How the backends behave: each is healthy most of the time and fails for a while at random."""

    def __init__(self, rng):
        self.rng, self.modes = rng, {}

    def answer(self, name):
        return lambda request: self.reply(name, request)

    def change(self):
        for name in ("b0", "b1", "b2"):
            self.modes[name] = self.rng.choice(["ok"] * 6 + ["fail", "garbage", "cut", "slow", "hang_up"])
        if all(mode != "ok" for mode in self.modes.values()):
            self.modes["b0"] = "ok"

    def reply(self, name, request):
        mode = self.modes.get(name, "ok")
        if mode == "fail":
            return Reply(status=503, body=b"no")
        if mode == "garbage":
            return Reply(raw=b"\x00garbage\r\n\r\n", close=True)
        if mode == "hang_up":
            return Reply(hang_up=True, reset=True)
        size = 200_000 if request.target.startswith("/large") else 2_000
        control = "no-store" if request.target.startswith(("/pass", "/large/p")) else "max-age=2, stale-if-error=60"
        reply = Reply(body=b"x" * size, headers=[("Cache-Control", control), ("ETag", '"e"')],
                      chunked=request.target.endswith("c"))
        if mode == "cut":
            reply.cut_at = 700
        if mode == "slow":
            reply.delay_s = 0.3
        return reply


class Load:
    """Requests at a fixed rate, each on a connection of its own."""

    def __init__(self, address, rng):
        self.host, _, port = address.partition(":")
        self.port, self.rng, self.counts = int(port), rng, {}
        self.unanswered = []  # what was asked, when, and what had come of the answer
        self.kinds = [kind for kind, weight in KINDS.items() for _ in range(weight)]
        self.kinds += ["hit"] * (100 - len(self.kinds))

    def note(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def request(self, kind):
        number = self.rng.randrange(50)
        target = {"miss": f"/miss/{self.rng.random()}", "pass": f"/pass/{number}", "large": f"/large/{number % 7}c",
                  "slow_reader": f"/large/{number % 7}", "leave": f"/large/{number % 5}"}.get(kind, f"/hit/{number}")
        fields = {"range": "Range: bytes=10-90\r\n", "conditional": 'If-None-Match: "e"\r\n',
                  "reload": "Cache-Control: no-cache\r\n", "malformed": "Bad Name: 1\r\n"}.get(kind, "")
        head = f"GET {target} HTTP/1.1\r\nHost: soak.test\r\n{fields}Connection: close\r\n\r\n"
        if kind == "post":
            return f"POST {target} HTTP/1.1\r\nHost: soak.test\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        if kind == "pipelined":
            return head.replace("Connection: close\r\n", "") * 3 + head
        return head[:30] if kind == "leave_in_head" else head

    async def one(self):
        kind = self.rng.choice(self.kinds)
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return self.note("refused connection")
        asked, received = self.request(kind), bytearray()
        try:
            writer.write(asked.encode())
            if kind.startswith("leave"):
                await asyncio.sleep(self.rng.random() * 0.05)
                if self.rng.random() < 0.5:
                    writer.transport.abort()
            elif kind == "slow_reader":
                for _ in range(20):
                    await reader.read(4096)
                    await asyncio.sleep(0.1)
            else:
                await asyncio.wait_for(self.read(reader, received), 60 * TIME_SCALE)
        except asyncio.TimeoutError:
            self.note("no answer in time")
            self.unanswered.append((time.strftime("%H:%M:%S"), asked, len(received), bytes(received[:300])))
        except (OSError, asyncio.IncompleteReadError):
            self.note("broken off")
        finally:
            writer.close()

    async def read(self, reader, received):
        while data := await reader.read(65536):
            received += data
        self.note(received[9:12].decode("latin-1") or "nothing")

    async def run(self, until):
        tasks, begun, number = set(), time.monotonic(), 0
        while time.monotonic() < until:
            task = asyncio.create_task(self.one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        if tasks:
            await asyncio.wait(tasks)


class Soak(FlowTest):
    async def soak(self, proxy, backends, rng):
        until = time.monotonic() + SOAK_S
        load = Load(proxy.address, rng)
        running = asyncio.create_task(load.run(until))
        sizes, next_sample, next_change = [], 0.0, 0.0
        while not running.done():
            now = time.monotonic()
            if now >= next_change:
                backends.change()
                next_change = now + 2
                await asyncio.to_thread(self.purge, proxy, rng)
            if now >= next_sample:
                sizes.append(proxy.resident_kib())
                next_sample = now + SOAK_S / SAMPLES
            await asyncio.sleep(0.2)
        await running
        return load, sizes

    @staticmethod
    def purge(proxy, rng):
        what = rng.choice([f"url=http://soak.test/hit/{rng.randrange(50)}", "prefix=http://soak.test/large/"])
        request(proxy.admin, "POST", f"/purge?{what}")

    def test_it_stays_well(self):
        rng = random.Random(1)
        behaviour = BackendBehaviour(rng)
        backends = [self.backend(behaviour.answer(f"b{n}")) for n in range(3)]
        proxy = self.proxy(*backends, flags=["--cache-size", "8MiB", "--access-log", "access.log"], admin=True)
        load, sizes = asyncio.run(self.soak(proxy, behaviour, rng))
        counts = load.counts
        print(f"{SOAK_S:g} s: answers {dict(sorted(counts.items()))}")
        print(f"resident size: {sizes[0]:,} KiB at first, {max(sizes):,} KiB at most, {sizes[-1]:,} KiB at last")
        self.assertTrue(proxy.running(), proxy.output())
        self.assertEqual(load.unanswered, [])
        self.assertGreater(counts.get("200", 0), sum(counts.values()) * 0.6)
        half = len(sizes) // 2
        if not SANITIZED and half > 2:  # the quarantine and the shadow of a sanitizer grow by themselves
            self.assertLess(max(sizes[half:]), max(sizes[:half]) + MAX_GROWTH_KIB, sizes)


if __name__ == "__main__":
    main()
