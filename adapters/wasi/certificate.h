/* Facts about the server's certificate, kept as text, so that they outlive the connection. Private. */
#ifndef WSMTP_WASI_CERTIFICATE_H
#define WSMTP_WASI_CERTIFICATE_H

#include <wsmtp/client.h>

typedef struct wsmtp_wasi_certificate {
    wsmtp_client_certificate facts;
    char subject[512], issuer[512], names[1024]; /* cut if longer */
} wsmtp_wasi_certificate;

#endif
