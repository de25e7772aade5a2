"""A SCGI server (https://python.ca/scgi/protocol.txt) that answers with what the web server before it made of a
request: how nginx, Apache and lighttpd are asked. scgi_echo.py PORT"""

import socketserver
import sys


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        length = b""
        while (byte := self.rfile.read(1)) != b":":
            if not byte:
                return
            length += byte
        parts = self.rfile.read(int(length)).split(b"\0")
        self.rfile.read(1)
        fields = dict(zip(parts[::2], parts[1::2]))
        body = self.rfile.read(int(fields.get(b"CONTENT_LENGTH") or 0))
        seen = b"|".join(
            (fields.get(b"REQUEST_METHOD", b""), fields.get(b"REQUEST_URI", b""), fields.get(b"HTTP_HOST", b""), body)
        )
        self.wfile.write(b"Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(seen) + seen)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
