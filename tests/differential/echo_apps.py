"""The application "answer with what you read" on web servers written in Python: echo_apps.py SERVER PORT. Each answers
`method|target|host|body`."""

import asyncio
import sys


def seen(method, target, host, body):
    return b"|".join((method, target, host, body))


def wsgi(environ, start_response):
    body = environ["wsgi.input"].read()
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    text = seen(
        environ["REQUEST_METHOD"].encode("latin-1"),
        target.encode("latin-1"),
        environ.get("HTTP_HOST", "").encode("latin-1"),
        body,
    )
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text] if environ["REQUEST_METHOD"] != "HEAD" else []  # gunicorn would send it


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    text = seen(scope["method"].encode("latin-1"), target, dict(scope["headers"]).get(b"host", b""), body)
    length = (b"content-length", b"%d" % len(text))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": text})


def run_tornado(port):
    from tornado import httpserver, ioloop

    def answer(request):
        text = seen(
            request.method.encode(),
            request.uri.encode("latin-1"),
            request.headers.get("Host", "").encode("latin-1"),
            request.body,
        )
        start = ("HTTP/1.1", 200, "OK")
        from tornado.httputil import HTTPHeaders, ResponseStartLine

        request.connection.write_headers(ResponseStartLine(*start), HTTPHeaders({"Content-Length": str(len(text))}))
        if request.method != "HEAD":
            request.connection.write(text)
        request.connection.finish()

    httpserver.HTTPServer(answer).listen(port, "127.0.0.1")
    ioloop.IOLoop.current().start()


def run_aiohttp(port):
    from aiohttp import web

    async def answer(request):
        text = seen(
            request.method.encode(),
            request.raw_path.encode("latin-1", "surrogateescape"),
            request.headers.get("Host", "").encode("latin-1", "surrogateescape"),
            await request.read(),
        )
        return web.Response(body=text)

    async def serve():
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()

    asyncio.run(serve())


def run_uvicorn(port):
    import uvicorn

    uvicorn.run(asgi, host="127.0.0.1", port=port, log_level="critical", http="h11", lifespan="off")


if __name__ == "__main__":
    {"tornado": run_tornado, "aiohttp": run_aiohttp, "uvicorn": run_uvicorn}[sys.argv[1]](int(sys.argv[2]))
