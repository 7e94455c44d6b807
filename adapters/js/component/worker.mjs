// The worker thread: an instance of the component, and the calls that come for it, one after another.
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { instantiate } from "./generated/smtp-send.mjs";
import { createWasi } from "./wasi.mjs";

const load = (name) => new WebAssembly.Module(readFileSync(new URL(`./generated/${name}`, import.meta.url)));
const start = () => instantiate(load, createWasi(workerData.port, workerData.signal)).smtpSend;
let component = start();

parentPort.on("message", ({ id, name, parameters }) => {
  try {
    parentPort.postMessage({ id, value: component[name](...parameters) });
  } catch (error) {
    // What the interface calls an error is thrown as it is. Anything else is a fault, after which an
    // instance is not to be called again.
    if (Array.isArray(error?.recipients)) return parentPort.postMessage({ id, error });
    parentPort.postMessage({ id, fault: error instanceof TypeError ? error.message : String(error) });
    component = start();
  }
});
