/*
 * Invariant: an address, domain or EHLO name that the validators accept can stand in a command line
 * without changing it. It has no control character, nothing outside of quotes that ends a path or
 * starts a parameter, the limits hold, and its parts are where the result says. Allowing more by a
 * flag never refuses what was accepted without it.
 */
#include <wsmtp/address.h>

#include <string.h>

#include "require.h"

/* Read independently: where the path that starts at text ends in "<text> SIZE=1". */
static size_t path_end(const char *text, size_t text_len)
{
    bool quoted = false;
    for (size_t i = 0; i < text_len; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '>' || text[i] == '<' || text[i] == ' '))
            return i;
    }
    return quoted ? SIZE_MAX : text_len;
}

static void check_octets(const char *text, size_t text_len, bool utf8)
{
    for (size_t i = 0; i < text_len; i++) {
        unsigned char octet = (unsigned char)text[i];
        REQUIRE(octet >= 0x20 && octet != 0x7f);
        REQUIRE(utf8 || octet < 0x80);
        REQUIRE(!(octet == 0xc2 && i + 1 < text_len && (unsigned char)text[i + 1] < 0xa0));
    }
}

static void check_mailbox(const char *text, size_t text_len, unsigned flags)
{
    wsmtp_mailbox mailbox;
    memset(&mailbox, 0xa5, sizeof mailbox);
    wsmtp_reason reason = wsmtp_mailbox_check(text, text_len, flags, &mailbox);
    REQUIRE(reason == wsmtp_mailbox_check(text, text_len, flags, NULL));
    REQUIRE(reason < WSMTP_REASON_COUNT);
    if (reason != WSMTP_REASON_OK) {
        REQUIRE(wsmtp_reason_kind(reason) == WSMTP_KIND_INPUT);
        return;
    }
    for (unsigned more = 0; more < 8; more++)
        REQUIRE(wsmtp_mailbox_check(text, text_len, flags | more, NULL) == WSMTP_REASON_OK);
    check_octets(text, text_len, flags & WSMTP_MAILBOX_UTF8);
    REQUIRE(text_len <= WSMTP_ADDRESS_MAX);
    REQUIRE(path_end(text, text_len) == text_len);
    if (!text_len) {
        REQUIRE(flags & WSMTP_MAILBOX_NULL);
        return;
    }
    REQUIRE(mailbox.local_part_len > 0 && mailbox.local_part_len <= WSMTP_LOCAL_PART_MAX);
    REQUIRE(mailbox.quoted == (text[0] == '"'));
    if (!mailbox.domain_len) {
        REQUIRE(flags & WSMTP_MAILBOX_POSTMASTER);
        REQUIRE(mailbox.local_part_len == text_len && text_len == 10);
        return;
    }
    REQUIRE(text[mailbox.local_part_len] == '@');
    REQUIRE(mailbox.domain_at == mailbox.local_part_len + 1);
    REQUIRE(mailbox.domain_at + mailbox.domain_len == text_len);
    const char *domain = text + mailbox.domain_at;
    REQUIRE(!memchr(domain, '@', mailbox.domain_len));
    REQUIRE(mailbox.literal == (domain[0] == '['));
    if (mailbox.literal)
        REQUIRE(domain[mailbox.domain_len - 1] == ']');
    else
        REQUIRE(wsmtp_domain_check(domain, mailbox.domain_len, flags & WSMTP_MAILBOX_UTF8) ==
                WSMTP_REASON_OK);
}

static void check_domain(const char *text, size_t text_len, bool utf8)
{
    wsmtp_reason reason = wsmtp_domain_check(text, text_len, utf8);
    if (reason != WSMTP_REASON_OK)
        return;
    check_octets(text, text_len, utf8);
    REQUIRE(text_len > 0 && text_len <= WSMTP_DOMAIN_MAX);
    REQUIRE(wsmtp_domain_check(text, text_len, true) == WSMTP_REASON_OK);
    size_t label = 0;
    for (size_t i = 0; i < text_len; i++) {
        REQUIRE(!strchr(" <>\"@[]\\,:;()", text[i]));
        /* Characters: the DNS form of a label has an octet or more for each. */
        bool continued = ((unsigned char)text[i] & 0xc0) == 0x80;
        label = text[i] == '.' ? 0 : label + !continued;
        REQUIRE(label <= WSMTP_DOMAIN_LABEL_MAX);
        REQUIRE(label || (i && i + 1 < text_len && text[i - 1] != '.'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = require_copy(data, size);
    for (unsigned flags = 0; flags < 8; flags++)
        check_mailbox(text, size, flags);
    check_domain(text, size, false);
    check_domain(text, size, true);
    if (wsmtp_ehlo_name_check(text, size) == WSMTP_REASON_OK) {
        check_octets(text, size, false);
        REQUIRE(size > 0 && size <= WSMTP_DOMAIN_MAX);
        REQUIRE(!memchr(text, ' ', size));
        REQUIRE((text[0] == '[') == (text[size - 1] == ']'));
    }
    free(text);
    return 0;
}
