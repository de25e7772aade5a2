"""Forwarding in both directions: heads, bodies, errors, and messages that are rejected."""

import hashlib
import json
import socket
import threading

from harness import *

PASS = ("Cache-Control", "no-store")
BIG = bytes(range(256)) * 40_960  # 10 MiB


def digest(request):
    return Reply(body=hashlib.sha256(request.body).hexdigest().encode(), headers=[PASS])


class Heads(FlowTest):
    def test_what_the_backend_sees(self):
        backend = self.backend()
        proxy = self.proxy(backend)
        get(proxy.address, "/a?b=c", ("Host", "shop.example"), ("X-One", "1"), ("X-One", "2"), ("TE", "trailers"),
            ("Connection", "X-Drop"), ("X-Drop", "1"), ("X-Forwarded-For", "1.2.3.4"), ("X-Request-Id", "mine"))
        seen = backend.requests[0]
        self.assertEqual((seen.method, seen.target, seen.header("Host")), ("GET", "/a?b=c", "shop.example"))
        self.assertEqual(seen.fields.all("X-One"), ["1", "2"])
        self.assertRegex(seen.header("Via"), r"^1\.1 roost \([0-9a-f]{8}\)$")
        self.assertEqual(seen.header("X-Forwarded-For"), "127.0.0.1")
        self.assertEqual(seen.header("X-Forwarded-Proto"), "http")
        self.assertEqual(seen.header("X-Forwarded-Host"), "shop.example")
        self.assertRegex(seen.header("X-Request-Id"), "^[0-9a-f]{32}$")
        for name in ("Connection", "X-Drop", "TE"):
            self.assertNotIn(name, seen.fields)

    def test_a_listed_proxy_is_believed(self):
        backend = self.backend()
        config = self.write("roost.toml", '[proxy]\ntrusted_proxies = ["127.0.0.0/8"]\n'
                                          f'[[pool]]\nbackends = ["{backend.address}"]\n')
        proxy = self.proxy(flags=["--config", config])
        said = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"), ("X-Request-Id", "mine")]
        get(proxy.address, "/", *said)
        seen = backend.requests[0]
        self.assertEqual(seen.header("X-Forwarded-For"), "1.2.3.4, 127.0.0.1")
        self.assertEqual((seen.header("X-Forwarded-Proto"), seen.header("X-Request-Id")), ("https", "mine"))

    def test_what_the_client_sees(self):
        headers = [PASS, ("Connection", "X-Drop"), ("X-Drop", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
        proxy = self.proxy(self.backend(Reply(status=418, headers=headers, body=b"tea")))
        answer = get(proxy.address, "/")
        self.assertEqual((answer.status, answer.body), (418, b"tea"))
        self.assertEqual(answer.fields.all("Set-Cookie"), ["a=1", "b=2"])
        self.assertEqual(answer.header("Via"), "1.1 roost")
        self.assertIn("Date", answer.fields)
        self.assertNotIn("X-Drop", answer.fields)

    def test_answers_without_a_body(self):
        backend = self.backend(lambda r: Reply(status=int(r.target[1:]), headers=[PASS]))
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            for status in (204, 304, 200):
                answer = client.get(f"/{status}", ("Cache-Control", "no-store"), ("If-None-Match", '"x"'))
                self.assertEqual(answer.status, status)

    def test_head_announces_the_length_and_sends_nothing(self):
        proxy = self.proxy(self.backend(Reply(body=b"hello", headers=[PASS])))
        with Connection(proxy.address) as client:
            for _ in range(2):
                answer = client.request("HEAD", "/")
                self.assertEqual((answer.status, answer.header("Content-Length")), (200, "5"))

    def test_head_of_what_has_no_known_length_announces_none(self):
        proxy = self.proxy(self.backend(Reply(body=b"hello", chunked=True, headers=[PASS])))
        self.assertNotIn("Content-Length", request(proxy.address, "HEAD", "/").fields)

    def test_routes_choose_the_pool(self):
        api, rest = self.backend(Reply(body=b"api")), self.backend(Reply(body=b"rest"))
        config = self.write("roost.toml", f"""
[[pool]]
name = "api"
backends = ["{api.address}"]
[[pool]]
name = "rest"
backends = ["{rest.address}"]
[[route]]
path = "/api"
pool = "api"
[[route]]
host = "shop.example"
pool = "rest"
""")
        proxy = self.proxy(flags=["--config", config])
        self.assertEqual(get(proxy.address, "/api/x").body, b"api")
        self.assertEqual(get(proxy.address, "/x", ("Host", "shop.example")).body, b"rest")
        self.assertEqual(get(proxy.address, "/x").status, 404)


    def test_a_client_cannot_choose_the_host_that_others_see(self):
        backend = self.backend(lambda r: Reply(body=f"{r.header('Host')} {r.header('X-Forwarded-Host')}".encode()))
        proxy = self.proxy(backend)
        self.assertEqual(get(proxy.address, "/", ("Host", "SHOP.test:80")).body, b"shop.test shop.test")
        self.assertEqual(get(proxy.address, "/", ("Host", "shop.test")).body, b"shop.test shop.test")
        self.assertEqual(backend.count(), 1)

    def test_fields_that_only_proxies_set_are_dropped(self):
        backend = self.backend()
        names = ["X-Real-IP", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL", "X_User"]
        get(self.proxy(backend).address, "/", *((name, "forged") for name in names), ("X-Kept", "1"))
        for name in names:
            self.assertNotIn(name, backend.requests[0].fields)
        self.assertEqual(backend.requests[0].header("X-Kept"), "1")

    def test_an_ipv4_client_of_an_ipv6_listener_has_a_plain_address(self):
        backend = self.backend()
        port = free_port()
        config = self.write("roost.toml", '[proxy]\ntrusted_proxies = ["127.0.0.0/8"]\n'
                                          f'[[pool]]\nbackends = ["{backend.address}"]\n')
        self.program("roost-proxy", "--config", config, "--listen", f"[::]:{port}", "--access-log", "access",
                     "--admin", "off")
        wait_until(lambda: accepts_connections(f"127.0.0.1:{port}"), 20, "the proxy to listen")
        get(f"127.0.0.1:{port}", "/", ("X-Forwarded-For", "1.2.3.4"))
        self.assertEqual(backend.requests[0].header("X-Forwarded-For"), "1.2.3.4, 127.0.0.1")
        wait_until(lambda: '"client":"127.0.0.1"' in (self.directory / "access").read_text(), 10, "the access log")

    def test_a_proxy_that_is_its_own_backend(self):
        address = f"127.0.0.1:{free_port()}"
        hosts = self.write("hosts", "127.0.0.1 itself\n")  # by its address it would not start
        upstream = f"itself:{address.rpartition(':')[2]}"
        self.proxy(upstream, listen=address, flags=["--access-log", "access", "--hosts-file", hosts])
        wait_until(lambda: get(address, "/").status == 508, 10, "the name to resolve")
        self.assertEqual(request(address, "POST", "/", body="x").status, 508)
        lines = lambda: (self.directory / "access").read_text().splitlines()
        wait_until(lambda: len(lines()) >= 4, 10, "the access log")
        self.assertLessEqual(len(lines()), 60)

    def test_max_forwards(self):
        backend = self.backend()
        proxy = self.proxy(backend)
        self.assertEqual(request(proxy.address, "OPTIONS", "/", [("Max-Forwards", "0")]).status, 200)
        self.assertEqual(request(proxy.address, "TRACE", "/", [("Max-Forwards", "0")]).status, 405)
        self.assertEqual(backend.count(), 0)
        answer = request(proxy.address, "OPTIONS", "/", [("Max-Forwards", "3")])
        self.assertEqual(backend.requests[0].header("Max-Forwards"), "2")
        self.assertEqual(answer.header("Cache-Status"), "roost; fwd=method")

    def test_the_age_of_what_is_not_kept_is_passed_on(self):
        proxy = self.proxy(self.backend(Reply(body=b"x", headers=[PASS, ("Age", "30")])))
        self.assertEqual(get(proxy.address, "/").header("Age"), "30")


class Failures(FlowTest):
    """What a client is told when there is no answer from a backend."""

    def test_an_address_or_a_system_error_is_not_for_clients(self):
        port = free_port()
        proxy = self.proxy(f"127.0.0.1:{port}")
        for _ in range(2):
            answer = get(proxy.address, "/")
            self.assertIn(answer.status, (502, 503))
            problem = json.loads(answer.body)
            for secret in ("127.0.0.1", str(port), "refused", "default", "pool"):
                self.assertNotIn(secret, answer.body.decode())
            self.assertEqual(problem["request_id"], answer.header("X-Request-Id"))

    def test_browsers_get_a_page(self):
        proxy = self.proxy(f"127.0.0.1:{free_port()}")
        answer = get(proxy.address, "/", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
        self.assertEqual(answer.header("Content-Type"), "text/html; charset=utf-8")
        self.assertIn(answer.header("X-Request-Id"), answer.body.decode())
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        answer = get(proxy.address, "/", ("Accept", "application/json, text/html;q=0.9"))
        self.assertEqual(answer.header("Content-Type"), "application/problem+json")

    def test_without_a_backend_the_client_is_told_when_to_come_again(self):
        proxy = self.proxy("nowhere.invalid:80")
        answer = get(proxy.address, "/")
        self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))
        for secret in ("nowhere.invalid", "default", "pool"):
            self.assertNotIn(secret, answer.body.decode())


class AccessLog(FlowTest):
    """What a line says of how a request ended."""

    def start(self, *upstreams, environment=None):
        return self.proxy(*upstreams, flags=["--access-log", "access"], admin=True, environment=environment)

    def lines(self, count):
        path = self.directory / "access"
        wait_until(lambda: path.exists() and len(path.read_text().splitlines()) >= count, 10, "the access log")
        return [json.loads(line) for line in path.read_text().splitlines()]

    def test_every_answer_has_the_id_of_its_line(self):
        backend = self.backend(Reply(body=b"12345", headers=[("Cache-Control", "max-age=60")]))
        proxy = self.start(backend)
        ids = [get(proxy.address, "/").header("X-Request-Id") for _ in range(3)]
        ids.append(get(proxy.address, "/", ("Cache-Control", "only-if-cached"), ("Host", "x")).header("X-Request-Id"))
        lines = self.lines(4)
        self.assertEqual(sorted(line["request_id"] for line in lines), sorted(ids))  # of two threads
        bodies = {line["request_id"]: line["bytes"] for line in lines}
        self.assertEqual([bodies[one] for one in ids[:3]], [5, 5, 5])
        self.assertEqual({line["end"] for line in lines}, {"complete"})

    def test_refused_requests_say_what_they_were(self):
        proxy = self.start(self.backend())
        chunked = "POST /chunks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        cases = [("GET /no-host HTTP/1.1\r\n\r\n", 400, "GET", "/no-host"),
                 ("PUT /big HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n", 413, "PUT", "/big"),
                 ("GET /long HTTP/1.1\r\nHost: h\r\nX: " + "x" * 20_000 + "\r\n\r\n", 431, "GET", "/long"),
                 (chunked, 400, "POST", "/chunks")]
        answers = []
        for raw, *_ in cases:
            with Connection(proxy.address) as client:
                client.send(raw)
                answers.append(client.read())
        lines = {line["request_id"]: line for line in self.lines(len(cases))}
        for (_, status, method, target), answer in zip(cases, answers):
            self.assertEqual(answer.status, status)
            self.assertRegex(answer.header("X-Request-Id"), "^[0-9a-f]{32}$")
            self.assertIn("Cache-Status", answer.fields)
            line = lines[answer.header("X-Request-Id")]
            self.assertEqual([line[key] for key in ("status", "method", "target", "end", "fault", "step")],
                             [status, method, target, "refused", "client", "receive"])

    def test_why_there_was_no_answer_is_in_the_log(self):
        port = free_port()
        proxy = self.start(f"127.0.0.1:{port}")
        get(proxy.address, "/")
        line = self.lines(1)[0]
        self.assertEqual((line["fault"], line["step"]), ("backend", "connect"))
        self.assertIn(str(port), line["error"])
        metrics = get(proxy.admin, "/metrics").body.decode()
        self.assertIn('roost_proxy_failures_total{fault="backend",step="connect"} 1', metrics)

    def test_a_client_that_leaves_and_a_backend_that_breaks_off(self):
        gate = threading.Event()
        backend = self.backend(Reply(pieces=[b"x" * 1000, gate, b"x" * 1000], headers=[PASS]))
        proxy = self.start(backend)
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host="h"))
            client.read_head()
            client.reader.exactly(1000)
            client.reset()
        line = self.lines(1)[0]
        self.assertEqual((line["end"], line["fault"], line["step"], line["bytes"]),
                         ("client-gone", "client", "deliver", 1000))
        gate.set()
        backend.answer = Reply(body=b"x" * 1000, cut_at=500, headers=[PASS])
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host="h"))
            client.read_head()
            client.reader.rest()
        line = self.lines(2)[1]
        self.assertEqual((line["end"], line["fault"], line["step"]), ("broken-off", "backend", "body"))
        metrics = get(proxy.admin, "/metrics").body.decode()
        for ending in ("client-gone", "broken-off"):
            self.assertIn(f'roost_proxy_unfinished_total{{ending="{ending}"}} 1', metrics)

    def test_a_client_that_leaves_a_hit_in_the_middle(self):
        backend = self.backend(Reply(body=bytes(12_000_000), headers=[("Cache-Control", "max-age=60")]))
        proxy = self.start(backend, environment={"ROOST_CACHE_MAX_OBJECT_SIZE": "16MiB"})  # more than the kernel queues
        get(proxy.address, "/")
        with Connection(proxy.address) as client:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.send(request_bytes("GET", "/", host=proxy.address))
            client.read_head()
            client.reset()
        line = self.lines(2)[1]
        self.assertEqual((line["cache"], line["status"], line["end"]), ("hit", 200, "client-gone"))

    def test_pages_of_ones_own(self):
        page = self.write("502.html", "<h1>{status} {title}</h1><p>{detail}</p><p>{request_id}</p>")
        config = self.write("roost.toml", f'[[pool]]\nbackends = ["127.0.0.1:{free_port()}"]\n'
                                          f'[[error_page]]\nfile = "{page}"\n')
        proxy = self.proxy(flags=["--config", config])
        answer = get(proxy.address, "/", ("Accept", "text/html"))
        self.assertIn(f"<h1>{answer.status} ", answer.body.decode())
        self.assertIn(answer.header("X-Request-Id"), answer.body.decode())
        config.write_text(config.read_text() + '[[error_page]]\nstatus = 503\nfile = "/nowhere.html"\n')
        code, output = self.run_program("roost-proxy", "--check", "--config", config)
        self.assertNotEqual(code, 0)
        self.assertIn("/nowhere.html", output)


class Bodies(FlowTest):
    def test_ten_mebibytes_up_and_down(self):
        backend = self.backend(digest)
        proxy = self.proxy(backend)
        answer = request(proxy.address, "POST", "/", body=BIG)
        self.assertEqual(answer.body.decode(), hashlib.sha256(BIG).hexdigest())
        backend.answer = Reply(body=BIG, headers=[PASS])
        self.assertEqual(get(proxy.address, "/").body, BIG)
        backend.answer = Reply(body=BIG, headers=[PASS], chunked=True)
        self.assertEqual(get(proxy.address, "/").body, BIG)
        backend.answer = Reply(body=BIG, headers=[PASS], until_close=True)
        self.assertEqual(get(proxy.address, "/").body, BIG)

    def test_a_chunked_upload(self):
        backend = self.backend(digest)
        proxy = self.proxy(backend)
        for body in (b"", b"hello", BIG[:200_000]):
            with Connection(proxy.address) as client:
                client.send(request_bytes("PUT", "/", [("Transfer-Encoding", "chunked")], host=proxy.address))
                for i in range(0, len(body), 7001):
                    piece = body[i:i + 7001]
                    client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                client.send(b"0\r\n\r\n")
                self.assertEqual(client.read().body.decode(), hashlib.sha256(body).hexdigest())

    def test_uploads_of_sizes_around_the_limits(self):
        backend = self.backend(digest)
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            for size in (0, 1, 65_535, 65_536, 65_537, 300_000):
                answer = client.request("POST", "/", body=BIG[:size])
                self.assertEqual(answer.body.decode(), hashlib.sha256(BIG[:size]).hexdigest(), size)

    def test_an_upload_waits_for_100_continue(self):
        proxy = self.proxy(self.backend(digest))
        with Connection(proxy.address) as client:
            client.send(request_bytes("POST", "/", [("Expect", "100-continue"), ("Content-Length", "5")], host="h"))
            self.assertEqual(client.read_head().status, 100)
            client.send("hello")
            self.assertEqual(client.read().body.decode(), hashlib.sha256(b"hello").hexdigest())

    def test_a_stream_of_events_is_not_held_back(self):
        gate = threading.Event()
        backend = self.backend(Reply(pieces=[b"one", gate, b"two"], chunked=True, headers=[PASS]))
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host=proxy.address))
            client.read_head()
            self.assertEqual(client.reader.until(b"one")[-3:], b"one")
            gate.set()
            client.reader.until(b"0\r\n\r\n")

    def test_the_head_does_not_wait_for_the_body(self):
        gate = threading.Event()
        proxy = self.proxy(self.backend(Reply(pieces=[gate, b"late"], headers=[PASS])))
        with Connection(proxy.address) as client:
            client.send(request_bytes("GET", "/", host=proxy.address))
            self.assertEqual(client.read_head().status, 200)
            gate.set()
            self.assertEqual(client.reader.exactly(4), b"late")

    def test_pipelined_requests_are_answered_in_order(self):
        proxy = self.proxy(self.backend(lambda r: Reply(body=r.target.encode(), headers=[PASS])))
        with Connection(proxy.address) as client:
            client.send(b"".join(request_bytes("GET", f"/{i}", host="h") for i in range(20)))
            self.assertEqual([client.read().body for _ in range(20)], [b"/%d" % i for i in range(20)])

    def test_an_answer_before_the_end_of_the_upload(self):
        early = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"

        class Early(Backend):
            def _read(self, sock, reader, number):
                line, fields, head = reader.head()
                sock.sendall(early)
                raise Closed("told early")

        backend = Early()
        self.backends.append(backend)
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            client.send(request_bytes("POST", "/", [("Content-Length", "10000000")], host="h") + bytes(100_000))
            self.assertEqual(client.read().status, 413)

    def test_a_client_that_leaves_ends_the_backends_work(self):
        gate = threading.Event()
        backend = self.backend(Reply(pieces=[bytes(1000), gate, bytes(1000)], headers=[PASS]))
        proxy = self.proxy(backend, admin=True)

        def active():
            return json.loads(get(proxy.admin, "/status").body)["pools"][0]["backends"][0]["active"]

        client = Connection(proxy.address)
        client.send(request_bytes("GET", "/", host=proxy.address))
        client.read_head()
        self.assertEqual(active(), 1)
        client.reset()
        wait_until(lambda: active() == 0, 10, "the request to be given up")
        gate.set()
        wait_until(lambda: backend.open_connections() == 0, 10, "the backend's connection to be closed")


    def test_early_hints_reach_the_client(self):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
        backend = self.backend(Reply(body=b"page", interim=hints, headers=[("Cache-Control", "max-age=60")]))
        proxy = self.proxy(backend)
        first = get(proxy.address, "/")
        self.assertEqual([one.status for one in first.interim], [103, 102])
        self.assertEqual(first.interim[0].header("Link"), "</a.css>; rel=preload")
        self.assertEqual(get(proxy.address, "/").interim, [])
        for target in ("/old", "/"):
            with Connection(proxy.address) as client:
                client.send(f"GET {target} HTTP/1.0\r\nHost: h\r\n\r\n")
                self.assertEqual(client.read().interim, [])

    def test_an_early_answer_to_a_chunked_upload_is_the_last(self):
        early = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"

        class Early(Backend):
            def _read(self, sock, reader, number):
                reader.head()
                sock.sendall(early)
                raise Closed("told early")

        backend = Early()
        self.backends.append(backend)
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            client.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")], host="h") + b"5\r\nhello\r\n")
            answer = client.read()
            self.assertEqual((answer.status, answer.header("Connection")), (200, "close"))

    def test_what_is_broken_off_does_not_look_whole_to_http_1_0(self):
        proxy = self.proxy(self.backend(Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                  b"4\r\nhalf\r\n", cut_at=60)))
        with Connection(proxy.address) as client:
            client.send("GET / HTTP/1.0\r\nHost: h\r\n\r\n")
            with self.assertRaises(ConnectionResetError):
                client.reader.rest()

    def test_a_url_without_a_path(self):
        backend = self.backend()
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            client.send("GET http://other.test?x HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(client.read().status, 200)
        self.assertEqual((backend.requests[0].target, backend.requests[0].header("Host")), ("/?x", "other.test"))


class Refused(FlowTest):
    def refused(self, raw, status):
        backend = self.backend()
        proxy = self.proxy(backend)
        with Connection(proxy.address) as client:
            client.send(raw)
            answer = client.read()
            self.assertEqual((answer.status, answer.header("Content-Type")), (status, "application/problem+json"))
            self.assertIn("detail", json.loads(answer.body))
            self.assertTrue(client.closed_by_peer())
        self.assertEqual(get(proxy.address, "/").status, 200)
        self.assertEqual(backend.count(), 1)

    def test_no_host(self):
        self.refused("GET / HTTP/1.1\r\n\r\n", 400)

    def test_length_and_chunked_together(self):
        framing = "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"
        self.refused(f"POST / HTTP/1.1\r\nHost: h\r\n{framing}\r\n0\r\n\r\n", 400)

    def test_a_bare_line_feed(self):
        self.refused("GET / HTTP/1.1\nHost: h\r\n\r\n", 400)

    def test_nonsense(self):
        self.refused("\x16\x03\x01 hello\r\n\r\n", 400)

    def test_a_head_over_the_limit(self):
        self.refused("GET / HTTP/1.1\r\nHost: h\r\n" + "X-Long: " + "x" * 20_000 + "\r\n\r\n", 431)

    def test_connect(self):
        proxy = self.proxy(self.backend())
        with Connection(proxy.address) as client:
            client.send("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")
            self.assertGreaterEqual(client.read().status, 400)

    def test_a_broken_backend_is_502(self):
        backend = self.backend(Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"))
        proxy = self.proxy(backend)
        answer = get(proxy.address, "/")
        self.assertEqual((answer.status, answer.header("Content-Type")), (502, "application/problem+json"))


if __name__ == "__main__":
    main()
