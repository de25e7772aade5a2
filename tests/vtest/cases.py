"""What the test files of this folder share. Each case asserts, in our own words, something that a test of Varnish
(bin/varnishtest/tests/*.vtc) or of HAProxy (reg-tests/**/*.vtc) asserts and that holds for any HTTP proxy or cache. The
first line of its docstring names that test: "varnish b00007" or "haproxy cache/vary". What does not apply to Roost, and
why, is in left_out.md."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: F401, F403, E402
from harness import FlowTest, Reply, get, main  # noqa: E402, F401

SOURCE = re.compile(r"(varnish [a-z]\d{5}|haproxy [\w-]+/[\w-]+)(, (varnish [a-z]\d{5}|haproxy [\w-]+/[\w-]+))*$")
FRESH = ("Cache-Control", "max-age=60")
UNCACHED = ("Cache-Control", "no-store")


class Case(FlowTest):
    """One scripted backend behind one proxy; `serve()` starts both."""

    def setUp(self):
        super().setUp()
        told = (getattr(self, self._testMethodName).__doc__ or "").split("\n")[0]
        self.assertRegex(told, SOURCE, "the case does not name the test that it comes from")

    def serve(self, *replies, config=None, flags=()):
        """A backend that gives these replies in turn, the last one from then on; a single function is its answer.
        `config`: lines of the configuration, in which {backend} stands for its address."""
        if len(replies) == 1 and callable(replies[0]):
            answer = replies[0]
        else:
            left = list(replies or [Reply(body=b"hello")])

            def answer(_):
                return left.pop(0) if len(left) > 1 else left[0]

        self.origin = self.backend(answer)
        if config is None:
            self.address = self.proxy(self.origin, flags=flags).address
        else:
            text = config.replace("{backend}", self.origin.address)
            self.address = self.proxy(flags=["--config", self.write("roost.toml", text), *flags]).address
        return self.address

    def get(self, target="/", *headers):
        return get(self.address, target, *headers)

    def bodies(self, *requests):
        """The bodies of GETs of "/" with these fields, one after the other."""
        return [self.get("/", *fields).body for fields in requests]

    def assert_hit(self, answer):
        self.assertIn("hit", answer.header("Cache-Status", ""))

    def assert_not_hit(self, answer):
        self.assertNotIn("hit", answer.header("Cache-Status", ""))

    def refused(self, data, *statuses):
        """Sends bytes; the answer is an error and the connection is closed. Returns the answer."""
        with Connection(self.address) as client:
            client.send(data)
            answer = client.read()
            self.assertIn(answer.status, statuses or (400,))
            self.assertTrue(client.closed_by_peer())
        return answer
