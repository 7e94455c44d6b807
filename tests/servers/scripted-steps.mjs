// The steps of a scripted server (scripted.mjs), as plain data, so that a script can also come from
// a JSON file. A string given to `send` gets CRLF at its end; octets (a Buffer) go as they are.

/** Sends a line, or several with an array, or octets as they are; all in one write. */
export const send = (...what) => ({ do: "send", what: what.flat() });

/** Sends octets or text as they are, without a line end. */
export const sendRaw = (what) => ({ do: "send", what: [typeof what === "string" ? Buffer.from(what) : what] });

/** Sends text (with its line ends written out) octet by octet, each in a segment of its own. */
export const sendSlowly = (text, { delayMs = 1 } = {}) => ({ do: "sendSlowly", text, delayMs });

/** Sends `count` octets that look random and are the same every time; none of them is CR or LF. */
export const sendGarbage = (count) => ({ do: "sendGarbage", count });

/** Sends a multi-line reply: `reply(250, ["name", "PIPELINING"])`. */
export const reply = (code, lines) =>
  send(lines.map((line, index) => `${code}${index === lines.length - 1 ? " " : "-"}${line}`));

/** Reads a line and fails unless it matches: a regular expression, or a prefix in any case. */
export const expect = (pattern) => ({ do: "expect", pattern });

/** Reads message data up to CRLF.CRLF; the octets, as they came, go to `messages`. */
export const readData = () => ({ do: "readData" });

/** Reads exactly `count` octets (a BDAT chunk) into `messages`. */
export const readBytes = (count) => ({ do: "readBytes", count });

/** Reads a `BDAT n [LAST]` line and its n octets, into `messages`. */
export const readChunk = () => ({ do: "readChunk" });

/**
 * Does the TLS handshake now. `certificate` is a leaf {cert, key} (default: the server's);
 * `options` go to node:tls. With `mayFail` a client that breaks off ends the script without an error.
 */
export const startTls = ({ certificate, options, mayFail = false } = {}) => ({ do: "startTls", certificate, options, mayFail });

/** Closes in order: close_notify on TLS, then FIN. */
export const close = () => ({ do: "close" });

/** FIN without close_notify, as an attacker or a crash would do on TLS. */
export const closeAbruptly = () => ({ do: "closeAbruptly" });

/** RST. */
export const reset = () => ({ do: "reset" });

/** Neither reads nor writes for so long (or, without a number, until the server is stopped). */
export const stall = (ms) => ({ do: "stall", ms });

/** Goes on reading but says nothing for so long. */
export const wait = (ms) => ({ do: "wait", ms });

/** Waits for the client to close; fails if it sends anything more. */
export const expectEnd = () => ({ do: "expectEnd" });

/** Anything else: `call(async (connection) => …)`, with connection.readLine() and connection.write(). */
export const call = (run) => ({ do: "call", run });

/** Greeting, EHLO and its reply with these extensions: what most scripts begin with. */
export const hello = (extensions = [], name = "scripted.test") =>
  [send(`220 ${name} ESMTP`), expect("EHLO "), reply(250, [name, ...extensions])];
