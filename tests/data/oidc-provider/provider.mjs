// A certified provider with its own pages: node provider.mjs PORT CLIENT SECRET BACK. It prints `ready`. PUT /people/SUB sets claims.
import { createServer } from "node:http";

import Provider from "oidc-provider";

const [port, client, secret, back] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const people = new Map();

const provider = new Provider(issuer, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [back] }],
  cookies: { keys: ["signs the cookies of the provider"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
  pkce: { required: () => true, methods: ["S256"] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
});

const answer = provider.callback();
createServer((request, response) => {
  if (request.method !== "PUT") {
    answer(request, response);
    return;
  }
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    people.set(request.url.split("/").pop(), JSON.parse(body));
    response.end();
  });
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
