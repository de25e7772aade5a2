"""The arithmetic of the model: caches under Zipf, batches of likes, CPU, machines. Pure functions.

Popularity is a list of buckets (keys, share): so many keys, each with this share of the requests."""

import math


def zipf_buckets(count, exponent, exact=1000, growth=1.05):
    """Zipf's law over `count` keys. The first `exact` have a bucket each; the others are gathered by rank, in buckets
    that grow, by the integral of the law."""
    weights = [(1, k**-exponent) for k in range(1, min(count, exact) + 1)]
    low = len(weights)
    while low < count:
        high = min(count, max(low + 1, int(low * growth)))
        weights.append((high - low, integral(low + 0.5, high + 0.5, exponent) / (high - low)))
        low = high
    total = math.fsum(n * weight for n, weight in weights)
    return [(n, weight / total) for n, weight in weights]


def integral(low, high, exponent):
    """Of x^-exponent."""
    if abs(exponent - 1) < 1e-9:
        return math.log(high / low)
    return (high ** (1 - exponent) - low ** (1 - exponent)) / (1 - exponent)


def renewal_loads(rate, ttl_s):
    """Loads a second of a key that is asked for `rate` times a second and kept for `ttl_s` from its load: one for each
    lifetime and the wait for the request that follows (renewal theory: a cycle is ttl + 1/rate)."""
    return rate / (1 + rate * ttl_s)


def ttl_hit(buckets, rate, ttl_s):
    """Hit ratio of an unbounded cache with a lifetime: λT / (1 + λT) for each key, weighted."""
    return math.fsum(n * p * (rate * p * ttl_s) / (1 + rate * p * ttl_s) for n, p in buckets)


def che_time_s(buckets, rate, objects):
    """Che's approximation: the time for which a least recently used cache of `objects` keeps a key that is not asked
    for; infinite where all fit."""
    if objects >= sum(n for n, _ in buckets):
        return math.inf

    def held(time_s):
        return math.fsum(n * -math.expm1(-rate * p * time_s) for n, p in buckets)

    low, high = 0.0, 1.0
    while held(high) < objects:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if held(middle) < objects else (low, middle)
    return high


def bounded_hit(buckets, rate, ttl_s, objects):
    """Hit ratio of a cache with a lifetime and a size: for each key the lower of the two bounds."""
    time_s = che_time_s(buckets, rate, objects)
    total = 0.0
    for n, p in buckets:
        by_age = 1.0 if math.isinf(ttl_s) else rate * p * ttl_s / (1 + rate * p * ttl_s)
        by_size = 1.0 if math.isinf(time_s) else -math.expm1(-rate * p * time_s)
        total += n * p * min(by_age, by_size)
    return total


def window_loads(rate, warm_rate, warm_s, window_s):
    """Loads of a key in a window shorter than its lifetime: one, if it is asked for then and was not before."""
    return math.exp(-warm_rate * warm_s) * -math.expm1(-rate * window_s)


def changed_loads(rate, change_rate):
    """Loads a second of a key that is dropped `change_rate` times a second: one for each drop and the wait for the
    request that follows."""
    if rate <= 0 or change_rate <= 0:
        return 0.0
    return 1 / (1 / change_rate + 1 / rate)


def due_rate(like_rate, above, max_age_s):
    """How often a tweet becomes due in a batcher: at its like number above + 1, or when the oldest has waited."""
    if like_rate <= 0:
        return 0.0
    return 1 / (1 / like_rate + min(above / like_rate, max_age_s))


def flush_rate(like_rate, above, max_age_s, spacing_s):
    """How often a tweet is in a batch: as often as it becomes due, and at most once in `spacing_s`."""
    due = due_rate(like_rate, above, max_age_s)
    return min(due, 1 / spacing_s) if spacing_s else due


def batches_per_s(due_per_s, spacing_s):
    """Batches of one worker: the spacing, and the wait until something is due where nothing came due meanwhile."""
    if due_per_s <= 0:
        return 0.0
    return 1 / (spacing_s + math.exp(-due_per_s * spacing_s) / due_per_s)


def worker_batches(buckets, like_rate, above=10, max_age_s=60.0, spacing_s=0.1, window_s=math.inf):
    """(batches a second, tweets in batches a second) of one worker that gets `like_rate` likes a second. In a window
    that ends sooner, a tweet is due by its number only."""

    age_s = max_age_s if window_s > max_age_s else math.inf
    rates = [(n, like_rate * p) for n, p in buckets if like_rate * p * min(window_s, age_s) > above or age_s < math.inf]
    due = math.fsum(n * due_rate(rate, above, age_s) for n, rate in rates)
    flushed = math.fsum(n * flush_rate(rate, above, age_s, spacing_s) for n, rate in rates)
    return min(batches_per_s(due, spacing_s), due), flushed


def reached(offered_per_s, cpu_us, cores=1.0):
    """Requests a second answered with so much CPU for each."""
    return min(offered_per_s, cores * 1e6 / cpu_us) if cpu_us else offered_per_s


def machines(cpu_s_per_s, cores, share=0.6):
    """Machines with so many cores, kept below `share` of their CPU; at least one."""
    return max(1, math.ceil(cpu_s_per_s / (cores * share)))
