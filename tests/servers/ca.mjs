// Test certificates: one private CA with good, wrong-name, expired and client leaves, and a leaf of
// another CA that nobody trusts. Made with openssl once and cached in the folder the caller names.
//
//   import { makeCertificates } from "./ca.mjs";
//   const ca = makeCertificates("build/tests/ca");   // ca.file, ca.good.cert, ca.good.key …
//   node tests/servers/ca.mjs FOLDER                 // the same from a shell; prints the paths as JSON
//
// Every file is world-readable on purpose: servers read the keys after they have given up root, and
// the keys guard nothing but loopback tests.

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Changing anything below needs a new number, so that a cached folder is made again.
const EDITION = "2";
const YEAR_MS = 365 * 24 * 3600 * 1000;

const LOCAL_NAMES = "DNS:localhost,DNS:mx.lab.test,IP:127.0.0.1,IP:::1";

/** name → what is special about the leaf; `lifetime` is [not before, not after] as offsets from now in ms. */
const LEAVES = {
  good: { key: "rsa", subject: "/CN=localhost", names: LOCAL_NAMES },
  goodEcdsa: { key: "ecdsa", subject: "/CN=localhost", names: LOCAL_NAMES },
  wrongName: { key: "rsa", subject: "/CN=wrong.example", names: "DNS:wrong.example" },
  expired: { key: "rsa", subject: "/CN=localhost", names: LOCAL_NAMES, lifetime: [-2 * YEAR_MS, -YEAR_MS] },
  untrusted: { key: "rsa", subject: "/CN=localhost", names: LOCAL_NAMES, issuer: "otherCa" },
  client: { key: "rsa", subject: "/CN=alice", names: "email:alice@lab.test", usage: "clientAuth" },
};

function openssl(args, cwd) {
  try {
    return execFileSync("openssl", args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    if (error.code === "ENOENT") {
      throw new Error("the openssl command is missing: apt-get install openssl");
    }
    throw new Error(`openssl ${args[0]} failed: ${String(error.stderr).trim()}`);
  }
}

function makeKey(folder, name, kind) {
  const algorithm = kind === "ecdsa"
    ? ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    : ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
  openssl(["genpkey", ...algorithm, "-out", `${name}.key`], folder);
}

/** 20260102030405Z, the form `openssl ca` takes. */
function asn1Time(time) {
  return new Date(time).toISOString().replace(/[-:T]/g, "").slice(0, 14) + "Z";
}

function makeAuthority(folder, name, subject) {
  makeKey(folder, name, "rsa");
  openssl(["req", "-x509", "-new", "-key", `${name}.key`, "-out", `${name}.pem`, "-subj", subject, "-days", "3650", "-sha256",
    "-addext", "keyUsage=critical,keyCertSign,cRLSign"], folder);
  writeFileSync(join(folder, `${name}.index`), "");
  // `openssl ca`, not `x509 -req`: only it can set the start and end of the validity.
  writeFileSync(join(folder, `${name}.conf`), `[ca]
default_ca = authority
[authority]
new_certs_dir = .
database = ${name}.index
rand_serial = yes
certificate = ${name}.pem
private_key = ${name}.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`);
}

function makeLeaf(folder, name, { key, subject, names, usage = "serverAuth", issuer = "ca", lifetime = [-24 * 3600 * 1000, 9 * YEAR_MS] }) {
  makeKey(folder, name, key);
  openssl(["req", "-new", "-key", `${name}.key`, "-out", `${name}.csr`, "-subj", subject], folder);
  writeFileSync(join(folder, `${name}.ext`), [
    "basicConstraints=critical,CA:FALSE",
    `keyUsage=critical,digitalSignature${key === "rsa" ? ",keyEncipherment" : ""}`,
    `extendedKeyUsage=${usage}`,
    `subjectAltName=${names}`,
    "subjectKeyIdentifier=hash",
    "authorityKeyIdentifier=keyid",
    "",
  ].join("\n"));
  const now = Date.now();
  openssl(["ca", "-batch", "-notext", "-config", `${issuer}.conf`, "-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.ext`,
    "-startdate", asn1Time(now + lifetime[0]), "-enddate", asn1Time(now + lifetime[1])], folder);
  // Exim and Postfix take key and chain in one file as well.
  writeFileSync(join(folder, `${name}.chain.pem`),
    readFileSync(join(folder, `${name}.key`), "utf8") + readFileSync(join(folder, `${name}.pem`), "utf8"));
}

function describe(folder) {
  const paths = { folder, file: join(folder, "ca.pem"), otherFile: join(folder, "otherCa.pem") };
  for (const name of Object.keys(LEAVES)) {
    paths[name] = {
      cert: join(folder, `${name}.pem`),
      key: join(folder, `${name}.key`),
      chain: join(folder, `${name}.chain.pem`),
    };
  }
  return paths;
}

function isCurrent(folder) {
  try {
    const madeLongAgo = Date.now() - statSync(join(folder, "edition")).mtimeMs > 5 * YEAR_MS;
    return readFileSync(join(folder, "edition"), "utf8") === EDITION && !madeLongAgo;
  } catch {
    return false;
  }
}

/**
 * Makes the certificates in `folder`, or returns those already there. Safe when several processes
 * ask at once: each builds aside and the first to rename wins.
 * @returns {{folder: string, file: string, otherFile: string, [leaf: string]: {cert: string, key: string, chain: string}}}
 *   `file` is the CA to trust; leaves: good, goodEcdsa, wrongName, expired, untrusted, client.
 */
export function makeCertificates(folder) {
  folder = resolve(folder);
  if (isCurrent(folder)) return describe(folder);
  mkdirSync(dirname(folder), { recursive: true });
  const aside = mkdtempSync(`${folder}.new-`);
  try {
    chmodSync(aside, 0o755);
    makeAuthority(aside, "ca", "/CN=wasm-smtp test CA");
    makeAuthority(aside, "otherCa", "/CN=another test CA");
    for (const [name, leaf] of Object.entries(LEAVES)) {
      makeLeaf(aside, name, leaf);
      chmodSync(join(aside, `${name}.key`), 0o644);
      chmodSync(join(aside, `${name}.chain.pem`), 0o644);
    }
    const wanted = new RegExp(`^(ca|otherCa|${Object.keys(LEAVES).join("|")})[.](key|pem|chain[.]pem)$`);
    for (const file of readdirSync(aside)) {
      if (!wanted.test(file)) rmSync(join(aside, file));
    }
    writeFileSync(join(aside, "edition"), EDITION);
    if (existsSync(folder) && !isCurrent(folder)) rmSync(folder, { recursive: true, force: true });
    try {
      renameSync(aside, folder);
    } catch (error) {
      if (!isCurrent(folder)) throw error;
    }
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return describe(folder);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv.length !== 3) {
    console.error("usage: node tests/servers/ca.mjs FOLDER");
    process.exit(64);
  }
  console.log(JSON.stringify(makeCertificates(process.argv[2]), null, 2));
}
