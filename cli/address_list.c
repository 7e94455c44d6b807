#include "address_list.h"

#include <stdlib.h>
#include <string.h>

#include "exit_code.h"

#define COMMENT_DEPTH_MAX 32

typedef struct parser {
    const char *text;
    size_t len, at;
    const char *domain, *origin;
    text_list *addresses;
    failure *f;
    /* The words of the member being read, without space and comments: an address, if there is one. */
    char *words;
    size_t words_len;
    bool word_before;  /* the last token was a word */
    bool is_phrase;    /* two words stand side by side: a display name, no address */
    bool has_at;
    size_t words_count;
} parser;

static bool broken(parser *p, const char *rule)
{
    return failure_input(p->f, "%s: %s", p->origin, rule);
}

static void forget_words(parser *p)
{
    p->words_len = p->words_count = 0;
    p->word_before = p->is_phrase = p->has_at = false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_special(char c)
{
    return c != '\0' && strchr("()<>[]:;@\\,.\"", c) != NULL;
}

static bool is_control(char c)
{
    return ((unsigned char)c < ' ' && !is_space(c)) || c == 0x7f;
}

static bool skip_comment(parser *p)
{
    int depth = 0;
    do {
        if (p->at == p->len)
            return broken(p, "a comment has no closing parenthesis");
        char c = p->text[p->at++];
        if (c == '\\' && p->at < p->len)
            p->at++;
        else if (c == '(' && ++depth > COMMENT_DEPTH_MAX)
            return broken(p, "comments are nested more than 32 deep");
        else if (c == ')')
            depth--;
    } while (depth > 0);
    return true;
}

static bool skip_space(parser *p)
{
    while (p->at < p->len) {
        if (is_space(p->text[p->at]))
            p->at++;
        else if (p->text[p->at] != '(')
            break;
        else if (!skip_comment(p))
            return false;
    }
    return true;
}

static void add_octet(parser *p, char c)
{
    p->words[p->words_len++] = c;
}

/* A quoted string or a domain literal, up to its end; line ends within it are folding. */
static bool take_quoted(parser *p, char end, const char *rule)
{
    add_octet(p, p->text[p->at++]);
    for (;;) {
        if (p->at == p->len)
            return broken(p, rule);
        char c = p->text[p->at++];
        if (c == '\r' || c == '\n')
            continue;
        add_octet(p, c);
        if (c == end)
            return true;
        if (c == '\\' && p->at < p->len)
            add_octet(p, p->text[p->at++]);
    }
}

static bool take_word(parser *p)
{
    char c = p->text[p->at];
    if (p->word_before)
        p->is_phrase = true;
    p->word_before = true;
    p->words_count++;
    if (c == '"')
        return take_quoted(p, '"', "a quoted string has no closing quote");
    if (c == '[')
        return take_quoted(p, ']', "an address literal has no closing bracket");
    while (p->at < p->len && !is_space(p->text[p->at]) && !is_special(p->text[p->at])) {
        if (is_control(p->text[p->at]))
            return broken(p, "a control character occurs");
        add_octet(p, p->text[p->at++]);
    }
    return true;
}

/* The words read so far are an address. */
static bool finish_address(parser *p)
{
    if (p->words_count == 0 && p->words_len == 0)
        return true;
    if (p->is_phrase)
        return broken(p, "a name stands without an address in angle brackets behind it");
    if (!p->has_at && !p->domain)
        return broken(p, "an address has no @ with a domain behind it");
    if (p->addresses->len >= ADDRESSES_MAX)
        return broken(p, "there are more than 10000 addresses");
    if (!p->has_at) {
        size_t domain_len = strlen(p->domain);
        char *whole = memory_get(p->words_len + 1 + domain_len);
        memcpy(whole, p->words, p->words_len);
        whole[p->words_len] = '@';
        memcpy(whole + p->words_len + 1, p->domain, domain_len);
        text_list_add(p->addresses, whole, p->words_len + 1 + domain_len);
        free(whole);
    } else {
        text_list_add(p->addresses, p->words, p->words_len);
    }
    forget_words(p);
    return true;
}

/* Between < and >: a route is skipped, as RFC 5321 section 4.1.1.3 wants it. */
static bool take_angle(parser *p)
{
    p->at++;
    forget_words(p);
    if (!skip_space(p))
        return false;
    if (p->at < p->len && p->text[p->at] == '@') {
        while (p->at < p->len && p->text[p->at] != ':' && p->text[p->at] != '>')
            p->at++;
        if (p->at == p->len || p->text[p->at++] != ':')
            return broken(p, "a source route has no colon");
    }
    for (;;) {
        if (!skip_space(p))
            return false;
        if (p->at == p->len)
            return broken(p, "an address has no closing angle bracket");
        char c = p->text[p->at];
        if (c == '>')
            break;
        if (c == '@' || c == '.') {
            p->has_at |= c == '@';
            p->word_before = false;
            add_octet(p, c);
            p->at++;
        } else if (is_special(c) && c != '"' && c != '[') {
            return broken(p, "a character between angle brackets must be quoted");
        } else if (!take_word(p)) {
            return false;
        }
    }
    p->at++;
    if (p->words_len == 0)
        return broken(p, "there is no address between angle brackets");
    if (!finish_address(p) || !skip_space(p))
        return false;
    if (p->at < p->len && p->text[p->at] != ',' && p->text[p->at] != ';')
        return broken(p, "something other than a comma follows an address");
    return true;
}

static bool take_token(parser *p, bool *in_group)
{
    char c = p->text[p->at];
    switch (c) {
    case '<': return take_angle(p);
    case ',': p->at++; return finish_address(p);
    case ':':
        if (*in_group)
            return broken(p, "a group stands within another");
        if (p->words_count == 0 || p->has_at)
            return broken(p, "a colon stands where no group begins");
        p->at++;
        *in_group = true;
        forget_words(p);
        return true;
    case ';':
        /* Outside of a group some programs write it for a comma. */
        p->at++;
        *in_group = false;
        return finish_address(p);
    case '@':
    case '.':
        p->has_at |= c == '@';
        p->word_before = false;
        add_octet(p, c);
        p->at++;
        return true;
    default:
        if (is_special(c) && c != '"' && c != '[')
            return broken(p, "a character must be quoted");
        return take_word(p);
    }
}

bool address_list_parse(const char *text, size_t text_len, const char *domain, const char *origin,
                        text_list *addresses, failure *f)
{
    parser p = {.text = text, .len = text_len, .domain = domain, .origin = origin,
                .addresses = addresses, .f = f};
    bool in_group = false;
    bool fine = true;
    p.words = memory_get(text_len + 1);
    while (fine && (fine = skip_space(&p)) && p.at < p.len)
        fine = take_token(&p, &in_group);
    if (fine && in_group)
        fine = broken(&p, "a group has no closing semicolon");
    if (fine)
        fine = finish_address(&p);
    free(p.words);
    return fine;
}
