// Cloudflare Email Worker that posts each mail to Inlet, signed as Standard Webhooks 1.0.
// Variables: INLET_URL (the account's webhook URL) and, as a secret, INLET_SECRET (whsec_…).

export default {
  async email(message, env) {
    const bytes = (text) => new TextEncoder().encode(text);
    const joined = async (...parts) => new Uint8Array(await new Blob(parts).arrayBuffer());
    const mail = await new Response(message.raw).arrayBuffer(); // the stream can be read once
    const body = await joined(bytes(`Return-Path: <${message.from}>\r\nDelivered-To: ${message.to}\r\n`), mail);

    const id = `cf_${crypto.randomUUID()}`;
    const time = Math.floor(Date.now() / 1000);
    const secret = Uint8Array.from(atob(env.INLET_SECRET.replace(/^whsec_/, "")), (c) => c.charCodeAt(0));
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, await joined(bytes(`${id}.${time}.`), body));

    const answer = await fetch(env.INLET_URL, {
      method: "POST",
      body,
      headers: {
        "content-type": "message/rfc822",
        "webhook-id": id,
        "webhook-timestamp": String(time),
        "webhook-signature": `v1,${btoa(String.fromCharCode(...new Uint8Array(mac)))}`,
      },
    });
    if (answer.ok) return;
    if (answer.status === 413) return message.setReject("The message is too large.");
    if ([404, 422].includes(answer.status)) return message.setReject("There is no such address.");
    throw new Error(`Inlet answered ${answer.status}`); // a temporary failure: the sender tries again
  },
};
