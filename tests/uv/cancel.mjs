// Postfix for sessions that are cut short at every point, and smtp-sink for bodies that come slowly.
import { startServers } from "../servers/servers.mjs";

export async function prepare() {
  const run = await startServers({ names: ["postfix", "smtp-sink"], sinks: { discard: [] } });
  return {
    env: {
      CA: run.ca.file,
      RELAXED: run.postfix.listeners.relaxed.port,
      SINK: run["smtp-sink"].listeners.discard.port,
    },
    stop: () => run.stop(),
  };
}
