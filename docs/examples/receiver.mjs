#!/usr/bin/env node
// A CRM's side of callbridge with nothing but Node.js 18 or newer: verify, know repeats again, keep, answer.
//
//     CALLBRIDGE_SECRET_FILE=crm.secret node receiver.mjs 9000
//
// The package `standardwebhooks` verifies as well; this shows that there is no magic in it.

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const MOST_BYTES = 1 << 20;
const TOLERANCE_S = 5 * 60;
const REMEMBERED = 10_000; // a real CRM keeps these ids in its database, in the same transaction as the event

const secret = readFileSync(process.env.CALLBRIDGE_SECRET_FILE ?? "crm.secret", "utf8").trim();
const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
const seen = new Set();

// The signature is over the bytes as they came, not over JSON that was parsed and written again.
function verified(headers, body) {
  const id = headers["webhook-id"];
  const timestamp = Number(headers["webhook-timestamp"]);
  if (!id || !Number.isInteger(timestamp) || Math.abs(Date.now() / 1000 - timestamp) > TOLERANCE_S) return false;
  const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((each) => {
    const [version, signature] = each.split(",", 2); // while a secret is changed there are two
    const given = Buffer.from(signature ?? "", "base64");
    return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

function took(id, event) {
  if (seen.has(id)) return; // delivered twice: nothing to do, and no error
  seen.add(id);
  if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
  const call = event.data.call;
  console.log(event.type, call ? `${call.id} ${call.state} ${call.from.name ?? call.from.number ?? "withheld"}` : event.data.pbx);
}

const server = createServer((request, response) => {
  const pieces = [];
  let bytes = 0;
  request.on("data", (piece) => {
    bytes += piece.length;
    if (bytes > MOST_BYTES) request.destroy();
    else pieces.push(piece);
  });
  request.on("end", () => {
    const body = Buffer.concat(pieces);
    const good = request.method === "POST" && verified(request.headers, body);
    if (good) took(request.headers["webhook-id"], JSON.parse(body));
    response.writeHead(good ? 204 : 401).end();
  });
  request.on("error", () => response.destroy());
});

server.listen(Number(process.argv[2] ?? 9000), "127.0.0.1", () => console.log("listening on", server.address().port));
