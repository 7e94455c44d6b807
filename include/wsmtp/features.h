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

/* Recipients beyond the server's limits in further transactions (RFC 9422, WSMTP_SEND_SPLIT). */
#ifndef WSMTP_FEATURE_LIMITS
#define WSMTP_FEATURE_LIMITS 1
#endif

/* EHLO, AUTH and envelopes ahead of replies (wsmtp_config.expected, WSMTP_EARLY_ENVELOPE). */
#ifndef WSMTP_FEATURE_EARLY
#define WSMTP_FEATURE_EARLY 1
#endif

/* Messages of any octets, by BDAT (RFC 3030 section 3). */
#ifndef WSMTP_FEATURE_BINARYMIME
#define WSMTP_FEATURE_BINARYMIME WSMTP_FEATURE_CHUNKING
#endif

/* Delivery status notifications: RET, ENVID, NOTIFY, ORCPT (RFC 3461). */
#ifndef WSMTP_FEATURE_DSN
#define WSMTP_FEATURE_DSN 1
#endif

/* REQUIRETLS (RFC 8689). */
#ifndef WSMTP_FEATURE_REQUIRETLS
#define WSMTP_FEATURE_REQUIRETLS 1
#endif

/* BY (RFC 2852). */
#ifndef WSMTP_FEATURE_DELIVERBY
#define WSMTP_FEATURE_DELIVERBY 1
#endif

/* HOLDFOR and HOLDUNTIL (RFC 4865). */
#ifndef WSMTP_FEATURE_FUTURERELEASE
#define WSMTP_FEATURE_FUTURERELEASE 1
#endif

/* MT-PRIORITY (RFC 6710). */
#ifndef WSMTP_FEATURE_MT_PRIORITY
#define WSMTP_FEATURE_MT_PRIORITY 1
#endif

/* AUTH as a parameter of MAIL (RFC 4954 section 5). */
#ifndef WSMTP_FEATURE_SUBMITTER
#define WSMTP_FEATURE_SUBMITTER 1
#endif

/* Replies for each recipient after the message (draft-hall-prdr). */
#ifndef WSMTP_FEATURE_PRDR
#define WSMTP_FEATURE_PRDR 1
#endif

/* VRFY, EXPN and HELP. */
#ifndef WSMTP_FEATURE_QUERIES
#define WSMTP_FEATURE_QUERIES 1
#endif

/* XCLIENT. */
#ifndef WSMTP_FEATURE_XCLIENT
#define WSMTP_FEATURE_XCLIENT 1
#endif

/* EXTERNAL (RFC 4422) and ANONYMOUS (RFC 4505). */
#ifndef WSMTP_FEATURE_EXTERNAL
#define WSMTP_FEATURE_EXTERNAL WSMTP_FEATURE_AUTH
#endif

/* SCRAM-SHA-512, with SHA-512. */
#ifndef WSMTP_FEATURE_SHA_512
#define WSMTP_FEATURE_SHA_512 WSMTP_FEATURE_SCRAM
#endif

/* The sentences of wsmtp_reason_message(); without them it returns an empty string. */
#ifndef WSMTP_FEATURE_MESSAGES
#define WSMTP_FEATURE_MESSAGES 1
#endif

#if (WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_OAUTH || WSMTP_FEATURE_CRAM_MD5) && !WSMTP_FEATURE_AUTH
#error "a mechanism is of no use without WSMTP_FEATURE_AUTH"
#endif
#if WSMTP_FEATURE_EXTERNAL && !WSMTP_FEATURE_AUTH
#error "a mechanism is of no use without WSMTP_FEATURE_AUTH"
#endif
#if WSMTP_FEATURE_SHA_512 && !WSMTP_FEATURE_SCRAM
#error "SHA-512 is of no use without WSMTP_FEATURE_SCRAM"
#endif
#if WSMTP_FEATURE_BINARYMIME && !WSMTP_FEATURE_CHUNKING
#error "BINARYMIME is of no use without WSMTP_FEATURE_CHUNKING"
#endif
#if WSMTP_FEATURE_CHANNEL_BINDING && !WSMTP_FEATURE_SCRAM
#error "channel binding is of no use without WSMTP_FEATURE_SCRAM"
#endif

/* Whether any keyword of wsmtp_keyword is built in. */
#define WSMTP_FEATURE_PARAMETERS                                                                   \
    (WSMTP_FEATURE_DSN || WSMTP_FEATURE_REQUIRETLS || WSMTP_FEATURE_DELIVERBY ||                   \
     WSMTP_FEATURE_FUTURERELEASE || WSMTP_FEATURE_MT_PRIORITY || WSMTP_FEATURE_SUBMITTER ||        \
     WSMTP_FEATURE_PRDR || WSMTP_FEATURE_XCLIENT)

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
#define WSMTP_HAS_LIMITS 0x400u
#define WSMTP_HAS_EARLY 0x800u
#define WSMTP_HAS_BINARYMIME 0x1000u
#define WSMTP_HAS_DSN 0x2000u
#define WSMTP_HAS_REQUIRETLS 0x4000u
#define WSMTP_HAS_DELIVERBY 0x8000u
#define WSMTP_HAS_FUTURERELEASE 0x10000u
#define WSMTP_HAS_MT_PRIORITY 0x20000u
#define WSMTP_HAS_SUBMITTER 0x40000u
#define WSMTP_HAS_PRDR 0x80000u
#define WSMTP_HAS_QUERIES 0x100000u
#define WSMTP_HAS_XCLIENT 0x200000u
#define WSMTP_HAS_EXTERNAL 0x400000u
#define WSMTP_HAS_SHA_512 0x800000u

#endif
