// Runs the bot whenever something happened: `WEBHOOK_SECRET=whsec_… node listen.mjs SITE FILE [SIZE]`.
import { spawn } from "node:child_process";
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const KEY = Buffer.from(process.env.WEBHOOK_SECRET.replace("whsec_", ""), "base64");
const BOT = [fileURLToPath(new URL("bot.mjs", import.meta.url)), ...process.argv.slice(2)];

/** Whether our subscription sent it within the last five minutes (the Standard Webhooks scheme). */
function isGenuine({ "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": given = "" }, body) {
  const digest = createHmac("sha256", KEY).update(`${id}.${sent}.`).update(body).digest("base64");
  const ours = Buffer.from(`v1,${digest}`);
  const signatures = given.split(" ").map((one) => Buffer.from(one));
  const signed = signatures.some((one) => one.length === ours.length && timingSafeEqual(one, ours));
  return signed && Math.abs(Date.now() / 1000 - Number(sent)) < 300;
}

/** A delivery is a bell: the bot asks what happened, so that one that comes twice is told once. */
async function receive(request, response) {
  const genuine = isGenuine(request.headers, Buffer.concat(await request.toArray()));
  const [code] = genuine ? await once(spawn(process.execPath, BOT, { stdio: "inherit" }), "exit") : [];
  response.writeHead(!genuine ? 400 : code === 0 ? 204 : 500).end();
}

createServer(receive).listen(process.env.PORT ?? 9000, "127.0.0.1");
