// WASI 0.2 for the component, as far as it imports it: clocks, random octets, and sockets that another
// thread has (sockets.mjs). Nothing in here waits but `poll`.
import { randomFillSync } from "node:crypto";
import { isIPv6 } from "node:net";
import { receiveMessageOnPort } from "node:worker_threads";

const WINDOW = 1 << 18; // octets that may be on their way to the other thread

/** The parts of an address as WASI has them: 4 octets, or 8 groups. */
export function addressParts(text) {
  if (!isIPv6(text)) return text.split(".").map(Number);
  const [address] = text.split("%");
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = dotted ? `${dotted[1]}${((dotted[2] << 8) | dotted[3]).toString(16)}:${((dotted[4] << 8) | dotted[5]).toString(16)}` : address;
  const [head, tail] = plain.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const zeros = tail ? Array(8 - head.length - tail.length).fill("0") : [];
  return [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16));
}

const tagged = (text) => ({ tag: isIPv6(text) ? "ipv6" : "ipv4", val: addressParts(text) });

function socketAddress(text, port) {
  const { tag, val } = tagged(text);
  return { tag, val: tag === "ipv4" ? { port, address: val } : { port, flowInfo: 0, address: val, scopeId: 0 } };
}

function addressText({ tag, val: { address } }) {
  return tag === "ipv4" ? address.join(".") : address.map((group) => group.toString(16)).join(":");
}

/** What wasi:io/poll waits for: `ready` says whether it is so, `at` when it will be by itself. */
class Pollable {
  constructor(ready, at = Infinity) {
    this.isReady = ready;
    this.at = at;
  }
}

/** The imports of the component. */
export function createWasi(port, signal) {
  const listeners = new Map();
  let last = 0;

  const ask = (what, details) => port.postMessage({ ask: what, ...details });

  function hear() {
    for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port))
      listeners.get(message.message.id)?.(message.message);
  }

  function listen(listener) {
    last += 1;
    listeners.set(last, listener);
    return last;
  }

  class IoError extends Error {}
  const broken = () => ({ tag: "last-operation-failed", val: new IoError("the connection is lost") });

  class ResolveAddressStream {
    constructor(name) {
      this.id = listen(({ what, addresses, code }) => Object.assign(this, what === "found" ? { addresses: addresses.map(tagged) } : { code }));
      ask("lookup", { id: this.id, name });
    }
    get settled() {
      return this.addresses !== undefined || this.code !== undefined;
    }
    resolveNextAddress() {
      hear();
      if (this.code) throw this.code;
      if (!this.settled) throw "would-block";
      return this.addresses.shift();
    }
    subscribe() {
      return new Pollable(() => this.settled);
    }
    [Symbol.dispose]() {
      listeners.delete(this.id);
    }
  }

  class InputStream {
    constructor(socket) {
      this.socket = socket;
    }
    read(most) {
      const { socket } = this;
      hear();
      const [first] = socket.pieces;
      if (!first) {
        if (socket.broken) throw broken();
        if (socket.ended) throw { tag: "closed" };
        return new Uint8Array(0);
      }
      const length = Math.min(first.length, Number(most));
      if (length === first.length) socket.pieces.shift();
      else socket.pieces[0] = first.subarray(length);
      ask("taken", { id: socket.id, length });
      return first.subarray(0, length);
    }
    subscribe() {
      const { socket } = this;
      return new Pollable(() => socket.pieces.length > 0 || socket.ended || socket.broken);
    }
  }

  class OutputStream {
    constructor(socket) {
      this.socket = socket;
    }
    /** 0 while something is being flushed, as wasi:io has it. */
    checkWrite() {
      const { socket } = this;
      hear();
      if (socket.broken) throw broken();
      if (socket.under === 0) this.flushing = false;
      return BigInt(this.flushing ? 0 : WINDOW - socket.under);
    }
    write(octets) {
      const { socket } = this;
      if (socket.broken) throw broken();
      socket.under += octets.length;
      ask("write", { id: socket.id, octets: octets.slice() });
    }
    flush() {
      if (this.socket.broken) throw broken();
      this.flushing = true;
    }
    subscribe() {
      const { socket } = this;
      return new Pollable(() => socket.broken || (this.flushing ? socket.under === 0 : socket.under < WINDOW));
    }
  }

  class TcpSocket {
    state = "new";
    pieces = []; // that came, and were not read yet
    under = 0; // octets that were written, and are not known to be the system's yet
    ended = false;
    broken = false;

    startConnect(network, remote) {
      this.state = "connecting";
      this.id = listen((message) => this.#hear(message));
      ask("connect", { id: this.id, address: addressText(remote), port: remote.val.port });
    }
    #hear({ what, octets, length, code, address, port: number }) {
      if (what === "data") this.pieces.push(octets);
      else if (what === "written") this.under -= length;
      else if (what === "ended") this.ended = true;
      else if (what === "broken") this.broken = true;
      else if (what === "connected") Object.assign(this, { state: "connected", local: socketAddress(address, number) });
      else Object.assign(this, { state: "failed", code });
    }
    finishConnect() {
      hear();
      if (this.state === "failed") throw this.code;
      if (this.state !== "connected") throw this.state === "connecting" ? "would-block" : "not-in-progress";
      return [new InputStream(this), new OutputStream(this)];
    }
    localAddress() {
      if (!this.local) throw "invalid-state";
      return this.local;
    }
    subscribe() {
      return new Pollable(() => this.state !== "connecting");
    }
    [Symbol.dispose]() {
      if (this.id === undefined) return;
      ask("close", { id: this.id });
      listeners.delete(this.id);
    }
  }

  const now = () => process.hrtime.bigint();

  function poll(pollables) {
    for (;;) {
      const before = Atomics.load(signal, 0);
      hear();
      const moment = Number(now());
      const ready = pollables.flatMap(({ isReady, at }, index) => (at <= moment || isReady() ? [index] : []));
      if (ready.length > 0) return new Uint32Array(ready);
      const next = Math.min(...pollables.map(({ at }) => at));
      Atomics.wait(signal, 0, before, (next - moment) / 1e6);
    }
  }

  class Network {}
  return {
    "wasi:io/error": { Error: IoError },
    "wasi:io/poll": { Pollable, poll },
    "wasi:io/streams": { InputStream, OutputStream },
    "wasi:clocks/monotonic-clock": { now, subscribeInstant: (at) => new Pollable(() => false, Number(at)) },
    "wasi:clocks/wall-clock": {
      now() {
        const milliseconds = Date.now();
        return { seconds: BigInt(Math.floor(milliseconds / 1000)), nanoseconds: (milliseconds % 1000) * 1e6 };
      },
    },
    "wasi:random/random": { getRandomU64: () => randomFillSync(new BigUint64Array(1))[0] },
    "wasi:sockets/network": { Network },
    "wasi:sockets/instance-network": { instanceNetwork: () => new Network() },
    "wasi:sockets/ip-name-lookup": { ResolveAddressStream, resolveAddresses: (network, name) => new ResolveAddressStream(name) },
    "wasi:sockets/tcp": { TcpSocket },
    "wasi:sockets/tcp-create-socket": { createTcpSocket: () => new TcpSocket() },
  };
}
