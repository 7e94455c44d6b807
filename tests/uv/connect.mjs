// A server on 127.0.0.1 and on no other address.
import { startScripted } from "../servers/scripted.mjs";
import { expect, hello, send } from "../servers/scripted-steps.mjs";

export async function prepare() {
  const server = await startScripted({ steps: [...hello(), expect("QUIT"), send("221 bye")] });
  return { env: { SERVER: server.port }, stop: () => server.stop() };
}
