// Runs the demo: an SMTP server with TLS and a Worker in workerd, both on this machine only. Sends
// one message through the Worker's contact form and prints what arrived.
//
//   node demo/run.mjs          one message, then ends
//   node demo/run.mjs --keep   goes on until Ctrl-C (also KEEP=1 in the environment), to be opened
//                              in a browser; --port N for a port of your choice

import { once } from "node:events";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { startServers } from "../tests/servers/servers.mjs";
import { startWorker } from "../tests/runtime/workerd.mjs";

const { values: options } = parseArgs({ options: { keep: { type: "boolean", default: Boolean(process.env.KEEP) }, port: { type: "string", default: "0" } } });

const FORM = {
  name: "Zo\u00eb \u2615 <b>",
  email: "zoe@visitor.example",
  subject: "Gr\u00fc\u00dfe \u2014 and\r\nBcc: nobody@lab.test is only text",
  text: "Hello,\n\n.this line starts with a dot, and this one ends with \u2603\n\nZo\u00eb\n",
};

/** Header fields as they came, and the body decoded. */
function show(content) {
  const text = content.toString("latin1");
  const cut = text.indexOf("\r\n\r\n");
  const body = text.slice(cut + 4);
  const decoded = /^content-transfer-encoding: base64$/im.test(text.slice(0, cut)) ? Buffer.from(body, "base64").toString("utf8") : body;
  return `${text.slice(0, cut)}\n\n${decoded}`.replaceAll("\r\n", "\n");
}

const indent = (text) => text.trimEnd().replace(/^/gm, "    ");

console.log("demo: starting an SMTP server with TLS (smtp-server) and workerd on loopback");
const servers = await startServers({ names: ["smtp-server"] });
const smtp = servers["smtp-server"];
const received = [];
const mailbox = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(received.map(show)));
});
mailbox.listen(0, "127.0.0.1");
await once(mailbox, "listening");

let worker;

async function stop() {
  mailbox.closeAllConnections();
  mailbox.close();
  await worker?.stop();
  await servers.stop();
}

function print({ envelope, content }) {
  received.unshift(content);
  console.log(`\n== what the SMTP server received: from <${envelope.from}> to ${envelope.to.map((address) => `<${address}>`).join(", ")}, ` +
    `user ${envelope.user}, TLS ${envelope.secure ? "on" : "off"}\n`);
  console.log(indent(show(content)));
}

try {
  const [alice] = servers.users;
  worker = await startWorker({
    entry: "demo/worker.mjs",
    caFile: servers.ca.file,
    listen: `127.0.0.1:${options.port}`,
    bindings: {
      SMTP_HOST: "localhost",
      SMTP_PORT: smtp.listeners.implicit.port,
      SMTP_USER: alice.user,
      SMTP_PASS: alice.pass,
      MAIL_FROM: "form@lab.test",
      MAIL_TO: "support@lab.test",
      MAILBOX_URL: `http://127.0.0.1:${mailbox.address().port}/`,
    },
  });

  const response = await fetch(worker.url, { method: "POST", body: new URLSearchParams(FORM) });
  const html = await response.text();
  if (!response.ok) throw new Error(`the Worker answered ${response.status}:\n${html}\n${worker.log()}`);
  console.log("\n== what the Worker says\n");
  for (const [, name, fact] of html.matchAll(/<tr><th>(.*?)<\/th><td>(.*?)<\/td>/g)) console.log(`    ${name.padEnd(14)} ${fact}`);
  const [message] = await smtp.delivered({ count: 1 });
  print(message);
  if (!show(message.content).includes(FORM.text.trim()) || message.envelope.to.length !== 1) {
    throw new Error("the message that arrived is not the message that was sent");
  }
  console.log("\ndemo: delivered. It came from a Worker in workerd, through wasm-smtp, over TLS.");
  if (options.keep) {
    console.log(`demo: open ${worker.url} in a browser; Ctrl-C ends it`);
    let going = true;
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (going = false));
    while (going) {
      const messages = await smtp.delivered({ count: 1, timeoutMs: 1000 }).catch(() => []);
      messages.forEach(print);
    }
  }
} finally {
  await stop();
}
