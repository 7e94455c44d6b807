#include "words.h"

static char wsmtp_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

size_t wsmtp_word_len(const char *word)
{
    size_t n = 0;
    while (word[n] != '\0') {
        n++;
    }
    return n;
}

unsigned wsmtp_words_find(const char *words, const char *text, size_t text_len)
{
    for (unsigned number = 0; *words != '\0'; number++) {
        size_t same = 0;
        /* The text may have NUL, too: it must not go on behind that of the word. */
        while (same < text_len && words[same] != '\0' && wsmtp_upper(text[same]) == words[same]) {
            same++;
        }
        if (same == text_len && words[same] == '\0') {
            return number;
        }
        words += wsmtp_word_len(words) + 1;
    }
    return WSMTP_NO_WORD;
}

const char *wsmtp_words_get(const char *words, unsigned number, size_t *word_len)
{
    for (; number > 0; number--) {
        words += wsmtp_word_len(words) + 1;
    }
    if (word_len != NULL) {
        *word_len = wsmtp_word_len(words);
    }
    return words;
}

uint64_t wsmtp_words_number(const char *text, size_t text_len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text_len; i++) {
        unsigned d = (unsigned)(uint8_t)text[i] - '0';
        if (d > 9) {
            return 0;
        }
        value = value > (UINT64_MAX - d) / 10u ? UINT64_MAX : value * 10u + d;
    }
    return value;
}
