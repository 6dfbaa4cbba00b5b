// A delegation bot: what to hold now, and why. `node bot.mjs SITE FILE [SIZE]`
// FILE holds the vote accounts that are held, one a line, and is rewritten. Moving the stake is up to you.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

// Of what may be held; each word is one of GET /api/v1/selection.
const WANTED = { max_commission: 0.05, superminority: false, delinquent: false };
// An older look at the chain moves nothing; milliseconds.
const OLDEST = 24 * 3600 * 1000;

/** An answer of the API; throws what it says is wrong for anything but a good one. */
async function ask(site, path, words = {}) {
  const reply = await fetch(`${site}/api/v1/${path}?${new URLSearchParams(words)}`);
  const answer = await reply.json();
  if (!reply.ok) throw new Error(`${reply.status}: ${answer.detail}`);
  return answer;
}

/** Everyone held or to be held, each with an action: stays, enters or leaves. */
async function choose(site, held, size) {
  const answer = await ask(site, "selection", { held: held.join(","), size, ...WANTED });
  if (!answer.as_of || Date.now() - Date.parse(answer.as_of) > OLDEST)
    throw new Error(`The newest look at the chain is of ${answer.as_of}; nothing is moved.`);
  return answer.items;
}

/** What costs it most, in sentences. */
async function explain(site, account) {
  const { score } = await ask(site, `validators/${account}/score`);
  const parts = [...(score?.parts ?? [])].sort((one, other) => one.points - other.points);
  return parts.slice(0, 2).map((part) => part.sentence);
}

const [site, file, size = "20"] = process.argv.slice(2);
const held = existsSync(file) ? readFileSync(file, "utf8").split(/\s+/).filter(Boolean) : [];
const chosen = await choose(site, held, size);
for (const { action, vote_account, why } of chosen.filter((one) => one.action !== "stays")) {
  const parts = action === "enters" ? await explain(site, vote_account) : [];
  console.log([`${action} ${vote_account}: ${why}`, ...parts].join("\n  "));
}
const kept = chosen.filter((one) => one.action !== "leaves");
writeFileSync(file, kept.map((one) => `${one.vote_account}\n`).join(""));
