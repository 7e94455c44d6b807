/*
 * What the WebAssembly module exports: one SMTP session an instance, in static memory. The caller
 * (driver.mjs) sees numbers and addresses only. Structs stay on this side: whatever has several
 * fields is spread over the 32-bit slots of `view`, in the order written here, so that a change of
 * the engine's headers cannot shift what JavaScript reads.
 *
 * The caller's own texts (envelope, credentials) lie above __heap_base, where it may grow the
 * memory. Texts are handed over one behind the other, each as a 32-bit length and its octets.
 */
#include <stddef.h>
#include <stdint.h>

#include "wsmtp/engine.h"

#define EXPORT(name) __attribute__((export_name(#name))) extern
#define INPUT_LEN 4096u
#define OUTPUT_LEN 32768u
#define STAGING_LEN 16384u

extern unsigned char __heap_base;

static wsmtp_engine engine;
static wsmtp_config config;
static wsmtp_credentials credentials;
static wsmtp_body_scan scan;
static wsmtp_event event;
static uint8_t input[INPUT_LEN];
static uint8_t output[OUTPUT_LEN];
static uint8_t staging[STAGING_LEN];
static uint32_t view[16];

static uint32_t address_of(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

/* 0, or class, subject and detail as 10 bits each. */
static uint32_t pack(wsmtp_enhanced_code code)
{
    return (uint32_t)code.class_ << 20 | (uint32_t)code.subject << 10 | code.detail;
}

static void put_reply(uint32_t *slots, const wsmtp_reply *reply)
{
    slots[0] = reply->code;
    slots[1] = pack(reply->enhanced);
    slots[2] = address_of(reply->text);
    slots[3] = (uint32_t)reply->text_len;
}

/* Takes the next length and its octets. */
static const uint8_t *take_text(const uint8_t *at, const char **text, size_t *text_len)
{
    uint32_t len;
    __builtin_memcpy(&len, at, sizeof len);
    *text = (const char *)(at + sizeof len);
    *text_len = len;
    return at + sizeof len + len;
}

/* Fixed addresses and sizes: view, heap, staging, staging size, transaction size, recipient size. */
EXPORT(setup) uint32_t setup(void)
{
    wsmtp_config_init(&config);
    config.input = input;
    config.input_len = sizeof input;
    config.output = output;
    config.output_len = sizeof output;
    view[0] = address_of(&__heap_base);
    view[1] = address_of(staging);
    view[2] = sizeof staging;
    view[3] = sizeof(wsmtp_transaction);
    view[4] = sizeof(wsmtp_recipient);
    return address_of(view);
}

/* Sets the limit of a phase, unless ms is negative; returns the limit. */
EXPORT(timeout) uint32_t timeout(uint32_t phase, double ms)
{
    if (ms >= 0)
        config.timeouts[phase] = (uint32_t)ms;
    return config.timeouts[phase];
}

EXPORT(start) uint32_t start(const char *ehlo_name, size_t ehlo_name_len, uint32_t tls, uint32_t flags)
{
    config.ehlo_name = ehlo_name;
    config.ehlo_name_len = ehlo_name_len;
    config.tls = (wsmtp_tls)tls;
    config.flags = flags;
    return wsmtp_init(&engine, &config);
}

EXPORT(state) uint32_t state(void) { return wsmtp_state(&engine); }

/* Address of the window for received octets; view: its size. */
EXPORT(recv_buf) uint32_t recv_buf(void)
{
    size_t len;
    uint32_t at = address_of(wsmtp_recv_buf(&engine, &len));
    view[0] = (uint32_t)len;
    return at;
}

EXPORT(recv_ack) void recv_ack(uint32_t len) { wsmtp_recv_ack(&engine, len); }

/* Address of the octets to send; view: how many, and from which on they are secret. */
EXPORT(send_buf) uint32_t send_buf(void)
{
    size_t len, secret_at;
    uint32_t at = address_of(wsmtp_send_buf(&engine, &len, &secret_at));
    view[0] = (uint32_t)len;
    view[1] = (uint32_t)secret_at;
    return at;
}

EXPORT(send_ack) void send_ack(uint32_t len) { wsmtp_send_ack(&engine, len); }

/* view: type, transaction, recipient, reply (4), has an error, hash, iterations, salt, its length. */
EXPORT(next) uint32_t next(void)
{
    wsmtp_next_event(&engine, &event);
    view[0] = address_of(event.transaction);
    view[1] = (uint32_t)event.recipient;
    put_reply(view + 2, &event.reply);
    view[6] = event.error != NULL;
    view[7] = event.hash;
    view[8] = event.iterations;
    view[9] = address_of(event.salt);
    view[10] = (uint32_t)event.salt_len;
    return event.type;
}

/*
 * The last event's error, or else that of the last call that returned a reason.
 * view: reason, kind, step, field, index, retryable, in doubt, reply (4), detail, its length.
 */
EXPORT(error) void error(uint32_t of_event)
{
    const wsmtp_error *e = of_event ? event.error : wsmtp_error_get(&engine);
    view[0] = e->reason;
    view[1] = e->kind;
    view[2] = e->step;
    view[3] = e->field;
    view[4] = (uint32_t)e->index;
    view[5] = e->retryable;
    view[6] = e->in_doubt;
    put_reply(view + 7, &e->reply);
    view[11] = address_of(e->detail);
    view[12] = (uint32_t)e->detail_len;
}

/* Static texts: 0 the sentence of a reason, 1 the name of a step, 2 of a mechanism. view: length. */
EXPORT(text) uint32_t text(uint32_t list, uint32_t number)
{
    size_t len;
    const char *found = list == 0   ? wsmtp_reason_message((wsmtp_reason)number, &len)
                        : list == 1 ? wsmtp_step_name((wsmtp_step)number, &len)
                                    : wsmtp_mechanism_name((wsmtp_mechanism)number, &len);
    view[0] = (uint32_t)len;
    return address_of(found);
}

EXPORT(tls_done) uint32_t tls_done(void) { return wsmtp_tls_done(&engine); }

EXPORT(is_secure) uint32_t is_secure(void) { return wsmtp_is_secure(&engine); }

/* The limit of SIZE; view: flags, mechanisms, limits of messages, recipients, recipient domains. */
EXPORT(capabilities) double capabilities(void)
{
    const wsmtp_capabilities *c = wsmtp_capabilities_get(&engine);
    view[0] = c->flags;
    view[1] = c->auth;
    view[2] = c->mail_max;
    view[3] = c->rcpt_max;
    view[4] = c->rcpt_domain_max;
    return (double)c->size;
}

/* Texts at `at`: user, password, token, authorization identity, host, nonce. */
EXPORT(login) uint32_t login(const uint8_t *at, uint32_t mechanism, uint32_t port,
                             uint32_t allow_plaintext_auth, uint32_t iterations_min,
                             uint32_t iterations_max)
{
    wsmtp_credentials_init(&credentials);
    at = take_text(at, &credentials.user, &credentials.user_len);
    at = take_text(at, &credentials.password, &credentials.password_len);
    at = take_text(at, &credentials.token, &credentials.token_len);
    at = take_text(at, &credentials.authzid, &credentials.authzid_len);
    at = take_text(at, &credentials.host, &credentials.host_len);
    const char *nonce;
    take_text(at, &nonce, &credentials.nonce_len);
    credentials.nonce = (const uint8_t *)nonce;
    credentials.mechanism = (wsmtp_mechanism)mechanism;
    credentials.port = port;
    credentials.allow_plaintext_auth = allow_plaintext_auth != 0;
    credentials.scram_iterations_min = iterations_min;
    credentials.scram_iterations_max = iterations_max;
    return wsmtp_login(&engine, &credentials);
}

EXPORT(mechanism) uint32_t mechanism(void) { return wsmtp_mechanism_get(&engine); }

EXPORT(key_derived) uint32_t key_derived(const uint8_t *key, size_t key_len)
{
    return wsmtp_key_derived(&engine, key, key_len);
}

/* Derives the key for the running login by the engine's own code into `key`; returns its length. */
EXPORT(derive_key) uint32_t derive_key(uint32_t hash, const uint8_t *salt, size_t salt_len,
                                       uint32_t iterations, uint8_t *key)
{
    wsmtp_derive_key((wsmtp_hash)hash, (const uint8_t *)credentials.password,
                     credentials.password_len, salt, salt_len, iterations, key);
    return (uint32_t)wsmtp_hash_len((wsmtp_hash)hash);
}

/*
 * At `at`: room for a transaction and recipients_len recipients, then the texts: reverse-path and
 * each forward-path. message_size below 0 means unknown.
 */
EXPORT(submit) uint32_t submit(uint8_t *at, size_t recipients_len, double message_size,
                               uint32_t body, uint32_t flags)
{
    wsmtp_transaction *transaction = (wsmtp_transaction *)(void *)at;
    wsmtp_recipient *recipients = (wsmtp_recipient *)(void *)(at + sizeof *transaction);
    wsmtp_transaction_init(transaction);
    const uint8_t *texts = at + sizeof *transaction + recipients_len * sizeof *recipients;
    texts = take_text(texts, &transaction->reverse_path, &transaction->reverse_path_len);
    __builtin_memset(recipients, 0, recipients_len * sizeof *recipients);
    for (size_t i = 0; i < recipients_len; i++)
        texts = take_text(texts, &recipients[i].address, &recipients[i].address_len);
    transaction->recipients = recipients;
    transaction->recipients_len = recipients_len;
    if (message_size >= 0)
        transaction->message_size = (uint64_t)message_size;
    transaction->body = (wsmtp_body)body;
    transaction->flags = flags;
    return wsmtp_submit(&engine, transaction);
}

/* view: status, whether the whole message's reply decided, code, enhanced code. */
EXPORT(outcome) void outcome(const wsmtp_transaction *transaction, uint32_t recipient)
{
    const wsmtp_recipient *r = &transaction->recipients[recipient];
    view[0] = r->status;
    view[1] = r->from_message;
    view[2] = r->code;
    view[3] = pack(r->enhanced);
}

/* Takes from the first len octets of the staging area; returns how many. */
EXPORT(body_write) uint32_t body_write(uint32_t len)
{
    return (uint32_t)wsmtp_body_write(&engine, staging, len);
}

EXPORT(body_end) uint32_t body_end(void) { return wsmtp_body_end(&engine); }

EXPORT(reset) uint32_t reset(void) { return wsmtp_reset(&engine); }

EXPORT(noop) uint32_t noop(void) { return wsmtp_noop(&engine); }

EXPORT(quit) uint32_t quit(void) { return wsmtp_quit(&engine); }

/* Milliseconds of the current phase (0 = no limit); view: epoch. */
EXPORT(timer) uint32_t timer(void) { return wsmtp_timer(&engine, &view[0]); }

EXPORT(io_failed) void io_failed(uint32_t why) { wsmtp_io_failed(&engine, (wsmtp_reason)why); }

EXPORT(end) void end(void)
{
    wsmtp_end(&engine);
    wsmtp_wipe(output, sizeof output);
}

EXPORT(scan_init) void scan_init(void) { wsmtp_body_scan_init(&scan); }

EXPORT(scan_add) void scan_add(uint32_t len) { wsmtp_body_scan_add(&scan, staging, len); }

/* The size; view: 8-bit, bare CR, bare LF, line too long. */
EXPORT(scan_end) double scan_end(void)
{
    wsmtp_body_scan_end(&scan);
    view[0] = scan.has_8bit;
    view[1] = scan.has_bare_cr;
    view[2] = scan.has_bare_lf;
    view[3] = scan.has_long_line;
    return (double)scan.octets;
}
