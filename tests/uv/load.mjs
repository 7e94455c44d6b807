// smtp-sink takes whatever comes.
import { startServers } from "../servers/servers.mjs";

export async function prepare() {
  const run = await startServers({ names: ["smtp-sink"], sinks: { discard: [] } });
  return { env: { SINK: run["smtp-sink"].listeners.discard.port }, stop: () => run.stop() };
}
