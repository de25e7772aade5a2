"""The contract of the API: every route with its answers and errors, with and without a trailing slash, directly from a
worker and through the proxy. docs/api.md is the same as a table."""

import datetime
import json

from harness import *

PUBLIC, PRIVATE, WRITE, MISSING = "public, max-age=60", "private, no-store", "no-store", "public, max-age=5"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OWN_USER = {"id", "username", "email", "display_name", "bio", "created_at", "updated_at", "followers", "following"}
LISTED_USER = {"id", "username", "display_name", "bio"}
PROFILE = LISTED_USER | {"created_at", "updated_at", "followers", "following", "joinDate"}
TWEET = {"id", "user_id", "username", "display_name", "content", "created_at", "updated_at", "likes", "hashtags"}
FAR_ID, TOO_FAR = 2**63 - 1, 2**63


class Contract:
    """The tests; the classes below say where the requests go."""

    slash = False  # at the end of every path
    proxied = False

    def setUp(self):
        super().setUp()
        self.worker = self.api()
        self.address = self.proxy(self.worker).address if self.proxied else self.worker.address

    def ask(self, method, path, body=None, person=None, headers=()):
        path, question, query = path.partition("?")
        path += "/" if self.slash else ""
        headers = list(headers)
        if person:
            headers.append(person.authorization)
        if self.proxied and method == "GET":  # bypasses the caches, to see a change just made
            headers.append(("Cache-Control", "no-cache"))
        return json_request(self.address, method, path + question + query, body, headers)

    def expect(self, status, caching, method, path, body=None, person=None, headers=()):
        """The JSON of an answer, which must have that status and Cache-Control."""
        answer = self.ask(method, path, body, person, headers)
        self.assertEqual((answer.status, answer.header("Cache-Control")), (status, caching), answer.body)
        self.assertEqual(answer.header("Content-Type"), "application/json")
        if caching == PUBLIC:
            self.assertRegex(answer.header("ETag"), '^"[^"]+"$')
            known = self.ask(method, path, body, person, [*headers, ("If-None-Match", answer.header("ETag"))])
            self.assertEqual((known.status, known.body), (304, b""))
        return json.loads(answer.body)

    def refuse(self, status, method, path, body=None, person=None, field=None, headers=()):
        answer = self.ask(method, path, body, person, headers)
        self.assertEqual(answer.status, status, f"{method} {path} {body}: {answer.body}")
        self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        self.assertEqual(answer.header("Cache-Control"), MISSING if status == 404 and method == "GET" else WRITE)
        problem = json.loads(answer.body)
        self.assertTrue(problem["detail"] and isinstance(problem["detail"], str))
        self.assertEqual((problem["status"], problem.get("field")), (status, field), f"{path} {body}: {problem}")
        if status == 401:
            self.assertEqual(answer.header("WWW-Authenticate"), "Bearer")
        return answer

    def refuse_ids(self, method, path, person=None, body=None):
        for wrong in ("x", "0", "-1", "1.5", TOO_FAR, "9" * 40):
            self.refuse(422, method, path.format(wrong), body, person, "id")

    def refuse_ranges(self, path, person=None):
        for query, field in [("limit=0", "limit"), ("limit=-1", "limit"), ("limit=201", "limit"), ("limit=x", "limit"),
                             (f"limit={10**30}", "limit"), ("before=0", "before"), (f"before={TOO_FAR}", "before"),
                             ("limit=%zz", "query")]:
            self.refuse(422, "GET", f"{path}{'&' if '?' in path else '?'}{query}", person=person, field=field)

    def refuse_strangers(self, method, path, body=None):
        """Without a token, or with one that nobody issued."""
        self.refuse(401, method, path, body)
        for wrong in ("Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi"):
            self.refuse(401, method, path, body, headers=[("Authorization", wrong)])

    def people(self, *names):
        return [Person(self.address, name) for name in names]

    def pages(self, path, pick, person=None):
        """Every id of a list, following the links to the next page."""
        ids = []
        while path:
            answer = self.ask("GET", path, person=person)
            ids += [item["id"] for item in pick(json.loads(answer.body))]
            link = answer.header("Link")
            path = re.fullmatch(r'<(.+)>; rel="next"', link)[1] if link else None
            if path and self.slash:
                path = path.replace("/?", "?")
        return ids

    # ---- accounts

    def test_register(self):
        new = {"username": "Ann_1", "email": "ann@example.org", "password": "correct horse", "display_name": "Ann",
               "bio": "Hi"}
        made = self.expect(201, WRITE, "POST", "/api/users/register", new)
        self.assertEqual(set(made), OWN_USER)
        self.assertEqual({name: made[name] for name in ("username", "email", "display_name", "bio")},
                         {name: new[name] for name in ("username", "email", "display_name", "bio")})
        self.assertRegex(made["created_at"], TIME)
        self.assertEqual((made["followers"], made["following"]), (0, 0))
        few = self.expect(201, WRITE, "POST", "/api/users/register",
                          {"username": "bob", "email": "bob@example.org", "password": "12345678", "bio": None})
        self.assertEqual((few["display_name"], few["bio"]), ("bob", ""))
        other = {**new, "username": "other", "email": "other@example.org"}
        self.refuse(400, "POST", "/api/users/register", {**other, "username": "aNN_1"}, field="username")
        self.refuse(400, "POST", "/api/users/register", {**other, "email": "ANN@example.org"}, field="email")

    def test_register_says_which_field_is_wrong(self):
        good = {"username": "ann", "email": "ann@example.org", "password": "correct horse"}
        wrong = {"username": [None, "", "ab", "a" * 31, "a b", "a-b", "ä" * 5, "a\0b", 5, [], "   "],
                 "email": [None, "", "ann", "@example.org", "ann@", "ann@host", "a b@example.org", "a@b@c.org",
                           "a@-b.org", "a@b..org", "<a>@b.org", f"{'a' * 65}@b.org", f"a@{'b.' * 130}org", 7],
                 "password": [None, "", "1234567", "x" * 129, "with\0zero", "        ", {}],
                 "display_name": ["x" * 51, "a\nb", "a\x7fb", "a\x85b", 5, True],
                 "bio": ["x" * 161, "a\x1bb", ["x"]]}
        for field, values in wrong.items():
            for value in values:
                self.refuse(422, "POST", "/api/users/register", {**good, field: value}, field=field)
        for body in (b"", b"[]", b"nope", b'"text"', b'{"username": "\xff"}'):
            self.refuse(422, "POST", "/api/users/register", body, field="body")
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/users"), {"count": 0, "users": []})
        longest = {"username": "a" * 30, "email": f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 55}.org",
                   "password": "p" * 128, "display_name": "ü" * 50, "bio": "🐦" * 160}
        self.expect(201, WRITE, "POST", "/api/users/register", longest)

    def test_a_body_of_another_kind_is_415(self):
        alice, = self.people("alice")
        for method, path in [("POST", "/api/users/register"), ("POST", "/api/users/login"), ("POST", "/api/tweets"),
                             ("PATCH", "/api/tweets/1")]:
            for kind in ("text/plain", "multipart/form-data; boundary=x", "application/xml"):
                path_asked = path + ("/" if self.slash else "")
                answer = request(self.address, method, path_asked, [alice.authorization, ("Content-Type", kind)], "{}")
                self.assertEqual((answer.status, answer.header("Content-Type")), (415, "application/problem+json"))
        answer = request(self.address, "POST", "/api/tweets",
                         [alice.authorization, ("Content-Type", "Application/JSON ; charset=utf-8")], '{"content":"x"}')
        self.assertEqual(answer.status, 201)

    def test_login(self):
        alice, = self.people("alice")
        form = [("Content-Type", "application/x-www-form-urlencoded")]
        path = "/api/users/login" + ("/" if self.slash else "")
        for body in ("username=alice&password=correct+horse", "username=ALICE&password=correct%20horse&grant_type=",
                     "username=alice%40example.org&password=correct+horse"):
            answer = request(self.address, "POST", path, form, body)
            self.assertEqual((answer.status, answer.header("Cache-Control")), (200, WRITE), answer.body)
            login = json.loads(answer.body)
            self.assertEqual(set(login), LISTED_USER | {"email", "access_token", "token_type", "message"})
            self.assertEqual((login["id"], login["username"], login["email"], login["token_type"]),
                             (alice.id, "alice", "alice@example.org", "bearer"))
        self.assertEqual(self.expect(200, WRITE, "POST", "/api/users/login",
                                     {"username": "alice", "password": "correct horse"})["id"], alice.id)
        for name, password in [("alice", "wrong horse"), ("nobody", "correct horse"), ("alice", "Correct horse")]:
            self.refuse(401, "POST", "/api/users/login", {"username": name, "password": password})
        for body, field in [({"password": "x"}, "username"), ({"username": "x"}, "password"), ([], "body"),
                            ({"username": "x" * 300, "password": "x"}, "username"),
                            ({"username": "x", "password": "x" * 200}, "password")]:
            self.refuse(422, "POST", "/api/users/login", body, field=field)
        for body, field in [("", "username"), ("username=a", "password"), ("username=%ff&password=x", "username"),
                            ("username=%zz", "body")]:
            answer = request(self.address, "POST", path, form, body)
            self.assertEqual((answer.status, json.loads(answer.body)["field"]), (422, field))

    def test_logout(self):
        out = self.expect(200, WRITE, "POST", "/api/users/logout")
        self.assertEqual((out["success"], type(out["message"])), (True, str))

    def test_me(self):
        alice, = self.people("alice")
        me = self.expect(200, PRIVATE, "GET", "/api/users/me", person=alice)
        self.assertEqual(set(me), OWN_USER)
        self.assertEqual((me["id"], me["email"]), (alice.id, "alice@example.org"))
        self.refuse_strangers("GET", "/api/users/me")
        self.assertEqual(self.ask("GET", "/api/users/me", headers=[("Authorization", f"bearer {alice.token}")]).status,
                         200)

    def test_deleting_an_account(self):
        alice, bob = self.people("alice", "bob")
        kept = bob.post("stays #shared")
        gone = alice.post("goes #shared")
        alice.request("POST", f"/api/users/follow/{bob.id}")
        bob.request("POST", f"/api/users/follow/{alice.id}")
        for path in (f"/api/tweets/{gone['id']}", "/api/tweets", f"/api/users/{bob.id}/followers/count", "/api/users",
                     f"/api/users/{alice.id}/tweets", "/api/users/search?q=alice", "/api/tweets/search?query=goes",
                     "/api/tweets/hashtag/search?query=shared"):  # into the caches
            self.expect(200, PUBLIC, "GET", path)
        self.refuse_strangers("DELETE", f"/api/users/{alice.id}")
        self.refuse(403, "DELETE", f"/api/users/{alice.id}", person=bob)
        self.refuse(404, "DELETE", f"/api/users/{FAR_ID}", person=bob)
        self.refuse_ids("DELETE", "/api/users/{}", bob)
        self.assertIsInstance(self.expect(200, WRITE, "DELETE", f"/api/users/{alice.id}", person=alice)["message"], str)
        self.refuse(404, "GET", f"/api/tweets/{gone['id']}")
        self.refuse(404, "GET", "/api/users/search?q=alice")
        self.refuse(404, "GET", f"/api/users/{alice.id}/followers/count")
        self.refuse(404, "DELETE", f"/api/users/{alice.id}", person=bob)
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/tweets"), [kept])
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/tweets/hashtag/search?query=shared"), [kept])
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/tweets/search?query=goes"), [])
        self.assertEqual(self.expect(200, PUBLIC, "GET", f"/api/users/{alice.id}/tweets"), {"tweets": []})
        self.assertEqual(self.expect(200, PUBLIC, "GET", f"/api/users/{bob.id}/followers/count"), {"count": 0})
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/users")["count"], 1)

    def test_a_token_of_a_deleted_account_is_401_everywhere(self):
        alice, bob = self.people("alice", "bob")
        tweet = bob.post("bob's")["id"]
        self.expect(200, WRITE, "DELETE", f"/api/users/{alice.id}", person=alice)
        for method, path, body in [
                ("GET", "/api/users/me", None), ("GET", "/api/users/following", None),
                ("GET", "/api/users/followers", None), ("DELETE", f"/api/users/{alice.id}", None),
                ("DELETE", f"/api/users/{bob.id}", None), ("POST", f"/api/users/follow/{bob.id}", None),
                ("DELETE", f"/api/users/follow/{bob.id}", None), ("POST", f"/api/users/follow/{alice.id}", None),
                ("POST", "/api/tweets", {"content": "x"}), ("PATCH", f"/api/tweets/{tweet}", {"content": "x"}),
                ("DELETE", f"/api/tweets/{tweet}", None), ("DELETE", f"/api/tweets/{FAR_ID}", None)]:
            self.refuse(401, method, path, body, alice)
        again = Person(self.address, "alice")
        self.assertGreater(again.id, bob.id)  # ids are never reused

    # ---- people

    def test_the_list_of_users(self):
        people = self.people("ann", "bob", "cyd")
        listed = self.expect(200, PUBLIC, "GET", "/api/users")
        self.assertEqual((listed["count"], [user["username"] for user in listed["users"]]), (3, ["cyd", "bob", "ann"]))
        self.assertEqual(set(listed["users"][0]), LISTED_USER)
        part = self.expect(200, PUBLIC, "GET", "/api/users?limit=2")
        self.assertEqual((part["count"], len(part["users"])), (2, 2))
        self.assertEqual(self.pages("/api/users?limit=2", lambda body: body["users"]), [p.id for p in people][::-1])
        self.refuse_ranges("/api/users")

    def test_search_for_a_user(self):
        self.people("alexander", "alex")
        self.refuse(404, "GET", "/api/users/search?q=zoe")
        Person(self.address, "zoe")
        found = self.expect(200, PUBLIC, "GET", "/api/users/search?q=ALEX")
        self.assertEqual((set(found), set(found["user"])), ({"user"}, PROFILE))
        self.assertEqual(found["user"]["username"], "alex")
        month = datetime.datetime.fromisoformat(found["user"]["created_at"][:19]).strftime("%B %Y")
        self.assertEqual(found["user"]["joinDate"], month)
        for query in ("alexa", "%40alexander", "Alexan"):
            self.assertEqual(self.expect(200, PUBLIC, "GET", f"/api/users/search?q={query}")["user"]["username"],
                             "alexander")
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/users/search?q=zoe")["user"]["username"], "zoe")
        for query in ("", "?q=", "?q=%ff", f"?q={'x' * 201}"):
            self.refuse(422, "GET", f"/api/users/search{query}", field="q")

    def test_tweets_of_a_user(self):
        alice, bob = self.people("alice", "bob")
        path = f"/api/users/{alice.id}/tweets"
        self.assertEqual(self.expect(200, PUBLIC, "GET", path), {"tweets": []})
        tweets = [alice.post(f"number {i}") for i in range(3)][::-1]
        bob.post("another's")
        self.assertEqual(self.expect(200, PUBLIC, "GET", path), {"tweets": tweets})
        self.assertEqual(self.pages(path + "?limit=2", lambda body: body["tweets"]), [t["id"] for t in tweets])
        self.refuse_ids("GET", "/api/users/{}/tweets")
        self.refuse_ranges(path)

    def test_follow_unfollow_and_their_counts(self):
        alice, bob = self.people("alice", "bob")

        def counts(person):
            return [self.expect(200, PUBLIC, "GET", f"/api/users/{person.id}/{side}/count")
                    for side in ("followers", "following")]

        self.assertEqual(counts(alice) + counts(bob), [{"count": 0}] * 4)
        path = f"/api/users/follow/{bob.id}"
        self.refuse_strangers("POST", path)
        self.refuse_strangers("DELETE", path)
        self.refuse(400, "DELETE", path, person=alice)
        self.assertEqual(self.expect(200, WRITE, "POST", path, person=alice)["success"], True)
        self.assertEqual(counts(alice) + counts(bob), [{"count": 0}, {"count": 1}, {"count": 1}, {"count": 0}])
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/users/search?q=bob")["user"]["followers"], 1)
        self.refuse(400, "POST", path, person=alice)
        for method in ("POST", "DELETE"):
            self.refuse(400, method, f"/api/users/follow/{alice.id}", person=alice)
            self.refuse(404, method, f"/api/users/follow/{FAR_ID}", person=alice)
            self.refuse_ids(method, "/api/users/follow/{}", alice)
        self.assertEqual(self.expect(200, WRITE, "DELETE", path, person=alice)["success"], True)
        self.assertEqual(counts(alice) + counts(bob), [{"count": 0}] * 4)
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/users/search?q=bob")["user"]["followers"], 0)
        self.refuse(404, "GET", f"/api/users/{FAR_ID}/followers/count")
        self.refuse_ids("GET", "/api/users/{}/following/count")

    def test_followers_and_following(self):
        alice, bob, cyd = self.people("alice", "bob", "cyd")
        for follower, followee in [(alice, bob), (alice, cyd), (bob, alice), (cyd, alice)]:
            follower.request("POST", f"/api/users/follow/{followee.id}")
        alice.request("DELETE", f"/api/users/follow/{bob.id}")
        following = self.expect(200, PRIVATE, "GET", "/api/users/following", person=alice)
        self.assertEqual((set(following), following["count"]), ({"count", "following"}, 1))
        self.assertEqual(following["following"], [{"id": cyd.id, "username": "cyd", "display_name": "cyd", "bio": "",
                                                   "is_following": True}])
        followers = self.expect(200, PRIVATE, "GET", "/api/users/followers", person=alice)
        self.assertEqual((followers["count"], [(u["id"], u["is_following"]) for u in followers["followers"]]),
                         (2, [(cyd.id, True), (bob.id, False)]))
        self.assertEqual(self.pages("/api/users/followers?limit=1", lambda body: body["followers"], alice),
                         [cyd.id, bob.id])
        for side in ("following", "followers"):
            self.refuse_strangers("GET", f"/api/users/{side}")
            self.refuse_ranges(f"/api/users/{side}", alice)

    # ---- tweets

    def test_the_timeline_and_posting(self):
        alice, bob = self.people("alice", "bob")
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/tweets"), [])
        tweet = self.expect(201, WRITE, "POST", "/api/tweets", {"content": "Hello #World"}, alice)
        self.assertEqual(set(tweet), TWEET)
        self.assertEqual((tweet["user_id"], tweet["username"], tweet["display_name"], tweet["content"], tweet["likes"],
                          tweet["hashtags"]), (alice.id, "alice", "alice", "Hello #World", 0, ["world"]))
        self.assertRegex(tweet["created_at"], TIME)
        second = bob.post("x" * 280)
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/tweets"), [second, tweet])
        self.assertEqual(self.pages("/api/tweets?limit=1", lambda body: body), [second["id"], tweet["id"]])
        self.refuse_ranges("/api/tweets")
        self.refuse_strangers("POST", "/api/tweets", {"content": "x"})
        for content in (None, "", " \n\t", "x" * 281, "🐦" * 281, "a\0b", 5, ["x"]):
            self.refuse(422, "POST", "/api/tweets", {"content": content}, alice, "content")
        for body in (b"", b"{", b"[]", b'{"content":"\xff"}'):
            self.refuse(422, "POST", "/api/tweets", body, alice, "body")

    def test_one_tweet(self):
        alice, bob = self.people("alice", "bob")
        self.refuse(404, "GET", "/api/tweets/1")  # the absence is cached from now on
        tweet = alice.post("first")
        path = f"/api/tweets/{tweet['id']}"
        self.assertEqual(self.expect(200, PUBLIC, "GET", path), tweet)
        self.refuse_strangers("PATCH", path, {"content": "x"})
        self.refuse_strangers("DELETE", path)
        self.refuse(403, "PATCH", path, {"content": "mine"}, bob)
        self.refuse(403, "DELETE", path, person=bob)
        self.refuse(422, "PATCH", path, {"content": "x" * 281}, alice, "content")
        changed = self.expect(200, WRITE, "PATCH", path, {"content": "second #new"}, alice)
        self.assertEqual((changed["content"], changed["hashtags"], changed["created_at"]),
                         ("second #new", ["new"], tweet["created_at"]))
        self.assertEqual(self.expect(200, PUBLIC, "GET", path), changed)
        self.assertEqual(self.expect(200, PUBLIC, "GET", "/api/tweets"), [changed])
        self.assertIsInstance(self.expect(200, WRITE, "DELETE", path, person=alice)["message"], str)
        self.refuse(404, "GET", path)
        for method, body in [("PATCH", {"content": "x"}), ("DELETE", None)]:
            self.refuse(404, method, path, body, alice)
            self.refuse_ids(method, "/api/tweets/{}", alice, body)
        self.refuse(404, "GET", f"/api/tweets/{FAR_ID}")
        self.refuse_ids("GET", "/api/tweets/{}")

    def test_search_for_words_and_hashtags(self):
        alice, = self.people("alice")
        words, tags = "/api/tweets/search?query=", "/api/tweets/hashtag/search?query="
        for path in (words + "straße", tags + "straße"):
            self.assertEqual(self.expect(200, PUBLIC, "GET", path.replace("ß", "%C3%9F")), [])
        tweet = alice.post("Die #STRASSE ist lang")
        other = alice.post("eine lange Reise")
        for path in (words + "stra%C3%9Fe", words + "LANG%20die", words + "%23strasse", tags + "Strasse",
                     tags + "%23stra%C3%9Fe"):
            self.assertEqual(self.expect(200, PUBLIC, "GET", path), [tweet])
        for path in (words + "lan", words + "lang%20Reise", tags + "lang", tags + "stras", words + "!!%22'"):
            self.assertEqual(self.expect(200, PUBLIC, "GET", path), [])
        more = alice.post("LANGE #strasse")
        self.assertEqual(self.pages(words + "lange&limit=1", lambda body: body), [more["id"], other["id"]])
        self.assertEqual(self.pages(tags + "strasse&limit=1", lambda body: body), [more["id"], tweet["id"]])
        for path in (words, tags):
            self.refuse_ranges(path + "x")
            for query in ("", "%ff", "x" * 600):
                self.refuse(422, "GET", path + query, field="query")

    def test_likes(self):
        alice, = self.people("alice")
        tweet = alice.post("like me")["id"]
        for count, path in enumerate((f"/api/tweets/{tweet}/like", f"/like/{tweet}"), 1):
            liked = self.expect(202, WRITE, "POST", path, b"")
            self.assertEqual(liked, {"status": "queued", "id": tweet, "likes": count, "cached": count})
        for _ in range(9):  # the eleventh makes them due
            self.ask("POST", f"/like/{tweet}", b"")
        wait_until(lambda: json.loads(self.ask("GET", f"/like/{tweet}").body)["likes"] == 11, what="the batch")
        for _ in range(2):
            self.assertEqual(self.expect(200, PUBLIC, "GET", f"/like/{tweet}"), {"id": tweet, "likes": 11})
        for method, path in [("POST", "/like/{}"), ("POST", "/api/tweets/{}/like"), ("GET", "/like/{}")]:
            self.refuse(404, method, path.format(FAR_ID))
            self.refuse_ids(method, path)

    # ---- the rest

    def test_logs_health_and_pages(self):
        logs = self.expect(200, WRITE, "GET", "/logs")
        self.assertEqual(set(logs), {"requests", "db_accesses", "request_count", "db_access_count", "incomplete"})
        for path in ("/healthz", "/readyz"):  # not through a proxy
            self.assertEqual(self.ask("GET", path).status, 404 if self.proxied else 200)
        self.assertEqual(self.ask("GET", "/metrics").header("Cache-Control"), WRITE)
        page = request(self.address, "GET", "/")
        self.assertEqual((page.status, page.header("Cache-Control")), (200, PUBLIC))
        self.assertTrue(page.header("Content-Type").startswith("text/html"))

    def test_paths_and_methods_that_are_not_there(self):
        for path in ("/api", "/api/nothing", "/api/users/1/nothing", "/api/tweets/1/like/2"):
            self.refuse(404, "GET", path)
        for method, path, allow in [("PUT", "/api/tweets", "GET, HEAD, POST"), ("POST", "/api/users", "GET, HEAD"),
                                    ("GET", "/api/users/register", "DELETE, POST"),
                                    ("DELETE", "/like/1", "GET, HEAD, POST")]:
            answer = self.refuse(405, method, path)
            self.assertEqual(sorted(answer.header("Allow").split(", ")), allow.split(", "))

    def test_a_token_changes_nothing_of_what_everybody_reads(self):
        alice, bob = self.people("alice", "bob")
        alice.request("POST", f"/api/users/follow/{bob.id}")
        alice.post("hello #all")
        for path in ("/api/tweets", "/api/users", "/api/users/search?q=bob", f"/api/users/{alice.id}/tweets",
                     "/api/tweets/search?query=hello", "/api/tweets/hashtag/search?query=all"):
            alone = self.expect(200, PUBLIC, "GET", path)
            self.assertEqual(self.expect(200, PUBLIC, "GET", path, person=alice), alone)
            self.assertEqual(self.expect(200, PUBLIC, "GET", path, headers=[("Authorization", "Bearer x")]), alone)

    def test_email_addresses_are_for_their_owners(self):
        alice, bob = self.people("alice", "bob")
        alice.request("POST", f"/api/users/follow/{bob.id}")
        bob.request("POST", f"/api/users/follow/{alice.id}")
        alice.post("hello")
        for path in ("/api/users", "/api/users/search?q=bob", "/api/users/following", "/api/users/followers",
                     f"/api/users/{bob.id}/tweets", "/api/tweets", f"/api/users/{bob.id}/followers/count"):
            answer = self.ask("GET", path, person=alice)
            self.assertEqual(answer.status, 200)
            self.assertNotIn(b"example.org", answer.body)


class OfAWorker(Contract, FlowTest):
    pass


class OfAWorkerWithSlash(Contract, FlowTest):
    slash = True


class ThroughTheProxy(Contract, FlowTest):
    proxied = True


class ThroughTheProxyWithSlash(Contract, FlowTest):
    slash = proxied = True


if __name__ == "__main__":
    main()
