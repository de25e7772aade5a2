"""Access to the admin listener, and which client a worker sees behind proxies."""

import http.client

from harness import *


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))


class Access(FlowTest):
    def test_a_page_of_another_origin_purges_nothing(self):
        backend = self.backend(Reply(body=b"x", headers=[("Cache-Control", "max-age=60")]))
        proxy = self.proxy(backend, admin=True)
        get(proxy.address, "/a")
        foreign = [("Origin", "https://evil.example"), ("Content-Type", "text/plain")]
        for headers in (foreign, [("Sec-Fetch-Site", "cross-site")], [("Origin", "null")]):
            self.assertEqual(request(proxy.admin, "POST", "/purge?prefix=http://", headers).status, 403)
            self.assertEqual(request(proxy.admin, "PURGE", "/a", [("Host", proxy.address), *headers]).status, 403)
        get(proxy.address, "/a")
        self.assertEqual(backend.count("/a"), 1)
        own = [("Origin", f"http://{proxy.admin}"), ("Sec-Fetch-Site", "same-origin")]
        url = f"http://{proxy.address}/a"
        self.assertEqual(request(proxy.admin, "POST", f"/purge?url={url}", own).body, b'{"purged":1}\n')

    def test_a_name_that_was_made_to_resolve_here_reads_nothing(self):
        proxy = self.proxy(self.backend(), admin=True, environment={"ROOST_ADMIN_HOSTS": "roost.internal"})
        port = proxy.admin.rpartition(":")[2]
        for name, status in [("evil.example", 421), ("localhost", 200), ("roost.internal", 200), ("127.0.0.1", 200)]:
            for path in ("/status", "/metrics"):
                self.assertEqual(get(proxy.admin, path, ("Host", f"{name}:{port}")).status, status, name)
        self.assertEqual(get(proxy.admin, "/healthz", ("Host", "evil.example")).status, 200)

    def test_a_token(self):
        admin = f"127.0.0.1:{free_port()}"
        both = {"ROOST_ADMIN_TOKEN": "s3cret", "ROOST_BATCHER_FLUSH_ABOVE": "0"}
        worker = self.api(environment=both, flags=("--proxy", admin))
        proxy = self.proxy(worker, admin=admin, environment=both)
        refused = get(admin, "/status")
        self.assertEqual((refused.status, refused.header("WWW-Authenticate")), (401, "Bearer"))
        self.assertEqual(get(admin, "/status", ("Authorization", "Bearer s3cret")).status, 200)
        self.assertEqual(get(admin, "/healthz").status, 200)
        # Workers send it as well: a like shows at once.
        tweet = Person(worker.address, "alice").post("hello")["id"]
        get(proxy.address, f"/like/{tweet}")
        request(proxy.address, "POST", f"/like/{tweet}")
        wait_until(lambda: json.loads(get(proxy.address, f"/like/{tweet}").body)["likes"] == 1, 10, "the new count")
        code, printed = self.run_program("roost-proxy", "--print-config", "--upstream", "127.0.0.1:1",
                                         environment=both)
        self.assertEqual(code, 0)
        self.assertIn('token = "***"', printed)
        self.assertNotIn("s3cret", printed)

    def test_a_unix_socket(self):
        path = self.directory / "admin"
        proxy = self.proxy(self.backend(), admin=f"unix:{path}")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        connection = UnixConnection(path)
        connection.request("GET", "/status")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        code, output = self.run_program("roost-proxy", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1",
                                        "--admin", f"unix:{path}")
        self.assertEqual(code, 1)
        self.assertIn(f"unix:{path}: the path is in use", output)
        proxy.stop()
        self.assertFalse(path.exists())


class Forwarders(FlowTest):
    """A proxy on the same host before roost-proxy, such as one that terminates TLS."""

    CLIENT = "203.0.113.9"

    def stack(self, *trusted):
        worker = self.api()
        flags = ["--config", self.write("proxy.toml", f"[proxy]\ntrusted_proxies = {json.dumps(trusted)}\n")]
        return worker, self.proxy(worker, flags=flags)

    def test_its_clients_are_not_this_host(self):
        for trusted in ([], ["127.0.0.0/8"]):
            worker, proxy = self.stack(*trusted)
            self.assertEqual(get(proxy.address, "/logs").status, 200)
            for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Proto"):
                value = f"for={self.CLIENT}" if name == "Forwarded" else self.CLIENT
                for address in (worker.address, proxy.address):
                    if (name, address) == ("X-Forwarded-Proto", worker.address):
                        continue  # roost-proxy itself sends it for this host
                    self.assertEqual(get(address, "/logs", (name, value)).status, 403, (trusted, name, address))

    def test_a_page_whose_name_resolves_here_does_not_read_the_log(self):
        _, proxy = self.stack()
        port = proxy.address.rpartition(":")[2]
        self.assertEqual(get(proxy.address, "/logs", ("Host", f"evil.example:{port}")).status, 403)
        self.assertEqual(get(proxy.address, "/logs", ("Host", f"localhost:{port}")).status, 200)

    def test_with_the_shipped_configuration_one_client_does_not_lock_out_the_others(self):
        worker = self.api()
        alice = Person(worker.address, "alice")
        shipped = re.search(r"^trusted_proxies = .*$", (ROOT / "deploy/roost.toml").read_text(), re.M)[0]
        proxy = self.proxy(worker, flags=["--config", self.write("proxy.toml", f"[proxy]\n{shipped}\n")])

        def log_in(client, name, password):
            body = {"username": name, "password": password}
            return json_request(proxy.address, "POST", "/api/users/login", body, [("X-Forwarded-For", client)]).status

        self.assertEqual([log_in(self.CLIENT, f"name{i}", "wrong word") for i in range(60)][-1], 429)
        self.assertEqual(log_in("198.51.100.1", "alice", alice.password), 200)


if __name__ == "__main__":
    main()
