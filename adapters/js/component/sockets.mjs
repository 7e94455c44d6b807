// The event loop's side of the sockets: does what wasi.mjs asks for over `port`, tells it what happened,
// and raises `signal`, at which the worker wakes up.
//
//   asked  lookup {id, name}   connect {id, address, port}   write {id, octets}   taken {id, length}   close {id}
//   told   found {addresses} | missing {code}   connected {address, port} | failed {code}
//          data {octets}   ended   broken   written {length}
import { lookup } from "node:dns";
import { connect } from "node:net";

const AHEAD = 1 << 20; // octets that may wait for the component; then the socket is paused

/** The error codes of wasi:sockets for those of the system. */
const CODES = {
  ENOTFOUND: "name-unresolvable",
  EAI_AGAIN: "temporary-resolver-failure",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-reset",
  EHOSTUNREACH: "remote-unreachable",
  ENETUNREACH: "remote-unreachable",
  EADDRNOTAVAIL: "address-not-bindable",
  ETIMEDOUT: "timeout",
  EACCES: "access-denied",
  EPERM: "access-denied",
  ERR_ACCESS_DENIED: "access-denied",
  ENOMEM: "out-of-memory",
};

export function serveSockets(port, signal) {
  const sockets = new Map();

  function tell(id, what, details) {
    port.postMessage({ id, what, ...details });
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  }

  function open({ id, address, port: number }) {
    const socket = connect({ host: address, port: number, noDelay: true, allowHalfOpen: true });
    const state = { socket, ahead: 0, connected: false };
    sockets.set(id, state);
    socket.on("connect", () => {
      state.connected = true;
      tell(id, "connected", { address: socket.localAddress, port: socket.localPort });
    });
    socket.on("data", (octets) => {
      state.ahead += octets.length;
      if (state.ahead > AHEAD) socket.pause();
      tell(id, "data", { octets });
    });
    socket.on("end", () => tell(id, "ended"));
    socket.on("error", ({ code }) => (state.connected ? tell(id, "broken") : tell(id, "failed", { code: CODES[code] ?? "unknown" })));
  }

  const ASKED = {
    lookup: ({ id, name }) =>
      lookup(name, { all: true, verbatim: true }, (error, found) =>
        error
          ? tell(id, "missing", { code: CODES[error.code] ?? "permanent-resolver-failure" })
          : tell(id, "found", { addresses: found.map(({ address }) => address) })),
    connect: open,
    write: ({ id, octets }) => sockets.get(id)?.socket.write(octets, (error) => error || tell(id, "written", { length: octets.length })),
    taken({ id, length }) {
      const state = sockets.get(id);
      if (!state) return;
      state.ahead -= length;
      if (state.ahead <= AHEAD) state.socket.resume();
    },
    // The component waits until what it wrote is the system's, or gives up: nothing is left to be sent.
    close({ id }) {
      sockets.get(id)?.socket.destroy();
      sockets.delete(id);
    },
  };
  port.on("message", ({ ask, ...details }) => ASKED[ask](details));
  port.unref();

  return {
    close() {
      for (const { socket } of sockets.values()) socket.destroy();
      sockets.clear();
      port.close();
    },
  };
}
