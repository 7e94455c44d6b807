// Sends a message file to several recipients and says what became of each:
//
//   SMTP_HOST=smtp.example.com SMTP_USER=me SMTP_PASS=… node send.mjs FROM MESSAGE.eml TO...
//
// Runs in Deno and Bun, too.

import { readFile } from "node:fs/promises";
import process from "node:process";
import { SmtpError, connect } from "wasm-smtp";

const [from, file, ...to] = process.argv.slice(2);
const { SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASS, SMTP_CA } = process.env;

try {
  const client = await connect({
    hostname: SMTP_HOST,
    port: SMTP_PORT && Number(SMTP_PORT),
    tls: "implicit",
    ca: SMTP_CA && (await readFile(SMTP_CA, "utf8")),
    auth: { user: SMTP_USER, pass: SMTP_PASS },
    signal: AbortSignal.timeout(60_000),
  });
  // Files on this machine may end their lines in LF alone; mail needs CRLF.
  const { recipients, queueId } = await client.send({ from, to, message: await readFile(file), newlines: "crlf" });
  for (const { address, status, code, text } of recipients) console.log(`${address}: ${status} (${code} ${text})`);
  console.log(`queue id: ${queueId}`);
  await client.quit();
} catch (error) {
  if (!(error instanceof SmtpError)) throw error;
  console.error(`${error.kind}: ${error.message}${error.retryable ? " (try again later)" : ""}${error.inDoubt ? " (it may have been delivered)" : ""}`);
  process.exitCode = 1;
}
