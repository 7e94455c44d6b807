/*
 * What the WebAssembly module exports: one SMTP session an instance, in static memory. The caller
 * (driver.mjs, and nobody else) sees numbers and addresses only. It reads and writes the structs of
 * the engine's headers in place, as 32-bit words: the assertions below pin every place that it uses,
 * so that a change of the headers does not compile instead of shifting what JavaScript sees.
 *
 * Names of exports are single letters, which driver.mjs gives names again: words took 160 bytes.
 *
 * The caller's own data (envelope, credentials) lies above __heap_base, where it may grow the memory.
 */
#include <stddef.h>
#include <stdint.h>

#include "internal.h"

#define EXPORT(letter) __attribute__((export_name(#letter))) extern
#define INPUT_LEN 4096u
#define OUTPUT_LEN 32768u
#define STAGING_LEN 16384u

extern unsigned char __heap_base;

/*
 * A session, but for its buffers, lies at the bottom of the memory: the lower an address, the shorter the
 * code, and what is used most comes first. No pointer leads to address 0. tools/build-wasm.sh has the
 * linker leave LOW_MEMORY bytes there.
 */
typedef struct session_memory {
    wsmtp_engine engine;
    wsmtp_config config;
    wsmtp_credentials credentials;
    wsmtp_body_scan scan;
    size_t window[2]; /* results of recv_buf and send_buf beside the one that they return */
    uint32_t epoch;   /* the same of timer */
} session_memory;
#define SESSION_AT 8
#define session (*(session_memory *)SESSION_AT)
_Static_assert(SESSION_AT % _Alignof(session_memory) == 0 && SESSION_AT + sizeof(session_memory) <= LOW_MEMORY,
               "a session has no room below the data");

static struct {
    uint8_t input[INPUT_LEN];
    uint8_t output[OUTPUT_LEN];
    uint8_t staging[STAGING_LEN];
} buffers;

#define WORD(type, field, number)                                                                  \
    _Static_assert(offsetof(type, field) == 4 * (number), #type "." #field " has moved")

WORD(wsmtp_config, ehlo_name, 5);
WORD(wsmtp_config, ehlo_name_len, 6);
WORD(wsmtp_config, tls, 7);
WORD(wsmtp_config, protocol, 8);
WORD(wsmtp_config, flags, 9);
WORD(wsmtp_config, eager_octets, 10);
WORD(wsmtp_config, overlap, 11);
WORD(wsmtp_config, timeouts, 12);
WORD(wsmtp_config, expected, 22);
WORD(wsmtp_credentials, mechanism, 1);
WORD(wsmtp_credentials, user, 2);
WORD(wsmtp_credentials, password, 4);
WORD(wsmtp_credentials, token, 6);
WORD(wsmtp_credentials, authzid, 8);
WORD(wsmtp_credentials, host, 10);
WORD(wsmtp_credentials, port, 12);
WORD(wsmtp_credentials, nonce, 13);
WORD(wsmtp_credentials, scram_iterations_min, 15);
WORD(wsmtp_credentials, scram_iterations_max, 16);
WORD(wsmtp_credentials, allow_plaintext_auth, 17);
WORD(wsmtp_transaction, size, 0);
WORD(wsmtp_transaction, reverse_path, 1);
WORD(wsmtp_transaction, reverse_path_len, 2);
WORD(wsmtp_transaction, recipients, 3);
WORD(wsmtp_transaction, recipients_len, 4);
WORD(wsmtp_transaction, parameters, 5);
WORD(wsmtp_transaction, parameters_len, 6);
WORD(wsmtp_transaction, message_size, 8);
WORD(wsmtp_transaction, body, 10);
WORD(wsmtp_transaction, flags, 11);
WORD(wsmtp_parameter, keyword, 0);
WORD(wsmtp_parameter, optional, 1);
WORD(wsmtp_parameter, value, 2);
WORD(wsmtp_parameter, value_len, 3);
_Static_assert(sizeof(wsmtp_parameter) == 16, "the size of wsmtp_parameter has changed");
WORD(wsmtp_recipient, address, 0);
WORD(wsmtp_recipient, address_len, 1);
WORD(wsmtp_recipient, parameters, 2);
WORD(wsmtp_recipient, parameters_len, 3);
WORD(wsmtp_recipient, status, 4);
WORD(wsmtp_recipient, from_message, 5);
_Static_assert(offsetof(wsmtp_recipient, code) == 22, "wsmtp_recipient.code has moved");
_Static_assert(offsetof(wsmtp_recipient, enhanced) == 24, "wsmtp_recipient.enhanced has moved");
_Static_assert(sizeof(wsmtp_recipient) == 32, "the size of wsmtp_recipient has changed");
_Static_assert(offsetof(wsmtp_enhanced_code, class_) == 0 &&
                   offsetof(wsmtp_enhanced_code, subject) == 2 &&
                   offsetof(wsmtp_enhanced_code, detail) == 4,
               "a field of wsmtp_enhanced_code has moved");
WORD(wsmtp_reply, code, 0);
_Static_assert(offsetof(wsmtp_reply, enhanced) == 2, "wsmtp_reply.enhanced has moved");
WORD(wsmtp_reply, text, 2);
WORD(wsmtp_reply, text_len, 3);
WORD(wsmtp_error, reason, 0);
WORD(wsmtp_error, kind, 1);
WORD(wsmtp_error, step, 2);
WORD(wsmtp_error, field, 3);
WORD(wsmtp_error, index, 4);
WORD(wsmtp_error, retryable, 5);
_Static_assert(offsetof(wsmtp_error, in_doubt) == 21, "wsmtp_error.in_doubt has moved");
WORD(wsmtp_error, reply, 6);
WORD(wsmtp_error, detail, 10);
WORD(wsmtp_error, detail_len, 11);
WORD(wsmtp_event, type, 0);
WORD(wsmtp_event, reply, 1);
WORD(wsmtp_event, transaction, 5);
WORD(wsmtp_event, recipient, 6);
WORD(wsmtp_event, error, 7);
WORD(wsmtp_event, hash, 8);
WORD(wsmtp_event, iterations, 9);
WORD(wsmtp_event, salt, 10);
WORD(wsmtp_event, salt_len, 11);
WORD(wsmtp_capabilities, flags, 0);
WORD(wsmtp_capabilities, auth, 1);
WORD(wsmtp_capabilities, size, 2);
WORD(wsmtp_capabilities, mail_max, 4);
WORD(wsmtp_capabilities, rcpt_max, 5);
WORD(wsmtp_capabilities, rcpt_domain_max, 6);
WORD(wsmtp_capabilities, deliver_by_min, 7);
WORD(wsmtp_capabilities, hold_max, 8);
WORD(wsmtp_capabilities, xclient, 9);
_Static_assert(sizeof(wsmtp_capabilities) == 40, "the size of wsmtp_capabilities has changed");
WORD(wsmtp_body_scan, octets, 0);
WORD(wsmtp_body_scan, has_8bit, 2);
_Static_assert(offsetof(wsmtp_body_scan, has_bare_cr) == 9 &&
                   offsetof(wsmtp_body_scan, has_bare_lf) == 10 &&
                   offsetof(wsmtp_body_scan, has_long_line) == 12,
               "a finding of wsmtp_body_scan has moved");

/* Fills in defaults. Returns the addresses of what JavaScript reads and writes, and two sizes. */
EXPORT(a) const void *setup(void)
{
    static const void *const places[] = {
        &__heap_base,
        buffers.staging,
        (const void *)sizeof buffers.staging,
        (const void *)sizeof(wsmtp_transaction),
        session.window,
        &session.engine.event, /* read before anything else is called */
        &session.config,
        &session.credentials,
        &session.scan,
        &session.engine.error,
        &session.engine.capabilities,
    };
    wsmtp_config_init(&session.config);
    wsmtp_credentials_init(&session.credentials);
    session.config.input = buffers.input;
    session.config.input_len = sizeof buffers.input;
    session.config.output = buffers.output;
    session.config.output_len = sizeof buffers.output;
    return places;
}

EXPORT(b) uint32_t start(void) { return wsmtp_init(&session.engine, &session.config); }

/* Whether a transaction submitted now would be begun now, not only queued behind others. */
static bool may_overlap(const wsmtp_engine *e)
{
    return wsmtp_may_follow_login(e) || (wsmtp_may_overlap(e) && !e->writing->next);
}

/*
 * WSMTP_CAN_* and WSMTP_HAS_EVENT; bit 4: the channel is secure; bit 5: a message may follow the one
 * that is under way; from bit 8: the mechanism.
 */
EXPORT(c) uint32_t state(void)
{
    uint32_t mechanism = WSMTP_FEATURE_AUTH ? wsmtp_mechanism_get(&session.engine) : 0;
    uint32_t overlap = may_overlap(&session.engine);
    return wsmtp_state(&session.engine) | (uint32_t)wsmtp_is_secure(&session.engine) << 4 |
           overlap << 5 | mechanism << 8;
}

/* The window for received octets; window: its size. */
EXPORT(d) void *recv_buf(void) { return wsmtp_recv_buf(&session.engine, session.window); }

EXPORT(e) void recv_ack(size_t len) { wsmtp_recv_ack(&session.engine, len); }

/* The octets to send; window: how many, and from which on they are secret. */
EXPORT(f) const void *send_buf(void)
{
    return wsmtp_send_buf(&session.engine, &session.window[0], &session.window[1]);
}

EXPORT(g) void send_ack(size_t len) { wsmtp_send_ack(&session.engine, len); }

EXPORT(h) uint32_t next(void) { return wsmtp_next_event(&session.engine, &session.engine.event); }

EXPORT(i) uint32_t tls_done(void) { return wsmtp_tls_done(&session.engine); }

EXPORT(j) uint32_t login(void)
{
    return wsmtp_login(&session.engine, &session.credentials);
}

#if WSMTP_FEATURE_SCRAM
EXPORT(k) uint32_t key_derived(const uint8_t *key, size_t key_len)
{
    return wsmtp_key_derived(&session.engine, key, key_len);
}

/* Derives the key that the login waits for by the engine's own code; returns its length. */
EXPORT(l) size_t derive_key(uint8_t *key)
{
    const wsmtp_sasl *asked = &session.engine.sasl;
    wsmtp_derive_key(asked->scram_hash, (const uint8_t *)session.credentials.password,
                     session.credentials.password_len, asked->scram_salt, asked->scram_salt_len,
                     asked->scram_iterations, key);
    return wsmtp_hash_len(asked->scram_hash);
}
#endif

EXPORT(m) uint32_t submit(wsmtp_transaction *transaction)
{
    return wsmtp_submit(&session.engine, transaction);
}

/* Takes from the first len octets of the staging area; returns how many. */
EXPORT(n) size_t body_write(size_t len)
{
    return wsmtp_body_write(&session.engine, buffers.staging, len);
}

EXPORT(o) uint32_t body_end(void) { return wsmtp_body_end(&session.engine); }

EXPORT(p) uint32_t reset(void) { return wsmtp_reset(&session.engine); }

EXPORT(q) uint32_t noop(void) { return wsmtp_noop(&session.engine); }

EXPORT(r) uint32_t quit(void) { return wsmtp_quit(&session.engine); }

#if WSMTP_FEATURE_QUERIES
/* VRFY, EXPN or HELP, as the step says, with the first len octets of the staging area. */
EXPORT(s) uint32_t query(uint32_t step, size_t len)
{
    return wsmtp_query(&session.engine, (wsmtp_step)step, (const char *)buffers.staging, len);
}
#endif

#if WSMTP_FEATURE_PARAMETERS
/* The number of a keyword that an error names. */
EXPORT(t) uint32_t keyword(const char *name, size_t name_len)
{
    return wsmtp_keyword_find(name, name_len);
}
#endif

#if WSMTP_FEATURE_XCLIENT
EXPORT(u) uint32_t xclient(const wsmtp_parameter *attributes, size_t count)
{
    return wsmtp_xclient(&session.engine, attributes, count);
}
#endif

/* Milliseconds of the current phase (0 = no limit); behind window: epoch. */
EXPORT(v) uint32_t timer(void) { return wsmtp_timer(&session.engine, &session.epoch); }

EXPORT(w) void io_failed(uint32_t why)
{
    wsmtp_io_failed(&session.engine, (wsmtp_reason)why);
}

EXPORT(x) void end(void) { wsmtp_end(&session.engine); }

EXPORT(y) void scan_init(void) { wsmtp_body_scan_init(&session.scan); }

EXPORT(z) void scan_add(size_t len)
{
    wsmtp_body_scan_add(&session.scan, buffers.staging, len);
}

EXPORT(A) void scan_end(void) { wsmtp_body_scan_end(&session.scan); }

#if WSMTP_FEATURE_MESSAGES
/* The sentence of a reason, or, of numbers from 256 on, the name of a step. NUL-terminated. */
EXPORT(B) const char *text(uint32_t number)
{
    size_t len;
    return number < 256 ? wsmtp_reason_message((wsmtp_reason)number, &len)
                        : wsmtp_step_name((wsmtp_step)(number - 256), &len);
}
#endif
