// Sends a message, and then `count` more over the same connection, with the client asked for; answers with
// the time that those took.

import { connect } from "wasm-smtp";
import { WorkerMailer } from "worker-mailer";

const FROM = "bench@lab.test";
const TO = "b@lab.test";

const CLIENTS = {
  async "wasm-smtp"({ port, text, overlap }) {
    const client = await connect({ hostname: "127.0.0.1", port, tls: "none", ehloName: "bench.lab.test", overlap });
    return {
      send: () => client.send({ from: FROM, to: TO, message: `From: ${FROM}\r\nTo: ${TO}\r\nSubject: bench\r\n\r\n${text}` }),
      end: () => client.quit(),
    };
  },
  async "worker-mailer"({ port, text, user, pass }) {
    // It refuses to work without credentials where a server offers AUTH.
    const client = await WorkerMailer.connect({ host: "127.0.0.1", port, secure: false, startTls: false, credentials: { username: user, password: pass }, authType: "plain", logLevel: 4 });
    return { send: () => client.send({ from: FROM, to: TO, subject: "bench", text }), end: () => client.close() };
  },
};

export default {
  async fetch(request) {
    const { client, count, ...options } = await request.json();
    const { send, end } = await CLIENTS[client](options);
    await send();
    const began = Date.now();
    // What does not overlap messages by itself runs one after another.
    if (client === "wasm-smtp") await Promise.all(Array.from({ length: count }, send));
    else for (let index = 0; index < count; index += 1) await send();
    const ms = Date.now() - began;
    await end();
    return Response.json({ ms });
  },
};
