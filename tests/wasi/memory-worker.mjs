// A component in a worker thread, for memory.test.mjs: makes the calls that it is told to, and searches the
// instance's memory while they wait for the server, and after them.
import { parentPort, workerData } from 'node:worker_threads';
import { createWasi } from '../../adapters/js/component/wasi.mjs';
import { instantiateComponent } from './jco.mjs';

const { port, signal, component } = workerData;
const imports = createWasi(port, signal);
const { poll, Pollable } = imports['wasi:io/poll'];
const { InputStream, OutputStream } = imports['wasi:io/streams'];
const clock = imports['wasi:clocks/monotonic-clock'];
clock.subscribeDuration = (length) => clock.subscribeInstant(clock.now() + length);

let needles = {};
let during = new Set();
function look() {
  for (const name of instance.find(needles)) during.add(name);
}
imports['wasi:io/poll'] = {
  Pollable,
  poll(pollables) {
    look();
    return poll(pollables);
  },
};
let dialogue = '';
const { read } = InputStream.prototype;
const { write } = OutputStream.prototype;
InputStream.prototype.read = function (...parameters) {
  look(); // a quick answer is not waited for
  const octets = read.apply(this, parameters);
  dialogue += Buffer.from(octets).toString('latin1');
  return octets;
};
OutputStream.prototype.write = function (octets) {
  dialogue += Buffer.from(octets).toString('latin1');
  return write.call(this, octets);
};

const instance = await instantiateComponent(component, imports);
const { smtpSend, client } = instance.exports;
let connection;
const CALLS = {
  send: (...parameters) => smtpSend.send(...parameters),
  connect: (config) => {
    connection = client.Connection.connect(config);
  },
  login: (credentials) => connection.login(credentials),
  noop: () => connection.noop(),
  quit: () => connection.quit(),
  search: () => {},
};

parentPort.on('message', ({ name, parameters, secrets }) => {
  needles = secrets ?? needles;
  during = new Set();
  dialogue = '';
  let error;
  try {
    CALLS[name](...parameters);
  } catch (thrown) {
    error = thrown.message ?? String(thrown);
  }
  parentPort.postMessage({ error, during: [...during], after: instance.find(needles), dialogue });
});
