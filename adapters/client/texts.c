#include "texts.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_ID_MIN 6u

struct wsmtp_client_texts {
    size_t count;
    char *text[]; /* each NULL, or NUL-terminated */
};

void wsmtp_texts_set(wsmtp_client_texts **texts, size_t count, size_t index, const char *text,
                     size_t text_len)
{
    if (!*texts) {
        *texts = calloc(1, sizeof **texts + count * sizeof(char *));
        if (!*texts)
            return;
        (*texts)->count = count;
    }
    char *copy = malloc(text_len + 1);
    if (!copy)
        return;
    if (text_len)
        memcpy(copy, text, text_len);
    copy[text_len] = '\0';
    free((*texts)->text[index]);
    (*texts)->text[index] = copy;
}

bool wsmtp_texts_has(const wsmtp_client_texts *texts, size_t index)
{
    return texts && index < texts->count && texts->text[index];
}

static void clear(wsmtp_client_texts *texts, size_t index)
{
    if (!wsmtp_texts_has(texts, index))
        return;
    free(texts->text[index]);
    texts->text[index] = NULL;
}

void wsmtp_texts_answered(wsmtp_client_texts **texts, const wsmtp_event *event)
{
    const wsmtp_recipient *r = &event->transaction->recipients[event->recipient];
    if (WSMTP_FEATURE_LIMITS && r->status == WSMTP_STATUS_PENDING && event->reply.code < 400)
        clear(*texts, event->recipient); /* it was put off before */
    else if (WSMTP_FEATURE_LIMITS || r->status != WSMTP_STATUS_PENDING)
        wsmtp_texts_set(texts, event->transaction->recipients_len, event->recipient, event->reply.text,
                        event->reply.text_len);
}

void wsmtp_texts_keep_part(wsmtp_client_texts **texts, const wsmtp_transaction *t, const wsmtp_reply *kept)
{
    for (size_t i = 0; WSMTP_FEATURE_LIMITS && i < t->recipients_len && t->accepted_count > 0; i++) {
        const wsmtp_recipient *r = &t->recipients[i];
        if (r->from_message && r->code == kept->code && !wsmtp_texts_has(*texts, i))
            wsmtp_texts_set(texts, t->recipients_len, i, kept->text, kept->text_len);
    }
}

wsmtp_client_texts *wsmtp_texts_copy(const wsmtp_client_texts *texts)
{
    wsmtp_client_texts *copy = NULL;
    for (size_t i = 0; texts && i < texts->count; i++)
        if (texts->text[i])
            wsmtp_texts_set(&copy, texts->count, i, texts->text[i], strlen(texts->text[i]));
    return copy;
}

void wsmtp_texts_free(wsmtp_client_texts *texts)
{
    for (size_t i = 0; texts && i < texts->count; i++)
        free(texts->text[i]);
    free(texts);
}

const char *wsmtp_client_recipient_text(const wsmtp_client_result *result, size_t index,
                                        size_t *text_len)
{
    const char *text = "";
    const wsmtp_transaction *t = result->transaction;
    *text_len = 0;
    if (index >= t->recipients_len)
        return text;
    if (wsmtp_texts_has(result->texts, index)) {
        text = result->texts->text[index];
        *text_len = strlen(text);
    } else if (t->recipients[index].from_message && result->reply.text &&
               t->recipients[index].code == result->reply.code) { /* else that of another part */
        text = result->reply.text;
        *text_len = result->reply.text_len;
    }
    return text;
}

const char *wsmtp_client_recipient_queue_id(const wsmtp_client_result *result, size_t index,
                                            size_t *queue_id_len)
{
    const wsmtp_transaction *t = result->transaction;
    size_t at = 0, text_len;
    const char *text = wsmtp_client_recipient_text(result, index, &text_len);
    *queue_id_len = index < t->recipients_len && t->recipients[index].status == WSMTP_STATUS_ACCEPTED
                        ? wsmtp_queue_id_find(text, text_len, &at)
                        : 0;
    return text + at;
}

static bool is_id_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Whether text begins with a word that is given in lower case. */
static bool begins(const char *text, size_t text_len, const char *word, size_t word_len)
{
    if (text_len < word_len)
        return false;
    for (size_t i = 0; i < word_len; i++) {
        char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c) != word[i])
            return false;
    }
    return true;
}

size_t wsmtp_queue_id_find(const char *text, size_t text_len, size_t *at)
{
    static const char words[][12] = {"queued as ", "id=", "id "};
    for (size_t i = 0; i < text_len; i++) {
        bool starts = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n';
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            size_t word_len = strlen(words[w]);
            if ((w > 0 && !starts) || !begins(text + i, text_len - i, words[w], word_len))
                continue;
            size_t n = 0;
            *at = i + word_len;
            while (*at + n < text_len && is_id_character(text[*at + n]))
                n++;
            if (n >= QUEUE_ID_MIN)
                return n;
        }
    }
    return 0;
}
