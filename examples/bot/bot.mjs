// A delegation bot: what to hold now, and why. `node bot.mjs SITE FILE [SIZE]`
// FILE holds the vote accounts that are held, one a line, and is rewritten. Moving the stake is up to you. With
// the word `listen` for SIZE it waits for deliveries of a subscription, whose secret is WEBHOOK_SECRET, on PORT.
import { createHmac, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

// Of what may be held; each word is one of GET /api/v1/selection.
const WANTED = { max_commission: 0.05, superminority: false, delinquent: false };
// An older look at the chain moves nothing; what happened is told from so long ago on at first. Milliseconds.
const DAY = 24 * 3600 * 1000;

/** An answer of the API; throws what it says is wrong for anything but a good one. */
async function ask(path, words = {}) {
  const reply = await fetch(`${site}/api/v1/${path}?${new URLSearchParams(words)}`);
  const answer = await reply.json();
  if (!reply.ok) throw new Error(`${reply.status}: ${answer.detail}`);
  return answer;
}

/** Everyone held or to be held, each with an action: stays, enters or leaves. */
async function choose() {
  const answer = await ask("selection", { held: held().join(","), size, ...WANTED });
  if (!answer.as_of || Date.now() - Date.parse(answer.as_of) > DAY)
    throw new Error(`The newest look at the chain is of ${answer.as_of}; nothing is moved.`);
  return answer.items;
}

/** What costs it most, in sentences. */
async function explain(account) {
  const { score } = await ask(`validators/${account}/score`);
  const parts = [...(score?.parts ?? [])].sort((one, other) => one.points - other.points);
  return parts.slice(0, 2).map((part) => part.sentence);
}

/** Says what happened to those held (up to 200) since we asked last, or since yesterday. */
async function tellChanges() {
  const place = `${file}.cursor`;
  let since = existsSync(place) ? readFileSync(place, "utf8") : new Date(Date.now() - DAY).toISOString();
  for (let more = held().length > 0; more; ) {
    const answer = await ask("events", { since, vote_account: held().join(",") });
    for (const one of answer.items) console.log(`changed ${one.vote_account}: ${one.sentence}`);
    ({ cursor: since, more } = answer);
    writeFileSync(place, since);
  }
}

/** Whether our subscription sent this, within the last five minutes (the Standard Webhooks scheme). */
function isGenuine({ "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": given = "" }, body) {
  const key = Buffer.from(process.env.WEBHOOK_SECRET.replace("whsec_", ""), "base64");
  const ours = Buffer.from(`v1,${createHmac("sha256", key).update(`${id}.${sent}.`).update(body).digest("base64")}`);
  const signatures = given.split(" ").map((one) => Buffer.from(one));
  const known = signatures.some((one) => one.length === ours.length && timingSafeEqual(one, ours));
  return known && Math.abs(Date.now() / 1000 - Number(sent)) < 300;
}

/** A delivery is a bell: what happened is asked for, so that one that comes twice is told once. */
async function receive(request, response) {
  const body = Buffer.concat(await request.toArray());
  const genuine = isGenuine(request.headers, body);
  if (genuine) await tellChanges();
  response.writeHead(genuine ? 204 : 400).end();
}

const [site, file, size = "20"] = process.argv.slice(2);
const held = () => (existsSync(file) ? readFileSync(file, "utf8").split(/\s+/).filter(Boolean) : []);
if (size === "listen") createServer(receive).listen(process.env.PORT ?? 9000, "127.0.0.1");
else {
  await tellChanges();
  const chosen = await choose();
  for (const { action, vote_account, why } of chosen.filter((one) => one.action !== "stays")) {
    const parts = action === "enters" ? await explain(vote_account) : [];
    console.log([`${action} ${vote_account}: ${why}`, ...parts].join("\n  "));
  }
  const kept = chosen.filter((one) => one.action !== "leaves");
  writeFileSync(file, kept.map((one) => `${one.vote_account}\n`).join(""));
}
