"""bench/run failover: one of three backends fails under load, and what the clients of each proxy see of it.

Roost, nginx (max_fails) and HAProxy (check, observe) stand before the same three backends and get the same rate of
GETs, none of them cached. Each event makes one backend fail for a while, for all proxies at the same time. Each gives
a backend the same time to answer; all else that is not written here is at its default."""

import argparse
import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from failover_chart import SLOW_S, svg
from measure import BenchError, free_port, need, progress, say_what_is_wrong, wait_for_port

ROOT = pathlib.Path(__file__).resolve().parents[1]
BEFORE_S, EVENT_S, AFTER_S = 2.0, 14.0, 20.0
BACKEND_LIMIT_S = 4  # for an answer, behind each proxy
CLIENT_LIMIT_S = 5.0  # after that long a request counts as an error
REST_S = 3.5  # a proxy whose clients see nothing of the failing backend for so long has noticed

ROOST = """
[proxy]
threads = 1
admin = "off"
first_byte_timeout = "{limit}s"
listen = ["127.0.0.1:{port}"]
[[pool]]
backends = [{quoted}]
{checks}
[[route]]
cache = false
"""
ROOST_CHECKS = """check = "/"
check_interval = "1s"
check_timeout = "1s"
"""
NGINX = """
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log {directory}/nginx.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {directory}/nb; proxy_temp_path {directory}/np;
  fastcgi_temp_path {directory}/nf; uwsgi_temp_path {directory}/nu; scgi_temp_path {directory}/ns;
  upstream backends {{ least_conn; {servers} keepalive 32; }}
  server {{
    listen 127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_read_timeout {limit}s; proxy_connect_timeout 2s;
    location / {{ proxy_pass http://backends; }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  balance leastconn
  timeout client 60s
  timeout server {limit}s
  timeout connect 2s
  option redispatch
  option httpchk GET /
  default-server check inter 1s fall 2 rise 2 observe layer7 error-limit 5 on-error mark-down
listen proxy
  bind 127.0.0.1:{port}
{servers}
"""


@dataclass
class Answer:
    at_s: float  # when it was asked for, from the beginning of the event
    took_s: float
    good: bool
    backend: str


class Backend:
    def __init__(self, number):
        self.name, self.port, self.process = f"b{number}", free_port(), None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "bench/failing_backend.py", str(self.port), self.name],
            stdin=subprocess.PIPE,
            text=True,
        )

    def tell(self, mode):
        self.process.stdin.write(mode + "\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()


async def flap(backend):
    while True:
        backend.tell("fail 100")
        await asyncio.sleep(1)
        backend.tell("ok")
        await asyncio.sleep(1)


# name: (how it begins, how it ends); a coroutine goes on until the end.
EVENTS = {
    "killed": (lambda b: b.kill(), lambda b: b.start()),
    "stopped": (lambda b: b.process.send_signal(signal.SIGSTOP), lambda b: b.process.send_signal(signal.SIGCONT)),
    "slow, 3 s": (lambda b: b.tell("slow 3"), lambda b: b.tell("ok")),
    "fails 30%": (lambda b: b.tell("fail 30"), lambda b: b.tell("ok")),
    "fails 100%": (lambda b: b.tell("fail 100"), lambda b: b.tell("ok")),
    "garbage": (lambda b: b.tell("garbage"), lambda b: b.tell("ok")),
    "flapping": (flap, lambda b: b.tell("ok")),
}


class Client:
    """GETs at a fixed rate, whether or not earlier ones were answered."""

    def __init__(self, port, rate):
        self.port, self.rate, self.answers, self.idle, self.tasks = port, rate, [], [], set()

    async def run(self, begun, until):
        number = 0
        while (now := time.monotonic()) < until:
            task = asyncio.create_task(self.ask(now - begun))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, begun - BEFORE_S + number / self.rate - time.monotonic()))
        if self.tasks:
            await asyncio.wait(self.tasks)
        for _, writer in self.idle:
            writer.close()

    async def ask(self, at_s):
        started = time.monotonic()
        good, backend = False, ""
        try:
            good, backend = await asyncio.wait_for(self.exchange(), CLIENT_LIMIT_S)
        except (OSError, EOFError, ValueError, IndexError, asyncio.TimeoutError, asyncio.LimitOverrunError):
            pass
        self.answers.append(Answer(at_s, time.monotonic() - started, good, backend))

    async def connection(self):
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof():  # else the proxy has closed it for being idle, which is no error
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self):
        reader, writer = await self.connection()
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: bench.test\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length: ")[1].split("\r\n")[0])
            await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        (writer.close() if "connection: close" in head else self.idle.append((reader, writer)))
        backend = head.split("x-backend: ")[1].split("\r\n")[0] if "x-backend: " in head else ""
        return head.startswith("http/1.1 200"), backend


def start_proxies(directory, backends, binaries):
    """{name: (process, port)}"""
    addresses = [f"127.0.0.1:{backend.port}" for backend in backends]
    quoted = ", ".join(f'"{address}"' for address in addresses)
    roost = {"port": "{port}", "quoted": quoted, "limit": BACKEND_LIMIT_S}
    texts = {
        "Roost": ROOST.format(**roost, checks=""),
        "Roost, checks": ROOST.format(**roost, checks=ROOST_CHECKS),
        "nginx": NGINX.replace("{servers}", " ".join(f"server {a} max_fails=1 fail_timeout=10s;" for a in addresses)),
        "HAProxy": HAPROXY.replace(
            "{servers}", "\n".join(f"  server {b.name} {a}" for b, a in zip(backends, addresses))
        ),
    }
    commands = {
        "Roost": [binaries / "roost-proxy", "--config"],
        "Roost, checks": [binaries / "roost-proxy", "--config"],
        "nginx": ["nginx", "-e", f"{directory}/nginx.log", "-c"],
        "HAProxy": ["haproxy", "-db", "-f"],
    }
    started = {}
    for name, text in texts.items():
        port, path = free_port(), directory / f"{name.split(',')[0]}{len(started)}.conf"
        path.write_text(
            text.replace("{port}", str(port))
            if name.startswith("Roost")
            else text.format(port=port, directory=directory, limit=BACKEND_LIMIT_S)
        )
        log = directory / f"proxy{len(started)}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [*map(str, commands[name]), str(path)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=directory,
            )
        started[name] = (process, port)
        wait_for_port(port, process, log)
    return started


async def live_through(event, victim, ports, rate):
    """{proxy: answers}"""
    begin, end = EVENTS[event]
    clients = {name: Client(port, rate) for name, port in ports.items()}
    begun = time.monotonic() + BEFORE_S
    runs = [asyncio.create_task(c.run(begun, begun + EVENT_S + AFTER_S)) for c in clients.values()]
    await asyncio.sleep(BEFORE_S)
    going_on = begin(victim)
    task = asyncio.create_task(going_on) if asyncio.iscoroutine(going_on) else None
    await asyncio.sleep(max(0.0, begun + EVENT_S - time.monotonic()))
    if task:
        task.cancel()
    end(victim)
    await asyncio.gather(*runs)
    return {name: client.answers for name, client in clients.items()}


def noticed_after(answers, victim):
    """When the clients had seen the last of the failing backend for REST_S at least; None if that never came."""
    until = 0.0
    for answer in sorted(answers, key=lambda a: a.at_s):
        if answer.at_s > until + REST_S:
            return until
        if not answer.good or answer.backend == victim or answer.took_s > SLOW_S:
            until = max(until, answer.at_s + answer.took_s)
    return None


def figures(answers, victim):
    """The results of a run: errors, when the failing backend was out of use and in use again, and the waits."""
    during = [a for a in answers if 0 <= a.at_s < EVENT_S]
    bad = [a for a in answers if not a.good and a.at_s >= 0]
    back = [a.at_s for a in answers if a.good and a.backend == victim and a.at_s >= EVENT_S]
    waits = sorted(a.took_s for a in during)
    noticed = noticed_after(during, victim)
    return {
        "requests": len(during),
        "errors": len(bad),
        "noticed_after_s": None if noticed is None else round(noticed, 2),
        "errors_since": None if noticed is None else sum(a.at_s > noticed for a in bad),
        "p99_ms": round(1000 * waits[int(len(waits) * 0.99)], 1) if waits else None,
        "worst_ms": round(1000 * waits[-1], 1) if waits else None,
        "back_after_s": round(min(back) - EVENT_S, 2) if back else None,
    }


def seconds(value):
    return "not" if value is None else f"{value:.2f} s"


def show(event, results):
    print(
        f"\n{event}\n  {'':14} {'requests':>8} {'errors':>7} {'noticed after':>14} {'errors since':>13} {'p99':>10} "
        f"{'worst':>10} {'back after':>11}"
    )
    for name, f in results.items():
        since = "–" if f["errors_since"] is None else f["errors_since"]
        print(
            f"  {name:14} {f['requests']:8} {f['errors']:7} {seconds(f['noticed_after_s']):>14} {since:>13} "
            f"{f['p99_ms']:7.1f} ms {f['worst_ms']:7.1f} ms {seconds(f['back_after_s']):>11}",
            flush=True,
        )


def markdown(table):
    """The errors, and after how many seconds the backend was out of use and in use again."""
    proxies = list(next(iter(table.values())))
    lines = ["| event | " + " | ".join(proxies) + " |", "|---|" + "---|" * len(proxies)]
    for event, results in table.items():
        cells = []
        for name in proxies:
            f = results[name]
            times = ["–" if s is None else f"{s:.1f}" for s in (f["noticed_after_s"], f["back_after_s"])]
            cells.append(f"**{f['errors']}** · {times[0]} · {times[1]}")
        lines.append(f"| {event} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(prog="bench/run failover", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rate", type=int, default=100, metavar="N", help="requests a second to each proxy")
    parser.add_argument(
        "--events",
        nargs="+",
        choices=list(EVENTS),
        default=list(EVENTS),
        metavar="EVENT",
        help="of " + ", ".join(EVENTS),
    )
    options = parser.parse_args()
    binaries = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin")).resolve()
    need(binaries / "roost-proxy", "nginx", "haproxy")
    table, strips = {}, {}
    for event in options.events:
        with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
            backends, proxies = [Backend(n) for n in (1, 2, 3)], {}
            try:
                for backend in backends:
                    backend.start()
                    wait_for_port(backend.port, backend.process, "/dev/null")
                proxies = start_proxies(pathlib.Path(folder), backends, binaries)
                progress(event)
                ports = {name: port for name, (_, port) in proxies.items()}
                answers = asyncio.run(live_through(event, backends[0], ports, options.rate))
            finally:
                for process, _ in proxies.values():
                    process.terminate()  # not kill: nginx ends its worker, which would stay behind
                    process.wait()
                for backend in backends:
                    if backend.process:
                        backend.kill()
        progress("")
        table[event] = {name: figures(list_, backends[0].name) for name, list_ in answers.items()}
        strips[event] = answers
        show(event, table[event])
    results = ROOT / "bench/results"
    results.mkdir(parents=True, exist_ok=True)
    outputs = {
        "json": json.dumps(table, indent=1) + "\n",
        "md": markdown(table),
        "svg": svg(strips, "b1", BEFORE_S, EVENT_S, AFTER_S),
    }
    print()
    for ending, text in outputs.items():
        path = results / f"failover.{ending}"
        path.write_text(text)
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(say_what_is_wrong("bench/run failover", main))
