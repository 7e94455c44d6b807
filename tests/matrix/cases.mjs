// What the matrix crosses: servers and the ways to reach them, mechanisms, recipients, bodies, and
// what is to come of each.

/** name in the documentation → how it is run and reached. `ways` are listeners by kind of TLS. */
export const SERVERS = {
  Postfix: { name: "postfix", ways: { plain: "relaxed", STARTTLS: "relaxed", implicit: "implicit" }, smtputf8: true },
  Exim: { name: "exim", ways: { plain: "relaxed", STARTTLS: "relaxed", implicit: "implicit" }, smtputf8: true },
  "Dovecot LMTP": { name: "dovecot", ways: { plain: "lmtp", "Unix socket": "socket" }, smtputf8: false, lmtp: true },
  "smtp-server": { name: "smtp-server", ways: { plain: "relaxed", STARTTLS: "relaxed", implicit: "implicit" }, smtputf8: true },
  aiosmtpd: { name: "aiosmtpd", ways: { plain: "relaxed", STARTTLS: "relaxed", implicit: "implicit" }, smtputf8: true },
};

/** Mechanisms of the command; "none" is no login. Its SCRAM-…-PLUS are not offered by any of the servers. */
export const MECHANISMS = ["none", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS"];
export const TOKEN_MECHANISMS = ["XOAUTH2", "OAUTHBEARER"];
export const ENCRYPTED = ["STARTTLS", "implicit"];

/** Whether a server with these mechanisms is to offer this one; LMTP has no AUTH here, and EXTERNAL is by client certificate. */
export const isOffered = (mechanisms, { lmtp }, mechanism, way) =>
  mechanism === "none" || (!lmtp && mechanisms.includes(mechanism) && (mechanism !== "EXTERNAL" || ENCRYPTED.includes(way)));

const thousand = Array.from({ length: 1000 }, (_, index) => `r${index}@lab.test`);
// Dovecot makes folders for each user, and removing those of a thousand takes longer than all the
// rest; it looks at the local part only, so these are 100 users with ten addresses each.
const thousandOfHundred = Array.from({ length: 1000 }, (_, index) => `r${index % 100}@d${Math.floor(index / 100)}.test`);
const inDomain = (statuses) => Object.fromEntries(Object.entries(statuses).map(([local, status]) => [`${local}@lab.test`, status]));

/**
 * name → recipients with the status that each is to have, and the exit status.
 * Dovecot's LMTP has no greylisting; it refuses `full` only after the message.
 */
export function recipientCases({ lmtp }) {
  return {
    one: { expected: inDomain({ ok: "accepted" }), code: 0 },
    "good, bad and grey": {
      expected: inDomain(lmtp ? { ok: "accepted", nosuch: "refused", full: "refused", second: "accepted" }
        : { ok: "accepted", bad: "refused", grey: "deferred", second: "accepted" }),
      code: 69,
    },
    "all refused": {
      expected: inDomain(lmtp ? { nosuch: "refused", full: "refused" } : { bad: "refused", full: "refused", multi: "refused" }),
      code: 67,
    },
    "1,000": { expected: Object.fromEntries((lmtp ? thousandOfHundred : thousand).map((address) => [address, "accepted"])), code: 0 },
  };
}

const text = (content) => Buffer.from(content, "latin1");
const allOctets = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => ![0, 10, 13].includes(octet)));
const HEADER = "Subject: matrix\r\nReceived: from elsewhere\r\n\r\n";

/** One million octets of lines that differ, so that a block lost, doubled or moved is seen. */
function large() {
  const lines = [HEADER];
  let length = HEADER.length;
  for (let number = 0; length < 1_000_000; number += 1) {
    const line = `${number % 7 === 0 ? "." : ""}line ${number} ${"abcdefghij".repeat(number % 9)}\r\n`;
    lines.push(line);
    length += line.length;
  }
  return text(lines.join(""));
}

/** name → message as given to the command, and the octets that must arrive. */
export const BODIES = {
  tiny: { input: text(`${HEADER}x\r\n`) },
  "1 MB": { input: large() },
  dots: { input: text(`${HEADER}.\r\n..\r\n.\r\n.x\r\n...\r\na.\r\n.\r\n\r\n.\r\n`) },
  "8-bit": { input: Buffer.concat([text(`${HEADER}caf\xe9\r\n`), allOctets, text("\r\n\xff\xfe\r\n")]) },
  "UTF-8 address": { input: Buffer.from("To: <j\u00fcrgen@b\u00fccher.test>\r\nSubject: \u2603\r\n\r\ngr\u00fc\u00df\r\n"), to: "j\u00fcrgen@b\u00fccher.test" },
  NUL: { input: text(`${HEADER}a\0b\r\n\0\r\n\0.\r\n.\0\r\n`) },
  // A line of mail ends in CRLF (RFC 5321, 2.3.8), so the end that is missing is added.
  "no final newline": { input: text(`${HEADER}first\r\n.last`), expected: text(`${HEADER}first\r\n.last\r\n`) },
};
