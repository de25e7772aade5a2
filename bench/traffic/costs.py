"""What a request costs, by kind: the input of the model. A kind is measured beside a steady stream of cache hits, whose
own cost is taken off, as it happens in mixed traffic: a loop that is busy shares its wake-ups."""

from dataclasses import dataclass, replace

from traffic import figures, load
from traffic.workloads import TWEETS, USERS, Part, schedule, steady

TWEET, USER, TIMELINE = Part(1, "tweet", 100), Part(1, "user", 100), Part(1, "timeline")
HOT, SPREAD, MANY, POST = Part(1, "like"), Part(1, "like", 100, 0), Part(1, "like", TWEETS, 0.5), Part(1, "post")
COLD = Part(1, "scan", TWEETS - 1000, first=1001)  # tweets that nothing else reads
BASE_PER_S = 1500


@dataclass(frozen=True)
class Cost:
    name: str
    part: Part
    rate: float
    beside: bool = False  # BASE_PER_S hits


HITS = [Cost("hit tweet", TWEET, 3000), Cost("hit user", USER, 2000), Cost("hit timeline", TIMELINE, 2000)]
CHANGES = [Cost("miss tweet", COLD, 500, beside=True), Cost("like hot", HOT, 1500, beside=True),
           Cost("like spread", SPREAD, 1500, beside=True), Cost("post", POST, 100, beside=True)]
# By the step of the stack they are measured on. "limit" is more than can be done: what is reached counts.
COSTS = {
    "bare": [Cost("miss tweet", Part(1, "tweet", TWEETS, 0), 1500), Cost("miss user", Part(1, "user", USERS, 0), 1000),
             Cost("miss timeline", TIMELINE, 600), Cost("like hot", HOT, 6000), Cost("like many", MANY, 6000),
             Cost("post", POST, 100)],
    "batcher": [*HITS, *CHANGES],
    "proxy": [*HITS, *CHANGES],
    "nginx": [*HITS, *CHANGES],
}


def cost_of(stack, cost, seconds, hit):
    """One kind of request; `hit` is what each of the hits beside it takes off, by part of the stack."""
    if cost.part.kind != "scan" and stack.step != "bare":
        part = replace(cost.part, kind="tweet") if cost.part.kind in ("like", "post") else cost.part
        load.offer(stack, schedule([part], steady(1500), 0.5, load.WARM_SEED))
    parts = [replace(TWEET, share=BASE_PER_S), replace(cost.part, share=cost.rate)] if cost.beside else [cost.part]
    requests = schedule(parts, steady(cost.rate + (BASE_PER_S if cost.beside else 0)), seconds, load.SEED)
    before = stack.reading()
    answers = load.offer(stack, requests)
    after = stack.reading()
    own = [a for a in answers if not cost.beside or is_own(a, cost.part)]
    good = max(1, sum(a.good for a in own))
    others = sum(a.good for a in answers) - sum(a.good for a in own)
    cpu_us = {name: (after["cpu_s"][name] - before["cpu_s"][name]) * 1e6 for name in after["cpu_s"]}
    found = {name: round(max(0.0, us - others * hit.get(name, 0.0)) / good, 2) for name, us in cpu_us.items()}
    return {"cpu_us": found, "reached_per_s": figures.client_figures(own, seconds)["reached_per_s"], "rate": cost.rate,
            "statements": round((after["statements"] - before["statements"]) / good, 4), "answers": good,
            "batches": after["batches"] - before["batches"], "applied": after["applied"] - before["applied"]}


def is_own(answer, part):
    """Whether it is of `part`, not of the hits beside it."""
    if part.kind == "scan":
        return figures.tweet_of(answer) > TWEET.keys
    return answer.method == "POST"


def bytes_of_each(before, after):
    """{cache: bytes of an entry} of what was stored between two readings of Stack.cache_bytes()."""
    grown = {name: (after[name][0] - before[name][0], after[name][1] - before[name][1]) for name in after}
    return {name: round(size / entries) for name, (size, entries) in grown.items() if entries > 0}


def measure_all(make, seconds):
    """{step: {name: cost}}, with "bytes" beside; make(step, folder name) starts a stack."""
    found = {}
    for step, costs in COSTS.items():
        with make(step, step) as stack:
            found[step] = {}
            for cost in costs:
                hit = found[step].get("hit tweet", {}).get("cpu_us", {})
                before = stack.cache_bytes()
                found[step][cost.name] = cost_of(stack, cost, seconds, hit)
                if cost.name == "miss tweet" and step in ("batcher", "proxy"):
                    found[step]["bytes"] = bytes_of_each(before, stack.cache_bytes())
    return found
