/* Builds without TLS: whoever asks for it is told so, nothing goes out in clear text instead. */
#include "tls.h"

wsmtp_wasi_tls *wsmtp_wasi_tls_begin(wsmtp_wasi_socket *s, const wsmtp_settings *settings,
                                     wsmtp_wasi_certificate *certificate,
                                     wsmtp_wasi_tls_failure *failure)
{
    (void)s;
    (void)settings;
    (void)certificate;
    failure->reason = WSMTP_REASON_TLS_FAILED;
    failure->cause = WSMTP_CAUSE_TLS_OTHER;
    failure->words = "this build has no TLS";
    return NULL;
}

int wsmtp_wasi_tls_handshake(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    (void)tls;
    (void)failure;
    return WSMTP_WASI_BROKEN;
}

void wsmtp_wasi_tls_facts_get(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_facts *facts)
{
    (void)tls;
    (void)facts;
}

ptrdiff_t wsmtp_wasi_tls_read(wsmtp_wasi_tls *tls, uint8_t *buffer, size_t buffer_len,
                              wsmtp_wasi_tls_failure *failure)
{
    (void)tls;
    (void)buffer;
    (void)buffer_len;
    (void)failure;
    return WSMTP_WASI_BROKEN;
}

ptrdiff_t wsmtp_wasi_tls_write(wsmtp_wasi_tls *tls, const uint8_t *bytes, size_t bytes_len,
                               wsmtp_wasi_tls_failure *failure)
{
    (void)tls;
    (void)bytes;
    (void)bytes_len;
    (void)failure;
    return WSMTP_WASI_BROKEN;
}

bool wsmtp_wasi_tls_wants_room(const wsmtp_wasi_tls *tls)
{
    (void)tls;
    return false;
}

void wsmtp_wasi_tls_end(wsmtp_wasi_tls *tls, bool politely)
{
    (void)tls;
    (void)politely;
}
