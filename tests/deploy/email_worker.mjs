// Runs the Email Worker once, as Cloudflare would: node email_worker.mjs WORKER URL SECRET FROM TO < mail
// Prints what became of the mail: {"outcome": "accepted" | "rejected" | "thrown", "reason": …}
import { pathToFileURL } from "node:url";

const [worker, url, secret, from, to] = process.argv.slice(2);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

let rejected = null;
const message = {
  from,
  to,
  raw: new Blob(chunks).stream(),
  setReject: (reason) => {
    rejected = reason;
  },
};
const told = (outcome, reason) => console.log(JSON.stringify({ outcome, reason }));

const { default: handler } = await import(pathToFileURL(worker));
try {
  await handler.email(message, { INLET_URL: url, INLET_SECRET: secret });
  told(rejected === null ? "accepted" : "rejected", rejected);
} catch (error) {
  told("thrown", String(error));
}
