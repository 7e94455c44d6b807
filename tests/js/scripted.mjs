// A scripted server for one test, and connecting to it; both end with the test.

import { connect } from "../../adapters/js/hosts/node.mjs";
import { startScripted } from "../servers/scripted.mjs";

/** Starts a server that plays `steps`; `open(more)` connects to it. */
export async function scripted(t, steps, serverOptions) {
  const server = await startScripted({ steps, ...serverOptions });
  t.after(() => server.stop());
  const open = async (more) => {
    const client = await connect({ hostname: "127.0.0.1", port: server.port, tls: "none", ehloName: "client.test", ...more });
    t.after(() => client.close());
    return client;
  };
  return { server, open };
}
