// A contact form on Cloudflare Workers. Bindings: SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASS,
// MAIL_FROM, MAIL_TO, and MAILBOX_URL, from which the demo shows what the server has received.

import { SmtpError, connect } from "wasm-smtp";
import { composeMessage, isPlainAddress } from "./compose.mjs";
import { formPage, respond, resultPage } from "./page.mjs";

const LIMITS = { name: 100, email: 254, subject: 200, text: 20000 };

/** What a visitor must mend, or null. */
function problemOf(values) {
  for (const [field, limit] of Object.entries(LIMITS)) {
    if (!values[field].trim()) return `Please fill in the field "${field}".`;
    if (values[field].length > limit) return `The field "${field}" takes at most ${limit} characters.`;
  }
  return isPlainAddress(values.email) ? null : "That does not look like an email address.";
}

async function send(values, env) {
  const began = Date.now();
  const events = [];
  const client = await connect({
    hostname: env.SMTP_HOST,
    port: Number(env.SMTP_PORT),
    tls: "implicit",
    ehloName: "worker.example",
    auth: { user: env.SMTP_USER, pass: env.SMTP_PASS },
    timeouts: { connect: 10_000, tls: 10_000, greeting: 20_000, command: 20_000 },
    onEvent: ({ type }) => events.push(type),
  });
  const { secure, mechanism } = client;
  try {
    const message = composeMessage({ from: env.MAIL_FROM, to: env.MAIL_TO, name: values.name, replyTo: values.email, subject: values.subject, text: values.text });
    const result = await client.send({ from: env.MAIL_FROM, to: env.MAIL_TO, message });
    return [
      ["Server", `${env.SMTP_HOST}:${env.SMTP_PORT}`],
      ["Channel", secure ? "TLS, certificate verified" : "not encrypted"],
      ["Login", mechanism],
      ...result.recipients.map(({ address, status, code, enhanced, text }) => ["Recipient", `${address}: ${status} (${[code, enhanced, text].filter(Boolean).join(" ")})`]),
      ["Queue id", result.queueId ?? "none given"],
      ["Engine memory", `${client.memorySize / 1024} KiB`],
      ["Time", `${Date.now() - began} ms`],
      ["Events", events.join(" \u2192 ")],
    ];
  } finally {
    await client.quit();
  }
}

async function received(env) {
  if (!env.MAILBOX_URL) return [];
  const response = await fetch(env.MAILBOX_URL);
  return response.json();
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname !== "/") return respond("Not found", "<p>There is nothing here.</p>", 404);
    const about = { to: env.MAIL_TO, server: `${env.SMTP_HOST}:${env.SMTP_PORT}` };
    if (request.method === "GET") return formPage({ ...about, received: await received(env) });
    if (request.method !== "POST") return respond("Not allowed", "<p>GET and POST only.</p>", 405);

    const form = await request.formData();
    const values = Object.fromEntries(Object.keys(LIMITS).map((field) => [field, String(form.get(field) ?? "")]));
    const problem = problemOf(values);
    if (problem) return formPage({ ...about, values, problem }, 422);
    try {
      return resultPage({ title: "Thank you", good: true, facts: await send(values, env) });
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      const facts = ["message", "kind", "reason", "step", "code", "enhanced", "retryable", "inDoubt"].map((name) => [name, error[name] ?? "none"]);
      return resultPage({ title: "That did not work", good: false, facts }, 502);
    }
  },
};
