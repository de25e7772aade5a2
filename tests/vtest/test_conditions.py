"""Conditional requests, validation of what is stored, stale answers and ranges."""

from cases import *
from harness import *

MODIFIED = ("Last-Modified", "Thu, 22 Oct 2020 16:51:12 GMT")
TAG = ("ETag", '"etag"')
STALE = ("Cache-Control", "max-age=1")


class OfClients(Case):
    def stored(self, *headers):
        self.serve(Reply(body=b"x" * 30, headers=[FRESH, *headers]))
        self.get()

    def status(self, *fields):
        answer = self.get("/", *fields)
        self.assertEqual(answer.body, b"" if answer.status == 304 else b"x" * 30)
        return answer.status

    def test_if_none_match(self):
        """haproxy cache/if-none-match, varnish c00025"""
        self.stored(TAG)
        self.assertEqual(self.status(("If-None-Match", '"etag"')), 304)

    def test_if_none_match_compares_weakly(self):
        """haproxy cache/if-none-match, varnish c00025"""
        self.stored(TAG)
        self.assertEqual(self.status(("If-None-Match", 'W/"etag"')), 304)

    def test_if_none_match_of_a_list(self):
        """haproxy cache/if-none-match, varnish c00025"""
        self.stored(TAG)
        self.assertEqual(self.status(("If-None-Match", 'W/"wrong", W/"etag"')), 304)
        self.assertEqual(self.status(("If-None-Match", '"wrong,", "etag"')), 304)

    def test_if_none_match_of_anything(self):
        """haproxy cache/if-none-match"""
        self.stored(TAG)
        self.assertEqual(self.status(("If-None-Match", "*")), 304)

    def test_if_none_match_of_another(self):
        """haproxy cache/if-none-match, varnish c00025"""
        self.stored(TAG)
        for value in ('"wrong"', '"eta"', '"etagg"', "etag", '"ETAG"'):
            self.assertEqual(self.status(("If-None-Match", value)), 200)

    def test_if_modified_since_the_same(self):
        """haproxy cache/if-modified-since, varnish c00008"""
        self.stored(MODIFIED)
        self.assertEqual(self.status(("If-Modified-Since", MODIFIED[1])), 304)

    def test_if_modified_since_later(self):
        """haproxy cache/if-modified-since, varnish c00008"""
        self.stored(MODIFIED)
        self.assertEqual(self.status(("If-Modified-Since", "Fri, 23 Oct 2020 16:51:12 GMT")), 304)

    def test_if_modified_since_earlier(self):
        """haproxy cache/if-modified-since, varnish c00008"""
        self.stored(MODIFIED)
        self.assertEqual(self.status(("If-Modified-Since", "Wed, 21 Oct 2020 16:51:12 GMT")), 200)

    def test_if_modified_since_that_is_no_date(self):
        """haproxy cache/if-modified-since"""
        self.stored(MODIFIED)
        self.assertEqual(self.status(("If-Modified-Since", "yesterday")), 200)

    def test_if_none_match_wins_over_if_modified_since(self):
        """varnish c00026"""
        self.stored(TAG, MODIFIED)
        later = ("If-Modified-Since", "Fri, 23 Oct 2020 16:51:12 GMT")
        self.assertEqual(self.status(("If-None-Match", '"wrong"'), later), 200)
        self.assertEqual(self.status(("If-None-Match", '"etag"'), ("If-Modified-Since", "yesterday")), 304)

    def test_a_304_has_no_body_and_keeps_its_fields(self):
        """varnish c00008"""
        self.stored(TAG, ("X-Own", "1"), ("Vary", "X-Kind"))
        with Connection(self.address) as client:
            answer = client.get("/", ("If-None-Match", '"etag"'))
            self.assertEqual((answer.status, answer.header("ETag"), answer.header("Vary")), (304, '"etag"', "X-Kind"))
            self.assertEqual(client.get("/").status, 200)

    def test_conditions_of_a_passed_request_reach_the_backend(self):
        """varnish r02042"""
        self.serve(Reply(status=304, headers=[UNCACHED, TAG]),
                   config='[[pool]]\nbackends = ["{backend}"]\n[[route]]\npath = "/"\ncache = false\n')
        self.assertEqual(self.get("/", ("If-None-Match", '"etag"')).status, 304)
        self.assertEqual(self.origin.requests[0].header("If-None-Match"), '"etag"')


class OfTheProxy(Case):
    def validate(self, first, second):
        """Stores `first`, and asks again until what is stored is stale and `second` has been asked for."""
        self.serve(first, second)
        before = self.get()
        wait_until(lambda: self.origin.count() == 2 or self.get() and self.origin.count() == 2, 5, "a validation")
        return before, self.get()

    def test_a_304_renews_what_is_stored(self):
        """varnish b00039, varnish b00062"""
        before, after = self.validate(Reply(body=b"one", headers=[STALE, TAG, ("X-A", "1")]),
                                      Reply(status=304, headers=[FRESH, TAG, ("X-B", "2")]))
        self.assertEqual(self.origin.requests[1].header("If-None-Match"), '"etag"')
        self.assertEqual((after.body, after.header("X-A"), after.header("X-B")), (b"one", "1", "2"))
        self.assert_hit(after)

    def test_a_304_replaces_fields_that_it_has(self):
        """varnish c00060, varnish r01879"""
        _, after = self.validate(Reply(body=b"one", headers=[STALE, TAG, ("X-A", "1"), ("X-A", "2")]),
                                 Reply(status=304, headers=[FRESH, TAG, ("X-A", "3")]))
        self.assertEqual(after.fields.all("X-A"), ["3"])

    def test_a_304_does_not_change_length_and_coding(self):
        """varnish b00082, varnish r03169"""
        coded = [STALE, TAG, ("Content-Encoding", "gzip")]
        _, after = self.validate(Reply(body=b"one", headers=coded),
                                 Reply(raw=b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\nETag: \"etag\"\r\n"
                                           b"Cache-Control: max-age=60\r\n\r\n"))
        self.assertEqual((after.body, after.header("Content-Length")), (b"one", "3"))
        self.assertEqual(after.header("Content-Encoding"), "gzip")

    def test_validation_by_date(self):
        """varnish b00039, varnish b00079"""
        _, after = self.validate(Reply(body=b"one", headers=[STALE, MODIFIED]), Reply(status=304, headers=[FRESH]))
        self.assertEqual(self.origin.requests[1].header("If-Modified-Since"), MODIFIED[1])
        self.assertEqual(after.body, b"one")

    def test_a_200_replaces_what_is_stored(self):
        """varnish b00039"""
        _, after = self.validate(Reply(body=b"one", headers=[STALE, TAG]),
                                 Reply(body=b"two", headers=[FRESH, ("ETag", '"other"')]))
        self.assertEqual(after.body, b"two")

    def test_a_304_that_nobody_asked_for_is_not_passed_on(self):
        """varnish r01672"""
        self.serve(Reply(status=304, headers=[FRESH]))
        self.assertNotEqual(self.get("/").status, 304)

    def test_stale_while_it_is_revalidated(self):
        """varnish b00043, varnish b00052"""
        control = ("Cache-Control", "max-age=1, stale-while-revalidate=60")
        self.serve(Reply(body=b"one", headers=[control]), Reply(body=b"two", headers=[FRESH]))
        self.get()
        wait_until(lambda: self.get().body and self.origin.count() == 2, 5, "a background fetch")
        wait_until(lambda: self.get().body == b"two", 5, "the new answer")

    def test_a_background_fetch_that_fails_leaves_the_stale_copy(self):
        """varnish b00063"""
        control = ("Cache-Control", "max-age=1, stale-while-revalidate=60, stale-if-error=60")
        self.serve(Reply(body=b"one", headers=[control]), Reply(status=503))
        self.get()
        wait_until(lambda: self.get().body == b"one" and self.origin.count() >= 2, 5, "a background fetch")
        self.assertEqual(self.get().body, b"one")

    def test_stale_on_an_error(self):
        """varnish c00058"""
        control = ("Cache-Control", "max-age=1, stale-if-error=60")
        self.serve(Reply(body=b"one", headers=[control]), Reply(status=503))
        self.get()
        wait_until(lambda: self.get().body == b"one" and self.origin.count() >= 2, 5, "a failed fetch")

    def test_no_stale_answer_without_permission(self):
        """varnish r02705"""
        self.serve(Reply(body=b"one", headers=[("Cache-Control", "max-age=1, must-revalidate")]), Reply(status=503))
        self.get()
        wait_until(lambda: self.get().status == 503, 5, "the error")

    def test_what_may_not_be_stored_does_not_stay_stale(self):
        """varnish r02763"""
        control = ("Cache-Control", "max-age=1, stale-if-error=60")
        self.serve(Reply(body=b"one", headers=[control]), Reply(body=b"two", headers=[UNCACHED]), Reply(status=503))
        self.get()
        wait_until(lambda: self.get().body == b"two", 5, "the new answer")
        self.assertEqual(self.get().status, 503)


class Ranges(Case):
    def passed(self, *fields):
        config = '[[pool]]\nbackends = ["{backend}"]\n[[route]]\npath = "/"\ncache = false\n'
        self.serve(Reply(status=206, body=b"345", headers=[("Content-Range", "bytes 3-5/10")]), config=config)
        return self.get("/", *fields)

    def test_a_range_of_a_passed_request_reaches_the_backend(self):
        """varnish r04336"""
        answer = self.passed(("Range", "bytes=3-5"), ("If-Range", '"etag"'))
        self.assertEqual((answer.status, answer.body), (206, b"345"))
        self.assertEqual(answer.header("Content-Range"), "bytes 3-5/10")
        seen = self.origin.requests[0]
        self.assertEqual((seen.header("Range"), seen.header("If-Range")), ("bytes=3-5", '"etag"'))

    def test_a_range_of_what_is_stored_is_right(self):
        """varnish c00034"""
        self.serve(Reply(body=b"0123456789", headers=[FRESH, TAG]))
        self.get()
        answer = self.get("/", ("Range", "bytes=3-5"))
        self.assertIn((answer.status, answer.body), ((206, b"345"), (200, b"0123456789")))

    def test_a_range_that_is_nonsense_gets_the_whole(self):
        """varnish c00034, varnish r04276"""
        self.serve(Reply(body=b"0123456789", headers=[FRESH, TAG]))
        self.get()
        for value in ("bytes=5-3", "bytes", "lines=1-2", "bytes=a-b", "bytes=-"):
            answer = self.get("/", ("Range", value))
            self.assertEqual((answer.status, answer.body), (200, b"0123456789"), value)

    def test_if_range_of_another_version_gets_the_whole(self):
        """varnish c00100"""
        self.serve(Reply(body=b"0123456789", headers=[FRESH, TAG]))
        self.get()
        answer = self.get("/", ("Range", "bytes=3-5"), ("If-Range", '"other"'))
        self.assertEqual((answer.status, answer.body), (200, b"0123456789"))

    def test_a_partial_answer_to_a_whole_request_is_not_stored_as_the_whole(self):
        """varnish r02530"""
        self.serve(Reply(status=206, body=b"345", headers=[FRESH, ("Content-Range", "bytes 3-5/10")]),
                   Reply(body=b"0123456789", headers=[FRESH]))
        self.get("/", ("Range", "bytes=3-5"))
        self.assertEqual(self.get("/").body, b"0123456789")


if __name__ == "__main__":
    main()
