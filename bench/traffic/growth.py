"""What a million and a billion users need: the model's arithmetic on a workload instead of a run. Pure."""

from dataclasses import dataclass

from traffic import capacity


@dataclass(frozen=True)
class Workload:
    """An average day of `users`; `peak` times that is what has to be served. Objects: tweets that are read on a day."""

    users: float
    reads_per_user: float = 60
    likes_per_user: float = 6
    posts_per_user: float = 0.2
    objects_per_user: float = 0.5
    exponent: float = 0.9
    peak: float = 3.0
    lifetime_s: float = 60.0
    cache_bytes: float = 32 * 2**30  # of each proxy
    worker_cache_bytes: float = 2 * 2**30
    cores: int = 16
    gbit: float = 25.0  # of a machine's network
    bytes_per_read: float = 4000  # with head; a tweet has some 600, a timeline 15,000
    bytes_per_post: float = 600  # on disk, with indexes
    disk_tb: float = 8.0  # of a database machine, for the posts of a year
    proxies: int = 0  # 0: as many as are needed
    workers: int = 0  # machines with a worker for each core
    hashed: bool = False  # whether a key always goes to the same proxy (consistent hash between tiers)

    def per_s(self, per_user):
        return self.users * per_user / 86_400 * self.peak

    @property
    def objects(self):
        return max(1000, int(self.users * self.objects_per_user))


@dataclass(frozen=True)
class Costs:
    """µs of CPU; bytes of an object in a cache."""

    hit: float
    miss_proxy: float
    miss_worker: float
    load_database: float
    pass_proxy: float
    like_worker: float
    flush_database: float  # of each tweet in a batch
    post_worker: float
    post_database: float
    proxy_bytes: float
    worker_bytes: float

    @classmethod
    def of(cls, costs):
        """From what bench/run scenarios has measured on one database."""
        proxy, worker, bare = costs["proxy"], costs["batcher"], costs["bare"]

        def us(cost, part):
            return cost["cpu_us"].get(part, 0.0)

        spread = worker["like spread"]
        tweets = max(1.0, spread["applied"] / 11)
        return cls(hit=us(proxy["hit tweet"], "proxy"), miss_proxy=us(proxy["miss tweet"], "proxy"),
                   miss_worker=us(proxy["miss tweet"], "workers"), load_database=us(bare["miss tweet"], "database"),
                   pass_proxy=us(proxy["like hot"], "proxy"), like_worker=us(proxy["like hot"], "workers"),
                   flush_database=us(spread, "database") * spread["answers"] / tweets,
                   post_worker=us(proxy["post"], "workers"), post_database=us(proxy["post"], "database"),
                   proxy_bytes=proxy["bytes"]["proxy"], worker_bytes=worker["bytes"]["db_cache"])


@dataclass(frozen=True)
class Need:
    proxy_hit: float
    statements_per_s: float
    reads_per_s: float
    likes_per_s: float
    busy: dict  # cores of each part: proxy, workers, reads (of the database), writes
    machines: dict  # proxy, workers, reads (replicas), writes (the primary, or shards)
    gbit: float  # that the proxies send
    tb_per_year: float  # that posts add

    @property
    def first(self):
        """The part that needs most of one machine, by CPU."""
        return max(self.busy, key=self.busy.get)

    @property
    def changes(self):
        """What does not fit one machine any more, and what takes over."""
        said = [text for part, text in TAKES_OVER.items() if self.machines[part] > 1]
        return said or ["one machine of each is enough"]


TAKES_OVER = {
    "proxy": "several proxies: DNS or keepalived, then ECMP before them; consistent hash between cache tiers",
    "workers": "workers on several machines, each with its journal",
    "reads": "PostgreSQL's streaming replicas for reads",
    "writes": "the primary is full: shards by tweet (Citus, CockroachDB, YugabyteDB)",
}


def hits(load, costs, proxies):
    """(hit ratio of the proxies, loads a second that reach the database)."""
    buckets = capacity.zipf_buckets(load.objects, load.exponent)
    reads = load.per_s(load.reads_per_user)
    each = 1 if load.hashed else proxies  # every proxy that has a key fetches it by itself
    objects = load.cache_bytes / costs.proxy_bytes * (proxies if load.hashed else 1)
    ratio = capacity.bounded_hit(buckets, reads / each, load.lifetime_s, objects)
    return ratio, reads * (1 - ratio)


def need(load, costs, rounds=8):
    """Machines of each part, each kept under 60% of its cores and of its network. More proxies share less; so their
    number is found by repetition."""
    likes, posts = load.per_s(load.likes_per_user), load.per_s(load.posts_per_user)
    proxies = load.proxies or 1
    for _ in range(rounds):
        ratio, misses = hits(load, costs, proxies)
        reads = load.per_s(load.reads_per_user)
        front = (reads * ratio * costs.hit + misses * costs.miss_proxy + (likes + posts) * costs.pass_proxy) / 1e6
        sent = reads * load.bytes_per_read * 8 / 1e9
        wanted = load.proxies or max(capacity.machines(front, load.cores), capacity.machines(sent, load.gbit))
        if wanted == proxies:
            break
        proxies = wanted
    back = (misses * costs.miss_worker + likes * costs.like_worker + posts * costs.post_worker) / 1e6
    workers = load.workers or capacity.machines(back, load.cores)
    flushed = flushed_tweets(load, likes, workers * load.cores)
    batches = min(flushed, workers * load.cores * 10.0)
    busy = {"proxy": front, "workers": back, "reads": misses * costs.load_database / 1e6,
            "writes": (flushed * costs.flush_database + posts * costs.post_database) / 1e6}
    gbit = load.per_s(load.reads_per_user) * load.bytes_per_read * 8 / 1e9
    machines = {"proxy": proxies, "workers": workers} | {
        part: capacity.machines(busy[part], load.cores) for part in ("reads", "writes")}
    tb_per_year = load.users * load.posts_per_user * 365 * load.bytes_per_post / 1e12
    machines["writes"] = max(machines["writes"], capacity.machines(tb_per_year, load.disk_tb))
    return Need(ratio, misses + batches + posts, load.per_s(load.reads_per_user), likes, busy, machines, gbit,
                tb_per_year)


def flushed_tweets(load, likes, workers):
    """Rows a second that batches change: each worker gathers by itself what is liked, 11 at once or within a minute."""
    buckets = capacity.zipf_buckets(load.objects, load.exponent)
    each = likes / workers
    return workers * sum(n * capacity.flush_rate(each * p, 10, 60.0, 0.1) for n, p in buckets)
