// Compiled, never run: what the types must allow, and (after @ts-expect-error) what they must refuse.

import { boundedPolicy, connect, connectSmtps, connectSmtpStarttls, sendMail, SmtpError } from "wasm-smtp";
import type { AuditEvent, Capabilities, Client, Extension, KeyCache, SendResult, TokenSource } from "wasm-smtp";
import { connect as connectOver, sendMail as sendMailOver } from "wasm-smtp/client";
import type { Host } from "wasm-smtp/client";

export async function usage(stream: ReadableStream<Uint8Array>, pieces: AsyncIterable<string>): Promise<string> {
  await using client: Client = await connect({
    hostname: "smtp.example.com",
    port: 465,
    tls: "implicit",
    ehloName: "client.example.com",
    auth: { user: "u", pass: "p", mechanism: "SCRAM-SHA-256" },
    timeouts: { connect: 1000, endOfData: Infinity },
    protocol: "lmtp",
    pipelining: true,
    chunking: false,
    eagerOctets: 4096,
    overlap: 10,
    early: true,
    expected: JSON.parse("{}") as Capabilities,
    signal: AbortSignal.timeout(1000),
    policy: boundedPolicy({ maxRecipients: 3 }),
    onEvent(event: AuditEvent) {
      if (event.type === "RecipientRejected") event.address.toUpperCase();
      if (event.type === "SessionAborted") event.error.reason.toUpperCase();
    },
    trace: ({ direction, bytes }) => void [direction === "sent", bytes.length],
  });
  const result: SendResult = await client.send({ from: null, to: ["a@example.com"], message: stream });
  await client.send({ from: "a@example.com", to: "b@example.com", message: pieces, newlines: "crlf", longLines: "pass", size: 3 });
  await client.send({ from: "a@example.com", to: "b@example.com", message: ["a", new Uint8Array(1)], smtputf8: true, allOrNothing: true });
  await client.send({
    from: "a@example.com",
    to: ["b@example.com", { address: "c@example.com", notify: ["failure", "delay"], originalRecipient: "d@example.com" }],
    message: () => stream,
    dsn: { return: "headers", envelopeId: "1", notify: "never", originalRecipient: "x400;/s=x/" },
    deliverBy: { seconds: 60, mode: "notify", trace: true },
    hold: { until: new Date() },
    priority: -3,
    requireTls: true,
    submitter: null,
    perRecipientReplies: true,
    binary: true,
    optional: ["dsn", "priority"],
  });
  const optional: Extension = "hold";
  await client.send({ from: null, to: { address: "a@example.com" }, message: ["a"], hold: { seconds: 60 }, optional });
  await client.login({ mechanism: "EXTERNAL" });
  await client.login({ mechanism: "ANONYMOUS", user: "trace" });
  const found: number | null = (await client.vrfy("a")).code ?? (await client.expn("list", { signal: AbortSignal.timeout(1) })).code;
  await client.help();
  await client.help("MAIL");
  await client.xclient({ addr: "192.0.2.1", port: 25, name: null }, { optional: ["port"] });
  if (found) connect({ hostname: "h", expected: client.capabilities });
  await client.login({ user: "u", accessToken: "t" }, { signal: AbortSignal.timeout(1) });
  await client.login({ user: "u", accessToken: (refusal) => (refusal ? `${refusal.detail}` : Promise.resolve("t")) });
  await client.login({ user: "u", accessToken: () => "t" });
  await client.login({ user: "u", pass: "p", keys: new Map<string, Uint8Array>() });
  await client.login({ user: "u", pass: "p", keys });
  const size: number | null = client.capabilities.size;
  const status: "accepted" | "refused" | "deferred" | "not-sent" | "in-doubt" | undefined = result.recipients[0]?.status;
  await connectSmtps("smtp.example.com", 465, "client.example.com", { ca: ["PEM"] });
  await connectSmtpStarttls("smtp.example.com", 587, "client.example.com");
  await sendMail({ hostname: "smtp.example.com", from: "a@example.com", to: "b@example.com", message: "x" });
  try {
    await client.quit();
  } catch (error) {
    if (error instanceof SmtpError && error.kind === "refused" && error.retryable) return `${error.code} ${error.recipients?.length}`;
  }
  return `${size} ${status}`;
}

const keys: KeyCache = { get: async (id) => (id ? new ArrayBuffer(32) : null), set: async (id, key) => void [id, key.length], delete: () => true };
export const tokens: TokenSource = async (refusal?: SmtpError) => refusal?.reason ?? "t";

export const host: Host = {
  module: () => new WebAssembly.Module(new Uint8Array()),
  open: async ({ hostname, port, signal }) => ({
    read: async () => (signal.aborted ? null : new TextEncoder().encode(hostname + port)),
    write: async () => undefined,
    startTls() {
      throw new Error("no TLS");
    },
    close: async () => undefined,
  }),
};
export const own = connectOver(host, { hostname: "localhost", tls: "none" });
export const sent = sendMailOver(host, { hostname: "localhost", from: null, to: "a@example.com", message: "x" });

// @ts-expect-error hostname is needed
connect({ port: 25 });
// @ts-expect-error there is no such mode
connect({ hostname: "h", tls: "maybe" });
// @ts-expect-error there is no such protocol
connect({ hostname: "h", protocol: "esmtp" });
// @ts-expect-error a number of messages
connect({ hostname: "h", overlap: true });
// @ts-expect-error a misspelt option
connect({ hostname: "h", tlsMode: "none" });
// @ts-expect-error a password or a token, not both
connect({ hostname: "h", auth: { user: "u", pass: "p", accessToken: "t" } });
// @ts-expect-error and not neither
connect({ hostname: "h", auth: { user: "u" } });
// @ts-expect-error a token is a text
connect({ hostname: "h", auth: { user: "u", accessToken: () => 7 } });
// @ts-expect-error a function gives tokens, not passwords
connect({ hostname: "h", auth: { user: "u", pass: () => "p" } });
// @ts-expect-error keys must be deleted, too
connect({ hostname: "h", auth: { user: "u", pass: "p", keys: { get: () => undefined, set: () => undefined } } });
// @ts-expect-error a mode is part of the shortcut's name
connectSmtps("h", 465, "e", { tls: "none" });
// @ts-expect-error recipients have no display names
sendMail({ hostname: "h", from: null, to: [{ address: "a@b", name: "A" }], message: "" });
// @ts-expect-error an address is needed
sendMail({ hostname: "h", from: null, to: [{ notify: "never" }], message: "" });
// @ts-expect-error never, or some of the others
sendMail({ hostname: "h", from: null, to: "a@b", message: "", dsn: { notify: ["never"] } });
// @ts-expect-error for so long, or until then
sendMail({ hostname: "h", from: null, to: "a@b", message: "", hold: { seconds: 3, until: new Date() } });
// @ts-expect-error optional names options
sendMail({ hostname: "h", from: null, to: "a@b", message: "", optional: ["from"] });
// @ts-expect-error a mechanism with a password needs one
connect({ hostname: "h", auth: { mechanism: "PLAIN" } });
// @ts-expect-error a message is needed
sendMail({ hostname: "h", from: null, to: "a@example.com" });
// @ts-expect-error numbers are no message
sendMail({ hostname: "h", from: null, to: "a@example.com", message: 3 });
// @ts-expect-error errors cannot be changed
new SmtpError().kind = "input";
