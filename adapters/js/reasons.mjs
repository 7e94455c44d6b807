// Made from include/wsmtp/reason.h by tools/gen-reasons.mjs.

// A line a reason, in the engine's order: its name, which is part of the API (SmtpError.reason), and
// its sentence.
const lines = `ok no error
address-empty is empty
address-too-long is longer than 254 octets
address-control contains a control character
address-no-at has no @ and domain
address-utf8-invalid is not valid UTF-8
address-needs-smtputf8 has non-ASCII characters, which need SMTPUTF8
local-part-empty has an empty local part
local-part-too-long has a local part longer than 64 octets
local-part-character has a local part with a character that must be quoted
local-part-dot has a local part with a misplaced dot
local-part-quoting has a local part with broken quoting
domain-empty has an empty domain
domain-too-long has a domain longer than 255 octets
domain-label-empty has a domain with a misplaced dot
domain-label-too-long has a domain label longer than 63 octets
domain-label-hyphen has a domain with a misplaced hyphen
domain-character has a character that is not allowed in a domain
literal-unclosed has an address literal without closing bracket
literal-ipv4 has an address literal that is no IPv4 address
literal-ipv6 has an address literal that is no IPv6 address
literal-tag has an address literal of unknown form
no-recipients needs at least one recipient
message-too-large is larger than the server's SIZE limit
body-bare-cr has a CR without LF
body-bare-lf has an LF without CR
body-line-too-long has a line longer than 998 octets
body-8bit-undeclared has octets above 127, but was declared 7-bit
body-size-exceeded is longer than the size declared for it
eightbitmime-missing needs 8BITMIME, which the server does not offer
smtputf8-missing needs SMTPUTF8, which the server does not offer
starttls-missing STARTTLS is required, but the server does not offer it
not-built is not in this build of the engine
credential-empty is empty
credential-character has a character that is not allowed there
credential-too-long is too long for an AUTH exchange
credential-missing is needed by this mechanism
nonce-too-short needs at least 16 bytes of entropy
iteration-limits leaves no permitted value
auth-not-secure credentials are not sent without TLS
auth-not-offered the server does not offer the mechanism asked for
auth-no-mechanism the server does not offer a mechanism for these credentials
auth-refused the server refused the credentials
auth-challenge the server's challenge is malformed
auth-nonce the server's nonce does not continue ours
auth-iterations the server's iteration count is not permitted
auth-extension the server demands an unknown SCRAM extension
auth-server-signature the server could not prove that it knows the password
auth-server-error the server ended SCRAM with an error
auth-key the derived key has the wrong length
greeting-refused the server refused the session in its greeting
service-closing the server is closing the connection (421)
reply-refused the server refused the command
all-recipients-refused the server refused every recipient
some-recipients-refused the server refused a recipient, and all were wanted
reply-unexpected the reply does not fit the command
reply-unsolicited the server sent a reply that nothing asked for
reply-malformed a reply does not start with a code
reply-inconsistent a reply has several codes
reply-line-too-long a reply line is longer than 998 octets
reply-too-many-lines a reply has more than 128 lines
reply-bare-lf a reply line ends in a bare LF
starttls-residue the server sent data between its STARTTLS reply and TLS
tls-mode-mismatch TLS mode and port probably do not match
closed-by-peer the server closed the connection
connect-failed the connection could not be opened
connection-lost the connection was lost
tls-failed the TLS handshake failed
timeout the server did not answer in time
cancelled the operation was cancelled
state the call does not fit the session's state
config-buffer a buffer is missing or too small
config-value a setting has an unknown value
policy refused by the caller's policy
credential-unsupported cannot be given to this mechanism
chunking-refused the server offers CHUNKING, but does not know BDAT
overlap-refused the server takes no message before the reply to the last one
binarymime-missing needs BINARYMIME, which the server does not offer
parameter-value has a value that the parameter does not allow
parameter-misplaced is given twice, contradicts another, or does not belong there
parameter-not-offered needs an extension that the server does not offer
parameter-limit is beyond the limit that the server states
too-many-recipients are more than the server takes at a time
transaction-limit the server takes no more messages on this connection
capabilities-changed the server does not offer what was expected of it`.split("\n");

export const REASONS = lines.map((line) => line.split(" ", 1)[0]);

/** The sentence of a reason given by name; about a field it is a predicate. */
export const sentence = (reason) => lines[REASONS.indexOf(reason)].slice(reason.length + 1);
