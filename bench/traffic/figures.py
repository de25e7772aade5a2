"""From the results of bench/open_load.cc to the figures of a run. Pure."""

import bisect
import math
from dataclasses import dataclass

GIVEN_UP = (-1, -2)
SLOT_S = 0.25


@dataclass(frozen=True)
class Answer:
    due_us: int
    method: str
    target: str
    took_us: int
    status: int
    age_s: int
    likes: int
    hit: bool
    sent_us: int

    @property
    def good(self):
        return 200 <= self.status < 400

    @property
    def done_us(self):
        return self.due_us + self.took_us


def read_answers(requests, lines):
    """One Answer for each request, from the lines of the results."""
    answers = []
    for request, line in zip(requests, lines, strict=True):
        took, status, age, likes, hit, sent = map(int, line.split())
        answers.append(Answer(request.due_us, request.method, request.target, took, status, age, likes, hit == 1, sent))
    return answers


def quantile(ordered, share):
    """Of an ordered list, by the nearest rank; 0 of an empty one."""
    if not ordered:
        return 0
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def errors_of(answers):
    """{kind: count}: answered 4xx or 5xx, a broken connection, given up by the client."""
    found = {"refused": 0, "broken": 0, "given up": 0}
    for answer in answers:
        if answer.status >= 400:
            found["refused"] += 1
        elif answer.status == 0:
            found["broken"] += 1
        elif answer.status in GIVEN_UP:
            found["given up"] += 1
    return found


def tweet_of(answer):
    """The tweet that an answer is about, or None: /like/7, /api/tweets/7."""
    last = answer.target.rpartition("/")[2]
    one = answer.target.startswith(("/like/", "/api/tweets/"))
    return int(last) if one and last.isdigit() else None


def is_unclear(answer):
    """Whether a like that failed may have been counted all the same: its worker, or the way to it, broke meanwhile. A
    503 says that it was not."""
    return answer.target.startswith("/like/") and (answer.status <= 0 or answer.status in (500, 502, 504))


def staleness_s(answers):
    """How old the count of a tweet was that a reader got, at worst: the time since the first like that had been
    acknowledged when the read was sent, and was missing in its answer. Counts are 0 at the beginning."""
    acknowledged = {}
    for answer in answers:
        if answer.method == "POST" and answer.good and answer.target.startswith("/like/"):
            acknowledged.setdefault(tweet_of(answer), []).append(answer.done_us)
    for times in acknowledged.values():
        times.sort()
    worst = 0
    for answer in answers:
        times = acknowledged.get(tweet_of(answer)) if answer.method == "GET" and answer.good else None
        if not times or answer.likes < 0:
            continue
        if answer.likes < bisect.bisect_left(times, answer.sent_us):
            worst = max(worst, answer.sent_us - times[answer.likes])
    return worst / 1e6


def series_of(answers, seconds):
    """By slots of SLOT_S: good answers a second, by when they came; errors a second and the p99 in ms, by when requests
    were due (of good answers and of requests that were given up; None where there were none)."""
    due, good = ([[] for _ in range(math.ceil(seconds / SLOT_S))] for _ in range(2))
    for answer in answers:
        due[min(int(answer.due_us / 1e6 / SLOT_S), len(due) - 1)].append(answer)
        slot = int(answer.done_us / 1e6 / SLOT_S)
        if answer.good and slot < len(good):
            good[slot].append(answer)
    return {
        "good_per_s": [round(len(slot) / SLOT_S) for slot in good],
        "errors_per_s": [round(sum(not a.good for a in slot) / SLOT_S) for slot in due],
        "p99_ms": [round(quantile(times, 0.99) / 1000, 2) if times else None for times in map(waits, due)],
    }


def waits(answers):
    """The times of good answers and of requests that were given up, in order."""
    return sorted(a.took_us for a in answers if a.good or a.status in GIVEN_UP)


def client_figures(answers, seconds):
    """What the clients saw. Times are those of good answers and of requests that were given up."""
    waited = waits(answers)
    reads = [a for a in answers if a.method == "GET" and a.good]
    in_time = sum(a.good and a.done_us <= seconds * 1e6 for a in answers)
    return {
        "offered_per_s": round(len(answers) / seconds, 1),
        "reached_per_s": round(in_time / seconds, 1),
        "good": sum(a.good for a in answers),
        "p50_ms": round(quantile(waited, 0.5) / 1000, 3),
        "p99_ms": round(quantile(waited, 0.99) / 1000, 3),
        "errors": errors_of(answers),
        "proxy_hit": round(sum(a.hit for a in reads) / len(reads), 4) if reads else None,
        "stale_s": round(staleness_s(answers), 2),
        "oldest_s": max((a.age_s for a in reads), default=-1),
        "likes": sum(a.good and a.target.startswith("/like/") for a in answers),
        "unclear_likes": sum(map(is_unclear, answers)),
        "series": series_of(answers, seconds),
    }


def server_figures(before, after, good, seconds):
    """What the servers did between two readings of Stack.reading(), for `good` answers in `seconds`."""
    statements = after["statements"] - before["statements"]
    reads = {name: after["db_cache"][name] - before["db_cache"][name] for name in after["db_cache"]}
    asked = sum(reads.values())
    by_server = [reading.get("server_statements") for reading in (before, after)]
    # From 0 where the server was started again.
    counted = by_server[1] - by_server[0] if None not in by_server else None
    cpu_s = {name: after["cpu_s"][name] - before["cpu_s"].get(name, 0.0) for name in after["cpu_s"]}
    return {
        "statements_per_s": round(statements / seconds, 1),
        "server_statements_per_s": round(counted / seconds, 1) if counted is not None and counted >= 0 else None,
        "saved": round(1 - statements / good, 4) if good else None,
        "db_hit": round((reads["hit"] + reads["join"]) / asked, 4) if asked else None,
        "batches_per_s": round((after["batches"] - before["batches"]) / seconds, 2),
        "cpu_us": {name: round(value * 1e6 / good, 2) for name, value in cpu_s.items()} if good else {},
        "cpu_s": {name: round(value, 3) for name, value in cpu_s.items()},
    }
