// Node.js answers with what it read: node echo.js PORT
const http = require("http");

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const head = Buffer.from(`${request.method}|${request.url}|${request.headers.host || ""}|`, "latin1");
    const text = Buffer.concat([head, ...pieces]);
    response.writeHead(200, { "Content-Length": text.length });
    response.end(text);
  });
});
server.on("checkContinue", (request, response) => server.emit("request", request, response));
server.listen(Number(process.argv[2]), "127.0.0.1");
