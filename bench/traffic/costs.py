"""What a request costs, by kind: the input of the model. Each is measured by itself, at a moderate rate."""

from dataclasses import dataclass, replace

from traffic import figures, load
from traffic.stack import NO_CACHE
from traffic.workloads import TWEETS, USERS, Part, schedule, steady

TWEET, USER, TIMELINE = Part(1, "tweet", 100), Part(1, "user", 100), Part(1, "timeline")
HOT, SPREAD, MANY, POST = Part(1, "like"), Part(1, "like", 100, 0), Part(1, "like", TWEETS, 0.5), Part(1, "post")


@dataclass(frozen=True)
class Cost:
    name: str
    part: Part
    rate: float
    warm: bool = False  # by the same requests
    fields: tuple = ()


HITS = [Cost("hit tweet", TWEET, 1500, True), Cost("hit user", USER, 1000, True),
        Cost("hit timeline", TIMELINE, 1000, True)]
LIKES = [Cost("like hot", HOT, 1500), Cost("like spread", SPREAD, 1500, True), Cost("like many", MANY, 1500)]
# By the step of the stack they are measured on.
COSTS = {
    "bare": [Cost("like hot", HOT, 300), Cost("like many", MANY, 300), Cost("limit hot", HOT, 6000),
             Cost("limit many", MANY, 6000)],
    "batcher": [*HITS, Cost("miss tweet", Part(1, "tweet", TWEETS, 0), 600, fields=(NO_CACHE,)),
                Cost("miss user", Part(1, "user", USERS, 0), 300, fields=(NO_CACHE,)),
                Cost("miss timeline", TIMELINE, 300, fields=(NO_CACHE,)), *LIKES, Cost("post", POST, 150)],
    "proxy": [*HITS, Cost("miss tweet", Part(1, "scan", TWEETS), 600), *LIKES, Cost("post", POST, 150)],
    "nginx": [*HITS, Cost("miss tweet", Part(1, "scan", TWEETS), 600), *LIKES, Cost("post", POST, 150)],
}


def cost_of(stack, cost, seconds):
    """One kind of request by itself: CPU of each part and statements per answer."""
    if cost.warm:
        part = replace(cost.part, kind="tweet") if cost.part.kind == "like" else cost.part
        load.offer(stack, schedule([part], steady(cost.rate), 0.5, load.WARM_SEED))
    before = stack.reading()
    requests = schedule([cost.part], steady(cost.rate), seconds, load.SEED)
    answers = load.offer(stack, requests, fields=cost.fields)
    after = stack.reading()
    client = figures.client_figures(answers, seconds)
    found = figures.server_figures(before, after, max(1, client["good"]), seconds)
    applied = after["applied"] - before["applied"]
    batches = after["batches"] - before["batches"]
    return {"cpu_us": found["cpu_us"], "reached_per_s": client["reached_per_s"], "rate": cost.rate,
            "statements": round((after["statements"] - before["statements"]) / max(1, client["good"]), 4),
            "batches": batches, "applied": applied, "answers": client["good"]}


def bytes_of(stack):
    """{cache: bytes of an entry} of what has been stored so far."""
    return {name: round(size / entries) for name, (size, entries) in stack.cache_bytes().items() if entries}


def measure_all(make, seconds):
    """{step: {name: cost}}, with "bytes" beside; make(step, folder name) starts a stack."""
    found = {}
    for step, costs in COSTS.items():
        with make(step, step) as stack:
            found[step] = {}
            for cost in costs:
                found[step][cost.name] = cost_of(stack, cost, seconds)
                if cost.name == "miss tweet" and step in ("batcher", "proxy"):
                    found[step]["bytes"] = bytes_of(stack)
    return found
