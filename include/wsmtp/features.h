/*
 * Compile-time switches of the engine. Each is 1 (built in) unless defined as 0 on the compiler's
 * command line; every switch is built both ways by the tests. wsmtp_features() reports them at run
 * time. Asking for something that was left out gives WSMTP_REASON_NOT_BUILT, never a silent change.
 */
#ifndef WSMTP_FEATURES_H
#define WSMTP_FEATURES_H

/* AUTH (RFC 4954), and with it every mechanism; PLAIN and LOGIN have no switch of their own. */
#ifndef WSMTP_FEATURE_AUTH
#define WSMTP_FEATURE_AUTH 1
#endif

/* SCRAM-SHA-256 and SCRAM-SHA-1 (RFC 5802, RFC 7677), with SHA-1, SHA-256, HMAC and PBKDF2. */
#ifndef WSMTP_FEATURE_SCRAM
#define WSMTP_FEATURE_SCRAM WSMTP_FEATURE_AUTH
#endif

/* SCRAM with channel binding (RFC 5929, RFC 9266), for hosts whose TLS can give one. */
#ifndef WSMTP_FEATURE_CHANNEL_BINDING
#define WSMTP_FEATURE_CHANNEL_BINDING WSMTP_FEATURE_SCRAM
#endif

/* XOAUTH2 and OAUTHBEARER (RFC 7628). */
#ifndef WSMTP_FEATURE_OAUTH
#define WSMTP_FEATURE_OAUTH WSMTP_FEATURE_AUTH
#endif

/* CRAM-MD5 (RFC 2195), with MD5: for old servers, and only when asked for by name. */
#ifndef WSMTP_FEATURE_CRAM_MD5
#define WSMTP_FEATURE_CRAM_MD5 WSMTP_FEATURE_AUTH
#endif

/* Internationalized addresses (RFC 6531). */
#ifndef WSMTP_FEATURE_SMTPUTF8
#define WSMTP_FEATURE_SMTPUTF8 1
#endif

/* BDAT instead of DATA where CHUNKING is offered (RFC 3030). */
#ifndef WSMTP_FEATURE_CHUNKING
#define WSMTP_FEATURE_CHUNKING 1
#endif

/* Several transactions in flight (wsmtp_config.overlap). */
#ifndef WSMTP_FEATURE_OVERLAP
#define WSMTP_FEATURE_OVERLAP 1
#endif

/* LMTP (RFC 2033). */
#ifndef WSMTP_FEATURE_LMTP
#define WSMTP_FEATURE_LMTP 1
#endif

/* The sentences of wsmtp_reason_message(); without them it returns an empty string. */
#ifndef WSMTP_FEATURE_MESSAGES
#define WSMTP_FEATURE_MESSAGES 1
#endif

#if (WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_OAUTH || WSMTP_FEATURE_CRAM_MD5) && !WSMTP_FEATURE_AUTH
#error "a mechanism is of no use without WSMTP_FEATURE_AUTH"
#endif
#if WSMTP_FEATURE_CHANNEL_BINDING && !WSMTP_FEATURE_SCRAM
#error "channel binding is of no use without WSMTP_FEATURE_SCRAM"
#endif

/* Bits of wsmtp_features(). */
#define WSMTP_HAS_SCRAM 0x01u
#define WSMTP_HAS_OAUTH 0x02u
#define WSMTP_HAS_CRAM_MD5 0x04u
#define WSMTP_HAS_SMTPUTF8 0x08u
#define WSMTP_HAS_MESSAGES 0x10u
#define WSMTP_HAS_AUTH 0x20u
#define WSMTP_HAS_CHUNKING 0x40u
#define WSMTP_HAS_OVERLAP 0x80u
#define WSMTP_HAS_LMTP 0x100u
#define WSMTP_HAS_CHANNEL_BINDING 0x200u

#endif
