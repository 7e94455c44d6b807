// Sends a file of any size as an attachment, encoded while it is read, in constant memory:
//
//   SMTP_HOST=smtp.example.com SMTP_USER=me SMTP_PASS=… node attachment.mjs FROM TO FILE

import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { sendMail } from "wasm-smtp";

const LINE = 57; // octets that make a base64 line of 76 characters

/** base64 in lines, whatever the size of the pieces that come. */
async function* base64Lines(source) {
  let rest = Buffer.alloc(0);
  for await (const piece of source) {
    rest = Buffer.concat([rest, piece]);
    const whole = rest.length - (rest.length % LINE);
    yield rest.subarray(0, whole).toString("base64").replace(/.{76}/g, "$&\r\n");
    rest = rest.subarray(whole);
  }
  yield `${rest.toString("base64")}\r\n`;
}

async function* compose({ from, to, file }) {
  const boundary = `part-${crypto.randomUUID()}`;
  const name = encodeURIComponent(basename(file)).replace(/['()*]/g, (sign) => `%${sign.charCodeAt().toString(16).toUpperCase()}`);
  yield [
    `From: ${from}`,
    `To: ${to}`,
    "Subject: A file for you",
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    `Content-Type: multipart/mixed;\r\n boundary="${boundary}"`,
    "",
    `--${boundary}`,
    "Content-Type: text/plain; charset=utf-8",
    "",
    "The file is attached.",
    `--${boundary}`,
    "Content-Type: application/octet-stream",
    "Content-Transfer-Encoding: base64",
    `Content-Disposition: attachment; filename*=utf-8''${name}`,
    "",
    "",
  ].join("\r\n");
  yield* base64Lines(createReadStream(file));
  yield `--${boundary}--\r\n`;
}

const [from, to, file] = process.argv.slice(2);
const { SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASS, SMTP_CA } = process.env;
const result = await sendMail({
  hostname: SMTP_HOST,
  port: SMTP_PORT && Number(SMTP_PORT),
  tls: "implicit",
  ca: SMTP_CA && (await readFile(SMTP_CA, "utf8")),
  auth: { user: SMTP_USER, pass: SMTP_PASS },
  from,
  to,
  message: compose({ from, to, file }),
});
console.log(`${result.code} ${result.text}`);
