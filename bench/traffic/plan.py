"""The scenarios: what is asked for, at which rate, on what, and what happens meanwhile."""

from dataclasses import dataclass, field, replace

from traffic.load import Event
from traffic.stack import STEPS, Settings
from traffic.workloads import TWEETS, USERS, Part, day, steady, stepped

LIFETIME_S = 59.0  # between that of the DB cache's entries and that of answers
BOTH = ("sqlite", "postgres")
READING = ("bare", "cache", "proxy", "nginx")  # where nobody likes, the batcher changes nothing
SHORT = ("bare", "batcher", "proxy", "nginx")  # where the DB cache by itself says little
BROWSE = (Part(0.3, "timeline"), Part(0.2, "user", USERS), Part(0.5, "tweet", TWEETS))


def mixed(likes, posts, reads=BROWSE):
    """Reads with a share of likes and of posts."""
    rest = 1 - likes - posts
    parts = tuple(Part(part.share * rest, part.kind, part.keys, part.exponent) for part in reads)
    parts += (Part(likes, "like", TWEETS),) if likes else ()
    return parts + ((Part(posts, "post"),) if posts else ())


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    parts: tuple
    rate: float  # requests a second: steady, or the highest
    steps: tuple = STEPS
    databases: tuple = BOTH
    warm_s: float = 2.0
    expires: bool = False  # whether all that was warmed expires in the middle of the run
    event: Event = None
    shape: object = None  # (rate, seconds) -> rate_at; steady where there is none
    settings: Settings = field(default_factory=Settings)
    plot: str = "bars"  # or "times"

    @property
    def warm_rate(self):
        return min(self.rate, 1500)

    def rest_s(self, seconds):
        """Between warming and measuring."""
        return max(0.0, LIFETIME_S - self.warm_s - seconds / 2) if self.expires else 0.0

    def rate_at(self, seconds):
        return self.shape(self.rate, seconds) if self.shape else steady(self.rate)


def crowd(rate, seconds):
    """Ten times as many within a second, for half of the run."""
    return stepped(rate / 10, rate, 0.25 * seconds, 0.75 * seconds)


def whole_day(rate, seconds):
    return day(rate / 5, rate, seconds)


MIDDLE = {"at": 0.25, "until": 0.75}
SCENARIOS = [
    Scenario("timeline", "Reading timelines (Zipf)", BROWSE, 6000, steps=READING),
    Scenario("viral", "One tweet goes viral", (Part(0.63, "like"), Part(0.07, "like", TWEETS), Part(0.3, "tweet")),
             6000),
    Scenario("like-storm", "Likes across many tweets", (Part(0.9, "like", TWEETS, 0.5), Part(0.1, "tweet", TWEETS)),
             6000),
    Scenario("posting", "Many posts", mixed(0, 0.5, (Part(0.5, "timeline"), Part(0.5, "tweet", TWEETS))), 1000,
             steps=READING),
    Scenario("cold", "Cold start", BROWSE, 6000, steps=READING, warm_s=0, plot="times"),
    Scenario("stampede", "Everything expires at once", (Part(0.5, "timeline"), Part(0.5, "user", USERS)), 4000,
             steps=("cache", "proxy", "nginx"), databases=("postgres",), expires=True, plot="times"),
    Scenario("flash-crowd", "Ten times as many within a second", mixed(0.05, 0), 8000, steps=SHORT, shape=crowd,
             plot="times"),
    Scenario("slow-database", "A slow database", mixed(0.1, 0), 2000, steps=SHORT, databases=("postgres",),
             event=Event("slow", **MIDDLE), plot="times"),
    Scenario("away", "The database is away", mixed(0.1, 0), 2000, steps=SHORT, databases=("postgres",),
             event=Event("away", **MIDDLE), plot="times"),
    Scenario("killed", "A worker is killed", mixed(0.1, 0), 2000, steps=("batcher", "proxy", "nginx"),
             event=Event("killed", **MIDDLE), plot="times"),
    Scenario("hangs", "A worker hangs", mixed(0.1, 0), 2000, steps=("batcher", "proxy", "nginx"),
             event=Event("hangs", **MIDDLE), plot="times"),
    Scenario("crawler", "A crawler reads everything",
             (Part(0.6, "tweet", TWEETS), Part(0.4, "scan", TWEETS)), 2500, steps=("batcher", "proxy", "nginx"),
             settings=Settings(proxy_cache="1MiB", nginx_keys=500)),
    Scenario("day", "A mixed day", mixed(0.1, 0.01), 5000, shape=whole_day, plot="times"),
]


def scaled(scenario, factor):
    """At `factor` times its rate."""
    return replace(scenario, rate=scenario.rate * factor)


def scenario_named(name):
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


def runs_of(scenarios, databases):
    """(scenario, database, step) in the order they are run."""
    return [(scenario, database, step) for scenario in scenarios for database in databases
            if database in scenario.databases for step in scenario.steps]
