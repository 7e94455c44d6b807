// The component in a thread of its own: its calls wait for the network, and would stop the event loop.
import { parentPort, workerData } from 'node:worker_threads';

/** @type {typeof import('./generated/smtp-send.js')} */
const { smtpSend } = await import(new URL('smtp-send.js', workerData.generated).href);

parentPort.on('message', ({ id, config, credentials, message }) => {
  try {
    parentPort.postMessage({ id, outcome: smtpSend.send(config, credentials, message) });
  } catch (error) {
    // What the interface calls an error is thrown as it is; anything else is a fault of the component.
    parentPort.postMessage({ id, error: error.recipients ? error : { kind: 'fault', message: String(error) } });
  }
});
