// A program that must end by itself: its connection is given up in the middle of a handshake.
//
//   HOST=module PORT=number RUNTIME ends.mjs

import process from "node:process";

const { connect } = await import(process.env.HOST);
const { reason } = await connect({ hostname: "127.0.0.1", port: Number(process.env.PORT), timeouts: { tls: 200 } }).catch((error) => error);
console.log(reason);
