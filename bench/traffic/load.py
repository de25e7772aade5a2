"""One run: a schedule of requests against a stack, and what happens to it meanwhile."""

import pathlib
import subprocess
import time
from dataclasses import dataclass

import measure
from traffic import figures
from traffic.workloads import reads_of, schedule, steady

CONNECTIONS, LIMIT_MS = 2000, 5000
LEAD_S = 0.1  # from "begun" to the first request
WARM_SEED, SEED = 1, 2
SLICE_S, SLOW_S = 0.1, 0.08  # a slow database stands still for SLOW_S of each SLICE_S


@dataclass(frozen=True)
class Event:
    """`kind`, one of HAPPENINGS, from `at` to `until`: parts of the run, 0 to 1."""

    kind: str
    at: float
    until: float


def happen(stack, event, seconds):
    """Returns when it is over. On the main thread: PostgreSQL ends with the thread that started it."""
    begun = time.monotonic() + LEAD_S
    begin, meanwhile, end = HAPPENINGS[event.kind]
    sleep_until(begun + event.at * seconds)
    begin(stack)
    if meanwhile:
        meanwhile(stack, begun + event.until * seconds)
    sleep_until(begun + event.until * seconds)
    end(stack)


def sleep_until(moment):
    time.sleep(max(0.0, moment - time.monotonic()))


def nothing(_stack):
    pass


def slow_database(stack, until):
    while time.monotonic() < until:
        stack.database.server.pause()
        time.sleep(SLOW_S)
        stack.database.server.resume()
        time.sleep(SLICE_S - SLOW_S)


# kind: (how it begins, what goes on until the end, how it ends)
HAPPENINGS = {
    "slow": (nothing, slow_database, nothing),
    "away": (lambda s: s.database.kill(), None, lambda s: s.database.start()),
    "killed": (lambda s: s.kill_worker(), None, lambda s: s.restart_worker()),
    "hangs": (lambda s: s.signal_worker("STOP"), None, lambda s: s.signal_worker("CONT")),
}


def offer(stack, requests, event=None, seconds=0.0):
    """Sends what is due when it is due; one Answer for each."""
    plan, results = stack.directory / "schedule", stack.directory / "results"
    plan.write_text("".join(request.line() + "\n" for request in requests))
    command = ["taskset", "-c", str(measure.LOAD_CORE), stack.binaries / "open_load", stack.front.port, plan, results,
               CONNECTIONS, LIMIT_MS, *stack.fields, f"Authorization: Bearer {stack.token}"]
    last_s = requests[-1].due_us / 1e6 if requests else 0
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as load:
        try:
            load.stdout.readline()
            if event:
                happen(stack, event, seconds)
            load.wait(last_s + LIMIT_MS / 1000 + 30)
        finally:
            if load.poll() is None:
                load.kill()
    if load.returncode != 0:
        raise measure.BenchError(f"open_load ended with {load.returncode}")
    return figures.read_answers(requests, pathlib.Path(results).read_text().splitlines())


def warm(stack, scenario):
    """Fills the caches with what is read, and the database's own; leaves counts as they are."""
    parts = reads_of(scenario.parts)
    if parts and scenario.warm_s > 0:
        rate = scenario.warm_rate * sum(part.share for part in parts)
        offer(stack, schedule(parts, steady(rate), scenario.warm_s, WARM_SEED))


def work(stack, scenario, seconds):
    """The figures of a scenario on a stack that has just been started."""
    warm(stack, scenario)
    time.sleep(scenario.rest_s(seconds))
    requests = schedule(scenario.parts, scenario.rate_at(seconds), seconds, SEED)
    before = stack.reading()
    answers = offer(stack, requests, scenario.event, seconds)
    after = stack.reading()
    client = figures.client_figures(answers, seconds)
    found = client | figures.server_figures(before, after, client["good"], seconds)
    found["likes_counted"] = stack.settle(client["likes"])
    return found
