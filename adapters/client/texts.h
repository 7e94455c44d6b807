/*
 * Texts of the replies to single recipients, refused or in a transaction of their own. They are kept only
 * for those: most messages have none. Private.
 */
#ifndef WSMTP_CLIENT_TEXTS_H
#define WSMTP_CLIENT_TEXTS_H

#include <wsmtp/client.h>

typedef struct wsmtp_client_texts wsmtp_client_texts;

/* Keeps a copy of a text for one of count recipients. If memory is short the text is lost. */
void wsmtp_texts_set(wsmtp_client_texts **texts, size_t count, size_t index, const char *text,
                     size_t text_len);

/* The text of the reply to a RCPT, if it is of use: of a recipient that RCPT agreed to, the reply to the
 * message will tell more. */
void wsmtp_texts_answered(wsmtp_client_texts **texts, const wsmtp_event *event);

/*
 * A further transaction begins for the recipients that are left: for those that got the message in the
 * one before, its reply is the last that was kept.
 */
void wsmtp_texts_keep_part(wsmtp_client_texts **texts, const wsmtp_transaction *transaction,
                           const wsmtp_reply *kept);

bool wsmtp_texts_has(const wsmtp_client_texts *texts, size_t index);

/* NULL if there are none, or memory is short. */
wsmtp_client_texts *wsmtp_texts_copy(const wsmtp_client_texts *texts);

void wsmtp_texts_free(wsmtp_client_texts *texts);

/* A queue identifier in the text of the reply to a message: "queued as 4Xyz..", "id=1abC-..". Its
 * length, 0 if there is none; *at is where it begins. */
size_t wsmtp_queue_id_find(const char *text, size_t text_len, size_t *at);

#endif
