"""Messages: how they are framed and forwarded, and which are refused."""

from cases import *
from harness import *

POST = "POST / HTTP/1.1\r\nHost: a\r\n"


class Requests(Case):
    def test_a_get_gets_through(self):
        """varnish b00000, varnish b00002"""
        self.serve(Reply(body=b"012345\n", headers=[UNCACHED]))
        answer = self.get("/")
        self.assertEqual((answer.status, answer.body), (200, b"012345\n"))

    def test_pipelined_requests_are_answered_in_order(self):
        """varnish b00012"""
        self.serve(lambda r: Reply(body=r.target.encode()))
        with Connection(self.address) as client:
            client.send("".join(f"GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n" for n in range(4)))
            self.assertEqual([client.read().body for _ in range(4)], [b"/0", b"/1", b"/2", b"/3"])

    def test_a_request_whose_end_comes_with_the_next_one(self):
        """varnish b00013"""
        self.serve(lambda r: Reply(body=r.target.encode()))
        with Connection(self.address) as client:
            client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTT")
            self.assertEqual(client.read().body, b"/1")
            client.send("P/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual([client.read().body for _ in range(2)], [b"/2", b"/3"])

    def test_many_requests_on_one_connection(self):
        """varnish b00048"""
        self.serve(lambda r: Reply(body=r.target.encode()))
        with Connection(self.address) as client:
            for number in range(200):
                self.assertEqual(client.get(f"/{number % 10}").body, f"/{number % 10}".encode())

    def test_two_host_fields_are_refused(self):
        """varnish b00037"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")

    def test_two_equal_host_fields_are_refused_too(self):
        """haproxy http-messaging/h1_host_normalization"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")

    def test_host_is_mandatory(self):
        """varnish r02633"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\n\r\n")

    def test_host_is_not_mandatory_in_http_1_0(self):
        """varnish r02633"""
        self.serve(Reply(body=b"ok"))
        with Connection(self.address) as client:
            client.send("GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(client.read().status, 200)

    def test_space_before_the_colon_is_refused(self):
        """varnish b00040, varnish b00069"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n")

    def test_a_folded_line_is_refused(self):
        """varnish b00040, varnish b00069"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n")

    def test_a_nul_in_a_value_is_refused(self):
        """varnish b00040, varnish b00069"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n")

    def test_a_control_character_in_a_value_is_refused(self):
        """varnish b00069"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nX-A: b\x01c\r\n\r\n")

    def test_a_name_with_a_character_that_is_no_token_is_refused(self):
        """varnish b00069"""
        self.serve()
        for name in ("X A", "X\xe9", "(X)", "X\"", "X\x7f"):
            self.refused(f"GET / HTTP/1.1\r\nHost: a\r\n{name}: b\r\n\r\n")

    def test_an_empty_name_is_refused(self):
        """varnish b00040, varnish b00069"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n")

    def test_a_line_without_a_colon_is_refused(self):
        """varnish b00069"""
        self.serve()
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n")

    def test_names_of_symbols_are_forwarded(self):
        """varnish b00076"""
        self.serve()
        self.get("/", ("!#$%&'*+-.^`|~9", "1"))
        self.assertEqual(self.origin.requests[0].header("!#$%&'*+-.^`|~9"), "1")

    def test_no_space_is_needed_behind_the_colon(self):
        """varnish r02148"""
        self.serve()
        with Connection(self.address) as client:
            client.send("GET / HTTP/1.1\r\nHost:a\r\nX-A:b\r\n\r\n")
            client.read()
        self.assertEqual(self.origin.requests[0].header("X-A"), "b")

    def test_another_version_of_http_is_refused(self):
        """varnish b00047"""
        self.serve()
        for version in ("HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/11.1", "http/1.1", "HTPP/1.1", "HTTP/1."):
            with self.subTest(version):
                self.refused(f"GET / {version}\r\nHost: a\r\n\r\n", 400, 505)

    def test_a_request_line_of_two_words_is_refused(self):
        """varnish b00047"""
        self.serve()
        self.refused("GET /\r\nHost: a\r\n\r\n")

    def test_two_different_lengths_are_refused(self):
        """varnish r01691"""
        self.serve()
        self.refused(POST + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")

    def test_a_length_that_is_no_number_is_refused(self):
        """varnish r01691"""
        self.serve()
        for length in ("12abc", "-1", "+1", "0x10", "1 2", "99999999999999999999"):
            with self.subTest(length):
                self.refused(POST + f"Content-Length: {length}\r\n\r\n", 400, 413)

    def test_length_beside_chunked_is_refused(self):
        """varnish r01729, haproxy http-messaging/http_transfer_encoding"""
        self.serve()
        self.refused(POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")

    def test_a_coding_behind_chunked_is_refused(self):
        """haproxy http-messaging/http_transfer_encoding"""
        self.serve()
        for coding in ("chunked, gzip", "chunked, chunked", "gzip", "identity", ",chunked, x", "xchunked"):
            with self.subTest(coding):
                self.refused(POST + f"Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n", 400, 501)

    def test_a_coding_in_http_1_0_is_refused(self):
        """haproxy http-messaging/http_transfer_encoding"""
        self.serve()
        self.refused("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")

    def test_a_post_without_a_body(self):
        """varnish r01783, varnish r04340, haproxy http-messaging/h1_to_h1"""
        self.serve(lambda r: Reply(body=b"%d" % len(r.body)))
        with Connection(self.address) as client:
            for _ in range(2):
                client.send(POST + "Content-Length: 0\r\n\r\n")
                self.assertEqual(client.read().body, b"0")
            client.send(POST + "\r\n")
            self.assertEqual(client.read().body, b"0")

    def test_a_get_with_a_body(self):
        """haproxy http-messaging/h1_to_h1"""
        self.serve(lambda r: Reply(body=r.body, headers=[UNCACHED]))
        with Connection(self.address) as client:
            self.assertEqual(client.request("GET", "/", body=b"this must be delivered").body, b"this must be delivered")
            self.assertEqual(client.get("/").body, b"")

    def test_a_head_with_a_body(self):
        """haproxy http-messaging/h1_to_h1"""
        self.serve(Reply(headers=[UNCACHED]))
        with Connection(self.address) as client:
            self.assertEqual(client.request("HEAD", "/", body=b"a body").status, 200)
            self.assertEqual(client.request("HEAD", "/").status, 200)
        self.assertEqual(self.origin.requests[0].body, b"a body")

    def test_a_chunked_request(self):
        """varnish c00067"""
        self.serve(lambda r: Reply(body=r.body))
        with Connection(self.address) as client:
            client.send(POST + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n8;x=y\r\ndefghijk\r\n0\r\n\r\n")
            self.assertEqual(client.read().body, b"abcdefghijk")

    def test_a_bad_chunk_is_refused(self):
        """varnish c00067"""
        for chunk in ("x\r\n", "-1\r\n", "3\r\nabcd\r\n", "fffffffffffffffff\r\n", "1 2\r\n"):
            with self.subTest(chunk):
                self.serve(lambda r: Reply(body=r.body))
                self.refused(POST + f"Transfer-Encoding: chunked\r\n\r\n{chunk}", 400, 413)

    def test_continue_is_sent_once_the_body_is_wanted(self):
        """varnish c00018"""
        self.serve(lambda r: Reply(body=r.body))
        with Connection(self.address) as client:
            client.send(POST + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            self.assertEqual(client.read_head().status, 100)
            client.send("body")
            self.assertEqual(client.read().body, b"body")

    def test_an_unknown_expectation_is_refused(self):
        """varnish c00018"""
        self.serve()
        with Connection(self.address) as client:
            client.send(POST + "Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual(client.read().status, 417)

    def test_targets_that_are_allowed(self):
        """haproxy http-messaging/h1_request_target_validation"""
        self.serve(lambda r: Reply(body=r.target.encode()))
        for method, target, host in (("OPTIONS", "*", "a"), ("OPTIONS", "/", "a"), ("GET", "http://a/x", "a"),
                                     ("OPTIONS", "http://a", "a"), ("GET", "/", "a")):
            with self.subTest(target):
                self.assertEqual(request(self.address, method, target, [("Host", host)]).status, 200)

    def test_targets_that_are_refused(self):
        """haproxy http-messaging/h1_request_target_validation"""
        self.serve()
        for method, target in (("OPTIONS", "*/test"), ("GET", "*"), ("CONNECT", "a"), ("CONNECT", "/"),
                               ("CONNECT", "http://a:80"), ("GET", "a:80"), ("GET", "admin"), ("GET", "admin/a/b")):
            with self.subTest(f"{method} {target}"):
                self.refused(f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n", 400, 501)

    def test_an_authority_that_is_not_the_host_is_refused_or_wins(self):
        """haproxy http-messaging/h1_host_normalization"""
        self.serve(lambda r: Reply(body=r.header("Host").encode()))
        answer = request(self.address, "GET", "http://first/x", [("Host", "second")])
        self.assertIn((answer.status, answer.body), ((200, b"first"), (400, answer.body)))

    def test_a_fragment_is_refused(self):
        """haproxy http-messaging/h1_authority_fragment_char"""
        self.serve()
        self.refused("GET http://a#b/ HTTP/1.1\r\nHost: a\r\n\r\n")
        self.refused("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n")

    def test_a_bad_host_is_refused(self):
        """haproxy http-messaging/h1_host_normalization"""
        self.serve()
        for host in ("a:b", "a/b", "a b", "a@b", "a:99999999", "a,b", "a#"):
            with self.subTest(host):
                self.refused(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")

    def test_too_many_fields(self):
        """varnish c00039"""
        self.serve()
        many = "".join(f"X-{n}: 1\r\n" for n in range(300))
        self.refused(f"GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n", 431, 400)

    def test_a_field_that_is_too_long(self):
        """varnish c00039"""
        self.serve()
        self.refused(f"GET / HTTP/1.1\r\nHost: a\r\nX-A: {'x' * 20_000}\r\n\r\n", 431)

    def test_a_target_that_is_too_long(self):
        """varnish r02233"""
        self.serve()
        self.refused(f"GET /{'x' * 12_000} HTTP/1.1\r\nHost: a\r\n\r\n", 414, 431)

    def test_urgent_data_does_no_harm(self):
        """varnish b00046"""
        self.serve(Reply(body=b"ok"))
        with Connection(self.address) as client:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n")
            client.sock.send(b"!", socket.MSG_OOB)
            client.send("\r\n")
            self.assertIn(client.read().status, (200, 400))
        self.assertEqual(self.get("/x").status, 200)


class Responses(Case):
    def test_chunked_from_the_backend(self):
        """varnish b00007"""
        self.serve(Reply(pieces=[b"0123", b"4567", b"89"], chunked=True))
        self.assertEqual([self.get().body for _ in range(2)], [b"0123456789"] * 2)

    def test_a_body_to_the_close(self):
        """varnish b00011, varnish r01918"""
        self.serve(Reply(body=b"to the end", until_close=True, headers=[FRESH]))
        answer = self.get()
        self.assertEqual(answer.body, b"to the end")
        self.assertEqual(self.get().body, b"to the end")

    def test_a_body_to_the_close_for_http_1_0(self):
        """varnish b00011"""
        self.serve(Reply(pieces=[b"one", b"two"], chunked=True, headers=[UNCACHED]))
        with Connection(self.address) as client:
            client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            answer = client.read()
            self.assertNotIn("Transfer-Encoding", answer.fields)
            self.assertEqual(answer.body, b"onetwo")

    def test_http_1_0_with_keep_alive(self):
        """varnish b00011"""
        self.serve(Reply(body=b"abc"))
        with Connection(self.address) as client:
            for _ in range(2):
                client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
                self.assertEqual(client.read().body, b"abc")

    def test_an_empty_chunked_body(self):
        """varnish r01612"""
        self.serve(Reply(pieces=[], raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
        with Connection(self.address) as client:
            self.assertEqual(client.get("/").body, b"")
            self.assertEqual(client.get("/").body, b"")

    def test_204_has_no_body_and_no_length(self):
        """varnish r01761, varnish r01826"""
        self.serve(Reply(raw=b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), Reply(body=b"next"))
        with Connection(self.address) as client:
            first = client.get("/1")
            self.assertEqual((first.status, first.body), (204, b""))
            self.assertNotIn("Transfer-Encoding", first.fields)
            self.assertEqual(client.get("/2").body, b"next")

    def test_204_with_a_body_is_not_passed_on_with_it(self):
        """varnish r01761"""
        self.serve(Reply(raw=b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHELLO"), Reply(body=b"next"))
        with Connection(self.address) as client:
            self.assertIn(client.get("/1").status, (204, 502))
            self.assertEqual(client.get("/2").body, b"next")

    def test_a_head_has_the_length_of_the_get(self):
        """varnish b00065, varnish r04245"""
        self.serve(lambda r: Reply(body=b"x" * 30, headers=[UNCACHED]))
        answer = request(self.address, "HEAD", "/")
        self.assertEqual((answer.header("Content-Length"), answer.body), ("30", b""))

    def test_heads_with_any_framing_and_then_a_get(self):
        """haproxy http-messaging/http_bodyless_response"""
        self.serve(lambda r: Reply(body=b"last" if r.target == "/4" else b"x" * 50_000, chunked=r.target == "/3",
                                   headers=[UNCACHED]))
        with Connection(self.address) as client:
            for target in ("/1", "/2", "/3"):
                self.assertEqual(client.request("HEAD", target).body, b"")
            self.assertEqual(client.get("/4").body, b"last")

    def test_large_bodies_of_any_framing(self):
        """haproxy http-messaging/http_splicing, haproxy http-messaging/http_splicing_chunk"""
        body = bytes(range(256)) * 4096
        self.serve(lambda r: Reply(body=body, chunked=r.target == "/c", headers=[UNCACHED]))
        with Connection(self.address) as client:
            for target in ("/l", "/c", "/l", "/c"):
                self.assertEqual(client.get(target).body, body)

    def test_an_answer_always_has_a_date(self):
        """varnish c00066"""
        self.serve(lambda r: Reply(headers=[FRESH if r.target == "/cached" else UNCACHED]))
        for target in ("/cached", "/cached", "/passed"):
            self.assertIn("Date", self.get(target).fields)

    def test_fields_of_one_hop_stay_behind(self):
        """varnish c00016, varnish b00080, varnish r03417"""
        hop = [("Connection", "Foo, Keep-Alive"), ("Foo", "1"), ("Keep-Alive", "timeout=5"), ("Bar", "2")]
        self.serve(lambda r: Reply(headers=[*hop, FRESH if r.target == "/c" else UNCACHED]))
        for target in ("/c", "/c", "/p"):
            answer = self.get(target, ("Connection", "X-Foo"), ("X-Foo", "1"), ("Keep-Alive", "5"), ("X-Bar", "2"))
            self.assertEqual(answer.header("Bar"), "2")
            for name in ("Foo", "Keep-Alive"):
                self.assertNotIn(name, answer.fields)
        for seen in self.origin.requests:
            self.assertEqual(seen.header("X-Bar"), "2")
            self.assertNotIn("X-Foo", seen.fields)
            self.assertNotIn("Keep-Alive", seen.fields)

    def test_no_connection_field_is_made_up(self):
        """varnish r01613"""
        self.serve(Reply(headers=[UNCACHED]))
        self.assertNotIn("Connection", self.get().fields)

    def test_a_broken_off_body_breaks_off_the_answer(self):
        """varnish c00062, haproxy http-messaging/truncated"""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
        self.serve(Reply(raw=head + b"x" * 50, close=True))
        with self.assertRaises((WireError, ConnectionError)):
            self.get("/")

    def test_a_broken_off_chunked_body_breaks_off_the_answer(self):
        """haproxy http-messaging/truncated"""
        self.serve(Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", close=True))
        with self.assertRaises((WireError, ConnectionError)):
            self.get("/")

    def test_what_was_broken_off_is_not_stored(self):
        """varnish r03560"""
        head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 100\r\n\r\n"
        self.serve(Reply(raw=head + b"x" * 50, close=True), Reply(body=b"whole", headers=[FRESH]))
        with self.assertRaises((WireError, ConnectionError)):
            self.get("/")
        self.assertEqual(self.get("/").body, b"whole")

    def test_a_malformed_head_is_502(self):
        """varnish b00027, varnish r01598"""
        for head in (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", b"garbage\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n", b"HTTP/3.1 200 OK\r\n\r\n"):
            with self.subTest(head):
                self.serve(Reply(raw=head, close=True))
                self.assertEqual(self.get("/").status, 502)

    def test_length_beside_chunked_from_a_backend_is_502(self):
        """varnish r01729"""
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
        self.serve(Reply(raw=raw, close=True))
        self.assertEqual(self.get("/").status, 502)

    def test_a_bad_length_from_a_backend_is_502(self):
        """varnish r01691"""
        for length in (b"12abc", b"-3", b"3\r\nContent-Length: 4"):
            with self.subTest(length):
                self.serve(Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nabcd", close=True))
                self.assertEqual(self.get("/").status, 502)

    def test_more_fields_than_a_head_may_have_is_502(self):
        """varnish c00040"""
        many = [(f"X-{n}", "y" * 400) for n in range(400)]
        self.serve(Reply(headers=many))
        self.assertEqual(self.get("/").status, 502)

    def test_a_preamble_before_the_status_line_is_502(self):
        """varnish b00075"""
        self.serve(Reply(raw=b"\x16\x03\x01\x02HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", close=True))
        self.assertEqual(self.get("/").status, 502)

    def test_a_status_without_a_reason(self):
        """varnish r02069"""
        self.serve(Reply(raw=b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"))
        self.assertIn(self.get("/").status, (200, 502))

    def test_via_is_added(self):
        """varnish r03794"""
        self.serve(Reply(headers=[("Via", "1.0 first"), UNCACHED]))
        answer = self.get("/", ("Via", "1.0 before"))
        self.assertEqual(answer.header("Via"), "1.0 first, 1.1 roost")
        self.assertRegex(self.origin.requests[0].header("Via"), r"^1\.0 before, 1\.1 roost( \(\w+\))?$")

    def test_an_informational_answer_is_not_the_answer(self):
        """haproxy cache/early_hints"""
        self.serve(Reply(interim=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", body=b"final", headers=[FRESH]))
        for _ in range(2):
            self.assertEqual((self.get("/").status, self.get("/").body), (200, b"final"))

    def test_set_cookie_stays_two_fields(self):
        """haproxy http-messaging/h1_to_h1"""
        self.serve(Reply(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), UNCACHED]))
        self.assertEqual(self.get().fields.all("Set-Cookie"), ["a=1", "b=2"])


if __name__ == "__main__":
    main()
