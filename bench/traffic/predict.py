"""Predicts a run of a scenario from what its kinds of requests cost. Pure."""

import math
import re
from dataclasses import dataclass, field

from traffic import capacity
from traffic.stack import WORKERS
from traffic.workloads import mean_rate

SPACING_S, ABOVE, MAX_AGE_S = 0.1, 10, 60.0
MAIN_QUEUE = 0.9  # of S3-FIFO
PURGE_S = 1.0  # a worker tells the proxy of a tweet at most so often
STATEMENTS_PER_BATCH = {"sqlite": 2, "postgres": 1}
STATEMENTS_PER_POST = {"sqlite": 3, "postgres": 1}


def size_bytes(text):
    """Of "64MiB"."""
    number, unit = re.fullmatch(r"(\d+)([KMG])iB", text).groups()
    return int(number) << {"K": 10, "M": 20, "G": 30}[unit]


@dataclass
class Tally:
    """A second of a run: what is done how often."""

    reads: float = 0.0
    likes: float = 0.0
    posts: float = 0.0
    front_hits: float = 0.0
    lookups: float = 0.0  # in the DB caches, for reads and for likes
    loads: dict = field(default_factory=dict)  # of reads, by kind
    front_hits_of: dict = field(default_factory=dict)
    front_misses_of: dict = field(default_factory=dict)
    read_hits_of: dict = field(default_factory=dict)  # answered from a DB cache
    batches: float = 0.0
    flushed: float = 0.0

    def add(self, name, kind, value):
        counts = getattr(self, name)
        counts[kind] = counts.get(kind, 0.0) + value


class Prediction:
    """`costs` are those of one database."""

    def __init__(self, scenario, database, step, costs, seconds):
        self.scenario, self.database, self.step, self.costs, self.seconds = scenario, database, step, costs, seconds
        self.rate = mean_rate(scenario.rate_at(seconds), seconds)
        self.workers = WORKERS if step in ("proxy", "nginx") else 1
        self.direct = step in ("bare", "cache")  # likes
        self.tally = Tally()
        self.kept_s = math.inf  # what nobody asks for, by nginx
        self.kept_keys = math.inf  # by roost-proxy

    # ---- how often -------------------------------------------------------------------------------------------------

    def buckets(self, part):
        if part.kind == "scan":
            return [(part.keys, 1 / part.keys)]
        return capacity.zipf_buckets(part.keys, part.exponent)

    def key_groups(self):
        """[(keys, kind, and of each a second: reads, likes, reads while warming)]: parts over the same tweets are seen
        together, since likes drop what reads have loaded."""
        tweets, others = {}, []
        for part in self.scenario.parts:
            if part.kind == "post":
                self.tally.posts += part.share * self.rate
            elif part.kind in ("tweet", "like"):
                low = 0
                for n, p in self.buckets(part):
                    key = (low, n)
                    reads, likes, warm = tweets.get(key, (0.0, 0.0, 0.0))
                    rate = part.share * p * self.rate
                    if part.kind == "like":
                        likes += rate
                    else:
                        reads, warm = reads + rate, warm + part.share * p * self.scenario.warm_rate
                    tweets[key] = (reads, likes, warm)
                    low += n
            else:
                others += [(n, part.kind, part.share * p * self.rate, 0.0, part.share * p * self.scenario.warm_rate)
                           for n, p in self.buckets(part)]
        return [(n, "tweet", *rates) for (_, n), rates in tweets.items()] + others

    def bound(self):
        """How much the proxy's cache keeps. Under a scan, which fills it like everything else, nginx's LRU keeps what
        is asked for again within a time (Che's approximation); S3-FIFO drops what was asked for once, and keeps what
        is most popular in its main queue."""
        settings = self.scenario.settings
        reads = [part for part in self.scenario.parts if part.kind in ("tweet", "scan", "user", "timeline")]
        asked = [(n, part.share * p) for part in reads for n, p in self.buckets(part)]
        if self.step == "nginx":
            self.kept_s = capacity.che_time_s(asked, self.rate, settings.nginx_keys)
        if self.step == "proxy":
            objects = size_bytes(settings.proxy_cache) / self.costs["proxy"]["bytes"]["proxy"]
            self.kept_keys = math.inf if objects >= sum(n for n, _ in asked) else objects * MAIN_QUEUE

    def first_loads(self, rate, warm):
        """Of a key, a second: it was not asked for while warming; or its entry expires in the middle of the run."""
        if self.scenario.expires:
            return capacity.window_loads(rate, 0.0, 0.0, self.seconds / 2) / self.seconds
        return capacity.window_loads(rate, warm, self.scenario.warm_s, self.seconds) / self.seconds

    def proxy_misses(self, kind, reads, changes, warm, rank):
        """Of a key, a second; `rank` is its place by popularity."""
        if self.step not in ("proxy", "nginx") or kind == "scan":
            return reads
        first = self.first_loads(reads, warm)
        told = changes if self.step == "proxy" else 0.0
        told = min(told, self.workers / PURGE_S) if kind == "tweet" else told
        pushed_out = reads * math.exp(-reads * self.kept_s) if math.isfinite(self.kept_s) else 0.0
        if kind == "tweet" and rank > self.kept_keys:
            pushed_out = reads
        return min(reads, max(first, pushed_out) + capacity.changed_loads(reads, told))

    def db_loads(self, reads, likes, changes, warm, told):
        """Of a key, a second, of all workers. `told`: reads that come with no-cache, after a purge."""
        asks = (reads - told + likes) / self.workers
        first = self.first_loads(asks, warm / self.workers)
        changed = capacity.changed_loads(asks, changes / self.workers)
        return min(asks, first + changed) * self.workers + told

    def scanned(self):
        """Which part of the tweets a scan has read at the end."""
        return sum(min(1.0, part.share * self.rate * self.seconds / part.keys) for part in self.scenario.parts
                   if part.kind == "scan")

    def scan_loads(self, proxied):
        """Of tweets that are read one after the other, those that no reader has brought into the worker's cache before,
        on average."""
        total = 0.0
        for scan in self.scenario.parts:
            if scan.kind != "scan":
                continue
            length = min(scan.keys, scan.share * self.rate * self.seconds)
            low = absent = 0.0
            for part in self.scenario.parts:
                for n, p in self.buckets(part) if part.kind == "tweet" else []:
                    seen = min(n, max(0.0, length - low))
                    reached = part.share * p * (self.scenario.warm_rate * self.scenario.warm_s
                                                + self.rate * self.seconds * (low + n / 2) / length / 2)
                    absent += seen * math.exp(-reached / (self.workers if proxied else 1))
                    low += n
            total += absent / self.seconds
        return total

    def count(self):
        tally, batching = self.tally, self.step in ("batcher", "proxy", "nginx")
        groups = self.key_groups()
        self.bound()
        applied = min(1.0, self.most_likes() / tally.likes) if self.direct and tally.likes else 1.0
        rank = 0.0  # of tweets, by popularity
        by_worker = [(n, likes / self.workers) for n, _, _, likes, _ in groups if likes > 0]
        total = math.fsum(n * rate for n, rate in by_worker)
        if total and batching:
            shares = [(n, rate / total) for n, rate in by_worker]
            batches, flushed = capacity.worker_batches(shares, total, ABOVE, MAX_AGE_S, SPACING_S, self.seconds)
            tally.batches, tally.flushed = batches * self.workers, flushed * self.workers
        for n, kind, reads, likes, warm in groups:
            flushes = 0.0
            if likes and batching and likes / self.workers * self.seconds > ABOVE:
                flushes = capacity.flush_rate(likes / self.workers, ABOVE, MAX_AGE_S, SPACING_S) * self.workers
            changes = flushes if batching else likes * applied
            changes = self.tally.posts if kind in ("timeline", "user") else changes  # a post drops all lists
            rank += n if kind == "tweet" else 0
            misses = self.proxy_misses(kind, reads, changes, warm, rank)
            proxied = self.step in ("proxy", "nginx")
            told = min(misses, capacity.changed_loads(reads, changes)) if self.step == "proxy" else 0.0
            looks = likes if batching else 0.0
            loads = reads if self.step == "bare" else self.db_loads(
                misses, looks, changes, 0.0 if proxied else warm, told)
            if kind == "tweet" and self.step != "bare":
                loads *= 1 - self.scanned() / 2 / self.workers  # what a scan has loaded before
            if kind == "scan":
                kind, loads = "tweet", min(reads, self.scan_loads(proxied) / n) if self.step != "bare" else reads
            tally.reads += n * reads
            tally.likes += n * likes
            tally.lookups += n * (misses + looks)
            tally.front_hits += n * (reads - misses) if proxied else 0.0
            tally.add("front_hits_of", kind, n * (reads - misses))
            tally.add("front_misses_of", kind, n * misses)
            tally.add("loads", kind, n * loads)
            tally.add("read_hits_of", kind, n * max(0.0, misses + looks - loads - looks))
        return tally

    def statements_per_s(self):
        tally = self.tally
        direct = min(tally.likes, self.most_likes()) if self.direct else 0.0
        return (sum(tally.loads.values()) + direct + tally.batches * STATEMENTS_PER_BATCH[self.database]
                + tally.posts * STATEMENTS_PER_POST[self.database])

    # ---- at which cost ---------------------------------------------------------------------------------------------

    def cost(self, group, name, part):
        return self.costs[group][name]["cpu_us"].get(part, 0.0)

    def front_us(self):
        """CPU of the proxy in a second."""
        if self.step not in ("proxy", "nginx"):
            return 0.0
        tally, total = self.tally, 0.0
        tweet_miss = self.cost(self.step, "miss tweet", "proxy") - self.cost(self.step, "hit tweet", "proxy")
        for kind, hits in tally.front_hits_of.items():
            hit = self.cost(self.step, f"hit {kind}", "proxy")
            total += hits * hit + tally.front_misses_of[kind] * (hit + tweet_miss)
        total += tally.likes * self.cost(self.step, "like hot", "proxy")
        return total + tally.posts * self.cost(self.step, "post", "proxy")

    def load_us(self, kind, part):
        """Of a read that goes to the database."""
        group = "batcher" if kind == "tweet" and self.step != "bare" else "bare"
        return self.cost(group, f"miss {kind}", part)

    def back_us(self, part):
        """CPU of the workers, or of the database, in a second."""
        tally, total = self.tally, 0.0
        for kind, loads in tally.loads.items():
            looked_up = self.cost("batcher", f"hit {kind}", part)
            total += tally.read_hits_of[kind] * looked_up
            for_reads = min(loads, tally.front_misses_of[kind])
            total += for_reads * self.load_us(kind, part)
            # A load for a like costs what that of a read costs beyond its answer.
            total += (loads - for_reads) * max(0.0, self.load_us(kind, part) - looked_up)
        group = self.step if self.step in ("proxy", "nginx") else "batcher"
        if self.direct:
            done = min(tally.likes, self.most_likes())
            total += done * self.cost("bare", self.like_name(), part)
            total += (tally.likes - done) * self.cost("batcher", "hit tweet", part)  # a refusal is about that
        else:
            total += tally.likes * self.cost(group, "like hot", part) + tally.flushed * self.flush_us(part)
        return total + tally.posts * self.cost("bare" if self.step == "bare" else group, "post", part)

    def like_name(self):
        """Likes of one row wait for each other, those of many do not."""
        return "like hot" if any(p.kind == "like" and p.keys == 1 for p in self.scenario.parts) else "like many"

    def flush_us(self, part):
        """Of one more tweet in a batch."""
        spread, hot = self.costs["batcher"]["like spread"], self.costs["batcher"]["like hot"]
        if not spread["applied"]:
            return 0.0
        more = spread["cpu_us"].get(part, 0.0) - hot["cpu_us"].get(part, 0.0)
        tweets = spread["applied"] / (ABOVE + 1) / max(1, spread["answers"])  # for each like
        return max(0.0, more / tweets)

    def most_likes(self):
        """Likes that commit by themselves are bounded by the commits, whatever the CPU."""
        return self.costs["bare"][self.like_name()]["reached_per_s"]

    def result(self):
        self.count()
        tally, rate = self.tally, self.rate
        asked = rate - (max(0.0, tally.likes - self.most_likes()) if self.direct else 0.0)  # the rest is refused
        cpu = {"workers": self.back_us("workers") / asked, "database": self.back_us("database") / asked}
        if self.step in ("proxy", "nginx"):
            cpu["proxy"] = self.front_us() / asked
        served = capacity.reached(asked, sum(cpu.values()))
        answered = served * (1 - self.lost_share())
        return {
            "reached_per_s": round(answered, 1),
            "proxy_hit": self.hit_ratio(),
            "statements_per_s": round(self.statements_per_s() * served / asked * (1 - self.unasked_share()), 1),
            "cpu_us": {name: round(value, 1) for name, value in cpu.items()},
        }

    def hit_ratio(self):
        """Of the reads that are answered; None without a proxy."""
        if self.step not in ("proxy", "nginx") or not self.tally.reads:
            return None
        ratio, event = self.tally.front_hits / self.tally.reads, self.scenario.event
        if event and event.kind == "away":  # meanwhile the others fail
            ratio /= 1 - (event.until - event.at) * (1 - ratio)
        return round(ratio, 4)

    def unasked_share(self):
        """Of the statements: those for which there is no worker. Attempts at a database that is away are statements."""
        event = self.scenario.event
        return event.until - event.at if event and event.kind == "killed" and self.workers == 1 else 0.0

    def lost_share(self):
        """Requests that fail because of what happens meanwhile."""
        event = self.scenario.event
        if event and event.kind == "away":
            return (event.until - event.at) * min(1.0, self.statements_per_s() / self.rate)
        return self.unasked_share()


def predict(scenario, database, step, costs, seconds):
    return Prediction(scenario, database, step, costs, seconds).result()


def compare(scenario, measured, predicted):
    """[(figure, predicted, measured, relative miss)] of a run."""
    rows = [("requests/s", predicted["reached_per_s"], measured["reached_per_s"])]
    rows.append(("statements/s", predicted["statements_per_s"], measured["statements_per_s"]))
    if predicted["proxy_hit"] is not None and measured["proxy_hit"] is not None:
        rows.append(("proxy hits", predicted["proxy_hit"], measured["proxy_hit"]))
    rows.append(("CPU µs", round(sum(predicted["cpu_us"].values()), 1), round(sum(measured["cpu_us"].values()), 1)))
    return [(name, p, m, abs(p - m) / m if m else (0.0 if not p else math.inf)) for name, p, m in rows]
