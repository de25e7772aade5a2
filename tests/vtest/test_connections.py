"""Connections on both sides, time-outs, failures of backends, and what is said about the client."""

import threading

from cases import *
from harness import *

SLOW = '[proxy]\n{key} = "200ms"\n[[pool]]\nbackends = ["{{backend}}"]\n'


class OfClients(Case):
    def test_the_client_asks_to_close(self):
        """varnish b00029"""
        self.serve()
        with Connection(self.address) as client:
            answer = client.get("/", ("Connection", "close"))
            self.assertEqual(answer.header("Connection"), "close")
            self.assertTrue(client.closed_by_peer())

    def test_an_idle_connection_is_closed(self):
        """varnish b00067"""
        self.serve(config=SLOW.format(key="client_idle_timeout"))
        with Connection(self.address) as client:
            client.get("/")
            self.assertTrue(client.closed_by_peer())

    def test_a_client_that_leaves_early_harms_nobody(self):
        """varnish c00110"""
        gate = threading.Event()
        self.serve(Reply(pieces=[b"x" * 10_000, gate, b"y" * 10_000], chunked=True, headers=[FRESH]))
        with Connection(self.address) as leaving:
            leaving.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            leaving.read_head()
        with Connection(self.address) as staying:
            staying.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            head = staying.read_head()
            gate.set()
            staying.read_body(head)
            self.assertEqual(len(head.body), 20_000)

    def test_a_client_that_leaves_before_its_answer(self):
        """haproxy http-messaging/http_abortonclose"""
        gate = threading.Event()
        self.serve(lambda r: Reply(body=b"ok", headers=[UNCACHED], gate=gate if r.target == "/left" else None))
        with Connection(self.address) as client:
            client.send("GET /left HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_until(lambda: self.origin.count("/left") == 1, 5, "the call")
            client.reset()
        gate.set()
        self.assertEqual(self.get("/other").body, b"ok")

    def test_half_a_request_and_the_end(self):
        """varnish b00069"""
        self.serve()
        with Connection(self.address) as client:
            client.send("GET / HTTP/1.1\r\nHo")
            client.end_of_sending()
            client.reader.rest()
        self.assertEqual(self.origin.count(), 0)

    def test_a_client_that_ends_its_side_gets_its_answer(self):
        """haproxy http-messaging/http_abortonclose"""
        self.serve(Reply(body=b"ok"))
        with Connection(self.address) as client:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            client.end_of_sending()
            self.assertEqual(client.read().body, b"ok")

    def test_an_empty_line_before_a_request(self):
        """varnish b00069"""
        self.serve(Reply(body=b"ok"))
        with Connection(self.address) as client:
            client.send("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(client.read().body, b"ok")

    def test_a_body_that_nobody_read_does_not_become_a_request(self):
        """varnish r02105, haproxy http-messaging/http_request_buffer"""
        self.serve(lambda r: Reply(status=200, body=r.target.encode(), headers=[UNCACHED]))
        with Connection(self.address) as client:
            inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
            self.assertEqual(client.request("POST", "/", body=inner).body, b"/")
            self.assertEqual(client.get("/next").body, b"/next")
        self.assertEqual(self.origin.count("/smuggled"), 0)


class OfBackends(Case):
    def test_a_connection_is_used_again(self):
        """haproxy connection/http_reuse_always, varnish b00093"""
        self.serve(Reply(headers=[UNCACHED]), flags=["--threads", "1"])
        for _ in range(3):
            self.get("/")
        self.assertEqual(self.origin.connections_accepted, 1)

    def test_a_connection_that_is_to_be_closed_is_not_used_again(self):
        """varnish b00073, varnish r03266"""
        self.serve(Reply(headers=[UNCACHED], close=True))
        for _ in range(3):
            self.assertEqual(self.get("/").status, 200)
        self.assertEqual(self.origin.connections_accepted, 3)

    def test_an_answer_to_the_close_ends_its_connection(self):
        """varnish b00073"""
        self.serve(Reply(body=b"x", headers=[UNCACHED], until_close=True))
        for _ in range(2):
            self.assertEqual(self.get("/").body, b"x")
        self.assertEqual(self.origin.connections_accepted, 2)

    def test_an_http_1_0_backend(self):
        """varnish r01810"""
        self.serve(Reply(raw=b"HTTP/1.0 200 OK\r\nCache-Control: no-store\r\n\r\nold", close=True))
        self.assertEqual([self.get("/").body for _ in range(2)], [b"old", b"old"])

    def test_a_reused_connection_that_was_closed_costs_a_get_nothing(self):
        """varnish c00036, varnish b00097"""
        self.serve(Reply(body=b"ok", headers=[UNCACHED]))
        self.get("/")
        self.origin.close_connections()
        self.assertEqual(self.get("/").body, b"ok")

    def test_a_post_is_not_sent_twice(self):
        """varnish r03093, varnish r02135"""
        seen = []

        def answer(request):
            seen.append(request.target)
            return Reply(hang_up=True)

        self.serve(answer)
        self.assertIn(request(self.address, "POST", "/", body=b"x").status, (502, 503))
        self.assertEqual(len(seen), 1)

    def test_a_refused_connection_is_tried_elsewhere(self):
        """varnish r01576, varnish b00025"""
        self.serve(Reply(body=b"ok", headers=[UNCACHED]))
        gone = f"127.0.0.1:{free_port()}"
        address = self.proxy(gone, self.origin).address
        self.assertEqual([get(address, "/").status for _ in range(6)], [200] * 6)

    def test_no_backend_is_an_error_at_once(self):
        """varnish r02887"""
        address = self.proxy(f"127.0.0.1:{free_port()}").address
        self.assertIn(get(address, "/").status, (502, 503))

    def test_no_first_byte(self):
        """varnish b00023, varnish r01772"""
        gate = threading.Event()
        self.serve(Reply(gate=gate), config=SLOW.format(key="backend_timeout"))
        self.assertEqual(self.get("/").status, 504)
        gate.set()

    def test_no_further_byte(self):
        """varnish b00020, varnish b00022"""
        gate = threading.Event()
        self.serve(Reply(pieces=[b"first", gate, b"second"], chunked=True, headers=[UNCACHED]),
                   config=SLOW.format(key="backend_timeout"))
        with self.assertRaises((WireError, ConnectionError)):
            self.get("/")
        gate.set()

    def test_no_further_byte_of_a_head(self):
        """varnish r02395"""
        gate = threading.Event()
        self.serve(Reply(interim=b"HTTP/1.1 200 OK\r\nX-A", pieces=[gate]), config=SLOW.format(key="backend_timeout"))
        self.assertIn(self.get("/").status, (502, 504))
        gate.set()

    def test_bytes_behind_an_answer_are_not_the_next_answer(self):
        """varnish b00027"""
        extra = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        good = b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\ngood"
        self.serve(Reply(raw=good + extra))
        for target in ("/1", "/2", "/3"):
            self.assertEqual(self.get(target).body, b"good")

    def test_a_backend_may_answer_before_the_body_has_come(self):
        """haproxy http-messaging/http_wait_for_body"""
        self.serve(Reply(status=413, body=b"too large", headers=[UNCACHED]))
        answer = request(self.address, "POST", "/", body=b"x" * 200_000)
        self.assertEqual((answer.status, answer.body), (413, b"too large"))


class AboutTheClient(Case):
    def test_x_forwarded_for(self):
        """varnish b00031"""
        self.serve()
        self.get("/1")
        self.assertEqual(self.origin.requests[0].header("X-Forwarded-For"), "127.0.0.1")

    def test_several_lines_of_x_forwarded_for_become_one(self):
        """varnish r01650"""
        self.serve(config='[proxy]\ntrusted_proxies = ["127.0.0.1"]\n[[pool]]\nbackends = ["{backend}"]\n')
        self.get("/", ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "5.6.7.8"))
        self.assertEqual(self.origin.requests[0].fields.all("X-Forwarded-For"), ["1.2.3.4, 5.6.7.8, 127.0.0.1"])

    def test_what_a_stranger_says_of_himself_is_dropped(self):
        """haproxy connection/cli_src_dst"""
        self.serve()
        self.get("/", ("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=1.2.3.4"))
        seen = self.origin.requests[0]
        self.assertEqual(seen.header("X-Forwarded-For"), "127.0.0.1")
        self.assertNotIn("1.2.3.4", seen.header("Forwarded", ""))


class Purging(Case):
    def purge(self, **query):
        quoted = "&".join(f"{key}={value}" for key, value in query.items())
        return request(self.admin, "POST", f"/purge?{quoted}")

    def serve_with_admin(self):
        numbers = iter(range(1, 100))
        self.origin = self.backend(lambda r: Reply(body=b"%d" % next(numbers),
                                                   headers=[FRESH, ("Vary", "X-Kind"), ("Cache-Groups", '"news"')]))
        proxy = self.proxy(self.origin, admin=True)
        self.address, self.admin = proxy.address, proxy.admin

    def test_by_url_takes_every_variant(self):
        """varnish c00041, varnish b00036, varnish r02372"""
        self.serve_with_admin()
        url = f"http://{self.address}/a"
        self.assertEqual([self.get("/a", ("X-Kind", kind)).body for kind in "xyx"], [b"1", b"2", b"1"])
        self.assertEqual(self.purge(url=url).status, 200)
        self.assertEqual([self.get("/a", ("X-Kind", kind)).body for kind in "xy"], [b"3", b"4"])

    def test_others_stay(self):
        """varnish c00006"""
        self.serve_with_admin()
        self.assertEqual([self.get("/a").body, self.get("/b").body], [b"1", b"2"])
        self.purge(url=f"http://{self.address}/a")
        self.assertEqual([self.get("/a").body, self.get("/b").body], [b"3", b"2"])

    def test_by_prefix(self):
        """varnish c00021"""
        self.serve_with_admin()
        for target in ("/a/1", "/a/2", "/b"):
            self.get(target)
        self.purge(prefix=f"http://{self.address}/a/")
        self.assertEqual([self.get(target).body for target in ("/a/1", "/a/2", "/b")], [b"4", b"5", b"3"])


if __name__ == "__main__":
    main()
