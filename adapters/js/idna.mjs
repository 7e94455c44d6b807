// Internationalized domain names (IDNA, RFC 5890) by the host's URL, which has the tables.

import { inputError } from "./error.mjs";
import { sentence } from "./reasons.mjs";

export const isAscii = (text) => !/[^\0-\x7f]/.test(text);

/** What URL would take for more than a label, or drop; the joiners it checks itself. */
const NO_LABEL = /[^a-z\d\x80-\u{10ffff}-]|^-|-$|(?![\u200c\u200d])\p{DI}/iu;

/**
 * Text that ends in a domain (a mailbox, a host name), with A-labels for its labels beyond ASCII.
 * One label goes in and one must come out: characters that stand for ASCII ones or for dots could
 * make two readers see two domains.
 */
export function toAscii(text, field, index) {
  const at = text.lastIndexOf("@") + 1;
  // Half of a surrogate pair would be sent as another character.
  if (/\p{Surrogate}/u.test(text.slice(0, at))) throw inputError(field, sentence("address-utf8-invalid"), "address-utf8-invalid", index);
  return text.slice(0, at) + text.slice(at).replace(/[^.]*[^\0-\x7f][^.]*/g, (label) => {
    try {
      const { hostname } = new URL(`http://${label}`);
      if (!NO_LABEL.test(label) && /^xn--[^.]+$/.test(hostname)) return hostname;
    } catch {}
    throw inputError(field, sentence("domain-character"), "domain-character", index);
  });
}
