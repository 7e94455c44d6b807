// smtp-sink for bodies from callbacks, and Postfix for TLS.
import { startServers } from "../servers/servers.mjs";

export async function prepare() {
  const run = await startServers({ names: ["postfix", "smtp-sink"], sinks: { discard: [] } });
  return {
    env: {
      CA: run.ca.file,
      IMPLICIT: run.postfix.listeners.implicit.port,
      SINK: run["smtp-sink"].listeners.discard.port,
    },
    stop: () => run.stop(),
  };
}
