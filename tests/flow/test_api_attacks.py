"""Attacks: injection through every field, forged tokens, access to other users' data, guessing passwords, input that is
too large, too deep or of another type than declared."""

import base64
import hashlib
import hmac
import itertools
import json
import urllib.parse

from harness import *

HOSTILE = ["'; DROP TABLE users; --", "' OR '1'='1", "\" OR \"\"=\"", "1); DELETE FROM tweets; --",
           "%' AND 1=0 UNION SELECT", "\\'; --", "$$; $1 ?1 :a @b", "<script>alert(1)</script>",
           "<img src=x onerror=alert(1)>", "\"><svg/onload=x>",
           "{{7*7}} ${7*7} %s %n", "../../etc/passwd", "\u202egnp.exe", "a\u0301\ufeff\U000e0001",
           "NEAR(a b) AND * ^ : -x"]


def encoded(value):
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Attack(FlowTest):
    environment = {}

    def setUp(self):
        super().setUp()
        self.worker = self.api(environment=self.environment)
        self.alice = Person(self.worker.address, "alice")

    def ask(self, method, path, body=None, headers=()):
        return json_request(self.worker.address, method, path, body, headers)

    def json(self, path):
        answer = self.ask("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def assertServes(self):
        """Nothing broke: the users still exist and can write."""
        self.assertEqual(self.json("/api/users/search?q=alice")["user"]["username"], "alice")
        self.assertEqual(json.loads(self.alice.request("GET", "/api/users/me").body)["id"], self.alice.id)
        self.alice.post("still here")


class Injection(Attack):
    def test_what_is_written_comes_back_as_it_was(self):
        for i, text in enumerate(HOSTILE):
            fields = {"username": f"user_{i}", "email": f"user_{i}@example.org", "password": text + " " * 8,
                      "display_name": text[:50], "bio": text}
            made = self.ask("POST", "/api/users/register", fields)
            self.assertEqual(made.status, 201, made.body)
            person = Person(self.worker.address, f"user_{i}", text + " " * 8)
            tweet = person.post(f"{text} #tag")
            for shown in (json.loads(made.body), json.loads(person.request("GET", "/api/users/me").body),
                          self.json("/api/users")["users"][0], self.json(f"/api/users/search?q=user_{i}")["user"]):
                self.assertEqual((shown["display_name"], shown["bio"]), (text[:50], text))
            for shown in (tweet, self.json("/api/tweets")[0], self.json("/api/tweets/hashtag/search?query=tag")[0]):
                self.assertEqual((shown["content"], shown["display_name"]), (f"{text} #tag", text[:50]))
            changed = person.request("PATCH", f"/api/tweets/{tweet['id']}", {"content": text})
            self.assertEqual(json.loads(changed.body)["content"], text)
        self.assertEqual(len(self.json("/api/tweets")), len(HOSTILE))
        self.assertServes()

    def test_where_something_is_looked_up_it_is_only_looked_up(self):
        self.alice.post("the only tweet")
        for text in HOSTILE:
            quoted = urllib.parse.quote(text)
            self.assertEqual(self.ask("POST", "/api/users/login", {"username": text, "password": text}).status, 401)
            self.assertEqual(self.ask("GET", f"/api/users/search?q={quoted}").status, 404)
            self.assertEqual(self.json(f"/api/tweets/search?query={quoted}"), [])
            self.assertEqual(self.json(f"/api/tweets/hashtag/search?query={quoted}"), [])
            for path in ("/api/tweets/{}", "/api/users/{}/tweets", "/like/{}", "/api/users/{}/followers/count"):
                self.assertIn(self.ask("GET", path.format(urllib.parse.quote(text, safe=""))).status, (404, 422))
            for parameter in ("limit", "before"):
                self.assertEqual(self.ask("GET", f"/api/tweets?{parameter}={quoted}").status, 422)
            forged = [("Authorization", f"Bearer {quoted}")]
            self.assertEqual(self.ask("GET", "/api/users/me", headers=forged).status, 401)
        self.assertEqual([tweet["content"] for tweet in self.json("/api/tweets")], ["the only tweet"])
        self.assertServes()

    def test_names_and_addresses_that_could_be_code_are_refused(self):
        for i, text in enumerate(HOSTILE):
            for field, value in [("username", text), ("email", f"{text}@example.org"), ("email", f"x@{text}.org")]:
                fields = {"username": f"mallory_{i}", "email": "m@example.org", "password": "12345678", field: value}
                answer = self.ask("POST", "/api/users/register", fields)
                if field == "email" and not text.isascii():  # unusual, but a valid address
                    continue
                self.assertEqual((answer.status, json.loads(answer.body)["field"]), (422, field), value)

    def test_answers_are_not_taken_for_pages(self):
        self.alice.post("<script>alert(1)</script>")
        for path in ("/api/tweets", "/api/users/search?q=<script>", "/<script>alert(1)</script>"):
            answer = self.ask("GET", path)
            self.assertRegex(answer.header("Content-Type"), r"^application/(problem\+)?json$")
            self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")


class Tokens(Attack):
    def me(self, token):
        return self.ask("GET", "/api/users/me", headers=[("Authorization", f"Bearer {token}")])

    def assertRefused(self, token):
        answer = self.me(token)
        self.assertEqual((answer.status, answer.header("WWW-Authenticate")), (401, "Bearer"), token)
        posted = self.ask("POST", "/api/tweets", {"content": "forged"}, [("Authorization", f"Bearer {token}")])
        self.assertEqual(posted.status, 401, token)

    def signed(self, header, claims, key=None, digest=hashlib.sha256):
        key = key or (self.directory / "data" / "token.key").read_bytes()
        text = f"{encoded(header)}.{encoded(claims)}"
        return f"{text}.{encoded(hmac.new(key, text.encode(), digest).digest())}"

    def claims(self, **changes):
        now = int(time.time())
        claims = {"sub": str(self.alice.id), "iat": now, "exp": now + 3600, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def test_what_a_token_holds(self):
        header, claims, _ = self.alice.token.split(".")
        self.assertEqual(decoded(header), {"alg": "HS256", "typ": "JWT"})
        self.assertEqual(set(decoded(claims)), {"sub", "iat", "exp"})
        self.assertEqual(decoded(claims)["sub"], str(self.alice.id))
        self.assertEqual(decoded(claims)["exp"] - decoded(claims)["iat"], 24 * 3600)
        self.assertEqual(self.me(self.signed({"alg": "HS256", "typ": "JWT"}, self.claims())).status, 200)

    def test_altered(self):
        token = self.alice.token
        for at in range(0, len(token), 7):
            other = "A" if token[at] != "A" else "B"
            self.assertRefused(token[:at] + other + token[at + 1:])
        header, claims, signature = token.split(".")
        bob = Person(self.worker.address, "bob")
        self.assertRefused(f"{header}.{encoded(self.claims(sub=str(bob.id)))}.{signature}")
        self.assertRefused(f"{header}.{claims}.{bob.token.split('.')[2]}")
        for wrong in (f"{header}.{claims}", f"{header}.{claims}.", f"{token}.", f".{claims}.", "..", "x" * 5000,
                      f"{header}..{signature}", f"{claims}.{header}.{signature}", f"{token}x", f"{token}="):
            self.assertRefused(wrong)

    def test_other_algorithms(self):
        for name in ("none", "None", "NONE", "nOnE", "", "HS256 "):
            header, claims = encoded({"alg": name, "typ": "JWT"}), encoded(self.claims())
            for signature in ("", ".", f".{self.alice.token.split('.')[2]}"):
                self.assertRefused(f"{header}.{claims}{signature}")
            if name != "HS256":
                self.assertRefused(self.signed({"alg": name, "typ": "JWT"}, self.claims()))
        for name, digest in [("HS384", hashlib.sha384), ("HS512", hashlib.sha512)]:  # with the real key
            self.assertRefused(self.signed({"alg": name, "typ": "JWT"}, self.claims(), digest=digest))
        for name in ("RS256", "ES256", "PS256"):
            self.assertRefused(self.signed({"alg": name, "typ": "JWT"}, self.claims()))
        for header in ({"typ": "JWT"}, {"alg": None}, {"alg": 1}, [], "HS256"):
            self.assertRefused(self.signed(header, self.claims()))

    def test_expired_or_of_nobody(self):
        header = {"alg": "HS256", "typ": "JWT"}
        now = int(time.time())
        for expires in (now - 1, now, None, 0, -1, "never"):
            self.assertRefused(self.signed(header, self.claims(exp=expires)))
        for subject in (None, "", "0", "-1", str(2**63), str(2**63 - 1), "1 OR 1=1", "alice"):
            self.assertRefused(self.signed(header, self.claims(sub=subject)))
        self.assertRefused(self.signed(header, self.claims(), key=b"\0" * 32))

    def test_the_key_is_for_its_owner_and_is_one_for_all_workers(self):
        path = self.directory / "data" / "token.key"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        other = self.api("w2")
        answer = json_request(other.address, "GET", "/api/users/me", headers=[self.alice.authorization])
        self.assertEqual(answer.status, 200)
        path.chmod(0o644)
        code, output = self.run_program("roost-api", "--listen", "127.0.0.1:0", "--data", path.parent)
        self.assertEqual(code, 1)
        self.assertIn(f"{path}: others may read this key", output)

    def test_workers_that_start_together_share_a_new_key(self):
        data = self.directory / "new"
        workers = concurrently(4, lambda i: self.api(f"n{i}", data=data))
        token = Person(workers[0].address, "carol").token
        for worker in workers:
            me = [("Authorization", f"Bearer {token}")]
            answer = json_request(worker.address, "GET", "/api/users/me", headers=me)
            self.assertEqual(answer.status, 200)
        self.assertEqual([path.name for path in data.glob("token.key*")], ["token.key"])


class ShortTokens(Attack):
    environment = {"ROOST_API_TOKEN_TTL": "1s"}

    def test_a_token_ends(self):
        wait_until(lambda: self.alice.request("GET", "/api/users/me").status == 401, what="the token to expire")


class OthersThings(Attack):
    def test_nobody_changes_what_is_not_theirs(self):
        tweet = self.alice.post("mine")
        mallory = Person(self.worker.address, "mallory")
        path = f"/api/tweets/{tweet['id']}"
        for method, target, body in [("PATCH", path, {"content": "defaced"}), ("DELETE", path, None),
                                     ("DELETE", f"/api/users/{self.alice.id}", None),
                                     ("PATCH", path, {"content": "defaced", "user_id": mallory.id})]:
            self.assertEqual(mallory.request(method, target, body).status, 403)
        posted = mallory.request("POST", "/api/tweets", {"content": "hi", "user_id": self.alice.id, "likes": 9})
        self.assertEqual([json.loads(posted.body)[name] for name in ("user_id", "likes")], [mallory.id, 0])
        self.assertEqual(self.json(path), tweet)
        self.assertServes()


class Sharing(Attack):
    def test_what_is_about_oneself_is_never_shared_by_the_proxy(self):
        front = self.proxy(self.worker)
        people = [Person(front.address, f"person_{i}") for i in range(6)]

        def ask(i):
            """The same two addresses concurrently, with a different user's token or none each time."""
            for _ in range(20):
                me = people[i].request("GET", "/api/users/me")
                self.assertEqual((me.status, json.loads(me.body)["id"]), (200, people[i].id))
                following = people[i].request("GET", "/api/users/following")
                self.assertEqual((following.status, following.header("Cache-Control")), (200, "private, no-store"))
                self.assertEqual(get(front.address, "/api/users/me").status, 401)

        concurrently(len(people), ask)


class Guessing(Attack):
    def attempts(self, count, name, headers=()):
        statuses = []
        with Connection(self.worker.address) as connection:
            for i in range(count):
                body = f"username={name.format(i)}&password=guess{i}"
                answer = connection.request("POST", "/api/users/login",
                                            [("Content-Type", "application/x-www-form-urlencoded"), *headers], body)
                statuses.append(answer.status)
                if answer.status == 429:
                    self.assertGreaterEqual(int(answer.header("Retry-After")), 1)
                    self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        return statuses

    def log_in(self, name, password, address="127.0.0.1"):
        return self.ask("POST", "/api/users/login", {"username": name, "password": password},
                        [("X-Forwarded-For", address)])

    def test_ten_thousand_attempts(self):
        bob = Person(self.worker.address, "bob")
        left = itertools.repeat("alice", 10_000)  # shared: while one attempt is delayed, the others go on

        def attack_or_log_in(i):
            if i < 4:
                return [self.attempts(1, name, [("X-Forwarded-For", "203.0.113.1")])[0] for name in left]
            for _ in range(20):  # another client is not blocked
                self.assertEqual(self.log_in("bob", bob.password, "203.0.113.9").status, 200)
            return []

        statuses = sum(concurrently(5, attack_or_log_in), [])
        checked = statuses.count(401)
        self.assertGreaterEqual(checked, 10)
        self.assertLess(checked, 100)  # fifty, and one more every 1.2 seconds; most of them delayed
        self.assertEqual(statuses.count(429), 10_000 - checked)
        # The owner is not locked out: not at home, and elsewhere only slowed down.
        begun = time.monotonic()
        self.assertEqual(self.log_in("alice", "correct horse").status, 200)
        self.assertEqual(self.log_in("alice", "correct horse", "198.51.100.7").status, 200)
        self.assertLess(time.monotonic() - begun, 20 * TIME_SCALE)
        self.assertServes()

    def test_wrong_passwords_are_delayed_under_one_count_for_name_and_address(self):
        for i in range(10):
            name = "alice" if i % 2 else "Alice@example.org"
            self.assertEqual(self.log_in(name, "wrong word", f"203.0.113.{i}").status, 401)
        metric = "roost_logins_delayed_total"
        self.assertIn(f"{metric} 0\n", get(self.worker.address, "/metrics").body.decode())
        for i, name in enumerate(["alice@example.org", "alice"]):
            self.assertEqual(self.log_in(name, "wrong word", f"203.0.113.{20 + i}").status, 401)
            self.assertIn(f"{metric} {i + 1}\n", get(self.worker.address, "/metrics").body.decode())
        self.assertEqual(self.log_in("alice", "correct horse").status, 200)
        self.assertIn(f"{metric} 2\n", get(self.worker.address, "/metrics").body.decode())

    def test_many_names_from_one_address(self):
        checked = self.attempts(1000, "name{}").count(401)
        self.assertGreaterEqual(checked, 50)
        self.assertLess(checked, 200)

    def test_a_client_behind_the_proxy_counts_for_itself_and_cannot_lie_about_it(self):
        one, other = [("X-Forwarded-For", "203.0.113.1")], [("X-Forwarded-For", "1.2.3.4, 203.0.113.2")]
        self.assertEqual(self.attempts(120, "name{}", one)[-1], 429)
        self.assertEqual(self.attempts(1, "fresh", other), [401])
        lies = []
        for i in range(20):
            lies += self.attempts(1, f"liar{i}", [("X-Forwarded-For", f"10.0.0.{i}, 203.0.113.1")])
        self.assertGreaterEqual(lies.count(429), 15)

    def test_who_logs_in_is_not_counted(self):
        for _ in range(120):
            self.assertEqual(self.ask("POST", "/api/users/login",
                                      {"username": "alice", "password": "correct horse"}).status, 200)


class Flooding(Attack):
    environment = {"ROOST_API_REGISTRATIONS_PER_ADDRESS": "5", "ROOST_API_LIKES_PER_ADDRESS": "10",
                   "ROOST_API_LIKES_WINDOW": "1h"}

    def test_registrations_of_one_address(self):
        def register(i, address):
            fields = {"username": f"user_{i}", "email": f"user_{i}@example.org", "password": "12345678"}
            return self.ask("POST", "/api/users/register", fields, [("X-Forwarded-For", address)])

        before = len(self.worker.output())
        answers = concurrently(60, lambda i: register(i, f"2001:db8::{i:x}"))
        self.assertEqual([answer.status for answer in answers].count(201), 5)
        refused = [answer for answer in answers if answer.status == 429]
        self.assertEqual(len(refused), 55)
        self.assertGreater(int(refused[0].header("Retry-After")), 60)
        self.assertEqual(len(self.worker.output()), before)  # counted, not logged one by one
        self.assertIn('roost_attempts_limited_total{limit="registration"} 55\n',
                      get(self.worker.address, "/metrics").body.decode())
        self.assertEqual(register(100, "203.0.113.1").status, 201)
        self.assertServes()

    def test_registrations_from_everywhere_do_not_keep_log_ins_out(self):
        worker = self.api("w2", environment={"ROOST_API_PASSWORD_MEMORY": "8MiB"})
        stop = threading.Event()

        def flood_or_log_in(i):
            if i == 0:
                try:
                    return [json_request(worker.address, "POST", "/api/users/login",
                                         {"username": "alice", "password": "correct horse"}).status
                            for _ in range(20)]
                finally:
                    stop.set()
            statuses = []
            while not stop.is_set():
                name = f"flood_{i}_{len(statuses)}"
                fields = {"username": name, "email": f"{name}@example.org", "password": "12345678"}
                statuses.append(json_request(worker.address, "POST", "/api/users/register", fields).status)
            return statuses

        answers = concurrently(80, flood_or_log_in)
        self.assertEqual(answers[0], [200] * 20)
        flood = sum(answers[1:], [])
        self.assertEqual(set(flood), {201, 503})
        self.assertNotIn("too many passwords", worker.output())
        self.assertIn(f'roost_password_queue_refusals_total{{for="registration"}} {flood.count(503)}\n',
                      get(worker.address, "/metrics").body.decode())

    def test_likes_of_one_address(self):
        tweet = self.alice.post("like me")["id"]

        def like(address):
            return self.ask("POST", f"/like/{tweet}", headers=[("X-Forwarded-For", address)])

        self.assertEqual([like("203.0.113.1").status for _ in range(12)], [202] * 10 + [429] * 2)
        self.assertEqual(like("1.2.3.4, 203.0.113.1").status, 429)
        refused = self.ask("POST", f"/api/tweets/{tweet}/like", headers=[("X-Forwarded-For", "203.0.113.1")])
        self.assertEqual(refused.status, 429)
        self.assertGreater(int(refused.header("Retry-After")), 60)
        self.assertEqual(like("203.0.113.2").status, 202)
        self.assertEqual(self.ask("GET", f"/like/{tweet}", headers=[("X-Forwarded-For", "203.0.113.1")]).status, 200)
        self.assertIn("roost_likes_limited_total 4\n", get(self.worker.address, "/metrics").body.decode())


class Size(Attack):
    def test_ten_megabytes(self):
        front = self.proxy(self.worker)
        for address in (self.worker.address, front.address):
            for path in ("/api/tweets", "/api/users/register", "/api/users/login"):
                with Connection(address) as connection:
                    connection.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                    "Content-Length: 10485760\r\n\r\n")
                    with contextlib.suppress(OSError):  # it may stop reading a request that it refused
                        connection.send(b"x" * 10_485_760)
                    answer = connection.read("POST")
                    self.assertEqual((answer.status, answer.header("Content-Type")), (413, "application/problem+json"))
        self.assertServes()

    def test_json_that_is_deep_or_odd(self):
        for depth in (100, 10_000, 30_000):
            for text in ("[" * depth + "]" * depth, '{"a":' * (depth // 2) + "1" + "}" * (depth // 2)):
                for body in (text, f'{{"content": {text}}}'):
                    if len(body) > 65_536:
                        continue
                    answer = self.alice.request("POST", "/api/tweets", body.encode())
                    self.assertEqual(answer.status, 422, body[:50])
        for body, status in [('{"content": "a", "content": "b"}', 201), ('{"content": "\\ud800"}', 422),
                             ('{"content": "\\ud83d\\udc26"}', 201), ('{"content": 1e999}', 422),
                             ('{"content": NaN}', 422), ('\ufeff{"content": "a"}', 201), ("{'content': 'a'}", 422)]:
            self.assertEqual(self.alice.request("POST", "/api/tweets", body.encode()).status, status, body)
        self.assertServes()

    def test_what_is_not_utf8(self):
        for bad in (b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80"):
            for path, body in [("/api/tweets", b'{"content":"a%sb"}'), ("/api/users/register", b'{"username":"a%sb"}'),
                               ("/api/users/login", b'{"username":"a%sb","password":"x"}')]:
                answer = self.alice.request("POST", path, body.replace(b"%s", bad))
                self.assertEqual((answer.status, json.loads(answer.body)["field"]), (422, "body"))
            escaped = "".join(f"%{byte:02x}" for byte in bad)
            for path, field in [("/api/users/search?q=", "q"), ("/api/tweets/search?query=", "query"),
                                ("/api/tweets/hashtag/search?query=", "query")]:
                answer = self.ask("GET", path + escaped)
                self.assertEqual((answer.status, json.loads(answer.body)["field"]), (422, field))
            self.assertEqual(self.ask("GET", f"/api/tweets/{escaped}").status, 422)
        self.assertServes()

    def test_numbers_beyond_all_bounds(self):
        for number in (2**63, 2**64, 2**64 + 1, -1, -2**63, "1e3", "0x10", "%2B1", "1%00", "١"):
            text = urllib.parse.quote(str(number), safe="%")
            for path in (f"/api/tweets/{text}", f"/api/users/{text}/tweets", f"/api/users/{text}/followers/count",
                         f"/like/{text}", f"/api/tweets?limit={text}", f"/api/users?before={text}"):
                self.assertIn(self.ask("GET", path).status, (400, 422), path)
        self.assertServes()


class OtherOrigins(Attack):
    """CORS: which pages of other origins a browser lets use the API."""

    def preflight(self, worker, origin, path="/api/tweets/1", method="PATCH"):
        return request(worker.address, "OPTIONS", path, [("Origin", origin), ("Access-Control-Request-Method", method),
                                                         ("Access-Control-Request-Headers", "authorization")])

    def test_nobody_unless_configured(self):
        for answer in (self.preflight(self.worker, "https://a.example"),
                       self.ask("GET", "/api/tweets", headers=[("Origin", "https://a.example")])):
            self.assertIsNone(answer.header("Access-Control-Allow-Origin"))
            self.assertIsNone(answer.header("Vary"))

    def test_listed_origins(self):
        worker = self.api("w2", environment={"ROOST_API_CORS_ORIGINS": "https://a.example,http://localhost:3000"})
        for origin in ("https://a.example", "http://localhost:3000"):
            answer = self.preflight(worker, origin)
            self.assertEqual((answer.status, answer.header("Access-Control-Allow-Origin")), (204, origin))
            self.assertEqual(answer.header("Access-Control-Allow-Methods"), "GET, HEAD, PATCH, DELETE")
            self.assertIn("Authorization", answer.header("Access-Control-Allow-Headers"))
            self.assertEqual(answer.header("Access-Control-Max-Age"), "600")
        for path in ("/api/tweets", "/api/users/me", "/api/nothing"):  # refusals have to be readable too
            answer = request(worker.address, "GET", path, [("Origin", "https://a.example")])
            self.assertEqual((answer.header("Access-Control-Allow-Origin"), answer.header("Vary")),
                             ("https://a.example", "Origin"))
        for origin in ("https://b.example", "https://a.example.evil.example", "null", "http://a.example"):
            for answer in (self.preflight(worker, origin), get(worker.address, "/api/tweets", ("Origin", origin))):
                self.assertIsNone(answer.header("Access-Control-Allow-Origin"))
                self.assertEqual(answer.header("Vary"), "Origin")
        self.assertEqual(get(worker.address, "/api/tweets").header("Vary"), "Origin")  # for the next request

    def test_a_page_of_another_origin_changes_nothing(self):
        """A like needs no token, and a form or a beacon no preflight."""
        tweet = self.alice.post("like me")["id"]
        worker = self.api("w2", environment={"ROOST_API_CORS_ORIGINS": "https://a.example"})
        front = self.proxy(worker)
        plain = ("Content-Type", "text/plain")

        def like(*headers):
            return request(front.address, "POST", f"/like/{tweet}", [plain, *headers]).status

        for headers in ([("Origin", "https://evil.example")], [("Origin", "null")],
                        [("Origin", f"http://evil.example:{front.address.rpartition(':')[2]}")],
                        [("Sec-Fetch-Site", "cross-site")], [("Origin", "http://localhost:3000")]):
            self.assertEqual(like(*headers), 403, headers)
        for headers in ([], [("Origin", f"http://{front.address}")], [("Origin", "https://a.example")],
                        [("Origin", "https://a.example"), ("Sec-Fetch-Site", "cross-site")],
                        [("Sec-Fetch-Site", "same-origin"), ("Origin", "https://terminated.example")],
                        [("Host", "shop.example"), ("Origin", "https://shop.example")]):
            self.assertEqual(like(*headers), 202, headers)
        foreign = ("Origin", "https://evil.example")
        for method, path, body in [("POST", "/api/users/register", {}), ("POST", "/api/users/login", {}),
                                   ("POST", "/api/tweets", {"content": "x"}), ("DELETE", f"/api/tweets/{tweet}", None)]:
            self.assertEqual(self.alice.request(method, path, body, [foreign]).status, 403)
        self.assertEqual(self.ask("GET", "/api/tweets", headers=[foreign]).status, 200)
        self.assertServes()

    def test_everybody_but_without_credentials(self):
        worker = self.api("w2", environment={"ROOST_API_CORS_ORIGINS": "*"})
        for answer in (self.preflight(worker, "https://a.example"), get(worker.address, "/api/tweets")):
            self.assertEqual(answer.header("Access-Control-Allow-Origin"), "*")
            self.assertIsNone(answer.header("Access-Control-Allow-Credentials"))

    def test_the_proxy_keeps_what_each_origin_may_see_apart(self):
        worker = self.api("w2", environment={"ROOST_API_CORS_ORIGINS": "https://a.example,https://b.example"})
        front = self.proxy(worker)
        for _ in range(2):
            for origin in ("https://a.example", "https://b.example", "https://c.example"):
                answer = get(front.address, "/api/tweets", ("Origin", origin))
                self.assertEqual(answer.header("Access-Control-Allow-Origin"), None if "c." in origin else origin)


if __name__ == "__main__":
    main()
