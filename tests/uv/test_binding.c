/*
 * SCRAM with channel binding: preferred when offered, bound to the right channel, and refused by a
 * server that sees another one, as it would with somebody in the middle.
 */
#include "support.h"

static void log_in(const char *port, wsmtp_mechanism mechanism, wsmtp_mechanism wanted, bool bound)
{
    wsmtp_client_options options = test_options(port, WSMTP_TLS_IMPLICIT);
    wsmtp_credentials credentials = test_credentials(mechanism);
    options.credentials = &credentials;
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client) == bound);
    const wsmtp_client_error *error = wsmtp_client_error_get(client);
    if (bound) {
        CHECK_EQ(wsmtp_client_facts_get(client)->mechanism, wanted);
        wsmtp_client_quit(client);
    } else {
        CHECK_EQ(error->reason, WSMTP_REASON_AUTH_REFUSED);
    }
    if ((error->reason == WSMTP_REASON_OK) != bound)
        printf("    %s: %s\n", port, error->message);
    wsmtp_client_free(client);
}

int main(void)
{
    static const char *const ports[] = {"TLS13", "TLS12", "OTHER13", "OTHER12"};
    for (size_t i = 0; i < 4; i++) {
        log_in(ports[i], WSMTP_MECHANISM_AUTO, WSMTP_MECHANISM_SCRAM_SHA_256_PLUS, i < 2);
        log_in(ports[i], WSMTP_MECHANISM_SCRAM_SHA_1_PLUS, WSMTP_MECHANISM_SCRAM_SHA_1_PLUS, i < 2);
        log_in(ports[i], WSMTP_MECHANISM_SCRAM_SHA_512_PLUS, WSMTP_MECHANISM_SCRAM_SHA_512_PLUS, i < 2);
    }
    return check_report();
}
