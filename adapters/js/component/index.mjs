// A mailer: the component smtp-send in a worker thread, behind promises. Its calls wait for the server,
// and would stop the event loop; its sockets are this thread's (sockets.mjs).
import { Worker } from "node:worker_threads";
import { serveSockets } from "./sockets.mjs";

/** Why a message was not sent. The members are those of the interface's `error`. */
export class SendError extends Error {
  constructor({ message, ...details }) {
    super(message);
    this.name = "SendError";
    Object.assign(this, details);
  }
}

// The component wants every member that is not optional in the interface. undefined counts as missing.
const completeConfig = (config) => ({
  ...config,
  trust: config.trust ?? { tag: "bundled" },
  timeLimits: config.timeLimits ?? [],
  protocol: config.protocol ?? "smtp",
  options: config.options ?? {},
});
const completeEnvelope = (envelope) => ({
  ...envelope,
  recipients: envelope.recipients.map((recipient) => (typeof recipient === "string" ? { address: recipient } : recipient)),
  options: envelope.options ?? {},
  parameters: envelope.parameters ?? [],
  optional: envelope.optional ?? {},
});

function completeCredentials(credentials) {
  if (!credentials?.val) return { tag: "none", ...credentials };
  const { tag, val } = credentials;
  return { tag, val: { ...val, identity: val.identity ?? "", mechanism: val.mechanism ?? "automatic", allowPlaintext: val.allowPlaintext ?? false } };
}

/** Lists of octets must be Uint8Arrays, and as such cross to the worker by copy. */
function checkContent({ content } = {}) {
  if (!(content instanceof Uint8Array)) throw new TypeError("message.content must be a Uint8Array");
}

export function startMailer() {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL("./worker.mjs", import.meta.url), { workerData: { port: port2, signal }, transferList: [port2] });
  const sockets = serveSockets(port1, signal);
  const waiting = new Map();
  let last = 0;
  let ended;
  worker.unref(); // what is under way keeps the process; a mailer that waits for work does not

  function end(reason) {
    ended ??= reason;
    sockets.close();
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  }
  worker.on("message", ({ id, value, error, fault }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (error) reject(new SendError(error));
    else if (fault) reject(new Error(`the component failed: ${fault}`));
    else resolve(value);
  });
  worker.on("error", (error) => end(error));
  worker.on("exit", () => end(new Error("the mailer was stopped")));

  const call = (name, ...parameters) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      last += 1;
      worker.postMessage({ id: last, name, parameters });
      waiting.set(last, { resolve, reject });
      worker.ref();
    });

  return {
    async send(config, credentials, message) {
      checkContent(message);
      const { envelope, content } = message;
      return call("send", completeConfig(config), completeCredentials(credentials), { envelope: completeEnvelope(envelope), content });
    },
    bundledRoots: () => call("bundledRoots"),
    async stop() {
      end(new Error("the mailer was stopped"));
      await worker.terminate();
    },
  };
}
