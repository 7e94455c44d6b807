/* Parameters of MAIL and RCPT, and attributes of XCLIENT, as words of a line. */
#include "golden_reader.h"

#include <string.h>

bool golden_read_parameter(const golden_reader *from, const char **at, golden_parameters *list)
{
    const char *word = *at;
    const bool optional = *word == '?';
    word += optional;
    const size_t name_len = strcspn(word, "= ");
    const wsmtp_keyword keyword = wsmtp_keyword_find(word, name_len);
    if (keyword == WSMTP_KEYWORD_COUNT)
        return false;
    if (list->len == GOLDEN_PARAMETERS)
        golden_malformed(from, "too many parameters for a golden case");
    wsmtp_parameter *item = &list->items[list->len];
    golden_bytes *value = &list->values[list->len++];
    item->keyword = keyword;
    item->optional = optional;
    const char *end = word + name_len;
    if (*end == '=') {
        golden_bytes raw = {0};
        const char *text = ++end;
        end += strcspn(end, " ");
        golden_add(&raw, text, (size_t)(end - text));
        golden_read_octets(from, raw.data, value, false);
        golden_free(&raw);
    }
    item->value = value->data;
    item->value_len = value->len;
    *at = end;
    return true;
}

void golden_free_parameters(golden_parameters *list)
{
    for (size_t i = 0; i < list->len; i++)
        golden_free(&list->values[i]);
}
