"""What is asked for: seeded schedules of requests, the same every time. Pure."""

import bisect
import itertools
import json
import math
import random
from dataclasses import dataclass

USERS, TWEETS = 200, 10_000  # that the databases are filled with, numbered from 1


class Zipf:
    """Keys 1 to `count`; key k is drawn with a probability proportional to 1 / k^exponent."""

    def __init__(self, count, exponent):
        weights = [k**-exponent for k in range(1, count + 1)]
        total = math.fsum(weights)
        self.shares = [weight / total for weight in weights]
        self.sums = list(itertools.accumulate(self.shares))

    def draw(self, rng):
        return min(bisect.bisect_left(self.sums, rng.random()), len(self.sums) - 1) + 1


@dataclass(frozen=True)
class Part:
    """`share` of the requests are of this kind, over Zipf-distributed keys from `first` on."""

    share: float
    kind: str  # timeline, user, tweet, scan, like or post
    keys: int = 1
    exponent: float = 1.0
    first: int = 1


@dataclass(frozen=True)
class Request:
    due_us: int
    method: str
    target: str
    body: str = ""

    def line(self):
        return f"{self.due_us} {self.method} {self.target}" + (f" {self.body}" if self.body else "")


READS = ("timeline", "user", "tweet")  # that fill caches with what is read again
WORDS = "the quick brown fox jumps over a lazy dog while seven wizards quietly mix boxes of jugs and sing".split()


def request_of(kind, key, due_us, rng):
    if kind == "timeline":
        return Request(due_us, "GET", "/api/tweets")
    if kind == "user":
        return Request(due_us, "GET", f"/api/users/{key}/tweets")
    if kind in ("tweet", "scan"):
        return Request(due_us, "GET", f"/api/tweets/{key}")
    if kind == "like":
        return Request(due_us, "POST", f"/like/{key}")
    if kind == "post":
        body = json.dumps({"content": " ".join(rng.choices(WORDS, k=14))}, separators=(",", ":"))
        return Request(due_us, "POST", "/api/tweets", body)
    raise ValueError(f"no kind of request {kind!r}")


class Keys:
    """Draws the keys of one part. A scan takes one after the other."""

    def __init__(self, part):
        self.part = part
        self.zipf = None if part.kind == "scan" else Zipf(part.keys, part.exponent)
        self.next = 0

    def draw(self, rng):
        if self.zipf:
            return self.part.first - 1 + self.zipf.draw(rng)
        self.next += 1
        return self.part.first + (self.next - 1) % self.part.keys


def arrivals(rate_at, seconds, rng):
    """Times of a Poisson process with a rate that changes slowly: rate_at(second) a second."""
    at = 0.0
    while True:
        at += rng.expovariate(max(rate_at(at), 1e-9))
        if at >= seconds:
            return
        yield at


def schedule(parts, rate_at, seconds, seed):
    """The requests of a run, in the order they are due."""
    rng = random.Random(seed)
    keys = [Keys(part) for part in parts]
    sums = list(itertools.accumulate(part.share for part in parts))
    made = []
    for at in arrivals(rate_at, seconds, rng):
        chosen = min(bisect.bisect_left(sums, rng.random() * sums[-1]), len(parts) - 1)
        made.append(request_of(parts[chosen].kind, keys[chosen].draw(rng), int(at * 1e6), rng))
    return made


def reads_of(parts):
    """The parts that read, with shares that add up to what they were: for filling caches without changing anything."""
    return [part for part in parts if part.kind in READS]


def steady(rate):
    return lambda _second: rate


def stepped(low, high, at, until):
    """`low` but from `at` to `until`, where it is `high`."""
    return lambda second: high if at <= second < until else low


def day(lowest, highest, seconds):
    """A day in `seconds`: least at four in the morning, a peak at noon and a higher one in the evening."""

    def rate_at(second):
        hour = second / seconds * 24
        noon = math.exp(-(((hour - 12.5) / 3.0) ** 2))
        evening = math.exp(-(((hour - 20.0) / 2.5) ** 2))
        return lowest + (highest - lowest) * min(1.0, 0.7 * noon + evening)

    return rate_at


def mean_rate(rate_at, seconds, steps=1000):
    return sum(rate_at((i + 0.5) * seconds / steps) for i in range(steps)) / steps
