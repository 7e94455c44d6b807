#include "capabilities.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MECHANISMS_MAX 64

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

void capabilities_each_extension(const char *ehlo, capabilities_callback take, void *context)
{
    for (const char *line = next_line(ehlo); line; line = next_line(line)) {
        size_t n = strcspn(line, "\n");
        if (n > 0)
            take(context, line, n);
    }
}

typedef struct mechanisms {
    capabilities_callback take;
    void *context;
    const char *seen[MECHANISMS_MAX];
    size_t seen_len[MECHANISMS_MAX];
    size_t len;
} mechanisms;

static bool is_new(const mechanisms *m, const char *name, size_t len)
{
    for (size_t i = 0; i < m->len; i++) {
        bool same = m->seen_len[i] == len;
        for (size_t k = 0; same && k < len; k++)
            same = upper(m->seen[i][k]) == upper(name[k]);
        if (same)
            return false;
    }
    return true;
}

static void take_extension(void *context, const char *text, size_t text_len)
{
    static const char keyword[] = "AUTH";
    mechanisms *m = context;
    size_t at = sizeof keyword - 1;
    if (text_len <= at || (text[at] != ' ' && text[at] != '='))
        return;
    for (size_t i = 0; i < at; i++) {
        if (upper(text[i]) != keyword[i])
            return;
    }
    at++;
    while (at < text_len) {
        size_t n = 0;
        while (at + n < text_len && text[at + n] != ' ')
            n++;
        if (n > 0 && m->len < MECHANISMS_MAX && is_new(m, text + at, n)) {
            m->seen[m->len] = text + at;
            m->seen_len[m->len++] = n;
            m->take(m->context, text + at, n);
        }
        at += n + 1;
    }
}

void capabilities_each_mechanism(const char *ehlo, capabilities_callback take, void *context)
{
    mechanisms m = {.take = take, .context = context};
    capabilities_each_extension(ehlo, take_extension, &m);
}

void capabilities_each_attribute(const wsmtp_capabilities *c, capabilities_callback take, void *context)
{
    for (unsigned keyword = WSMTP_KEYWORD_NAME; keyword < WSMTP_KEYWORD_COUNT; keyword++) {
        size_t n;
        const char *name = wsmtp_keyword_name((wsmtp_keyword)keyword, &n);
        if (c->xclient >> (keyword - WSMTP_KEYWORD_NAME) & 1u)
            take(context, name, n);
    }
}

const char *capabilities_date(int64_t seconds, char text[CAPABILITIES_DATE_MAX])
{
    /* Civil date of a day number, counted in years that begin in March: the leap day is the last. */
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    int64_t rest = seconds - days * 86400;
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    int64_t year = year_of_era + era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    snprintf(text, CAPABILITIES_DATE_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month, (int)day,
             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
    return text;
}
