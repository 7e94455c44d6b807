#include "wsmtp/reason.h"

#include <stdint.h>

#include "words.h"
#include "wsmtp/features.h"

static const uint8_t wsmtp_reason_kinds[] = {
#define WSMTP_REASON_KIND(name, kind, sentence) (uint8_t)WSMTP_KIND_##kind,
    WSMTP_REASONS(WSMTP_REASON_KIND)
#undef WSMTP_REASON_KIND
};

#if WSMTP_FEATURE_MESSAGES
/* Nobody is told what a build without AUTH has to say about it. */
#if WSMTP_FEATURE_AUTH
#define WSMTP_SENTENCE_AUTH(sentence) sentence
#else
#define WSMTP_SENTENCE_AUTH(sentence) ""
#endif
#define WSMTP_SENTENCE_NONE(sentence) sentence
#define WSMTP_SENTENCE_INPUT(sentence) sentence
#define WSMTP_SENTENCE_MISUSE(sentence) sentence
#define WSMTP_SENTENCE_TRANSPORT(sentence) sentence
#define WSMTP_SENTENCE_PROTOCOL(sentence) sentence
#define WSMTP_SENTENCE_REFUSED(sentence) sentence
#define WSMTP_SENTENCE_UNSUPPORTED(sentence) sentence
#define WSMTP_SENTENCE_POLICY(sentence) sentence

/*
 * One array a sentence, side by side: as compact as one long string, without a table of pointers,
 * and no literal is longer than a C compiler must take.
 */
static const struct {
#define WSMTP_REASON_ARRAY(name, kind, sentence) char name[sizeof(WSMTP_SENTENCE_##kind(sentence))];
    WSMTP_REASONS(WSMTP_REASON_ARRAY)
#undef WSMTP_REASON_ARRAY
} wsmtp_reason_sentences = {
#define WSMTP_REASON_SENTENCE(name, kind, sentence) WSMTP_SENTENCE_##kind(sentence),
    WSMTP_REASONS(WSMTP_REASON_SENTENCE)
#undef WSMTP_REASON_SENTENCE
};
#endif

static int wsmtp_reason_known(wsmtp_reason reason)
{
    return (unsigned)reason < (unsigned)WSMTP_REASON_COUNT;
}

wsmtp_kind wsmtp_reason_kind(wsmtp_reason reason)
{
    return wsmtp_reason_known(reason) ? (wsmtp_kind)wsmtp_reason_kinds[reason] : WSMTP_KIND_NONE;
}

const char *wsmtp_reason_message(wsmtp_reason reason, size_t *message_len)
{
    size_t len = 0;
    const char *message = "";
#if WSMTP_FEATURE_MESSAGES
    if (wsmtp_reason_known(reason)) {
        message = wsmtp_words_get((const char *)&wsmtp_reason_sentences, (unsigned)reason, &len);
    }
#else
    (void)reason;
#endif
    if (message_len != NULL) {
        *message_len = len;
    }
    return message;
}
