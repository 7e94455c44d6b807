// A mailer for Node.js: the component in a worker thread, behind promises.
import { Worker } from 'node:worker_threads';

/** @typedef {import('./generated/interfaces/wasm-smtp-smtp-types.js').Config} Config */
/** @typedef {import('./generated/interfaces/wasm-smtp-smtp-types.js').Credentials} Credentials */
/** @typedef {import('./generated/interfaces/wasm-smtp-smtp-types.js').Message} Message */
/** @typedef {import('./generated/interfaces/wasm-smtp-smtp-types.js').Outcome} Outcome */

/** @param {URL} [generated] the folder that transpile.mjs wrote, with a slash at its end */
export function startMailer(generated = new URL('generated/', import.meta.url)) {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { generated: generated.href } });
  const waiting = new Map();
  let last = 0;
  worker.on('message', ({ id, outcome, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(Object.assign(new Error(error.message), error));
    else resolve(outcome);
  });
  worker.on('error', (error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return {
    /**
     * @param {Config} config
     * @param {Credentials} credentials
     * @param {Message} message
     * @returns {Promise<Outcome>}
     */
    send: (config, credentials, message) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        worker.postMessage({ id: last, config, credentials, message });
      }),
    stop: () => worker.terminate(),
  };
}
