// An origin with a certificate of an authority that no machine trusts by itself.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const [, , key, cert] = process.argv;
const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
  response.end("hello over TLS");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
