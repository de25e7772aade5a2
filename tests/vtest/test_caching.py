"""What is stored, for whom, and for how long."""

import threading

from cases import *
from harness import *

OLD = "Thu, 22 Oct 2020 16:51:12 GMT"


def counted(*headers, **options):
    """An answer whose body is the number of requests so far."""
    numbers = iter(range(1, 10_000))
    return lambda _: Reply(body=b"%d" % next(numbers), headers=list(headers), **options)


class Storing(Case):
    def test_a_fetch_and_then_a_hit(self):
        """varnish b00003, haproxy cache/basic"""
        self.serve(counted(FRESH))
        self.assert_not_hit(self.get())
        answer = self.get()
        self.assert_hit(answer)
        self.assertEqual((answer.body, self.origin.count()), (b"1", 1))

    def test_a_chunked_answer_is_stored_whole(self):
        """haproxy cache/basic"""
        pieces = [b"x" * n for n in (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233)]
        self.serve(Reply(pieces=pieces, chunked=True, headers=[FRESH]))
        self.assertEqual([len(self.get().body) for _ in range(2)], [609, 609])
        self.assertEqual(self.origin.count(), 1)

    def test_max_age(self):
        """haproxy cache/caching_rules, varnish b00066"""
        self.serve(counted(("Cache-Control", "max-age=5")))
        self.assertEqual(self.bodies((), ()), [b"1", b"1"])

    def test_s_maxage(self):
        """haproxy cache/caching_rules, varnish b00066"""
        self.serve(counted(("Cache-Control", "s-maxage=5")))
        self.assertEqual(self.bodies((), ()), [b"1", b"1"])

    def test_s_maxage_wins_over_max_age(self):
        """haproxy cache/caching_rules"""
        for value in ("max-age=0, s-maxage=5", "s-maxage=5, max-age=0"):
            self.serve(counted(("Cache-Control", value)))
            self.assertEqual(self.bodies((), ()), [b"1", b"1"])

    def test_s_maxage_of_nothing_wins_too(self):
        """varnish b00066"""
        self.serve(counted(("Cache-Control", "max-age=60, s-maxage=0")))
        self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_max_age_of_nothing(self):
        """haproxy cache/caching_rules, varnish b00066"""
        self.serve(counted(("Cache-Control", "max-age=0")))
        self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_expires_in_the_future(self):
        """haproxy cache/expires, varnish b00066"""
        self.serve(counted(("Expires", "Thu, 31 Dec 2099 23:59:59 GMT")))
        self.assertEqual(self.bodies((), ()), [b"1", b"1"])

    def test_expires_in_the_past(self):
        """haproxy cache/expires, varnish b00066"""
        self.serve(counted(("Expires", OLD)))
        self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_expires_that_is_no_date(self):
        """haproxy cache/expires, varnish c00085"""
        for value in ("0", "-1", "tomorrow", ""):
            with self.subTest(value):
                self.serve(counted(("Expires", value)))
                self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_max_age_wins_over_expires(self):
        """haproxy cache/expires"""
        self.serve(counted(("Expires", OLD), FRESH))
        self.assertEqual(self.bodies((), ()), [b"1", b"1"])

    def test_dates_in_their_three_forms(self):
        """varnish c00085"""
        for value in ("Sunday, 06-Nov-33 08:49:37 GMT", "Sun Nov  6 08:49:37 2033", "Sun, 06 Nov 2033 08:49:37 GMT"):
            with self.subTest(value):
                self.serve(counted(("Expires", value)))
                self.assertEqual(self.bodies((), ()), [b"1", b"1"])

    def test_what_must_not_be_stored(self):
        """haproxy cache/caching_rules"""
        for value in ("no-store", "private", "no-cache", "max-age=60, no-store", "private, max-age=60"):
            with self.subTest(value):
                self.serve(counted(("Cache-Control", value)))
                self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_an_age_above_the_lifetime(self):
        """haproxy cache/caching_rules, varnish r01578"""
        self.serve(counted(("Cache-Control", "max-age=5"), ("Age", "10")))
        self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_an_age_below_the_lifetime_is_added_to(self):
        """haproxy cache/caching_rules, varnish r01578"""
        self.serve(counted(("Cache-Control", "max-age=500"), ("Age", "100")))
        self.get()
        answer = self.get()
        self.assert_hit(answer)
        self.assertIn(answer.header("Age"), ("100", "101"))

    def test_an_age_is_passed_on_once(self):
        """varnish r01955, varnish r03221"""
        self.serve(Reply(headers=[UNCACHED, ("Age", "7")]))
        self.assertEqual(self.get().fields.all("Age"), ["7"])

    def test_a_post_is_not_stored(self):
        """haproxy cache/caching_rules"""
        self.serve(counted(FRESH))
        bodies = [request(self.address, "POST", "/", body=b"x").body for _ in range(2)]
        self.assertEqual(bodies, [b"1", b"2"])

    def test_a_post_removes_what_is_stored(self):
        """haproxy cache/post_on_entry"""
        self.serve(counted(FRESH))
        self.get()
        request(self.address, "POST", "/", body=b"x")
        answer = self.get()
        self.assert_not_hit(answer)
        self.assertEqual(answer.body, b"3")

    def test_a_request_with_authorization(self):
        """haproxy cache/caching_rules"""
        self.serve(counted(FRESH))
        mine = (("Authorization", "Basic YTpi"),)
        self.assertEqual(self.bodies(mine, mine, ()), [b"1", b"2", b"3"])

    def test_a_request_with_authorization_where_the_answer_allows_it(self):
        """haproxy cache/caching_rules"""
        self.serve(counted(("Cache-Control", "public, max-age=60")))
        mine = (("Authorization", "Basic YTpi"),)
        self.assertEqual(self.bodies(mine, (), mine), [b"1", b"1", b"1"])

    def test_set_cookie_is_not_given_to_others(self):
        """varnish c00012"""
        self.serve(counted(("Set-Cookie", "a=1")))
        self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_the_query_is_part_of_the_key(self):
        """haproxy cache/basic"""
        self.serve(lambda r: Reply(body=r.target.encode(), headers=[FRESH]))
        self.assertEqual([self.get(t).body for t in ("/?a", "/?b", "/?a", "/")], [b"/?a", b"/?b", b"/?a", b"/"])

    def test_the_host_is_part_of_the_key(self):
        """varnish b00051"""
        self.serve(lambda r: Reply(body=r.header("Host").encode(), headers=[FRESH]))
        bodies = [self.get("/", ("Host", host)).body for host in ("a.test", "b.test", "a.test")]
        self.assertEqual(bodies, [b"a.test", b"b.test", b"a.test"])

    def test_an_object_larger_than_the_limit_is_passed(self):
        """haproxy cache/basic, varnish r01764"""
        self.serve(Reply(body=b"x" * 300_000, headers=[FRESH]), flags=["--cache-size", "1MiB"])
        self.assertEqual([len(self.get().body) for _ in range(2)], [300_000] * 2)
        self.assertEqual(self.origin.count(), 2)

    def test_old_objects_make_room(self):
        """varnish c00027, varnish c00044"""
        self.serve(lambda r: Reply(body=b"x" * 40_000, headers=[FRESH]), flags=["--cache-size", "1MiB"])
        for number in range(60):
            self.assertEqual(len(self.get(f"/{number}").body), 40_000)
        for _ in range(2):
            answer = self.get("/59")
        self.assert_hit(answer)

    def test_an_ok_answer_of_nothing_explicit_has_the_default_time(self):
        """varnish b00003"""
        self.serve(counted())
        self.assertEqual(self.bodies((), ()), [b"1", b"1"])

    def test_a_redirect_is_stored(self):
        """varnish r00832"""
        self.serve(Reply(status=301, headers=[FRESH, ("Location", "/x")]))
        for _ in range(2):
            answer = self.get()
            self.assertEqual((answer.status, answer.header("Location")), (301, "/x"))
        self.assertEqual(self.origin.count(), 1)

    def test_an_error_without_a_lifetime_is_not_stored(self):
        """varnish b00015"""
        self.serve(counted(status=503))
        self.assertEqual([self.get().body for _ in range(2)][1], b"2")

    def test_a_stored_answer_to_a_get_answers_a_head(self):
        """varnish c00004, varnish r01927"""
        self.serve(counted(FRESH))
        self.get()
        answer = request(self.address, "HEAD", "/")
        self.assertEqual((answer.status, answer.header("Content-Length"), answer.body), (200, "1", b""))
        self.assertEqual(self.origin.count(), 1)


class OfTheRequest(Case):
    def test_no_cache_of_a_request_is_fetched_and_stored(self):
        """haproxy cache/caching_rules, varnish c00037"""
        self.serve(counted(FRESH))
        self.get()
        self.assertEqual(self.get("/", ("Cache-Control", "no-cache")).body, b"2")
        self.assertEqual(self.get().body, b"2")

    def test_pragma_no_cache_of_a_request(self):
        """haproxy cache/caching_rules"""
        self.serve(counted(FRESH))
        self.get()
        self.assertEqual(self.get("/", ("Pragma", "no-cache")).body, b"2")

    def test_max_age_of_nothing_of_a_request(self):
        """varnish r02422"""
        self.serve(counted(FRESH))
        self.get()
        # Within its first millisecond the stored answer is no older than that.
        wait_until(lambda: self.get("/", ("Cache-Control", "max-age=0")).body == b"2", 5, "a second fetch")

    def test_a_request_with_another_max_age_takes_what_is_young(self):
        """varnish r02422"""
        self.serve(counted(FRESH))
        self.get()
        self.assertEqual(self.get("/", ("Cache-Control", "max-age=30")).body, b"1")

    def test_only_if_cached(self):
        """haproxy cache/caching_rules"""
        self.serve(counted(FRESH))
        self.assertEqual(self.get("/", ("Cache-Control", "only-if-cached")).status, 504)
        self.get()
        self.assertEqual(self.get("/", ("Cache-Control", "only-if-cached")).body, b"1")


class Variants(Case):
    def test_each_value_has_its_own(self):
        """varnish c00004, haproxy cache/vary"""
        self.serve(counted(FRESH, ("Vary", "X-Kind")))
        kinds = [(("X-Kind", kind),) for kind in ("a", "b", "a", "b")]
        self.assertEqual(self.bodies(*kinds), [b"1", b"2", b"1", b"2"])

    def test_no_value_is_a_value(self):
        """varnish c00004"""
        self.serve(counted(FRESH, ("Vary", "X-Kind")))
        self.assertEqual(self.bodies((), (("X-Kind", "a"),), ()), [b"1", b"2", b"1"])

    def test_two_fields(self):
        """haproxy cache/vary"""
        self.serve(counted(FRESH, ("Vary", "Referer, Accept-Encoding")))
        one = (("Referer", "r"), ("Accept-Encoding", "br"))
        two = (("Referer", "r"), ("Accept-Encoding", "gzip"))
        self.assertEqual(self.bodies(one, two, one, two), [b"1", b"2", b"1", b"2"])

    def test_the_order_of_fields_does_not_matter(self):
        """haproxy cache/vary"""
        self.serve(counted(FRESH, ("Vary", "Referer, Accept-Encoding")))
        one = (("Referer", "r"), ("Accept-Encoding", "br"))
        self.assertEqual(self.bodies(one, one[::-1]), [b"1", b"1"])

    def test_vary_in_two_lines(self):
        """haproxy cache/vary"""
        self.serve(counted(FRESH, ("Vary", "X-A"), ("Vary", "X-B")))
        self.assertEqual(self.bodies((("X-B", "1"),), (("X-B", "2"),), (("X-B", "1"),)), [b"1", b"2", b"1"])

    def test_vary_by_everything_is_not_stored(self):
        """haproxy cache/vary"""
        self.serve(counted(FRESH, ("Vary", "*")))
        self.assertEqual(self.bodies((), ()), [b"1", b"2"])

    def test_names_in_vary_have_no_case(self):
        """varnish c00004"""
        self.serve(counted(FRESH, ("Vary", "x-KIND")))
        kinds = [(("X-Kind", "a"),), (("x-kind", "a"),), (("X-KIND", "b"),)]
        self.assertEqual(self.bodies(*kinds), [b"1", b"1", b"2"])

    def test_values_of_several_lines_are_one_value(self):
        """haproxy cache/vary_accept_encoding"""
        self.serve(counted(FRESH, ("Vary", "Accept-Encoding")))
        one = (("Accept-Encoding", "gzip, br"),)
        lines = (("Accept-Encoding", "gzip"), ("Accept-Encoding", "br"))
        self.assertEqual(self.bodies(one, lines), [b"1", b"1"])

    def test_a_purge_of_a_post_takes_all_variants(self):
        """varnish r02372, varnish b00036"""
        self.serve(counted(FRESH, ("Vary", "X-Kind")))
        one, two = (("X-Kind", "a"),), (("X-Kind", "b"),)
        self.bodies(one, two)
        request(self.address, "POST", "/", body=b"x")
        self.assertEqual(self.bodies(one, two), [b"4", b"5"])

    def test_a_fetch_for_another_variant_is_not_shared(self):
        """varnish c00043"""
        gate = threading.Event()
        numbers = iter(range(1, 100))
        self.serve(lambda r: Reply(body=r.header("X-Kind").encode(), headers=[FRESH, ("Vary", "X-Kind")],
                                   gate=gate if next(numbers) == 1 else None))
        release = threading.Timer(0.2, gate.set)
        release.start()
        kinds = ["a", "b", "a", "b"]
        bodies = concurrently(4, lambda n: get(self.address, "/", ("X-Kind", kinds[n])).body)
        self.assertEqual(bodies, [kind.encode() for kind in kinds])


class Sharing(Case):
    def test_a_second_request_waits_for_the_first(self):
        """varnish c00013"""
        gate = threading.Event()
        self.serve(lambda r: Reply(body=b"shared", headers=[FRESH], gate=gate))
        threading.Timer(0.2, gate.set).start()
        self.assertEqual(concurrently(5, lambda _: self.get().body), [b"shared"] * 5)
        self.assertEqual(self.origin.count(), 1)

    def test_those_who_waited_for_what_is_not_shared_ask_themselves(self):
        """varnish c00014, varnish c00099"""
        gate = threading.Event()
        numbers = iter(range(1, 100))
        self.serve(lambda r: Reply(body=b"%d" % next(numbers), headers=[UNCACHED], gate=gate))
        threading.Timer(0.2, gate.set).start()
        self.assertEqual(len(set(concurrently(5, lambda _: self.get().body))), 5)

    def test_a_body_is_passed_on_while_it_comes(self):
        """varnish c00097"""
        gate = threading.Event()
        self.serve(Reply(pieces=[b"first", gate, b"second"], headers=[FRESH]))  # of known length
        with Connection(self.address) as one, Connection(self.address) as two:
            for client in (one, two):
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            heads = [client.read_head() for client in (one, two)]
            gate.set()
            for client, head in zip((one, two), heads):
                client.read_body(head)
                self.assertEqual(head.body, b"firstsecond")
        self.assertEqual(self.origin.count(), 1)

    def test_a_hit_for_a_fetch_that_goes_on(self):
        """varnish b00077"""
        gate = threading.Event()
        self.serve(Reply(pieces=[b"first", gate, b"second"], headers=[FRESH]))  # of known length
        with Connection(self.address) as one, Connection(self.address) as two:
            one.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            one.read_head()
            two.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(two.read_head().status, 200)
            gate.set()


if __name__ == "__main__":
    main()
