/*
 * Mailboxes (RFC 5321 section 4.1.2, RFC 6531): tables of good and bad with the exact reason, every
 * octet at every kind of position, and the limits at their edges.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "wsmtp/address.h"
#include "wsmtp/features.h"

#define UTF8 WSMTP_MAILBOX_UTF8
#define R(name) WSMTP_REASON_##name
#define TEXT(literal) (literal), sizeof(literal) - 1

/* Checks a copy that fills its memory, so that the sanitizer sees every octet read beyond it. */
static wsmtp_reason check_exact(const char *address, size_t n, unsigned flags,
                                wsmtp_mailbox *mailbox)
{
    char *copy = malloc(n > 0 ? n : 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, address, n);
    const wsmtp_reason reason = wsmtp_mailbox_check(copy, n, flags, mailbox);
    free(copy);
    return reason;
}

static wsmtp_reason check(const char *address, unsigned flags)
{
    return check_exact(address, strlen(address), flags, NULL);
}

/* What is expected of non-ASCII that is permitted, in a build with SMTPUTF8 and in one without. */
static wsmtp_reason if_built(wsmtp_reason reason)
{
    return WSMTP_FEATURE_SMTPUTF8 ? reason : R(NOT_BUILT);
}

static void test_good(void)
{
    static const struct {
        const char *address;
        size_t local_part_len;
        bool quoted;
        bool literal;
    } good[] = {
        {"a@b", 1, false, false},
        {"ann@example.org", 3, false, false},
        {"first.last+tag@mail.example.org", 14, false, false},
        {"!#$%&'*+-/=?^_`{|}~@example.org", 19, false, false},
        {"POSTMASTER@EXAMPLE.ORG", 10, false, false},
        {"-a-@example.org", 3, false, false},
        {"a@x--y.example", 1, false, false},
        {"a@xn--bcher-kva.example", 1, false, false},
        {"a@1.2.3.4", 1, false, false},
        {"a@3com.com", 1, false, false},
        {"\"\"@b", 2, true, false},
        {"\" \"@b", 3, true, false},
        {"\"x@evil y\"@good", 10, true, false},
        {"\"a\\\"b\"@c", 6, true, false},
        {"\"a\\\\\"@c", 5, true, false},
        {"\"\\ \\@\"@c", 6, true, false},
        {"\"a..b.\"@c", 7, true, false},
        {"\"<a@b>,(c);:[]\"@d", 15, true, false},
        {"a@[127.0.0.1]", 1, false, true},
        {"a@[0.0.0.0]", 1, false, true},
        {"a@[255.255.255.255]", 1, false, true},
        {"a@[IPv6:::1]", 1, false, true},
        {"a@[ipV6:::]", 1, false, true},
        {"a@[IPv6:1:2:3:4:5:6:7:8]", 1, false, true},
        {"\"a@[1.2.3.4]\"@[IPv6:2001:db8::25]", 13, true, true},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        wsmtp_mailbox mailbox;
        const size_t length = strlen(good[i].address);
        memset(&mailbox, 0xA5, sizeof mailbox);
        const wsmtp_reason got = check_exact(good[i].address, length, 0, &mailbox);
        CHECK(got == R(OK));
        if (got != R(OK)) {
            fprintf(stderr, "%s: %s\n", good[i].address, wsmtp_reason_message(got, NULL));
            continue;
        }
        CHECK(mailbox.local_part_len == good[i].local_part_len);
        CHECK(good[i].address[mailbox.local_part_len] == '@');
        CHECK(mailbox.domain_at == mailbox.local_part_len + 1);
        CHECK(mailbox.domain_at + mailbox.domain_len == length);
        CHECK(mailbox.quoted == good[i].quoted);
        CHECK(mailbox.literal == good[i].literal);
        CHECK(!mailbox.utf8);
        CHECK(check(good[i].address, UTF8 | WSMTP_MAILBOX_NULL | WSMTP_MAILBOX_POSTMASTER) == R(OK));
    }
}

static void test_bad(void)
{
    static const struct {
        const char *address;
        size_t length;
        wsmtp_reason reason;
    } bad[] = {
        {TEXT(""), R(ADDRESS_EMPTY)},
        {TEXT("a"), R(ADDRESS_NO_AT)},
        {TEXT("postmaster"), R(ADDRESS_NO_AT)},
        {TEXT("\"a@b\""), R(ADDRESS_NO_AT)},
        {TEXT("@"), R(LOCAL_PART_EMPTY)},
        {TEXT("@b"), R(LOCAL_PART_EMPTY)},
        {TEXT("@a,@b:c@d"), R(LOCAL_PART_EMPTY)},
        {TEXT("a@"), R(DOMAIN_EMPTY)},
        {TEXT("\"a\"@"), R(DOMAIN_EMPTY)},
        /* smuggling: parameters, paths, recipients, line ends */
        {TEXT("a@b> SIZE=1"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b>"), R(DOMAIN_CHARACTER)},
        {TEXT("<a@b>"), R(LOCAL_PART_CHARACTER)},
        {TEXT("Ann <a@b>"), R(LOCAL_PART_CHARACTER)},
        {TEXT("a@b>\r\nRCPT TO:<c@d"), R(ADDRESS_CONTROL)},
        {TEXT("\"a\r\nRCPT TO:<c@d>\"@b"), R(ADDRESS_CONTROL)},
        {TEXT("\"a\\\r\\\nb\"@c"), R(ADDRESS_CONTROL)},
        {TEXT("a@b\r\n"), R(ADDRESS_CONTROL)},
        {TEXT("a@b\n"), R(ADDRESS_CONTROL)},
        {TEXT("a@b\0"), R(ADDRESS_CONTROL)},
        {TEXT("\0a@b"), R(ADDRESS_CONTROL)},
        {TEXT("\"\t\"@b"), R(ADDRESS_CONTROL)},
        {TEXT("\"\x7F\"@b"), R(ADDRESS_CONTROL)},
        {TEXT("a@[1.2.3.4\r\n]"), R(ADDRESS_CONTROL)},
        {TEXT("a@b,c@d"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b c@d"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b@c"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b AUTH=<>"), R(DOMAIN_CHARACTER)},
        {TEXT(" a@b"), R(LOCAL_PART_CHARACTER)},
        {TEXT("a@b "), R(DOMAIN_CHARACTER)},
        {TEXT("a @b"), R(LOCAL_PART_CHARACTER)},
        {TEXT("a@ b"), R(DOMAIN_CHARACTER)},
        {TEXT("a(c)@b"), R(LOCAL_PART_CHARACTER)},
        {TEXT("a@b(c)"), R(DOMAIN_CHARACTER)},
        {TEXT("a\\@b@c"), R(LOCAL_PART_CHARACTER)},
        {TEXT("a:b@c"), R(LOCAL_PART_CHARACTER)},
        {TEXT("a;b@c"), R(LOCAL_PART_CHARACTER)},
        {TEXT("[a]@c"), R(LOCAL_PART_CHARACTER)},
        /* dots */
        {TEXT(".a@b"), R(LOCAL_PART_DOT)},
        {TEXT("a.@b"), R(LOCAL_PART_DOT)},
        {TEXT("a..b@c"), R(LOCAL_PART_DOT)},
        {TEXT(".@b"), R(LOCAL_PART_DOT)},
        {TEXT("a@.b"), R(DOMAIN_LABEL_EMPTY)},
        {TEXT("a@b."), R(DOMAIN_LABEL_EMPTY)},
        {TEXT("a@b..c"), R(DOMAIN_LABEL_EMPTY)},
        {TEXT("a@."), R(DOMAIN_LABEL_EMPTY)},
        /* quoting */
        {TEXT("\""), R(LOCAL_PART_QUOTING)},
        {TEXT("\"@b"), R(LOCAL_PART_QUOTING)},
        {TEXT("\"a@b"), R(LOCAL_PART_QUOTING)},
        {TEXT("\"a\\\"@b"), R(LOCAL_PART_QUOTING)},
        {TEXT("\"a\\"), R(LOCAL_PART_QUOTING)},
        {TEXT("\"a\"b@c"), R(LOCAL_PART_QUOTING)},
        {TEXT("\"a\".b@c"), R(LOCAL_PART_QUOTING)},
        {TEXT("\"a\"\"b\"@c"), R(LOCAL_PART_QUOTING)},
        {TEXT("\"a\"@b@c"), R(DOMAIN_CHARACTER)},
        {TEXT("a\"b\"@c"), R(LOCAL_PART_QUOTING)},
        {TEXT("a\"b@c\"@d"), R(LOCAL_PART_QUOTING)},
        {TEXT("a.\"b\"@c"), R(LOCAL_PART_QUOTING)},
        {TEXT("a\"@b"), R(LOCAL_PART_QUOTING)},
        {TEXT("a@b\"@c\""), R(DOMAIN_CHARACTER)},
        {TEXT("a@\"b\""), R(DOMAIN_CHARACTER)},
        {TEXT("a@b\"@c"), R(DOMAIN_CHARACTER)},
        /* hyphens and underscores */
        {TEXT("a@-b"), R(DOMAIN_LABEL_HYPHEN)},
        {TEXT("a@b-"), R(DOMAIN_LABEL_HYPHEN)},
        {TEXT("a@b-.c"), R(DOMAIN_LABEL_HYPHEN)},
        {TEXT("a@b.-c"), R(DOMAIN_LABEL_HYPHEN)},
        {TEXT("a@-"), R(DOMAIN_LABEL_HYPHEN)},
        {TEXT("a@b_c"), R(DOMAIN_CHARACTER)},
        {TEXT("a@*.b"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b:25"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b%c"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b]"), R(DOMAIN_CHARACTER)},
        {TEXT("a@b[1.2.3.4]"), R(DOMAIN_CHARACTER)},
        /* non-ASCII without leave */
        {TEXT("\xC3\xA9@b"), R(ADDRESS_NEEDS_SMTPUTF8)},
        {TEXT("\"\xC3\xA9\"@b"), R(ADDRESS_NEEDS_SMTPUTF8)},
        {TEXT("a@b\xC3\xBC"), R(ADDRESS_NEEDS_SMTPUTF8)},
        {TEXT("\xE9@b"), R(ADDRESS_UTF8_INVALID)},
        {TEXT("a\xC2\x85@b"), R(ADDRESS_CONTROL)},
        {TEXT("a\xC0\x8D\xC0\x8A@b"), R(ADDRESS_UTF8_INVALID)},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wsmtp_mailbox mailbox;
        wsmtp_mailbox before;
        memset(&mailbox, 0xA5, sizeof mailbox);
        memcpy(&before, &mailbox, sizeof before);
        const wsmtp_reason got = check_exact(bad[i].address, bad[i].length, 0, &mailbox);
        if (got != bad[i].reason) {
            fprintf(stderr, "%s: %s, not %s\n", bad[i].address, wsmtp_reason_message(got, NULL),
                    wsmtp_reason_message(bad[i].reason, NULL));
        }
        CHECK(got == bad[i].reason);
        CHECK(memcmp(&mailbox, &before, sizeof mailbox) == 0);
    }
}

static void test_literals(void)
{
    static const struct {
        const char *literal;
        wsmtp_reason reason;
    } rows[] = {
        {"[1.2.3.4]", R(OK)},
        {"[01.2.3.4]", R(LITERAL_IPV4)}, /* octal for some, decimal for others */
        {"[1.2.3.00]", R(LITERAL_IPV4)},
        {"[1.2.3]", R(LITERAL_IPV4)},
        {"[1.2.3.]", R(LITERAL_IPV4)},
        {"[.1.2.3]", R(LITERAL_IPV4)},
        {"[1.2.3.4.5]", R(LITERAL_IPV4)},
        {"[1.2.3.4.]", R(LITERAL_IPV4)},
        {"[1..2.3]", R(LITERAL_IPV4)},
        {"[1.2.3.256]", R(LITERAL_IPV4)},
        {"[1.2.3.999]", R(LITERAL_IPV4)},
        {"[1.2.3.1000]", R(LITERAL_IPV4)},
        {"[1.2.3.-4]", R(LITERAL_IPV4)},
        {"[1.2.3.4 ]", R(LITERAL_IPV4)},
        {"[1.2.3.a]", R(LITERAL_IPV4)},
        {"[16909060]", R(LITERAL_IPV4)},
        {"[example.org]", R(LITERAL_IPV4)},
        {"[]", R(LITERAL_IPV4)},
        {"[[1.2.3.4]]", R(LITERAL_IPV4)},
        {"[", R(LITERAL_UNCLOSED)},
        {"[1.2.3.4", R(LITERAL_UNCLOSED)},
        {"[1.2.3.4]x", R(LITERAL_UNCLOSED)},
        {"[1.2.3.4].org", R(LITERAL_UNCLOSED)},
        {"[1.2.3.4]> SIZE=1", R(LITERAL_UNCLOSED)},
        {"[1.2.3.4]>]", R(LITERAL_IPV4)},
        {"[::1]", R(LITERAL_TAG)},
        {"[tag:content]", R(LITERAL_TAG)},
        {"[IPv4:1.2.3.4]", R(LITERAL_TAG)},
        {"[IPv6.::1]", R(LITERAL_TAG)},
        {"[IPv6]", R(LITERAL_IPV4)},
        {"[IPv6:]", R(LITERAL_IPV6)},
        {"[IPv6::]", R(LITERAL_IPV6)},
        {"[IPv6:::]", R(OK)},
        {"[IPv6::::]", R(LITERAL_IPV6)},
        {"[IPv6:::1]", R(OK)},
        {"[IPv6:1::]", R(OK)},
        {"[IPv6:1:]", R(LITERAL_IPV6)},
        {"[IPv6::1]", R(LITERAL_IPV6)},
        {"[IPv6:1::2]", R(OK)},
        {"[IPv6:1:::2]", R(LITERAL_IPV6)},
        {"[IPv6:1::2::3]", R(LITERAL_IPV6)},
        {"[IPv6:1:2:3:4:5:6:7:8]", R(OK)},
        {"[IPv6:abcd:EF01:2345:6789:ABCD:ef01:2345:6789]", R(OK)},
        {"[IPv6:1:2:3:4:5:6:7]", R(LITERAL_IPV6)},
        {"[IPv6:1:2:3:4:5:6:7:8:9]", R(LITERAL_IPV6)},
        {"[IPv6:1:2:3:4:5:6:7:8:]", R(LITERAL_IPV6)},
        {"[IPv6:1:2:3:4:5:6::]", R(OK)},
        {"[IPv6:::1:2:3:4:5:6]", R(OK)},
        {"[IPv6:1:2:3::4:5:6]", R(OK)},
        {"[IPv6:1:2:3:4:5:6:7::]", R(LITERAL_IPV6)}, /* "::" is two groups or more */
        {"[IPv6:1:2:3:4::5:6:7]", R(LITERAL_IPV6)},
        {"[IPv6:::1:2:3:4:5:6:7]", R(LITERAL_IPV6)},
        {"[IPv6:12345::]", R(LITERAL_IPV6)},
        {"[IPv6:00001::]", R(LITERAL_IPV6)},
        {"[IPv6:g::]", R(LITERAL_IPV6)},
        {"[IPv6: ::1]", R(LITERAL_IPV6)},
        {"[IPv6:::1 ]", R(LITERAL_IPV6)},
        {"[IPv6:fe80::1%eth0]", R(LITERAL_IPV6)},
        {"[IPv6:::1/64]", R(LITERAL_IPV6)},
        {"[IPv6:1:2:3:4:5:6:1.2.3.4]", R(OK)},
        {"[IPv6:1:2:3:4:5:1.2.3.4]", R(LITERAL_IPV6)},
        {"[IPv6:1:2:3:4:5:6:7:1.2.3.4]", R(LITERAL_IPV6)},
        {"[IPv6:::1.2.3.4]", R(OK)},
        {"[IPv6:::ffff:192.0.2.128]", R(OK)},
        {"[IPv6:1:2:3:4::1.2.3.4]", R(OK)},
        {"[IPv6:1:2:3:4:5::1.2.3.4]", R(LITERAL_IPV6)},
        {"[IPv6:1.2.3.4]", R(LITERAL_IPV6)},
        {"[IPv6:1.2.3.4::]", R(LITERAL_IPV6)},
        {"[IPv6:::1.2.3.4:1]", R(LITERAL_IPV6)},
        {"[IPv6:::1.2.3]", R(LITERAL_IPV6)},
        {"[IPv6:::a.2.3.4]", R(LITERAL_IPV6)},
        {"[IPv6:::1.2.3.256]", R(LITERAL_IPV6)},
        {"[IPv6:::.1.2.3]", R(LITERAL_IPV6)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char address[80] = "a@";
        strcat(address, rows[i].literal);
        const wsmtp_reason got = check(address, 0);
        if (got != rows[i].reason) {
            fprintf(stderr, "%s: %s\n", address, wsmtp_reason_message(got, NULL));
        }
        CHECK(got == rows[i].reason);
        char *name = malloc(strlen(rows[i].literal));
        memcpy(name, rows[i].literal, strlen(rows[i].literal));
        CHECK(wsmtp_ehlo_name_check(name, strlen(rows[i].literal)) == rows[i].reason);
        free(name);
    }
}

/* One octet in the middle of a valid address, for each kind of place. */
static wsmtp_reason with_octet(const char *before, unsigned octet, const char *after, unsigned flags)
{
    char address[64];
    const size_t before_len = strlen(before);
    const size_t after_len = strlen(after);
    memcpy(address, before, before_len);
    address[before_len] = (char)(unsigned char)octet;
    memcpy(address + before_len + 1, after, after_len);
    return check_exact(address, before_len + 1 + after_len, flags, NULL);
}

static void test_every_octet(void)
{
    static const char alphanumeric[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char atext[] = "!#$%&'*+-/=?^_`{|}~";
    for (unsigned c = 0; c < 256; c++) {
        const bool control = c < 0x20 || c == 0x7F;
        const bool letter_digit = !control && memchr(alphanumeric, (int)c, sizeof alphanumeric - 1);
        const bool atom = letter_digit || (!control && memchr(atext, (int)c, sizeof atext - 1));
        for (unsigned flags = 0; flags <= UTF8; flags++) {
            const wsmtp_reason dot_string = with_octet("ab", c, "cd@ef", flags);
            const wsmtp_reason first = with_octet("", c, "b@c", flags);
            const wsmtp_reason last = with_octet("a", c, "@c", flags);
            const wsmtp_reason quoted = with_octet("\"a", c, "b\"@c", flags);
            const wsmtp_reason pair = with_octet("\"a\\", c, "b\"@c", flags);
            const wsmtp_reason domain = with_octet("a@b", c, "d", flags);
            const wsmtp_reason domain_first = with_octet("a@", c, "d", flags);
            const wsmtp_reason domain_last = with_octet("a@b", c, "", flags);
            const wsmtp_reason literal = with_octet("a@[1.2", c, "3.4]", flags);
            const wsmtp_reason ipv6 = with_octet("a@[IPv6:2001", c, ":1]", flags);
            const wsmtp_reason all[] = {dot_string,   first,       last,    quoted, pair, domain,
                                        domain_first, domain_last, literal, ipv6};
            if (c >= 0x80 || control) {
                const wsmtp_reason reason = control ? R(ADDRESS_CONTROL) : R(ADDRESS_UTF8_INVALID);
                for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
                    CHECK(all[i] == reason);
                }
                continue;
            }
            /* "." joins atoms, "@" ends the local part, '"' is broken quoting, all else needs quotes */
            const wsmtp_reason elsewhere = c == '"' ? R(LOCAL_PART_QUOTING) : R(LOCAL_PART_CHARACTER);
            CHECK(dot_string == (atom || c == '.' ? R(OK)
                                 : c == '@'       ? R(DOMAIN_CHARACTER)
                                                  : elsewhere));
            CHECK(last == (atom       ? R(OK)
                           : c == '.' ? R(LOCAL_PART_DOT)
                           : c == '@' ? R(DOMAIN_CHARACTER)
                                      : elsewhere));
            CHECK(first == (atom       ? R(OK)
                            : c == '.' ? R(LOCAL_PART_DOT)
                            : c == '@' ? R(LOCAL_PART_EMPTY)
                                       : elsewhere));
            CHECK(quoted == (c == '"' ? R(LOCAL_PART_QUOTING) : R(OK)) || c == '\\');
            CHECK(c != '\\' || quoted == R(OK)); /* it quotes the b */
            CHECK(pair == R(OK));
            CHECK(domain == (letter_digit || c == '.' || c == '-' ? R(OK) : R(DOMAIN_CHARACTER)));
            CHECK(domain_first == (letter_digit ? R(OK)
                                   : c == '.'   ? R(DOMAIN_LABEL_EMPTY)
                                   : c == '-'   ? R(DOMAIN_LABEL_HYPHEN)
                                   : c == '['   ? R(LITERAL_UNCLOSED)
                                                : R(DOMAIN_CHARACTER)));
            CHECK(domain_last == (letter_digit ? R(OK)
                                  : c == '.'   ? R(DOMAIN_LABEL_EMPTY)
                                  : c == '-'   ? R(DOMAIN_LABEL_HYPHEN)
                                               : R(DOMAIN_CHARACTER)));
            CHECK(literal == (c == '.'   ? R(OK)
                              : c == ':' ? R(LITERAL_TAG)
                                         : R(LITERAL_IPV4)));
            CHECK(ipv6 == (c == ':' ? R(OK) : R(LITERAL_IPV6)));
        }
    }
}

/* Writes n times the octet c; returns where to go on. */
static char *put(char *at, char c, size_t n)
{
    memset(at, c, n);
    return at + n;
}

static wsmtp_reason local_part_of(size_t n, bool quoted)
{
    char address[400];
    char *at = put(address, 'a', n);
    if (quoted) {
        address[0] = '"';
        at[-1] = '"';
    }
    memcpy(at, "@b.c", 4);
    return wsmtp_mailbox_check(address, n + 4, 0, NULL);
}

static wsmtp_reason label_of(size_t first, size_t last)
{
    char address[400] = "a@";
    char *at = put(address + 2, 'b', first);
    *at++ = '.';
    at = put(at, 'c', last);
    return wsmtp_mailbox_check(address, (size_t)(at - address), 0, NULL);
}

/* local@label.label. … with the given number of octets in all, labels as long as they may be. */
static wsmtp_reason address_of(size_t n, size_t local)
{
    char address[400];
    char *at = put(address, 'a', local);
    *at++ = '@';
    for (size_t i = 0; at < address + n; i++) {
        *at++ = i % 64 == 63 ? '.' : 'd';
    }
    return wsmtp_mailbox_check(address, n, 0, NULL);
}

static wsmtp_reason domain_of(size_t n)
{
    char domain[400];
    for (size_t i = 0; i < n; i++) {
        domain[i] = i % 62 == 61 ? '.' : 'd';
    }
    const wsmtp_reason as_domain = wsmtp_domain_check(domain, n, false);
    CHECK(wsmtp_ehlo_name_check(domain, n) == as_domain);
    return as_domain;
}

static void test_limits(void)
{
    CHECK(local_part_of(63, false) == R(OK));
    CHECK(local_part_of(64, false) == R(OK));
    CHECK(local_part_of(65, false) == R(LOCAL_PART_TOO_LONG));
    CHECK(local_part_of(64, true) == R(OK));
    CHECK(local_part_of(65, true) == R(LOCAL_PART_TOO_LONG));
    CHECK(label_of(63, 63) == R(OK));
    CHECK(label_of(64, 1) == R(DOMAIN_LABEL_TOO_LONG));
    CHECK(label_of(1, 64) == R(DOMAIN_LABEL_TOO_LONG));
    CHECK(address_of(253, 64) == R(OK));
    CHECK(address_of(254, 64) == R(OK));
    CHECK(address_of(255, 64) == R(ADDRESS_TOO_LONG));
    CHECK(address_of(254, 1) == R(OK));
    CHECK(address_of(255, 1) == R(ADDRESS_TOO_LONG));
    CHECK(domain_of(254) == R(OK));
    CHECK(domain_of(255) == R(OK));
    CHECK(domain_of(256) == R(DOMAIN_TOO_LONG));
    CHECK(domain_of(399) == R(DOMAIN_TOO_LONG));
}

/* The address ends where its length says, not at a NUL, and nothing behind it is read. */
static void test_length_rules(void)
{
    static const char text[] = "a@b.c@d> x";
    CHECK(wsmtp_mailbox_check(text, 3, 0, NULL) == R(OK));
    CHECK(wsmtp_mailbox_check(text, 4, 0, NULL) == R(DOMAIN_LABEL_EMPTY));
    CHECK(wsmtp_mailbox_check(text, 5, 0, NULL) == R(OK));
    CHECK(wsmtp_mailbox_check(NULL, 0, 0, NULL) == R(ADDRESS_EMPTY));
    CHECK(wsmtp_domain_check(NULL, 0, false) == R(DOMAIN_EMPTY));
    CHECK(wsmtp_ehlo_name_check(NULL, 0) == R(DOMAIN_EMPTY));
    /* too long is known without reading: the length alone decides */
    CHECK(wsmtp_mailbox_check(text, (size_t)-1, 0, NULL) == R(ADDRESS_TOO_LONG));
    CHECK(wsmtp_domain_check(text, (size_t)-1, true) == R(DOMAIN_TOO_LONG));
    CHECK(wsmtp_ehlo_name_check(text, (size_t)-1) == R(DOMAIN_TOO_LONG));
}

static void test_null_path(void)
{
    wsmtp_mailbox mailbox;
    memset(&mailbox, 0xA5, sizeof mailbox);
    CHECK(wsmtp_mailbox_check(NULL, 0, WSMTP_MAILBOX_NULL, &mailbox) == R(OK));
    CHECK(mailbox.local_part_len == 0 && mailbox.domain_at == 0 && mailbox.domain_len == 0);
    CHECK(!mailbox.quoted && !mailbox.literal && !mailbox.utf8);
    CHECK(check("", WSMTP_MAILBOX_POSTMASTER | UTF8) == R(ADDRESS_EMPTY));
    CHECK(check("<>", WSMTP_MAILBOX_NULL) == R(LOCAL_PART_CHARACTER));
}

static void test_postmaster(void)
{
    wsmtp_mailbox mailbox;
    memset(&mailbox, 0xA5, sizeof mailbox);
    CHECK(wsmtp_mailbox_check("Postmaster", 10, WSMTP_MAILBOX_POSTMASTER, &mailbox) == R(OK));
    CHECK(mailbox.local_part_len == 10 && mailbox.domain_at == 10 && mailbox.domain_len == 0);
    CHECK(check("postmaster", WSMTP_MAILBOX_POSTMASTER) == R(OK));
    CHECK(check("POSTMASTER", WSMTP_MAILBOX_POSTMASTER) == R(OK));
    CHECK(check("postmaster@b", WSMTP_MAILBOX_POSTMASTER) == R(OK));
    CHECK(check("postmaste", WSMTP_MAILBOX_POSTMASTER) == R(ADDRESS_NO_AT));
    CHECK(check("postmasters", WSMTP_MAILBOX_POSTMASTER) == R(ADDRESS_NO_AT));
    CHECK(check("p0stmaster", WSMTP_MAILBOX_POSTMASTER) == R(ADDRESS_NO_AT));
    CHECK(check("postmaster", WSMTP_MAILBOX_NULL) == R(ADDRESS_NO_AT));
    /* an octet whose bit 5 is not that of a letter's case must not pass for one */
    CHECK(check("\x10OSTMASTER", WSMTP_MAILBOX_POSTMASTER) == R(ADDRESS_CONTROL));
}

static void test_internationalized(void)
{
    static const struct {
        const char *address;
        wsmtp_reason reason;
    } rows[] = {
        {"j\xC3\xB6rg@example.org", R(OK)},
        {"\"j\xC3\xB6rg m\"@example.org", R(OK)},
        {"a@b\xC3\xBC" "cher.example", R(OK)},
        {"\xE7\x94\xA8\xE6\x88\xB7@\xE4\xBE\x8B\xE5\xAD\x90.\xE5\xB9\xBF\xE5\x91\x8A", R(OK)},
        {"\xF0\x9F\x93\xA7@example.org", R(OK)},
        {"\xC2\xA0@b", R(OK)}, /* the local part is the server's affair, but for control characters */
        {"\xEF\xBC\xA0@b", R(OK)},
        {"\xC2\x80@b", R(ADDRESS_CONTROL)},
        {"\xC2\x9F@b", R(ADDRESS_CONTROL)},
        {"\"\xC2\x85\"@b", R(ADDRESS_CONTROL)},
        {"a@\xC2\x85", R(ADDRESS_CONTROL)},
        {"\xC3@b", R(ADDRESS_UTF8_INVALID)},
        {"a@b\xC3", R(ADDRESS_UTF8_INVALID)},
        {"\xED\xA0\x80@b", R(ADDRESS_UTF8_INVALID)},
        {"\xF4\x90\x80\x80@b", R(ADDRESS_UTF8_INVALID)},
        {"\xE0\x80\xAF@b", R(ADDRESS_UTF8_INVALID)},
        {"\"\\\xC3\xB6\"@b", R(LOCAL_PART_QUOTING)}, /* RFC 6531 extends qtext only */
        {"\xC3\xB6..a@b", R(LOCAL_PART_DOT)},
        {"\xC3\xB6 a@b", R(LOCAL_PART_CHARACTER)},
        {"a@-\xC3\xBC", R(DOMAIN_LABEL_HYPHEN)},
        {"a@\xC3\xBC-", R(DOMAIN_LABEL_HYPHEN)},
        {"a@\xC3\xBC..b", R(DOMAIN_LABEL_EMPTY)},
        {"a@b\xC2\xA0" "c", R(DOMAIN_CHARACTER)},         /* no-break space */
        {"a@b\xE3\x80\x82" "c", R(DOMAIN_CHARACTER)},     /* ideographic full stop */
        {"a@b\xEF\xBC\x8E" "c", R(DOMAIN_CHARACTER)},     /* fullwidth full stop */
        {"a@b\xEF\xBD\xA1" "c", R(DOMAIN_CHARACTER)},     /* halfwidth ideographic full stop */
        {"a@b\xEF\xBC\xA0" "c", R(DOMAIN_CHARACTER)},     /* fullwidth @ */
        {"a@b\xE2\x80\xAE" "c", R(DOMAIN_CHARACTER)},     /* right-to-left override */
        {"a@b\xE2\x80\x8B" "c", R(DOMAIN_CHARACTER)},     /* zero width space */
        {"a@b\xEF\xBB\xBF" "c", R(DOMAIN_CHARACTER)},     /* byte order mark */
        {"a@b\xE2\x80\x8C" "c", R(OK)},                   /* zero width non-joiner */
        {"a@b\xEF\xBD\x9E" "c", R(DOMAIN_CHARACTER)},     /* fullwidth tilde */
        {"a@[1.2.3.\xC3\xBC]", R(LITERAL_IPV4)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wsmtp_reason expected = rows[i].reason;
        if (expected != R(ADDRESS_CONTROL) && expected != R(ADDRESS_UTF8_INVALID)) {
            CHECK(check(rows[i].address, 0) == R(ADDRESS_NEEDS_SMTPUTF8));
            expected = if_built(expected);
        }
        const wsmtp_reason got = check(rows[i].address, UTF8);
        if (got != expected) {
            fprintf(stderr, "%s: %s\n", rows[i].address, wsmtp_reason_message(got, NULL));
        }
        CHECK(got == expected);
    }
    wsmtp_mailbox mailbox;
    memset(&mailbox, 0, sizeof mailbox);
    const char address[] = "j\xC3\xB6rg@example.org";
    CHECK(wsmtp_mailbox_check(TEXT(address), UTF8, &mailbox) == if_built(R(OK)));
    CHECK(!WSMTP_FEATURE_SMTPUTF8 || (mailbox.utf8 && mailbox.local_part_len == 5));
}

/* A U-label counts in characters, for its DNS form is what the 63 octets are about. */
static void test_u_label_limit(void)
{
    for (size_t n = 62; n <= 64; n++) {
        char domain[256];
        for (size_t i = 0; i < n; i++) {
            memcpy(domain + 2 * i, "\xC3\xBC", 2);
        }
        CHECK(wsmtp_domain_check(domain, 2 * n, true) ==
              if_built(n <= 63 ? R(OK) : R(DOMAIN_LABEL_TOO_LONG)));
        /* the next label counts anew */
        memcpy(domain + 2 * n, ".b", 2);
        CHECK(wsmtp_domain_check(domain, 2 * n + 2, true) ==
              if_built(n <= 63 ? R(OK) : R(DOMAIN_LABEL_TOO_LONG)));
    }
}

static void test_domain_and_ehlo_name(void)
{
    static const struct {
        const char *name;
        wsmtp_reason domain;
        wsmtp_reason ehlo_name;
    } rows[] = {
        {"mail.example.org", R(OK), R(OK)},
        {"localhost", R(OK), R(OK)},
        {"", R(DOMAIN_EMPTY), R(DOMAIN_EMPTY)},
        {"[127.0.0.1]", R(DOMAIN_CHARACTER), R(OK)},
        {"[IPv6:::1]", R(DOMAIN_CHARACTER), R(OK)},
        {"a b", R(DOMAIN_CHARACTER), R(DOMAIN_CHARACTER)},
        {"a_b", R(DOMAIN_CHARACTER), R(DOMAIN_CHARACTER)},
        {"a@b", R(DOMAIN_CHARACTER), R(DOMAIN_CHARACTER)},
        {"a\r\nMAIL FROM:<x@y>", R(ADDRESS_CONTROL), R(DOMAIN_CHARACTER)},
        {"a\n", R(ADDRESS_CONTROL), R(DOMAIN_CHARACTER)},
        {"[127.0.0.1\r\nQUIT]", R(ADDRESS_CONTROL), R(DOMAIN_CHARACTER)},
        {"[IPv6:::1\r\n]", R(ADDRESS_CONTROL), R(DOMAIN_CHARACTER)},
        /* an octet that differs from a digit or ":" as a capital does from a small letter */
        {"[IPv\x16:::1]", R(ADDRESS_CONTROL), R(DOMAIN_CHARACTER)},
        {"[IPv6\x1A::1]", R(ADDRESS_CONTROL), R(DOMAIN_CHARACTER)},
        {"\xE9", R(ADDRESS_UTF8_INVALID), R(DOMAIN_CHARACTER)},
        {"a.", R(DOMAIN_LABEL_EMPTY), R(DOMAIN_LABEL_EMPTY)},
        {"b\xC3\xBC" "cher.example", R(ADDRESS_NEEDS_SMTPUTF8), R(DOMAIN_CHARACTER)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t length = strlen(rows[i].name);
        CHECK(wsmtp_domain_check(rows[i].name, length, false) == rows[i].domain);
        CHECK(wsmtp_ehlo_name_check(rows[i].name, length) == rows[i].ehlo_name);
    }
    CHECK(wsmtp_domain_check(TEXT("b\xC3\xBC" "cher.example"), true) == if_built(R(OK)));
    CHECK(wsmtp_domain_check("a\0b", 3, false) == R(ADDRESS_CONTROL));
    CHECK(wsmtp_ehlo_name_check("a\0b", 3) == R(DOMAIN_CHARACTER));
}

/*
 * Whatever is accepted can stand between < and > on a command line: no control character, no octet
 * that ends the path outside of quotes, parts that add up. All short texts over the awkward octets.
 */
static void test_accepted_is_harmless(void)
{
    static const char alphabet[] = "a@\"\\.>-[] ";
    const size_t letters = sizeof alphabet - 1;
    unsigned accepted = 0;
    unsigned harmful = 0;
    for (size_t n = 1; n <= 6; n++) {
        size_t combinations = 1;
        for (size_t i = 0; i < n; i++) {
            combinations *= letters;
        }
        for (size_t number = 0; number < combinations; number++) {
            char address[6];
            wsmtp_mailbox mailbox;
            size_t rest = number;
            for (size_t i = 0; i < n; i++) {
                address[i] = alphabet[rest % letters];
                rest /= letters;
            }
            if (check_exact(address, n, 0, &mailbox) != R(OK)) {
                continue;
            }
            accepted++;
            harmful += address[mailbox.local_part_len] != '@';
            harmful += mailbox.domain_at + mailbox.domain_len != n;
            bool quoted = false;
            unsigned at_signs = 0;
            for (size_t i = 0; i < n; i++) {
                if (quoted && address[i] == '\\') {
                    i++;
                } else if (address[i] == '"') {
                    quoted = !quoted;
                } else if (!quoted) {
                    at_signs += address[i] == '@';
                    harmful += address[i] == '>' || address[i] == ' ' || address[i] == '\\';
                }
            }
            harmful += quoted || at_signs != 1;
        }
    }
    CHECK(accepted > 100);
    CHECK(harmful == 0);
}

int main(void)
{
    test_good();
    test_bad();
    test_literals();
    test_every_octet();
    test_limits();
    test_length_rules();
    test_null_path();
    test_postmaster();
    test_internationalized();
    test_u_label_limit();
    test_domain_and_ehlo_name();
    test_accepted_is_harmless();
    return check_report();
}
