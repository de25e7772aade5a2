"""Slightly malformed requests and responses: each is a well-formed message with one to three changes of the
kinds that HTTP implementations are known to disagree about. One seed gives the same messages every time."""

import random

# Bytes that some parsers treat as white space or as a line end, or ignore.
ODD = [b"\0", b"\x01", b"\x04", b"\x08", b"\t", b"\n", b"\x0b", b"\x0c", b"\r", b"\x1f", b" ", b"\x7f", b"\x85",
       b"\xa0", b"\xff", b"\r\n", b"\n\n", b"\r\r\n", b"\r\n ", b"\n\t", b",", b";", b"\"", b"'", b":", b"%0d%0a",
       b"\xe2\x80\xa8"]
CODINGS = [b"chunked", b"Chunked", b"CHUNKED", b"xchunked", b"chunkedx", b"chunk", b"chunked, identity",
           b"identity, chunked", b"identity", b"gzip, chunked", b"chunked, chunked", b"chunked,", b",chunked",
           b"\"chunked\"", b"'chunked'", b"chunked;q=1", b"cow chunked", b"chunked cow", b"ch\x96nked", b"",
           b"trailers", b"chunked\0", b"deflate"]
NAMES = [b"Transfer-Encoding", b"transfer-encoding", b"Transfer_Encoding", b"Transfer Encoding",
         b"Transfer-Encoding\xff", b"Content-Encoding", b"X-Transfer-Encoding", b"TE", b"Transfer\r-Encoding"]
LENGTHS = [b"5", b"05", b"+5", b"-5", b" 5", b"5 ", b"0x5", b"5, 5", b"5,6", b"5;x", b"5.0", b"5e0", b"", b"0", b"4",
           b"6", b"18446744073709551621", b"4294967301", b"5\0", b"5\t", b"\x0b5", b"\xd9\xa5", b"5\n", b"'5'",
           b"1_0"]
SIZES = [b"5", b"05", b"0005", b"0x5", b"+5", b"-5", b" 5", b"5 ", b"5\t", b"5;a=b", b"5;a=\"\r\n\"", b"5;\n", b"5\n",
         b"5 5", b"A", b"g", b"", b"fffffffffffffff5", b"10000000000000005", b"5\r\n", b"5;", b"5 ;a",
         b"00000000000000000000005"]
METHODS = [b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"get", b"DELETE", b"PATCH", b"G\0T", b"GET\t", b" GET",
           b"G@T", b""]
TARGETS = [b"/", b"/a?b=c", b"/a%2fb", b"/%2e%2e/a", b"//a", b"/a//b", b"/./a", b"/../a", b"/a;b=c", b"/a#b", b"/a b",
           b"/\xff", b"/a\tb", b"/%", b"/%zz", b"/%00", b"*", b"http://a/b", b"http://a", b"http://b:80/x",
           b"HTTP://A/", b"a", b"", b"/\\a", b"/|{}^", b"http://a?b", b"/" + b"x" * 300, b"https://a/b", b"/a\"b",
           b"/a'b", b"/<a>"]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/1,1", b"HTTP/01.1",
            b"HTTP/1.10", b"HTTP/0.9", b"", b"HTTP/1.1\0", b"HTP/1.1"]
HOSTS = [b"a", b"A", b"a:80", b"a.", b"a:", b"a:b", b"a,b", b"a b", b"[::1]", b"a@b", b"", b"a/b", b"a\tb", b"\x00",
         b"b"]
STATUSES = [b"200", b"201", b"204", b"304", b"404", b"500", b"099", b"1000", b"20", b"2 00", b"+20", b"100", b"103",
            b"206", b"304 "]
BODY = b"hello"


class Message:
    """A message in parts that can be changed one by one."""

    def __init__(self, first, fields, body):
        self.first, self.fields, self.body, self.end = first, fields, body, b"\r\n"

    def encode(self):
        lines = b"".join(name + colon + value + end for name, colon, value, end in self.fields)
        return b" ".join(self.first) + b"\r\n" + lines + self.end + self.body


def field(name, value):
    return [name, b": ", value, b"\r\n"]


def chunked(rng, size=b"5"):
    shapes = [
        size + b"\r\n" + BODY + b"\r\n0\r\n\r\n",
        size + b"\r\n" + BODY + b"\r\n0\r\nX-T: 1\r\n\r\n",
        size + b"\n" + BODY + b"\n0\n\n",
        size + b"\r\n" + BODY + b"0\r\n\r\n",
        size + b"\r\n" + BODY + b"\r\n00\r\n\r\n",
        size + b"\r\n" + BODY + b"\r\n0\r\n",
        b"0\r\n\r\n",
        size + b"\r\n" + BODY + b"X\r\n0\r\n\r\n",
        size + b"\r\n" + BODY + b"\r\n0;x\r\n\r\n",
        size + b"\r\n" + BODY + b"\r\n0\r\nContent-Length: 9\r\n\r\n",
    ]
    return shapes[0] if rng.random() < 0.5 else rng.choice(shapes)


def whole_request(rng):
    kind = rng.randrange(4)
    fields = [field(b"Host", b"a")]
    if kind == 0:
        return Message([b"GET", b"/", b"HTTP/1.1"], fields, b"")
    if kind == 1:
        return Message([b"POST", b"/", b"HTTP/1.1"], [*fields, field(b"Content-Length", b"5")], BODY)
    if kind == 2:
        return Message([b"POST", b"/", b"HTTP/1.1"], [*fields, field(b"Transfer-Encoding", b"chunked")], chunked(rng))
    both = [field(b"Transfer-Encoding", b"chunked"), field(b"Content-Length", b"5")]
    rng.shuffle(both)
    return Message([b"POST", b"/", b"HTTP/1.1"], fields + both, chunked(rng))


def whole_response(rng):
    kind = rng.randrange(4)
    fields = [field(b"Content-Type", b"text/plain")]
    first = [b"HTTP/1.1", b"200", b"OK"]
    if kind == 0:
        return Message(first, [*fields, field(b"Content-Length", b"5")], BODY)
    if kind == 1:
        return Message(first, [*fields, field(b"Transfer-Encoding", b"chunked")], chunked(rng))
    if kind == 2:
        return Message(first, fields, BODY)
    both = [field(b"Transfer-Encoding", b"chunked"), field(b"Content-Length", b"5")]
    rng.shuffle(both)
    return Message(first, fields + both, chunked(rng))


def put_odd_byte(rng, message):
    line = rng.choice(message.fields)
    part = rng.randrange(4)
    at = rng.choice([0, len(line[part]), rng.randint(0, len(line[part]))])
    line[part] = line[part][:at] + rng.choice(ODD) + line[part][at:]


def change_framing_field(rng, message):
    lines = [line for line in message.fields if line[0] in (b"Transfer-Encoding", b"Content-Length")]
    line = rng.choice(lines or message.fields)
    line[2] = rng.choice(CODINGS if line[0].startswith(b"T") else LENGTHS)


def rename_field(rng, message):
    rng.choice(message.fields)[0] = rng.choice(NAMES)


def add_framing_field(rng, message):
    line = (
        field(rng.choice(NAMES), rng.choice(CODINGS))
        if rng.random() < 0.5
        else field(
            rng.choice([b"Content-Length", b"content-length", b"Content_Length", b"Content-Length "]),
            rng.choice(LENGTHS),
        )
    )
    message.fields.insert(rng.randint(0, len(message.fields)), line)


def repeat_field(rng, message):
    message.fields.append(list(rng.choice(message.fields)))


def change_line_end(rng, message):
    if rng.random() < 0.3:
        message.end = rng.choice([b"\n", b"\r", b"", b"\r\n\r\n", b" \r\n", b"\0\r\n"])
    else:
        rng.choice(message.fields)[3] = rng.choice([b"\n", b"\r", b"\r\r\n", b"\n\r", b"\0", b"\r\n \r\n", b"\r\n\r"])


def change_body(rng, message):
    message.body = (
        chunked(rng, rng.choice(SIZES)) if rng.random() < 0.7 else message.body[: rng.randint(0, len(message.body))]
    )


def append_message(rng, message):
    message.body += rng.choice(
        [b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n", b"X", b"GET /s", b"\0", b"0\r\n\r\n"]
    )


def change_first_line(rng, message):
    part = rng.randrange(len(message.first))
    if message.first[0].startswith(b"HTTP"):
        choices = [VERSIONS, STATUSES, [b"OK", b"", b"a b", b"\xff", b"O\0K", b"O\tK"]][part]
    else:
        choices = [METHODS, TARGETS, VERSIONS][part]
    message.first[part] = rng.choice(choices)


def change_host(rng, message):
    hosts = [line for line in message.fields if line[0].lower() == b"host"]
    if hosts:
        hosts[0][2] = rng.choice(HOSTS)
    if rng.random() < 0.2:
        message.fields.append(field(b"Host", rng.choice(HOSTS)))


def add_connection_field(rng, message):
    message.fields.append(
        field(
            b"Connection",
            rng.choice(
                [
                    b"close",
                    b"keep-alive",
                    b"Content-Length",
                    b"Transfer-Encoding",
                    b"Host",
                    b"close, x",
                    b"upgrade",
                    b"Close",
                ]
            ),
        )
    )


CHANGES = [put_odd_byte, put_odd_byte, change_framing_field, change_framing_field, rename_field, add_framing_field,
           repeat_field, change_line_end, change_body, append_message, change_first_line, change_host,
           add_connection_field]


def mutated(whole, count, seed):
    """`count` messages as bytes."""
    rng = random.Random(seed)
    for _ in range(count):
        message = whole(rng)
        for _ in range(rng.randint(1, 3)):
            rng.choice(CHANGES)(rng, message)
        yield message.encode()


def smuggling_requests():
    """Payloads of the public collections for request smuggling: a Transfer-Encoding that one side sees and the other
    does not, by every byte at every place, each beside a Content-Length that says otherwise."""
    name, value = b"Transfer-Encoding", b"chunked"
    lines = [name + b": " + coding for coding in CODINGS] + [other + b": " + value for other in NAMES]
    for byte in map(lambda n: bytes([n]), [*range(1, 0x21), *range(0x7F, 0x100)]):
        lines += [
            name + b":" + byte + value,
            name + byte + b": " + value,
            byte + name + b": " + value,
            name + b": " + value + byte,
            b"X: X" + byte + name + b": " + value,
            name + b": " + value + byte + b"X: X",
            b"X: X\r" + byte + name + b": " + value,
            b"X: X" + byte + b"\n" + name + b": " + value,
            name + b": " + value + b"\r" + byte + b"X: X",
            name + b": " + value + byte + b"\nX: X",
        ]
    bodies = [
        (b"4", b"1\r\nZ\r\nQ\r\n\r\n"),
        (b"6", b"0\r\n\r\nX"),
        (b"35", b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nX: Y"),
        (b"5", b"0\r\n\r\n"),
    ]
    for line in lines:
        for length, body in bodies:
            for pair in ([line, b"Content-Length: " + length], [b"Content-Length: " + length, line]):
                yield b"POST / HTTP/1.1\r\nHost: a\r\n" + b"\r\n".join(pair) + b"\r\n\r\n" + body
