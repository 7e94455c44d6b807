#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "exit_code.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* One word into to; NULL if a quote is not closed. */
static const char *take_word(const char *text, char *to, size_t *to_len)
{
    char quote = '\0';
    size_t n = 0;
    for (; *text && (quote || !is_space(*text)); text++) {
        if (quote && *text == quote) {
            quote = '\0';
        } else if (!quote && (*text == '\'' || *text == '"')) {
            quote = *text;
        } else {
            if (*text == '\\' && quote != '\'' && text[1])
                text++;
            to[n++] = *text;
        }
    }
    *to_len = n;
    return quote ? NULL : text;
}

bool words_parse(const char *text, const char *origin, text_list *words, failure *f)
{
    char *word = memory_get(strlen(text) + 1);
    size_t n;
    while (text) {
        while (is_space(*text))
            text++;
        if (!*text)
            break;
        text = take_word(text, word, &n);
        if (text)
            text_list_add(words, word, n);
    }
    free(word);
    if (!text)
        return failure_usage(f, "%s: a quote is not closed", origin);
    if (words->len == 0 || !*words->items[0])
        return failure_usage(f, "%s: names no program", origin);
    return true;
}
