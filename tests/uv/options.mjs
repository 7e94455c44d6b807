// No server: nothing is ever connected to.
import { makeCertificates } from "../servers/ca.mjs";
import { DEFAULT_PARENT } from "../servers/folders.mjs";
import { join } from "node:path";

export async function prepare() {
  const ca = makeCertificates(join(DEFAULT_PARENT, "ca"));
  return { env: { CA: ca.file, CERT: ca.client.cert, KEY: ca.client.key, OTHER_KEY: ca.good.key }, stop: async () => {} };
}
