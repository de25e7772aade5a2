"""The servers that docs/operating.md puts before roost-proxy for TLS, as they are written there."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from harness import *  # noqa: E402, F403

import ssl  # noqa: E402

import blocks  # noqa: E402

NGINX = """daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
"""


class TlsInFront(FlowTest):
    def setUp(self):
        super().setUp()
        self.origin = self.backend(lambda request: Reply(headers=[("Cache-Control", "max-age=60")], body=b"hello"))
        trusting = self.write("roost.toml", '[proxy]\ntrusted_proxies = ["127.0.0.0/8", "::1"]\n')
        self.front = self.proxy(self.origin, flags=["--config", trusting])
        self.port = free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=www.example.org", "-keyout", self.directory / "tls.key",
                        "-out", self.directory / "tls.crt"], check=True, capture_output=True)
        self.write("tls.pem", (self.directory / "tls.crt").read_text() + (self.directory / "tls.key").read_text())

    def block(self, name):
        text = blocks.named("docs/operating.md", name)
        for there, here in [("listen 443 ", f"listen 127.0.0.1:{self.port} "), (":443 ", f"127.0.0.1:{self.port} "),
                            ("127.0.0.1:8080", self.front.address), ("/etc/roost", str(self.directory))]:
            text = text.replace(there, here)
        return text

    def get_by_tls(self, path):
        context = ssl.create_default_context(cafile=self.directory / "tls.crt")
        with socket.create_connection(("127.0.0.1", self.port), 20) as plain, \
                context.wrap_socket(plain, server_hostname="www.example.org") as secure:
            secure.sendall(f"GET {path} HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n".encode())
            text = b""
            while part := secure.recv(65536):
                text += part
        return text.decode()

    def serves(self):
        wait_until(lambda: accepts_connections(f"127.0.0.1:{self.port}"), 20, "the server in front")
        self.assertIn("Cache-Status: roost; fwd=uri-miss; stored", self.titled(self.get_by_tls("/a")))
        again = self.titled(self.get_by_tls("/a"))
        self.assertIn("Cache-Status: roost; hit", again)
        self.assertTrue(again.endswith("hello") or "hello" in again)
        (asked,) = [seen for seen in self.origin.requests if seen.target == "/a"]
        fields = {name: asked.header(name) for name in ("Host", "X-Forwarded-Proto", "X-Forwarded-For")}
        self.assertEqual(fields, {"Host": "www.example.org", "X-Forwarded-Proto": "https",
                                  "X-Forwarded-For": "127.0.0.1, 127.0.0.1"})

    def titled(self, text):
        """HAProxy sends names of fields in small letters."""
        return text.replace("cache-status: ", "Cache-Status: ")

    def test_nginx(self):
        config = self.write("nginx.conf", NGINX + self.block("tls-nginx") + "}\n")
        server = self.program(shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.directory, "-c", config)
        self.serves()
        self.assertEqual(server.stop(), 0, server.output())

    def test_haproxy(self):
        config = self.write("haproxy.cfg", self.block("tls-haproxy"))
        server = self.program(shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", config)
        server.exit_is_expected = True
        self.serves()
        server.kill()


if __name__ == "__main__":
    main()
