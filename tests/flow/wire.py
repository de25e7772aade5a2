"""HTTP/1.1 as bytes: a client connection that sends exactly the given bytes, and the parsing that client and scripted
backend share. Parsing is strict: a malformed message raises WireError."""

import socket
from dataclasses import dataclass, field


class WireError(Exception):
    """The peer sent something that is not HTTP/1.1, or ended a message early."""


class Closed(WireError):
    """The peer closed the connection between two messages."""


def parse_address(text):
    """"127.0.0.1:8080" or "[::1]:8080" as a (host, port) pair; a pair passes through."""
    if isinstance(text, tuple):
        return text
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class Fields(list):
    """Header fields in the order received, as (name, value) pairs of str."""

    def all(self, name):
        return [value for key, value in self if key.lower() == name.lower()]

    def get(self, name, default=None):
        """The one value of a field; several are joined as RFC 9110 section 5.3 allows."""
        values = self.all(name)
        return ", ".join(values) if values else default

    def __contains__(self, name):
        return any(key.lower() == name.lower() for key, _ in self)


@dataclass
class Response:
    status: int
    reason: str
    fields: Fields
    body: bytes = b""
    head: bytes = b""  # as received, including the empty line
    interim: list = field(default_factory=list)  # the 1xx responses before it
    trailers: Fields = field(default_factory=Fields)

    def header(self, name, default=None):
        return self.fields.get(name, default)


def parse_fields(lines):
    fields = Fields()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise WireError(f"bad field line {line!r}")
        fields.append((name, value.strip(" \t")))
    return fields


class Reader:
    """Buffered reading of messages from a socket; its time-out is the socket's."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.ended = False

    def fill(self):
        """Reads what has arrived; False at the end of the stream."""
        if self.ended:
            return False
        data = self.sock.recv(65536)
        self.ended = not data
        self.buffer += data
        return not self.ended

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def until(self, mark):
        """The bytes up to and including `mark`."""
        start = 0
        while (at := self.buffer.find(mark, start)) < 0:
            start = max(0, len(self.buffer) - len(mark) + 1)
            if not self.fill():
                if not self.buffer:
                    raise Closed("closed between two messages")
                raise WireError(f"closed after {bytes(self.buffer[:200])!r}")
        return self.take(at + len(mark))

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise WireError(f"closed {count - len(self.buffer)} bytes early")
        return self.take(count)

    def rest(self):
        while self.fill():
            pass
        return self.take(len(self.buffer))

    def chunked(self):
        """A chunked body and its trailers (RFC 9112 section 7.1)."""
        body = bytearray()
        while True:
            line = self.until(b"\r\n")[:-2]
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            body += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise WireError("chunk without its end")
        lines = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            lines.append(line[:-2].decode("latin-1"))
        return bytes(body), parse_fields(lines)

    def head(self):
        """(start line, fields, raw bytes) of the next message."""
        raw = self.until(b"\r\n\r\n")
        lines = raw[:-4].decode("latin-1").split("\r\n")
        return lines[0], parse_fields(lines[1:]), raw


class Connection:
    """A client's connection: `send` writes exact bytes, `request` writes a well-formed request and reads its answer."""

    def __init__(self, address, timeout_s=20, source=None):
        self.address = parse_address(address)
        self.sock = socket.create_connection(self.address, timeout_s, source_address=source)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def end_of_sending(self):
        self.sock.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def read(self, method="GET"):
        """The next final response; `method` is the request's, since it decides whether there is a body."""
        interim = []
        while True:
            response = self.read_head()
            if response.status < 200 and response.status != 101:
                interim.append(response)
                continue
            response.interim = interim
            self.read_body(response, method)
            return response

    def read_head(self):
        """The head of the next response, with none of its body read."""
        line, fields, raw = self.reader.head()
        version, _, rest = line.partition(" ")
        status, _, reason = rest.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not (len(status) == 3 and status.isdigit()):
            raise WireError(f"bad status line {line!r}")
        return Response(int(status), reason, fields, head=raw)

    def read_body(self, response, method="GET"):
        """Fills in response.body and trailers by the rules of RFC 9112 section 6.3."""
        coding = response.header("Transfer-Encoding")
        length = response.fields.all("Content-Length")
        if coding and length:
            raise WireError("Content-Length beside Transfer-Encoding")
        if len(length) > 1:
            raise WireError(f"{len(length)} Content-Length fields")
        if method == "HEAD" or response.status in (101, 204, 304) or response.status < 200:
            return
        if coding and coding.lower() == "chunked":
            response.body, response.trailers = self.reader.chunked()
        elif length:
            response.body = self.reader.exactly(int(length[0]))
        else:
            response.body = self.reader.rest()

    def request(self, method, target, headers=(), body=None):
        self.send(request_bytes(method, target, headers, body, self.host()))
        return self.read(method)

    def get(self, target, *headers):
        return self.request("GET", target, headers)

    def host(self):
        return "{}:{}".format(*self.address)

    def closed_by_peer(self):
        """Waits (up to the time-out) for the peer to close; False when it sent bytes instead."""
        if self.reader.buffer:
            return False
        try:
            return not self.reader.fill()
        except ConnectionResetError:
            return True


def request_bytes(method, target, headers=(), body=None, host="test"):
    """A request as bytes. Headers are (name, value) pairs; Host and Content-Length are added where missing."""
    fields = Fields(headers)
    if "Host" not in fields:
        fields.insert(0, ("Host", host))
    if body is not None:
        body = body.encode() if isinstance(body, str) else body
        if "Content-Length" not in fields and "Transfer-Encoding" not in fields:
            fields.append(("Content-Length", str(len(body))))
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode("latin-1") + (body or b"")


def request(address, method, target, headers=(), body=None, timeout_s=20):
    """One request on a connection of its own."""
    with Connection(address, timeout_s) as connection:
        return connection.request(method, target, headers, body)


def get(address, target, *headers, timeout_s=20):
    return request(address, "GET", target, headers, timeout_s=timeout_s)
