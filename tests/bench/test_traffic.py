"""The pure parts of bench/run scenarios and bench/run model: schedules, figures, the arithmetic of the model, and the
blocks of the report."""

import math
import pathlib
import random
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("tests", "tests/flow", "bench"):
    sys.path.insert(0, str(ROOT / folder))
import reporting  # noqa: E402
from traffic import blocks, capacity, figures, growth, plan, predict, workloads  # noqa: E402
from traffic.figures import Answer  # noqa: E402


def answer(due_ms, target, took_ms=1, status=200, likes=-1, method="GET", age=-1, hit=False):
    return Answer(due_ms * 1000, method, target, took_ms * 1000, status, age, likes, hit, due_ms * 1000)


def like(due_ms, tweet=1, took_ms=1, status=202):
    return answer(due_ms, f"/like/{tweet}", took_ms, status, method="POST")


class Workloads(unittest.TestCase):
    PARTS = (workloads.Part(0.5, "tweet", 100), workloads.Part(0.4, "like", 100), workloads.Part(0.1, "post"))

    def made(self, seed=1, seconds=10):
        return workloads.schedule(self.PARTS, workloads.steady(500), seconds, seed)

    def test_a_seed_gives_the_same_requests(self):
        self.assertEqual(self.made(), self.made())
        self.assertNotEqual(self.made(), self.made(2))

    def test_rate_shares_and_order(self):
        made = self.made()
        self.assertAlmostEqual(len(made), 5000, delta=300)
        self.assertEqual(sorted(made, key=lambda r: r.due_us), made)
        self.assertAlmostEqual(sum(r.target.startswith("/like/") for r in made) / len(made), 0.4, delta=0.03)
        self.assertTrue(all(bool(r.body) == (r.method == "POST" and r.target == "/api/tweets") for r in made))

    def test_zipf(self):
        zipf = workloads.Zipf(1000, 1.0)
        self.assertAlmostEqual(sum(zipf.shares), 1)
        self.assertAlmostEqual(zipf.shares[0] / zipf.shares[9], 10)
        rng = random.Random(3)
        drawn = [zipf.draw(rng) for _ in range(20_000)]
        self.assertAlmostEqual(drawn.count(1) / len(drawn), zipf.shares[0], delta=0.01)
        self.assertTrue(all(1 <= key <= 1000 for key in drawn))

    def test_a_scan_takes_one_after_the_other(self):
        made = workloads.schedule([workloads.Part(1, "scan", 3, first=5)], workloads.steady(10), 1, 1)
        self.assertEqual([r.target for r in made[:4]], [f"/api/tweets/{key}" for key in (5, 6, 7, 5)])

    def test_rates_that_change(self):
        crowd = workloads.stepped(10, 100, 2, 4)
        self.assertEqual([crowd(1.9), crowd(2), crowd(3.9), crowd(4)], [10, 100, 100, 10])
        day = workloads.day(100, 1000, 24)
        self.assertLess(day(4), 110)
        self.assertGreater(day(20), day(12.5))
        self.assertAlmostEqual(workloads.mean_rate(workloads.steady(7), 3), 7)

    def test_every_kind_of_request_and_no_other(self):
        rng = random.Random(1)
        for kind in ("timeline", "user", "tweet", "scan", "like", "post"):
            self.assertIn(workloads.request_of(kind, 1, 0, rng).method, ("GET", "POST"))
        self.assertRaises(ValueError, workloads.request_of, "walk", 1, 0, rng)


class Figures(unittest.TestCase):
    def test_quantiles_by_nearest_rank(self):
        self.assertEqual([figures.quantile(list(range(1, 101)), share) for share in (0.5, 0.99, 1)], [50, 99, 100])
        self.assertEqual([figures.quantile([], 0.5), figures.quantile([7], 0.99)], [0, 7])

    def test_errors_by_kind(self):
        found = figures.errors_of([answer(0, "/", status=status) for status in (200, 503, 429, 0, -1, -2)])
        self.assertEqual(found, {"refused": 2, "broken": 1, "given up": 2})

    def test_likes_that_may_have_been_counted(self):
        unclear = [status for status in (202, 404, 429, 500, 502, 503, 504, 0, -1, -2)
                   if figures.is_unclear(like(0, status=status))]
        self.assertEqual(unclear, [500, 502, 504, 0, -1, -2])
        self.assertFalse(figures.is_unclear(answer(0, "/api/tweets/1", status=502)))

    def test_a_count_is_as_old_as_the_first_like_it_misses(self):
        likes = [like(100), like(200), like(300)]
        for shown, stale in ((3, 0), (2, 0.699), (1, 0.799), (0, 0.899)):
            found = figures.staleness_s([*likes, answer(1000, "/api/tweets/1", likes=shown)])
            self.assertAlmostEqual(found, stale, msg=shown)

    def test_likes_that_failed_or_came_later_or_elsewhere_are_not_missed(self):
        for other in (like(100, status=503), like(2000), like(100, tweet=2)):
            self.assertEqual(figures.staleness_s([other, answer(1000, "/api/tweets/1", likes=0)]), 0)
        self.assertEqual(figures.staleness_s([like(100), answer(1000, "/api/tweets", likes=0)]), 0)

    def test_only_what_comes_in_time_is_reached(self):
        found = figures.client_figures([answer(0, "/"), answer(900, "/", took_ms=200), answer(500, "/", status=503)], 1)
        self.assertEqual((found["offered_per_s"], found["reached_per_s"], found["good"]), (3, 1, 2))

    def test_who_gave_up_counts_among_the_times(self):
        found = figures.client_figures([answer(0, "/", status=-1, took_ms=5000), answer(0, "/", status=503)], 1)
        self.assertEqual(found["p50_ms"], 5000)

    def test_by_slots_of_time(self):
        answers = [answer(0, "/", took_ms=5), answer(10, "/", took_ms=300), answer(260, "/", status=0),
                   answer(550, "/", took_ms=300)]
        found = figures.series_of(answers, 0.6)
        self.assertEqual(found, {"good_per_s": [4, 4, 0], "errors_per_s": [0, 4, 0], "p99_ms": [300, None, 300]})

    def test_what_the_servers_did(self):
        before = {"statements": 10, "batches": 0, "cpu_s": {"workers": 1.0},
                  "db_cache": {"hit": 5, "miss": 1, "join": 0}}
        after = {"statements": 30, "batches": 4, "cpu_s": {"workers": 1.5},
                 "db_cache": {"hit": 20, "miss": 5, "join": 1}}
        found = figures.server_figures(before, after, 1000, 2)
        self.assertEqual((found["statements_per_s"], found["saved"], found["db_hit"]), (10, 0.98, 0.8))
        self.assertEqual((found["batches_per_s"], found["cpu_us"]), (2, {"workers": 500}))

    def test_results_that_do_not_fit_the_schedule(self):
        self.assertRaises(ValueError, figures.read_answers, [], ["1 200 -1 -1 0 0"])


class Capacity(unittest.TestCase):
    def test_buckets_add_up_and_follow_the_law(self):
        for count, exponent in ((10, 1.0), (10_000, 1.0), (10_000, 0.0), (10**9, 0.9)):
            buckets = capacity.zipf_buckets(count, exponent)
            self.assertEqual(sum(n for n, _ in buckets), count)
            self.assertAlmostEqual(math.fsum(n * p for n, p in buckets), 1)
        exact = workloads.Zipf(20_000, 0.8).shares
        buckets = capacity.zipf_buckets(20_000, 0.8)
        self.assertAlmostEqual(buckets[-1][1] / exact[-1], 1, delta=0.06)
        self.assertAlmostEqual(buckets[0][1] / exact[0], 1, delta=0.001)

    def test_hits_by_lifetime_as_simulated(self):
        rng, rate, ttl = random.Random(5), 50.0, 3.0
        zipf, loaded, hit, now = workloads.Zipf(200, 1.0), {}, 0, 0.0
        for _ in range(60_000):
            now += rng.expovariate(rate)
            key = zipf.draw(rng)
            if now - loaded.get(key, -math.inf) < ttl:
                hit += 1
            else:
                loaded[key] = now
        self.assertAlmostEqual(capacity.ttl_hit(capacity.zipf_buckets(200, 1.0), rate, ttl), hit / 60_000, delta=0.01)

    def test_hits_by_size_as_simulated(self):
        rng, zipf, kept, hit = random.Random(5), workloads.Zipf(1000, 0.8), {}, 0
        for _ in range(60_000):
            key = zipf.draw(rng)
            if key in kept:
                hit += 1
                del kept[key]
            elif len(kept) == 100:
                del kept[next(iter(kept))]
            kept[key] = True
        buckets = capacity.zipf_buckets(1000, 0.8)
        self.assertAlmostEqual(capacity.bounded_hit(buckets, 1.0, math.inf, 100), hit / 60_000, delta=0.01)

    def test_a_cache_that_holds_all_keeps_all(self):
        buckets = capacity.zipf_buckets(100, 1)
        self.assertEqual(capacity.che_time_s(buckets, 10, 100), math.inf)
        self.assertAlmostEqual(capacity.bounded_hit(buckets, 10, 5, 100), capacity.ttl_hit(buckets, 10, 5))

    def test_loads(self):
        self.assertAlmostEqual(capacity.renewal_loads(1, 60), 1 / 61)
        self.assertAlmostEqual(capacity.window_loads(1e9, 0, 0, 1), 1)
        self.assertAlmostEqual(capacity.window_loads(1e9, 1e9, 1, 1), 0)
        self.assertAlmostEqual(capacity.changed_loads(1e9, 10), 10, delta=1e-6)
        self.assertEqual((capacity.changed_loads(0, 10), capacity.changed_loads(10, 0)), (0, 0))

    def test_when_likes_are_flushed(self):
        self.assertAlmostEqual(capacity.due_rate(11, 10, 60), 1)  # at the eleventh
        self.assertAlmostEqual(capacity.due_rate(0.01, 10, 60), 1 / 160)  # a minute after the first
        self.assertAlmostEqual(capacity.flush_rate(1e6, 10, 60, 0.1), 10)  # not before the spacing is over
        self.assertAlmostEqual(capacity.batches_per_s(1e6, 0.1), 10)
        self.assertAlmostEqual(capacity.batches_per_s(0.1, 0.1), 0.1, delta=0.01)
        self.assertEqual((capacity.due_rate(0, 10, 60), capacity.batches_per_s(0, 0.1)), (0, 0))

    def test_batches_as_simulated(self):
        """A batcher of 300 tweets with 600 likes a second."""
        rng, pending, due, sent, batches, tweets, now = random.Random(1), [0] * 300, set(), -1.0, 0, 0, 0.0
        while now < 200:
            now += rng.expovariate(600)
            tweet = rng.randrange(300)
            pending[tweet] += 1
            if pending[tweet] > 10:
                due.add(tweet)
            if due and now - sent >= 0.1:
                batches, tweets, sent = batches + 1, tweets + len(due), now
                for each in due:
                    pending[each] = 0
                due.clear()
        said = capacity.worker_batches([(300, 1 / 300)], 600)
        self.assertAlmostEqual(said[0] / (batches / 200), 1, delta=0.1)
        self.assertAlmostEqual(said[1] / (tweets / 200), 1, delta=0.1)

    def test_machines(self):
        self.assertEqual([capacity.machines(busy, 16) for busy in (0, 9.6, 9.7)], [1, 1, 2])
        self.assertEqual([capacity.reached(1000, us) for us in (0, 500, 2000)], [1000, 1000, 500])


def cost(statements=1.0, applied=0, reached=500.0, **cpu_us):
    return {"cpu_us": cpu_us, "statements": statements, "reached_per_s": reached, "applied": applied, "batches": 10,
            "answers": 1000}


def made_up_costs():
    hits = {f"hit {kind}": cost(0, proxy=10, workers=20, database=0) for kind in ("tweet", "user", "timeline")}
    changes = {"miss tweet": cost(proxy=30, workers=40, database=50),
               "like hot": cost(proxy=15, workers=25, database=1),
               "like spread": cost(applied=1000, proxy=15, workers=25, database=3),
               "post": cost(proxy=15, workers=60, database=90)}
    bare = {f"miss {kind}": cost(workers=40, database=50) for kind in ("tweet", "user", "timeline")}
    bare |= {"like hot": cost(reached=300, workers=50, database=200), "like many": cost(workers=50, database=100),
             "post": cost(workers=60, database=90)}
    sizes = {"bytes": {"proxy": 1500, "db_cache": 1000}}
    return {"bare": bare, "batcher": hits | changes | sizes, "proxy": hits | changes | sizes, "nginx": hits | changes}


class Model(unittest.TestCase):
    def predict(self, name, step, database="postgres"):
        return predict.predict(plan.scenario_named(name), database, step, made_up_costs(), 8)

    def test_every_run_has_a_prediction(self):
        for scenario, database, step in plan.runs_of(plan.SCENARIOS, ["sqlite", "postgres"]):
            said = self.predict(scenario.name, step, database)
            self.assertGreater(said["reached_per_s"], 0, (scenario.name, step))
            self.assertGreaterEqual(said["statements_per_s"], 0)
            if said["proxy_hit"] is not None:
                self.assertTrue(0 <= said["proxy_hit"] <= 1)

    def test_each_part_saves_what_it_is_for(self):
        statements = [self.predict("viral", step)["statements_per_s"] for step in ("batcher", "proxy")]
        self.assertLess(max(statements), 400)
        reached = [self.predict("viral", step)["reached_per_s"] for step in ("bare", "batcher")]
        self.assertLess(reached[0], reached[1])
        self.assertLess(self.predict("timeline", "cache")["statements_per_s"],
                        self.predict("timeline", "bare")["statements_per_s"] / 4)
        self.assertGreater(self.predict("timeline", "proxy")["proxy_hit"], 0.8)

    def test_a_scan_lowers_the_hits_of_a_small_cache(self):
        self.assertLess(self.predict("crawler", "proxy")["proxy_hit"], self.predict("timeline", "proxy")["proxy_hit"])

    def test_a_database_that_is_away_costs_what_needs_it(self):
        rate = plan.scenario_named("away").rate
        lost = [1 - self.predict("away", step)["reached_per_s"] / rate for step in ("bare", "batcher", "proxy")]
        self.assertAlmostEqual(lost[0], 0.5, delta=0.05)
        self.assertLess(lost[2], 0.2)

    def test_comparing(self):
        said = {"reached_per_s": 90, "statements_per_s": 0, "proxy_hit": None, "cpu_us": {"workers": 10}}
        found = {"reached_per_s": 100, "statements_per_s": 0, "proxy_hit": 0, "cpu_us": {"workers": 5, "database": 5}}
        misses = {name: miss for name, _, _, miss in predict.compare(plan.SCENARIOS[0], found, said)}
        self.assertEqual({name: round(miss, 9) for name, miss in misses.items()},
                         {"requests/s": 0.1, "statements/s": 0, "CPU µs": 0})

    def test_more_users_need_more_machines_and_share_less(self):
        costs = growth.Costs.of(made_up_costs())
        needs = [growth.need(growth.Workload(users=users), costs) for users in (1e6, 1e8)]
        for part in needs[0].machines:
            self.assertGreaterEqual(needs[1].machines[part], needs[0].machines[part])
        load = growth.Workload(users=1e8, proxies=8)
        hashed = growth.need(growth.Workload(users=1e8, proxies=8, hashed=True), costs)
        self.assertGreater(hashed.proxy_hit, growth.need(load, costs).proxy_hit)


class Blocks(unittest.TestCase):
    def test_marked_blocks_are_replaced_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "report.md"
            path.write_text("# R\n\nwords\n\n<!-- figures: a -->\nold\n<!-- end -->\n\nmore\n\n"
                            "<!-- figures: kept -->\nsame\n<!-- end -->\n")
            blocks.rewrite(path, {"a": "new\n", "b": "added\n"})
            text = path.read_text()
            self.assertIn("words\n\n<!-- figures: a -->\nnew\n<!-- end -->\n\nmore\n", text)
            self.assertIn("<!-- figures: kept -->\nsame\n<!-- end -->", text)
            self.assertIn("## B\n\n<!-- figures: b -->\nadded\n<!-- end -->\n", text)
            self.assertNotIn("old", text)
            blocks.rewrite(path, {"a": "new\n", "b": "added\n"})
            self.assertEqual(path.read_text(), text)


if __name__ == "__main__":
    reporting.main()
