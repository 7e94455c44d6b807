/*
 * One TLS connection between two memory BIOs: octets off the wire go into one, SSL_read puts them
 * straight into the engine's window; SSL_write takes them straight from it, and what the other BIO
 * holds goes to the socket.
 */
#include "internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/*
 * An address is checked as an address and not sent as SNI (RFC 6066 section 3). A name counts only where RFC
 * 9525 looks for it: not in the certificate's subject.
 */
static bool set_name(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *rules = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, name) == 1)
        return true;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static void failed(wsmtp_uv_client *c, wsmtp_reason reason, wsmtp_cause cause, const char *words)
{
    c->handshaking = false;
    c->net_ready = false;
    wsmtp_driver_failed(&c->driver, reason, cause, words);
    ERR_clear_error();
}

/* From the error that OpenSSL has queued. */
static void library_failed(wsmtp_uv_client *c)
{
    char words[WSMTP_CAUSE_WORDS_MAX];
    wsmtp_cause cause = wsmtp_uv_tls_cause(c->ssl, words, sizeof words);
    bool mismatch = cause == WSMTP_CAUSE_NOT_TLS && c->handshaking &&
                    c->driver.config.tls == WSMTP_TLS_IMPLICIT;
    failed(c, mismatch ? WSMTP_REASON_TLS_MODE_MISMATCH : WSMTP_REASON_TLS_FAILED, cause, words);
}

void wsmtp_uv_tls_begin(wsmtp_uv_client *c)
{
    ERR_clear_error();
    c->ssl = SSL_new(c->server->tls);
    c->net_in = BIO_new(BIO_s_mem());
    c->net_out = BIO_new(BIO_s_mem());
    if (!c->ssl || !c->net_in || !c->net_out) {
        BIO_free(c->net_in);
        BIO_free(c->net_out);
        SSL_free(c->ssl);
        c->ssl = NULL;
        failed(c, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_MEMORY, "memory is short");
        return;
    }
    BIO_set_mem_eof_return(c->net_in, -1); /* empty means "later", not "never" */
    SSL_set_bio(c->ssl, c->net_in, c->net_out);
    SSL_set_app_data(c->ssl, c);
    SSL_set_connect_state(c->ssl);
    c->handshaking = true;
    c->net_ready = true;
    if (!set_name(c->ssl, c->server->settings.options.tls_name))
        failed(c, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_CERTIFICATE_NAME,
               "tls_name is not a name that a certificate can be for");
}

static bool pinned(wsmtp_uv_client *c)
{
    const uint8_t *pin = c->server->settings.options.pin;
    uint8_t actual[WSMTP_PIN_LEN];
    return !pin || (c->certificate && wsmtp_uv_pin(c->certificate, actual) &&
                    memcmp(pin, actual, sizeof actual) == 0);
}

static void established(wsmtp_uv_client *c)
{
    if (SSL_get_verify_result(c->ssl) != X509_V_OK || !c->certificate) {
        failed(c, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_CERTIFICATE_INVALID,
               "the server's certificate was not verified");
        return;
    }
    if (!pinned(c)) {
        failed(c, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_PIN_MISMATCH,
               "the server's key is not the pinned one");
        return;
    }
    c->handshaking = false;
    c->driver.facts.tls_version = SSL_get_version(c->ssl);
    c->driver.facts.tls_cipher = SSL_get_cipher_name(c->ssl);
    wsmtp_uv_bind_channel(c);
    wsmtp_driver_secured(&c->driver);
}

/* The wire is silent for now: is that for good? */
static void starved(wsmtp_uv_client *c)
{
    c->net_ready = false;
    if (!c->end_of_input)
        return;
    if (c->handshaking)
        failed(c, WSMTP_REASON_CLOSED_BY_PEER, WSMTP_CAUSE_NONE, NULL);
    else
        failed(c, WSMTP_REASON_CONNECTION_LOST, WSMTP_CAUSE_TLS_TRUNCATED,
               "closed without close_notify");
}

static bool shake_hands(wsmtp_uv_client *c)
{
    int result = SSL_do_handshake(c->ssl);
    if (result == 1) {
        established(c);
        return true;
    }
    int error = SSL_get_error(c->ssl, result);
    if (error == SSL_ERROR_WANT_READ)
        starved(c);
    else
        library_failed(c);
    return c->driver.stage != WSMTP_DRIVER_RUNNING || !c->handshaking;
}

static bool receive(wsmtp_uv_client *c)
{
    size_t len;
    uint8_t *window = wsmtp_driver_input(&c->driver, &len);
    if (!window)
        return false;
    int n = SSL_read(c->ssl, window, (int)len);
    if (n > 0) {
        wsmtp_driver_received(&c->driver, window, (size_t)n);
        return true;
    }
    int error = SSL_get_error(c->ssl, n);
    if (error == SSL_ERROR_ZERO_RETURN) {
        c->net_ready = false;
        c->end_of_input = true;
        wsmtp_driver_received(&c->driver, NULL, 0);
        return true;
    }
    if (error == SSL_ERROR_WANT_READ) {
        starved(c);
        return c->end_of_input;
    }
    library_failed(c);
    return true;
}

static bool send_window(wsmtp_uv_client *c)
{
    size_t len;
    const uint8_t *bytes;
    if (c->writing || !(bytes = wsmtp_driver_output(&c->driver, &len)))
        return false;
    int n = SSL_write(c->ssl, bytes, (int)len);
    if (n > 0)
        wsmtp_driver_sent(&c->driver, (size_t)n);
    else
        library_failed(c);
    return true;
}

static void flush(wsmtp_uv_client *c)
{
    char *bytes;
    long len = BIO_get_mem_data(c->net_out, &bytes);
    if (c->writing || len <= 0 || c->driver.last_words_at)
        return;
    wsmtp_uv_hand_over(c, (const uint8_t *)bytes, (size_t)len);
    (void)BIO_reset(c->net_out);
}

bool wsmtp_uv_tls_exchange(wsmtp_uv_client *c)
{
    bool changed = false;
    ERR_clear_error(); /* what others left in the thread's queue would pass for an error of ours */
    if (c->handshaking)
        changed = c->net_ready && shake_hands(c);
    else if (c->net_ready)
        changed = receive(c);
    if (!c->handshaking && c->driver.stage == WSMTP_DRIVER_RUNNING)
        changed |= send_window(c);
    flush(c);
    return changed;
}

/* Whatever TLS still has to say (close_notify, an alert) is said if the socket takes it at once. */
void wsmtp_uv_tls_end(wsmtp_uv_client *c)
{
    if (!c->ssl)
        return;
    ERR_clear_error();
    if (c->driver.error.reason == WSMTP_REASON_OK && SSL_is_init_finished(c->ssl))
        SSL_shutdown(c->ssl);
    if (c->link)
        flush(c);
    SSL_free(c->ssl);
    ERR_clear_error();
    c->ssl = NULL;
    c->net_ready = false;
}
