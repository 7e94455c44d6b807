// Names of the engine's numbers, in the order of its headers (tests/js/contract.test.mjs compares
// them). Those of reasons are in reasons.mjs.

const list = (names) => names.split(" ");

export const KINDS = list("none input misuse transport protocol refused auth unsupported policy");

export const STATUSES = list("pending accepted deferred refused not-sent in-doubt");

export const PHASES = list("connect tls greeting command mail rcpt data body endOfData quit");

/** Option that a field of the engine's errors stands for; of a parameter, its keyword says which. */
export const FIELDS = list("- from to ehloName message auth.user auth.pass auth.accessToken auth.authzid hostname nonce auth.mechanism auth.iterations options auth.binding   to argument");

/** What fills each keyword, in the engine's order: an option of send() for those of MAIL and RCPT, an attribute of XCLIENT. */
export const KEYWORDS = list("dsn.return dsn.envelopeId deliverBy hold.seconds hold.until priority requireTls submitter perRecipientReplies dsn.notify dsn.originalRecipient name addr port proto helo login destaddr destport");

export const CAPABILITIES = list("esmtp pipelining size starttls eightBitMime smtputf8 enhancedStatusCodes auth dsn chunking binaryMime limits requireTls deliverBy futureRelease mtPriority prdr pipeConnect xclient vrfy expn help etrn");

export const TLS_MODES = list("none implicit starttls");

export const MECHANISMS = list("PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 XOAUTH2 OAUTHBEARER SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS EXTERNAL ANONYMOUS SCRAM-SHA-512 SCRAM-SHA-512-PLUS");

export const STEPS = "connect,TLS,greeting,EHLO,STARTTLS,idle,AUTH,MAIL FROM,RCPT TO,DATA,message,end of data,RSET,NOOP,QUIT,closed,VRFY,EXPN,HELP,XCLIENT".split(",");
