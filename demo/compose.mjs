// Makes the message of the contact form. Everything a visitor typed is encoded, so that no input can
// add a header field, a recipient or a part: names and subjects as RFC 2047 encoded words, the text
// as base64 (RFC 2045), the address by a strict form.

const encoder = new TextEncoder();
/** Octets an encoded word holds: 39 make 52 base64 characters; with its frame and the longest field name 74 (76 are allowed). */
const WORD = 39;
const LINE = 57; // octets on a base64 line: 76 characters

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

/**
 * One or more encoded words, split between characters, folded one a line. Control characters become
 * spaces: a reader that decodes them must not find a line end.
 */
export function encodedWords(text) {
  const words = [];
  let word = [];
  for (const character of text.replace(/[\0-\x1f\x7f]+/g, " ")) {
    const bytes = encoder.encode(character);
    if (word.length + bytes.length > WORD) {
      words.push(word);
      word = [];
    }
    word.push(...bytes);
  }
  words.push(word);
  return words.map((bytes) => `=?utf-8?B?${base64(bytes)}?=`).join("\r\n ");
}

function base64Lines(text) {
  const bytes = encoder.encode(text);
  const lines = [];
  for (let at = 0; at < bytes.length; at += LINE) lines.push(base64(bytes.subarray(at, at + LINE)));
  return lines.join("\r\n");
}

/** Whether `text` is an address that can stand in a header field as it is. */
export function isPlainAddress(text) {
  const domain = /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/i;
  const at = text.lastIndexOf("@");
  const local = text.slice(0, at);
  return at > 0 && text.length <= 254 && local.length <= 64 && /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/.test(local) && domain.test(text.slice(at + 1));
}

/** The whole message, CRLF line ends. `from` and `to` are the site's own and trusted. */
export function composeMessage({ from, to, name, replyTo, subject, text, date = new Date(), id = crypto.randomUUID() }) {
  return [
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    `From: Contact form <${from}>`,
    `To: ${to}`,
    `Reply-To: ${encodedWords(name)}\r\n <${replyTo}>`,
    `Subject: ${encodedWords(subject)}`,
    `Message-ID: <${id}@${from.slice(from.lastIndexOf("@") + 1)}>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    base64Lines(text.replace(/\r\n|\r|\n/g, "\r\n")),
    "",
  ].join("\r\n");
}
