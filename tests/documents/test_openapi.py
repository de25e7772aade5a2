"""docs/openapi.yaml against a running worker and the code: the tests of the API's contract, with every answer compared;
each operation of the document is called, each status of it is seen, and each route of the code is in it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402, F403

import openapi  # noqa: E402
import test_api_contract as contract  # noqa: E402

API = openapi.OpenApi()
seen = set()  # (method, pattern, status)
# Of the worker's own failing; which statuses a failure has is tested where it is made.
RARE = {"500", "503"}
# What the pages and their assets are at is no part of the API.
PAGES = re.compile(r"/|/assets/.*|/favicon\.ico")
ADDED = re.compile(r'\badd\((?:router, )?(?:(?:http::)?Method::(\w+), )?"(/[^"]*)"')


def compared(test, method, target, answer, body=None):
    """Remembers the answer, which must be one of the document's; as must the JSON of a request that was accepted."""
    operation = API.find(method, target)
    if operation is None:  # no such path or method
        test.assertIn(answer.status, (404, 405), f"{method} {target} is not documented")
        return answer
    wrong = API.wrong_with(operation, answer.status, answer.header("Content-Type"), answer.body)
    test.assertEqual(wrong, "", f"{method} {target}: {answer.status} {answer.body[:500]!r}")
    if answer.status < 300 and isinstance(body, dict):
        test.assertEqual(API.wrong_with_request(operation, body), "", f"{method} {target}: {body}")
    seen.add((*operation, str(answer.status)))
    return answer


class Described(contract.Contract, FlowTest):
    """The contract's own tests."""

    def ask(self, method, path, body=None, person=None, headers=()):
        return compared(self, method, path, super().ask(method, path, body, person, headers), body)


class Refused(FlowTest):
    """Statuses that the contract's tests do not ask for."""

    def ask(self, worker, method, path, body=None, headers=()):
        return compared(self, method, path, json_request(worker.address, method, path, body, headers)).status

    def with_a_body(self):
        return [(method, path) for (method, path), operation in API.operations.items() if "requestBody" in operation]

    def test_types_and_sizes_of_bodies(self):
        worker = self.api()
        ann = Person(worker.address, "ann")
        for method, path in self.with_a_body():
            path = path.replace("{id}", "1")
            for status, kind, body in [(415, "text/plain", b"x"), (413, "application/json", b"x" * 70_000)]:
                answer = request(worker.address, method, path, [ann.authorization, ("Content-Type", kind)], body)
                self.assertEqual(compared(self, method, path, answer).status, status, f"{method} {path}")

    def test_other_origins_and_what_is_anothers(self):
        worker = self.api()
        ann = Person(worker.address, "ann")
        for (method, path), operation in API.operations.items():
            if "403" in operation["responses"] and path != "/logs":
                headers = [("Origin", "https://evil.example"), ann.authorization]
                status = self.ask(worker, method, path.replace("{id}", "1"), {"content": "x"}, headers)
                self.assertEqual(status, 403, f"{method} {path}")

    def test_ids_of_nothing(self):
        worker = self.api()
        ann = Person(worker.address, "ann")
        for method, path in API.operations:
            if "{id}" in path:
                body = {"content": "x"} if method == "PATCH" else None
                self.assertEqual(self.ask(worker, method, path.replace("{id}", "x"), body, [ann.authorization]), 422)
                far = self.ask(worker, method, path.replace("{id}", "123456"), body, [ann.authorization])
                self.assertEqual(far, 404 if "404" in API.operations[method, path]["responses"] else 200)

    def test_limits_per_address(self):
        limits = {"ROOST_API_LIKES_PER_ADDRESS": "1", "ROOST_API_REGISTRATIONS_PER_ADDRESS": "1",
                  "ROOST_API_LOGIN_ATTEMPTS_PER_ADDRESS": "1"}
        worker = self.api(environment=limits)
        self.ask(worker, "POST", "/api/users/login", {"username": "nobody", "password": "wrong horse"})
        again = {"username": "somebody", "password": "wrong horse"}
        self.assertEqual(self.ask(worker, "POST", "/api/users/login", again), 429)
        person = {"username": "ann", "email": "ann@example.org", "password": "correct horse"}
        self.assertEqual(self.ask(worker, "POST", "/api/users/register", person), 201)
        self.assertEqual(self.ask(worker, "POST", "/api/users/register", {**person, "username": "bob"}), 429)
        self.ask(worker, "POST", "/like/1")
        for path in ("/like/1", "/api/tweets/1/like"):
            self.assertEqual(self.ask(worker, "POST", path), 429)

    def test_logs(self):
        worker = self.api(environment={"ROOST_LOGS_ACCESS": "token", "ROOST_LOGS_TOKEN": "secret"})
        Person(worker.address, "ann").post("hello")
        token = [("Authorization", "Bearer secret")]
        for query in ("", "?format=full", "?kind=db&format=full&limit=3"):
            self.assertEqual(self.ask(worker, "GET", f"/logs{query}", headers=token), 200)
        self.assertEqual(self.ask(worker, "GET", "/logs"), 401)
        self.assertEqual(self.ask(worker, "GET", "/logs", headers=[("Accept", "text/html")]), 200)
        self.assertEqual(self.ask(worker, "GET", "/logs?limit=x", headers=token), 422)
        loopback = self.api("w2")
        self.assertEqual(self.ask(loopback, "GET", "/logs", headers=[("X-Forwarded-For", "203.0.113.7")]), 403)
        for path in ("/healthz", "/readyz", "/metrics"):
            self.assertEqual(self.ask(loopback, "GET", path, headers=[("X-Forwarded-For", "203.0.113.7")]), 404)

    def test_an_answer_that_is_not_documented_is_noticed(self):
        tweet = {"id": 1, "user_id": 1, "username": "a", "display_name": "a", "content": "x", "likes": 0,
                 "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z", "hashtags": []}

        def wrong(answer, status=200, kind="application/json"):
            return API.wrong_with(("GET", "/api/tweets/{id}"), status, kind, json.dumps(answer).encode())

        self.assertEqual(wrong(tweet), "")
        self.assertIn("'likes' is a required property", wrong({k: v for k, v in tweet.items() if k != "likes"}))
        self.assertIn("'more' was unexpected", wrong({**tweet, "more": 1}))
        self.assertIn("id: ", wrong({**tweet, "id": 0}))
        self.assertIn("status 418", wrong(tweet, 418))
        self.assertIn("text/html", wrong(tweet, kind="text/html"))


class TheDocument(FlowTest):
    """Runs after the others, by its name: what they have seen is all there is."""

    def test_every_operation_was_called_and_every_status_seen(self):
        if len(sys.argv) > 1:
            self.skipTest("only in a run of all tests of this file")
        for (method, path), operation in API.operations.items():
            missing = {status for status in operation["responses"] if (method, path, status) not in seen}
            self.assertEqual(missing - RARE, set(), f"{method} {path}")

    def test_every_route_of_the_code_is_in_it(self):
        routes = set()
        for source in (ROOT / "api").rglob("*.cc"):
            for method, path in ADDED.findall(source.read_text()):
                if not PAGES.fullmatch(path):
                    routes.add(((method or "get").rstrip("_").upper(), path))
        self.assertEqual(routes, set(API.operations))

    def test_it_is_an_openapi_document(self):
        self.assertTrue(API.document["openapi"].startswith("3."))
        for (method, path), operation in API.operations.items():
            names = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
            self.assertEqual(names, set(re.findall(r"\{(\w+)\}", path)), f"{method} {path}")
            for response in operation["responses"].values():
                self.assertTrue(response["description"])
                for content in response.get("content", {}).values():
                    openapi.jsonschema.Draft202012Validator.check_schema(content["schema"])


if __name__ == "__main__":
    main()
