// What Node.js makes of the responses of http://127.0.0.1:PORT/0 to /COUNT-1, as JSON: node fetch.js PORT COUNT
const http = require("http");
const crypto = require("crypto");

const [port, count] = process.argv.slice(2).map(Number);

function fetchOne(number) {
  return new Promise((resolve) => {
    const request = http.get({ port, host: "127.0.0.1", path: `/${number}`, agent: false }, (response) => {
      const hash = crypto.createHash("sha256");
      response.on("data", (piece) => hash.update(piece));
      response.on("end", () => resolve(response.complete ? [response.statusCode, hash.digest("hex")] : "broken off"));
      response.on("error", (error) => resolve(String(error)));
    });
    request.on("error", (error) => resolve(String(error)));
  });
}

(async () => {
  const seen = {};
  for (let number = 0; number < count; ++number) seen[number] = await fetchOne(number);
  console.log(JSON.stringify(seen));
})();
