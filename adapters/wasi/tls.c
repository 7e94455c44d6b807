/*
 * One TLS connection: mbedTLS between the windows of the driver and the socket.
 *
 * Nothing is sent but what the engine wants to say, not even an empty record to acknowledge the
 * server's session tickets early: Postfix takes anything that is readable for a pipelined command,
 * and then keeps its reply back for ever.
 */
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "tls_internal.h"

static int on_random(void *context, unsigned char *bytes, size_t bytes_len)
{
    (void)context;
    return wsmtp_host_entropy(bytes, bytes_len) ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/*
 * The records of a flight leave together. mbedTLS writes each by itself, and WASI 0.2 has no TCP_NODELAY:
 * the second would wait until the server acknowledges the first, which takes it 40 ms.
 * WSMTP_WASI_AGAIN: some of it has to wait; 1: nothing is left.
 */
static ptrdiff_t send_flight(wsmtp_wasi_tls *tls)
{
    while (tls->flight_len) {
        ptrdiff_t n = wsmtp_wasi_write(tls->socket, tls->flight, tls->flight_len);
        if (n <= 0)
            return n;
        tls->flight_len -= (size_t)n;
        memmove(tls->flight, tls->flight + n, tls->flight_len);
    }
    return 1;
}

static int on_send(void *context, const unsigned char *bytes, size_t bytes_len)
{
    wsmtp_wasi_tls *tls = context;
    if (!tls->established && bytes_len <= sizeof tls->flight - tls->flight_len) {
        memcpy(tls->flight + tls->flight_len, bytes, bytes_len);
        tls->flight_len += bytes_len;
        return (int)bytes_len;
    }
    ptrdiff_t n = send_flight(tls);
    if (n > 0)
        n = wsmtp_wasi_write(tls->socket, bytes, bytes_len);
    return n > 0 ? (int)n : n == WSMTP_WASI_AGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_NET_CONN_RESET;
}

static int on_receive(void *context, unsigned char *buffer, size_t buffer_len)
{
    wsmtp_wasi_tls *tls = context;
    ptrdiff_t n = wsmtp_wasi_read(tls->socket, buffer, buffer_len);
    return n > 0                  ? (int)n
           : n == WSMTP_WASI_AGAIN ? MBEDTLS_ERR_SSL_WANT_READ
           : n == WSMTP_WASI_END   ? MBEDTLS_ERR_SSL_CONN_EOF
                                   : MBEDTLS_ERR_NET_CONN_RESET;
}

static void describe(wsmtp_wasi_tls_failure *failure, wsmtp_reason reason, wsmtp_cause cause,
                     const char *words)
{
    failure->reason = reason;
    failure->cause = cause;
    failure->words = words;
}

static wsmtp_cause alert_cause(const wsmtp_wasi_tls *tls)
{
    switch (tls->ssl.in_msg[1]) {
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
        return WSMTP_CAUSE_TLS_VERSION;
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
        return WSMTP_CAUSE_CLIENT_CERTIFICATE;
    default:
        return WSMTP_CAUSE_TLS_ALERT;
    }
}

/* From what mbedTLS returned. */
static void fail(wsmtp_wasi_tls *tls, int result, wsmtp_wasi_tls_failure *failure)
{
    bool implicit = tls->settings->options.tls == WSMTP_TLS_IMPLICIT && !tls->established;
    switch (result) {
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
        describe(failure, WSMTP_REASON_TLS_FAILED,
                 wsmtp_wasi_tls_verify_cause(mbedtls_ssl_get_verify_result(&tls->ssl)), NULL);
        return;
    case MBEDTLS_ERR_SSL_CONN_EOF:
        if (tls->established)
            describe(failure, WSMTP_REASON_CONNECTION_LOST, WSMTP_CAUSE_TLS_TRUNCATED, NULL);
        else
            describe(failure, WSMTP_REASON_CLOSED_BY_PEER, WSMTP_CAUSE_NONE, NULL);
        return;
    case MBEDTLS_ERR_NET_CONN_RESET:
        describe(failure, WSMTP_REASON_CONNECTION_LOST, WSMTP_CAUSE_CONNECTION_RESET, NULL);
        return;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        describe(failure, WSMTP_REASON_TLS_FAILED, alert_cause(tls), NULL);
        return;
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
        describe(failure, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_TLS_VERSION, NULL);
        return;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
    case MBEDTLS_ERR_SSL_UNEXPECTED_RECORD:
        describe(failure, implicit ? WSMTP_REASON_TLS_MODE_MISMATCH : WSMTP_REASON_TLS_FAILED,
                 WSMTP_CAUSE_NOT_TLS, NULL);
        return;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
        describe(failure, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_MEMORY, NULL);
        return;
    default:
        describe(failure, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_TLS_OTHER, NULL);
    }
}

static bool configure(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    describe(failure, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_MEMORY, NULL);
    if (psa_crypto_init() != PSA_SUCCESS ||
        mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return false;
    mbedtls_ssl_conf_rng(&tls->config, on_random, NULL);
    if (!wsmtp_wasi_tls_trust(tls, failure) || !wsmtp_wasi_tls_identify(tls, failure))
        return false;
    const char *name = tls->address_len ? NULL : tls->settings->options.tls_name;
    if (mbedtls_ssl_setup(&tls->ssl, &tls->config) != 0 || mbedtls_ssl_set_hostname(&tls->ssl, name) != 0)
        return false;
    mbedtls_ssl_set_bio(&tls->ssl, tls, on_send, on_receive, NULL);
    return true;
}

wsmtp_wasi_tls *wsmtp_wasi_tls_begin(wsmtp_wasi_socket *s, const wsmtp_settings *settings,
                                     wsmtp_wasi_certificate *certificate,
                                     wsmtp_wasi_tls_failure *failure)
{
    wsmtp_wasi_tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        describe(failure, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_MEMORY, NULL);
        return NULL;
    }
    tls->socket = s;
    tls->settings = settings;
    tls->certificate = certificate;
    mbedtls_ssl_init(&tls->ssl);
    mbedtls_ssl_config_init(&tls->config);
    mbedtls_x509_crt_init(&tls->authorities);
    mbedtls_x509_crt_init(&tls->identity);
    mbedtls_pk_init(&tls->key);
    if (configure(tls, failure))
        return tls;
    wsmtp_wasi_tls_end(tls, false);
    return NULL;
}

static bool again(int result)
{
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int broken(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    fail(tls, MBEDTLS_ERR_NET_CONN_RESET, failure);
    return WSMTP_WASI_BROKEN;
}

int wsmtp_wasi_tls_handshake(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    int result = mbedtls_ssl_handshake(&tls->ssl);
    ptrdiff_t left = send_flight(tls);
    if (again(result) || (result == 0 && left == WSMTP_WASI_AGAIN))
        return left == WSMTP_WASI_BROKEN ? broken(tls, failure) : WSMTP_WASI_AGAIN;
    if (result == 0 && mbedtls_ssl_get_verify_result(&tls->ssl) != 0)
        result = MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
    if (result != 0) {
        fail(tls, result, failure);
        return WSMTP_WASI_BROKEN;
    }
    if (!wsmtp_wasi_tls_pinned(tls)) {
        describe(failure, WSMTP_REASON_TLS_FAILED, WSMTP_CAUSE_PIN_MISMATCH, NULL);
        return WSMTP_WASI_BROKEN;
    }
    tls->established = true;
    return 1;
}

void wsmtp_wasi_tls_facts_get(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_facts *facts)
{
    facts->version =
        mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_3 ? "TLSv1.3" : "TLSv1.2";
    facts->cipher = mbedtls_ssl_get_ciphersuite(&tls->ssl);
}

bool wsmtp_wasi_tls_bind(wsmtp_wasi_tls *tls, uint8_t binding[WSMTP_WASI_BINDING_LEN])
{
    static const char label[] = "EXPORTER-Channel-Binding";
    return mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_3 &&
           mbedtls_ssl_export_keying_material(&tls->ssl, binding, WSMTP_WASI_BINDING_LEN, label,
                                              sizeof label - 1, NULL, 0, 0) == 0;
}

ptrdiff_t wsmtp_wasi_tls_read(wsmtp_wasi_tls *tls, uint8_t *buffer, size_t buffer_len,
                              wsmtp_wasi_tls_failure *failure)
{
    int n = mbedtls_ssl_read(&tls->ssl, buffer, buffer_len);
    if (n > 0)
        return n;
    if (again(n))
        return WSMTP_WASI_AGAIN;
    if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return WSMTP_WASI_END;
    fail(tls, n ? n : MBEDTLS_ERR_SSL_CONN_EOF, failure);
    return WSMTP_WASI_BROKEN;
}

/* A write that the socket did not take whole has to be repeated as it was. */
ptrdiff_t wsmtp_wasi_tls_write(wsmtp_wasi_tls *tls, const uint8_t *bytes, size_t bytes_len,
                               wsmtp_wasi_tls_failure *failure)
{
    size_t len = tls->writing ? tls->writing : bytes_len;
    int n = mbedtls_ssl_write(&tls->ssl, bytes, len);
    if (again(n)) {
        tls->writing = len;
        return WSMTP_WASI_AGAIN;
    }
    tls->writing = 0;
    if (n > 0)
        return n;
    fail(tls, n, failure);
    return WSMTP_WASI_BROKEN;
}

bool wsmtp_wasi_tls_wants_room(const wsmtp_wasi_tls *tls)
{
    return tls->ssl.out_left != 0 || tls->flight_len != 0;
}

void wsmtp_wasi_tls_end(wsmtp_wasi_tls *tls, bool politely)
{
    if (!tls)
        return;
    if (politely)
        mbedtls_ssl_close_notify(&tls->ssl);
    mbedtls_ssl_free(&tls->ssl);
    mbedtls_ssl_config_free(&tls->config);
    mbedtls_x509_crt_free(&tls->authorities);
    mbedtls_x509_crt_free(&tls->identity);
    mbedtls_pk_free(&tls->key);
    wsmtp_wipe(tls, sizeof *tls);
    free(tls);
}
