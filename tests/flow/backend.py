"""A scripted backend: the test decides the bytes of every answer, their timing, the pieces, and when it hangs up.

    backend = Backend(lambda request: Reply(body=b"hello", headers=[("Cache-Control", "max-age=60")]))
    backend.address          "127.0.0.1:PORT"
    backend.requests         every request received completely, in order
    backend.count("/a")      how many of them were for that target

One thread per connection. `Backend` is safe to read from the test's thread at any time."""

import socket
import threading
import time
from dataclasses import dataclass, field

from wire import Closed, Fields, Reader, WireError

REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
           301: "Moved Permanently", 304: "Not Modified", 404: "Not Found", 500: "Internal Server Error",
           503: "Service Unavailable"}


@dataclass
class Request:
    method: str
    target: str
    fields: Fields
    body: bytes
    head: bytes
    connection: int  # number of the connection it came on, from 1
    time_s: float  # time.monotonic() when it had been read completely

    def header(self, name, default=None):
        return self.fields.get(name, default)


@dataclass
class Reply:
    """An answer. Content-Length is added unless a framing field is given, the status has no body, or `chunked` or
    `until_close` say otherwise.

    delay_s   wait before the first byte
    gate      a threading.Event waited for before the first byte (deterministic, where a delay would not be)
    pieces    the body as several writes: bytes, a number of seconds to wait, or an Event to wait for
    raw       exact bytes to send instead of everything above
    cut_at    send only that many bytes, then close
    close     close after this answer (with `Connection: close` announced)
    hang_up   close without a byte of answer
    reset     with any kind of closing: RST instead of FIN
    interim   bytes of 1xx responses to send first"""

    status: int = 200
    headers: list = field(default_factory=list)
    body: bytes = b""
    delay_s: float = 0
    gate: threading.Event = None
    pieces: list = None
    chunked: bool = False
    until_close: bool = False
    raw: bytes = None
    cut_at: int = None
    close: bool = False
    hang_up: bool = False
    reset: bool = False
    interim: bytes = b""


class Backend:
    """Listens at once, on `port` or a free one. `answer` is a Reply, or a function from a Request to a Reply; it may be
    replaced while running."""

    def __init__(self, answer=None, port=0, host="127.0.0.1"):
        self.answer = answer or Reply(body=b"hello")
        self.requests = []
        self.connections_accepted = 0
        self.active = 0  # requests read and not yet answered
        self.most_active = 0
        self.errors = []  # malformed requests and failures of the test's own answer function
        self.lock = threading.Lock()
        self.open = set()
        self.stopped = threading.Event()
        self.listener = None
        self.host, self.port = host, port
        self.start()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def count(self, target=None, method=None):
        with self.lock:
            return sum(1 for r in self.requests if target in (None, r.target) and method in (None, r.method))

    def start(self):
        """Listens (again) on the same port."""
        self.stopped.clear()
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.host, self.port))
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """Stops listening and closes every connection, as a killed process would."""
        self.stopped.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.close_connections()

    def close_connections(self):
        with self.lock:
            connections = list(self.open)
        for sock in connections:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def open_connections(self):
        with self.lock:
            return len(self.open)

    def _accept(self, listener):
        while not self.stopped.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections_accepted += 1
                number = self.connections_accepted
                self.open.add(sock)
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock, number):
        reader = Reader(sock)
        try:
            while self._exchange(sock, reader, number):
                pass
        except Closed:
            pass
        except OSError:
            pass  # the peer went away, which a test may intend
        except Exception as error:
            with self.lock:
                self.errors.append(error)
        finally:
            with self.lock:
                self.open.discard(sock)
            sock.close()

    def _exchange(self, sock, reader, number):
        """One request and its answer; False when the connection ends with it."""
        request = self._read(sock, reader, number)
        with self.lock:
            self.requests.append(request)
            self.active += 1
            self.most_active = max(self.most_active, self.active)
        reply = None
        try:
            reply = self.answer(request) if callable(self.answer) else self.answer
            self._hold(reply)
            if not reply.pieces:  # whoever has the answer may send the next request before this thread goes on
                self._answered()
            return self._send(sock, request, reply)
        finally:
            if reply is None or reply.pieces:
                self._answered()

    def _answered(self):
        with self.lock:
            self.active -= 1

    def _hold(self, reply):
        if reply.gate:
            reply.gate.wait(60)
        if reply.delay_s:
            self.stopped.wait(reply.delay_s)

    def _read(self, sock, reader, number):
        line, fields, head = reader.head()
        parts = line.split(" ")
        if len(parts) != 3 or parts[2] != "HTTP/1.1":
            raise WireError(f"bad request line {line!r}")
        if fields.get("Expect", "").lower() == "100-continue":
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = b""
        if fields.get("Transfer-Encoding", "").lower() == "chunked":
            body, _ = reader.chunked()
        elif "Content-Length" in fields:
            body = reader.exactly(int(fields.get("Content-Length")))
        return Request(parts[0], parts[1], fields, body, head, number, time.monotonic())

    def _send(self, sock, request, reply):
        if reply.hang_up:
            return self._hang_up(sock, reply)
        sock.sendall(reply.interim)
        if reply.raw is not None:
            sock.sendall(reply.raw[:reply.cut_at])
        elif reply.cut_at is not None:
            sock.sendall((reply_head(request, reply) + reply.body)[:reply.cut_at])
        else:
            self._send_message(sock, request, reply)
        if reply.close or reply.until_close or reply.cut_at is not None:
            return self._hang_up(sock, reply)
        return True

    def _send_message(self, sock, request, reply):
        head = reply_head(request, reply)
        if request.method == "HEAD" or reply.status in (204, 304):
            sock.sendall(head)
            return
        if not reply.pieces:
            sock.sendall(head + (chunk(reply.body) + chunk(b"") if reply.chunked else reply.body))
            return
        sock.sendall(head)
        for piece in reply.pieces:
            if isinstance(piece, threading.Event):
                piece.wait(60)
            elif isinstance(piece, (int, float)):
                self.stopped.wait(piece)
            else:
                sock.sendall(chunk(piece) if reply.chunked else piece)
        if reply.chunked:
            sock.sendall(chunk(b""))

    def _hang_up(self, sock, reply):
        if reply.reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return False


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b"0\r\n\r\n"


def reply_head(request, reply):
    fields = Fields(reply.headers)
    if reply.chunked:
        fields.append(("Transfer-Encoding", "chunked"))
    elif not reply.until_close and reply.status not in (204, 304) and "Content-Length" not in fields \
            and "Transfer-Encoding" not in fields:
        pieces = reply.pieces or [reply.body]
        fields.append(("Content-Length", str(sum(len(p) for p in pieces if isinstance(p, bytes)))))
    if reply.close:
        fields.append(("Connection", "close"))
    reason = REASONS.get(reply.status, "Status")
    text = f"HTTP/1.1 {reply.status} {reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields) + "\r\n"
    return text.encode("latin-1")
