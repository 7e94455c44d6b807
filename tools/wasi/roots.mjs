// Makes the built-in certificate authorities: from PEM files (Debian's ca-certificates) a C source
// with what verification needs of each root, its subject and its public key.
//
//   node tools/wasi/roots.mjs NAME FOLDER > roots.c
//
// NAME says where they come from, and is reported by the component. The form is described in
// adapters/wasi/roots.h.
import { readdirSync, readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';

/** The DER element at offset: where its contents begin, and where it ends. */
function element(der, at) {
  let length = der[at + 1];
  let from = at + 2;
  if (length & 0x80) {
    const octets = length & 0x7f;
    length = der.readUIntBE(from, octets);
    from += octets;
  }
  return { from, to: from + length };
}

/** Subject and SubjectPublicKeyInfo of a certificate (RFC 5280 section 4.1), in DER. */
function compact(der) {
  const tbs = element(der, element(der, 0).from);
  const fields = [];
  for (let at = tbs.from; at < tbs.to; ) {
    const { to } = element(der, at);
    fields.push(der.subarray(at, to));
    at = to;
  }
  if (fields[0][0] !== 0xa0) throw new Error('not a certificate of version 3');
  return { subject: fields[5], key: fields[6] };
}

const [name, folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: roots.mjs NAME FOLDER');
const records = [];
for (const file of readdirSync(folder).filter((each) => each.endsWith('.crt')).sort()) {
  const certificate = new X509Certificate(readFileSync(join(folder, file)));
  if (!certificate.ca) throw new Error(`${file} is not an authority`);
  const { subject, key } = compact(certificate.raw);
  if (!key.equals(certificate.publicKey.export({ type: 'spki', format: 'der' })))
    throw new Error(`${file}: the public key was not found where it should be`);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(subject.length, 0);
  lengths.writeUInt16BE(key.length, 2);
  records.push(Buffer.concat([lengths, subject, key]));
}
if (records.length < 50) throw new Error(`only ${records.length} authorities in ${folder}`);

const octets = Buffer.concat(records);
const lines = [];
for (let at = 0; at < octets.length; at += 24) lines.push(`    ${[...octets.subarray(at, at + 24)].join(',')},`);
console.log(`/* Made by tools/wasi/roots.mjs. */
#include "roots.h"

const char *wsmtp_roots_name(void)
{
    return ${JSON.stringify(`${name}, ${records.length} certificates`)};
}

const uint8_t wsmtp_roots[] = {
${lines.join('\n')}
};
const size_t wsmtp_roots_len = sizeof wsmtp_roots;`);
