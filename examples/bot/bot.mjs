// What to hold now, and why: `node bot.mjs SITE FILE [SIZE]`. FILE has the vote accounts held, and is rewritten.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const WANTED = { max_commission: 0.05, superminority: false, delinquent: false };
const DAY_AGO = new Date(Date.now() - 24 * 3600 * 1000).toISOString();
const [site, file = end("node bot.mjs SITE FILE [SIZE]"), size = "20"] = process.argv.slice(2);

function end(said) {
  console.error(said);
  process.exit(1);
}

/** Ends the bot, with what the API says is wrong, for anything but a good answer. */
async function ask(path, words = {}) {
  const asked = fetch(`${site}/api/v1/${path}?${new URLSearchParams(words)}`, { signal: AbortSignal.timeout(30_000) });
  const reply = await asked.catch(({ cause, message }) => end(`${path}: ${cause?.code ?? message}`));
  const answer = await reply.json().catch((error) => (reply.ok ? end(`${path}: ${error.message}`) : {}));
  if (!reply.ok) end(`${path}: ${answer.detail ?? `HTTP Error ${reply.status}: ${reply.statusText}`}`);
  return answer;
}

const read = (path, otherwise) => (existsSync(path) ? readFileSync(path, "utf8") : otherwise);
const held = read(file, "").trim().split(/\s+/).join(",");
// What happened to those held since we asked last, or since yesterday.
for (let more = held !== ""; more; ) {
  const answer = await ask("events", { vote_account: held, since: read(`${file}.cursor`, DAY_AGO) });
  for (const { vote_account, sentence } of answer.items) console.log(`changed ${vote_account}: ${sentence}`);
  writeFileSync(`${file}.cursor`, answer.cursor);
  more = answer.more;
}
const { as_of, scored_at, doubt, items } = await ask("selection", { held, size, ...WANTED });
const isOld = !(as_of > DAY_AGO && scored_at > DAY_AGO);
if (doubt || isOld) end(`Nothing is moved: ${doubt ?? `seen ${as_of}, scored ${scored_at}`}`);
for (const { action, vote_account, why } of items.filter((one) => one.action !== "stays")) {
  const parts = action === "enters" ? (await ask(`validators/${vote_account}/score`)).score.parts : [];
  const costs = parts.filter((one) => one.points < -0.05).sort((one, other) => one.points - other.points).slice(0, 2);
  console.log([`${action} ${vote_account}: ${why}`, ...costs.map((part) => part.sentence)].join("\n  "));
}
const kept = items.filter((one) => ["stays", "enters"].includes(one.action));
writeFileSync(file, kept.map((one) => `${one.vote_account}\n`).join(""));
