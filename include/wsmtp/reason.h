/*
 * Why something failed: one reason a rule, each with the kind of error it belongs to and a sentence
 * that names the rule. A reason never contains anything of the input itself.
 */
#ifndef WSMTP_REASON_H
#define WSMTP_REASON_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who has to act on an error. */
typedef enum wsmtp_kind {
    WSMTP_KIND_NONE = 0,
    WSMTP_KIND_INPUT,       /* a value given by the caller breaks a rule; nothing was sent */
    WSMTP_KIND_MISUSE,      /* a call out of order, or a buffer too small */
    WSMTP_KIND_TRANSPORT,   /* connection or TLS lost, timeout, cancelled */
    WSMTP_KIND_PROTOCOL,    /* the server broke the protocol */
    WSMTP_KIND_REFUSED,     /* the server said no (4xx or 5xx) */
    WSMTP_KIND_AUTH,        /* authentication refused or impossible */
    WSMTP_KIND_UNSUPPORTED, /* the server lacks an extension that was asked for */
    WSMTP_KIND_POLICY       /* the caller's own policy hook said no */
} wsmtp_kind;

/* X(name, kind, sentence). New reasons are added at the end: the numbers are part of the ABI. */
#define WSMTP_REASONS(X)                                                                           \
    X(OK, NONE, "no error")                                                                        \
    /* addresses: RFC 5321 section 4.1.2 and 4.5.3.1, RFC 6531 section 3.3 */                      \
    X(ADDRESS_EMPTY, INPUT, "is empty")                                                            \
    X(ADDRESS_TOO_LONG, INPUT, "is longer than 254 octets")                                        \
    X(ADDRESS_CONTROL, INPUT, "contains a control character")                                      \
    X(ADDRESS_NO_AT, INPUT, "has no @ and domain")                                                 \
    X(ADDRESS_UTF8_INVALID, INPUT, "is not valid UTF-8")                                           \
    X(ADDRESS_NEEDS_SMTPUTF8, INPUT, "has non-ASCII characters, which need SMTPUTF8")              \
    X(LOCAL_PART_EMPTY, INPUT, "has an empty local part")                                          \
    X(LOCAL_PART_TOO_LONG, INPUT, "has a local part longer than 64 octets")                        \
    X(LOCAL_PART_CHARACTER, INPUT, "has a local part with a character that must be quoted")        \
    X(LOCAL_PART_DOT, INPUT, "has a local part with a misplaced dot")                              \
    X(LOCAL_PART_QUOTING, INPUT, "has a local part with broken quoting")                           \
    X(DOMAIN_EMPTY, INPUT, "has an empty domain")                                                  \
    X(DOMAIN_TOO_LONG, INPUT, "has a domain longer than 255 octets")                               \
    X(DOMAIN_LABEL_EMPTY, INPUT, "has a domain with a misplaced dot")                              \
    X(DOMAIN_LABEL_TOO_LONG, INPUT, "has a domain label longer than 63 octets")                    \
    X(DOMAIN_LABEL_HYPHEN, INPUT, "has a domain with a misplaced hyphen")                          \
    X(DOMAIN_CHARACTER, INPUT, "has a character that is not allowed in a domain")                  \
    X(LITERAL_UNCLOSED, INPUT, "has an address literal without closing bracket")                   \
    X(LITERAL_IPV4, INPUT, "has an address literal that is no IPv4 address")                       \
    X(LITERAL_IPV6, INPUT, "has an address literal that is no IPv6 address")                       \
    X(LITERAL_TAG, INPUT, "has an address literal of unknown form")                                \
    /* envelope and message */                                                                     \
    X(NO_RECIPIENTS, INPUT, "needs at least one recipient")                                        \
    X(MESSAGE_TOO_LARGE, INPUT, "is larger than the server's SIZE limit")                          \
    X(BODY_BARE_CR, INPUT, "has a CR without LF")                                                  \
    X(BODY_BARE_LF, INPUT, "has an LF without CR")                                                 \
    X(BODY_LINE_TOO_LONG, INPUT, "has a line longer than 998 octets")                              \
    X(BODY_8BIT_UNDECLARED, INPUT, "has octets above 127, but was declared 7-bit")                 \
    X(BODY_SIZE_EXCEEDED, INPUT, "is longer than the size declared for it")                        \
    X(EIGHTBITMIME_MISSING, UNSUPPORTED, "needs 8BITMIME, which the server does not offer")        \
    X(SMTPUTF8_MISSING, UNSUPPORTED, "needs SMTPUTF8, which the server does not offer")            \
    X(STARTTLS_MISSING, UNSUPPORTED, "STARTTLS is required, but the server does not offer it")     \
    X(NOT_BUILT, UNSUPPORTED, "is not in this build of the engine")                                \
    /* credentials */                                                                              \
    X(CREDENTIAL_EMPTY, INPUT, "is empty")                                                         \
    X(CREDENTIAL_CHARACTER, INPUT, "has a character that is not allowed there")                    \
    X(CREDENTIAL_TOO_LONG, INPUT, "is too long for an AUTH exchange")                              \
    X(CREDENTIAL_MISSING, INPUT, "is needed by this mechanism")                                    \
    X(NONCE_TOO_SHORT, INPUT, "needs at least 16 bytes of entropy")                                \
    X(ITERATION_LIMITS, INPUT, "leaves no permitted value")                                        \
    X(AUTH_NOT_SECURE, AUTH, "credentials are not sent without TLS")                               \
    X(AUTH_NOT_OFFERED, AUTH, "the server does not offer the mechanism asked for")                 \
    X(AUTH_NO_MECHANISM, AUTH, "the server does not offer a mechanism for these credentials")      \
    X(AUTH_REFUSED, AUTH, "the server refused the credentials")                                    \
    X(AUTH_CHALLENGE, AUTH, "the server's challenge is malformed")                                 \
    X(AUTH_NONCE, AUTH, "the server's nonce does not continue ours")                               \
    X(AUTH_ITERATIONS, AUTH, "the server's iteration count is not permitted")                      \
    X(AUTH_EXTENSION, AUTH, "the server demands an unknown SCRAM extension")                       \
    X(AUTH_SERVER_SIGNATURE, AUTH, "the server could not prove that it knows the password")        \
    X(AUTH_SERVER_ERROR, AUTH, "the server ended SCRAM with an error")                             \
    X(AUTH_KEY, AUTH, "the derived key has the wrong length")                                      \
    /* the server's side of the conversation */                                                    \
    X(GREETING_REFUSED, REFUSED, "the server refused the session in its greeting")                 \
    X(SERVICE_CLOSING, REFUSED, "the server is closing the connection (421)")                      \
    X(REPLY_REFUSED, REFUSED, "the server refused the command")                                    \
    X(ALL_RECIPIENTS_REFUSED, REFUSED, "the server refused every recipient")                       \
    X(SOME_RECIPIENTS_REFUSED, REFUSED, "the server refused a recipient, and all were wanted")     \
    X(REPLY_UNEXPECTED, PROTOCOL, "the reply does not fit the command")                            \
    X(REPLY_UNSOLICITED, PROTOCOL, "the server sent a reply that nothing asked for")               \
    X(REPLY_MALFORMED, PROTOCOL, "a reply does not start with a code")                             \
    X(REPLY_INCONSISTENT, PROTOCOL, "a reply has several codes")                                   \
    X(REPLY_LINE_TOO_LONG, PROTOCOL, "a reply line is longer than 998 octets")                     \
    X(REPLY_TOO_MANY_LINES, PROTOCOL, "a reply has more than 128 lines")                           \
    X(REPLY_BARE_LF, PROTOCOL, "a reply line ends in a bare LF")                                   \
    X(STARTTLS_RESIDUE, PROTOCOL, "the server sent data between its STARTTLS reply and TLS")       \
    X(TLS_MODE_MISMATCH, PROTOCOL, "TLS mode and port probably do not match")                      \
    /* transport */                                                                                \
    X(CLOSED_BY_PEER, TRANSPORT, "the server closed the connection")                               \
    X(CONNECT_FAILED, TRANSPORT, "the connection could not be opened")                             \
    X(CONNECTION_LOST, TRANSPORT, "the connection was lost")                                       \
    X(TLS_FAILED, TRANSPORT, "the TLS handshake failed")                                           \
    X(TIMEOUT, TRANSPORT, "the server did not answer in time")                                     \
    X(CANCELLED, TRANSPORT, "the operation was cancelled")                                         \
    /* misuse */                                                                                   \
    X(STATE, MISUSE, "the call does not fit the session's state")                                  \
    X(CONFIG_BUFFER, MISUSE, "a buffer is missing or too small")                                   \
    X(CONFIG_VALUE, MISUSE, "a setting has an unknown value")                                      \
    X(POLICY, POLICY, "refused by the caller's policy")                                            \
    X(CREDENTIAL_UNSUPPORTED, INPUT, "cannot be given to this mechanism")                          \
    X(CHUNKING_REFUSED, PROTOCOL, "the server offers CHUNKING, but does not know BDAT")            \
    X(OVERLAP_REFUSED, REFUSED, "the server takes no message before the reply to the last one")    \
    /* extensions */                                                                               \
    X(BINARYMIME_MISSING, UNSUPPORTED, "needs BINARYMIME, which the server does not offer")        \
    X(PARAMETER_VALUE, INPUT, "has a value that the parameter does not allow")                     \
    X(PARAMETER_MISPLACED, INPUT, "is given twice, contradicts another, or does not belong there") \
    X(PARAMETER_NOT_OFFERED, UNSUPPORTED, "needs an extension that the server does not offer")     \
    X(PARAMETER_LIMIT, UNSUPPORTED, "is beyond the limit that the server states")                  \
    X(TOO_MANY_RECIPIENTS, UNSUPPORTED, "are more than the server takes at a time")                \
    X(TRANSACTION_LIMIT, UNSUPPORTED, "the server takes no more messages on this connection")      \
    X(CAPABILITIES_CHANGED, PROTOCOL, "the server does not offer what was expected of it")

typedef enum wsmtp_reason {
#define WSMTP_REASON_ENUM(name, kind, sentence) WSMTP_REASON_##name,
    WSMTP_REASONS(WSMTP_REASON_ENUM)
#undef WSMTP_REASON_ENUM
        WSMTP_REASON_COUNT
} wsmtp_reason;

/* Kind of a reason; WSMTP_KIND_NONE for a number that is none. */
wsmtp_kind wsmtp_reason_kind(wsmtp_reason reason);

/*
 * The sentence of a reason as static NUL-terminated text, and its length in bytes without the NUL.
 * For reasons about a field it is a predicate ("is empty") to be put behind the field's name.
 */
const char *wsmtp_reason_message(wsmtp_reason reason, size_t *message_len);

#ifdef __cplusplus
}
#endif

#endif
