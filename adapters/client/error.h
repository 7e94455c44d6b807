/*
 * How the clients of every native host make errors: one place, so that kind, step, retryability and
 * the sentence for people follow the same rules everywhere. Private.
 */
#ifndef WSMTP_CLIENT_ERROR_H
#define WSMTP_CLIENT_ERROR_H

#include <wsmtp/client.h>

/* From an error of the engine, with what the host knows; words may be NULL or "". */
void wsmtp_error_from_engine(wsmtp_client_error *error, const wsmtp_error *from, wsmtp_cause cause,
                             const char *words);

/* Without a session: step CONNECT. */
void wsmtp_error_from_host(wsmtp_client_error *error, wsmtp_reason reason, wsmtp_cause cause,
                           const char *words);

/* An option that breaks a rule; rule is a predicate ("is missing"). */
void wsmtp_error_from_option(wsmtp_client_error *error, wsmtp_reason reason, wsmtp_cause cause,
                             const char *option, const char *rule);

/* Something that the caller gave breaks a rule, a predicate; NULL: the reason's sentence. */
void wsmtp_error_about_field(wsmtp_client_error *error, wsmtp_reason reason, wsmtp_field field,
                             size_t index, const char *rule);

/* For a request that found the session over, because of ended (reason OK: it was quit or closed). */
void wsmtp_error_after_end(wsmtp_client_error *error, const wsmtp_client_error *ended);

/* For a message that was lost with the session over what another one had wrong. */
void wsmtp_error_of_other(wsmtp_client_error *error);

/* Puts words behind the message. */
void wsmtp_error_append(wsmtp_client_error *error, const char *words);

#endif
