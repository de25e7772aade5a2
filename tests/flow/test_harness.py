"""Tests of the harness: its client with its backend, and programs that misbehave."""

from harness import *


class Wire(FlowTest):
    def test_plain_chunked_and_until_close_bodies_arrive_whole(self):
        replies = {
            "/plain": Reply(body=b"x" * 100000),
            "/chunked": Reply(chunked=True, pieces=[b"one ", 0.01, b"two"]),
            "/close": Reply(body=b"to the end", until_close=True),
        }
        backend = self.backend(lambda request: replies[request.target])
        with Connection(backend.address) as client:
            self.assertEqual(len(client.get("/plain").body), 100000)
            self.assertEqual(client.get("/chunked").body, b"one two")
            self.assertEqual(client.get("/close").body, b"to the end")
            self.assertTrue(client.closed_by_peer())
        self.assertEqual(backend.count(), 3)
        self.assertEqual({r.connection for r in backend.requests}, {1})

    def test_head_and_204_have_no_body(self):
        backend = self.backend(lambda r: Reply(status=204) if r.target == "/none" else Reply(body=b"12345"))
        with Connection(backend.address) as client:
            head = client.request("HEAD", "/a")
            self.assertEqual((head.header("content-length"), head.body), ("5", b""))
            self.assertEqual(client.get("/none").status, 204)

    def test_an_answer_cut_short_is_an_error(self):
        backend = self.backend(Reply(body=b"12345", cut_at=40))
        with self.assertRaises(WireError):
            get(backend.address, "/")

    def test_exact_bytes_reach_the_backend(self):
        backend = self.backend()
        with Connection(backend.address) as client:
            client.send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send("3\r\nabc\r\n0\r\nT: v\r\n\r\n")
            self.assertEqual(client.read("POST").status, 200)
        self.assertEqual(backend.requests[0].body, b"abc")

    def test_a_backend_can_stop_and_come_back_on_its_port(self):
        backend = self.backend()
        backend.stop()
        with self.assertRaises(OSError):
            get(backend.address, "/")
        backend.start()
        self.assertEqual(get(backend.address, "/").body, b"hello")

    def test_concurrent_requests_are_counted(self):
        gate = threading.Event()
        backend = self.backend(Reply(body=b"late", gate=gate))
        opener = threading.Thread(target=lambda: (wait_until(lambda: backend.active == 20), gate.set()))
        opener.start()
        bodies = concurrently(20, lambda i: get(backend.address, f"/{i}").body)
        opener.join()
        self.assertEqual(bodies, [b"late"] * 20)
        self.assertEqual(backend.most_active, 20)


class Programs(FlowTest):
    def problems_of(self, script, stop=True):
        program = self.program("sh", "-c", script)
        self.programs.remove(program)
        if not stop:
            wait_until(lambda: not program.running())
        else:
            wait_until(lambda: "up" in program.output())
        return self._end(program)

    def test_a_program_that_ends_well_after_sigterm_is_no_problem(self):
        self.assertEqual(self.problems_of("trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"), [])

    def test_a_program_that_ends_by_itself_is_reported(self):
        self.assertIn("ended by itself with 3", self.problems_of("exit 3", stop=False)[0])

    def test_a_bad_code_after_sigterm_is_reported(self):
        self.assertIn("ended with 4", self.problems_of("trap 'exit 4' TERM; echo up; while :; do sleep 0.05; done")[0])

    def test_a_sanitizers_report_is_a_problem_whatever_the_code(self):
        script = "trap 'exit 0' TERM; echo up 'WARNING: ThreadSanitizer: data race'; while :; do sleep 0.05; done"
        self.assertIn("reported by a sanitizer", self.problems_of(script)[0])

    def test_wait_until_gives_up(self):
        with self.assertRaisesRegex(AssertionError, "waited .* for the impossible"):
            wait_until(lambda: False, 0.05, "the impossible")


if __name__ == "__main__":
    main()
