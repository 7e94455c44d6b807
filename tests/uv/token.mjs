// Postfix with Dovecot, which checks tokens by their signature and their time.
import { startServers } from "../servers/servers.mjs";

export async function prepare() {
  const run = await startServers({ names: ["postfix"] });
  return {
    env: { CA: run.ca.file, RELAXED: run.postfix.listeners.relaxed.port, TOKEN: run.tokens.valid, EXPIRED_TOKEN: run.tokens.expired },
    stop: () => run.stop(),
  };
}
