/*
 * The UTF-8 step: every code point forth and back, and the malformed forms of Unicode's table 3-7.
 */
#include <string.h>

#include "check.h"
#include "utf8.h"

/* An encoder written from the definition, independent of the decoder. */
static size_t encode(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

static void test_every_code_point(void)
{
    unsigned wrong = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        uint8_t text[5] = {0, 0, 0, 0, 0};
        const size_t n = encode(c, text);
        const int surrogate = c >= 0xD800 && c <= 0xDFFF;
        text[n] = 0x80; /* what follows does not matter */
        const wsmtp_character got = wsmtp_utf8_step(text, n + 1);
        wrong += WSMTP_SEQUENCE_LEN(got) != (surrogate ? 0 : n);
        wrong += WSMTP_CODEPOINT(got) != (surrogate ? 0 : c);
        wrong += wsmtp_utf8_step(text, n) != got;
        for (size_t cut = 0; cut < n; cut++) {
            wrong += wsmtp_utf8_step(text, cut) != 0;
        }
    }
    CHECK(wrong == 0);
}

static void test_malformed(void)
{
    static const char *const bad[] = {
        "\x80",             /* continuation without a start */
        "\xBF",
        "\xC0\x80",         /* overlong NUL */
        "\xC1\xBF",         /* overlong DEL */
        "\xC0\x8D",         /* overlong CR */
        "\xE0\x80\x8A",     /* overlong LF */
        "\xE0\x9F\xBF",     /* overlong U+07FF */
        "\xF0\x80\x80\x8A", /* overlong LF */
        "\xF0\x8F\xBF\xBF", /* overlong U+FFFF */
        "\xED\xA0\x80",     /* surrogates */
        "\xED\xBF\xBF",
        "\xF4\x90\x80\x80", /* U+110000 */
        "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80\x80",
        "\xFE",
        "\xFF",
        "\xC3(",            /* continuation missing */
        "\xC3\xC3",
        "\xE2\x82(",
        "\xE2(\x82",
        "\xF0\x9F\x98(",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(wsmtp_utf8_step((const uint8_t *)bad[i], strlen(bad[i])) == 0);
    }
    CHECK(wsmtp_utf8_step(NULL, 0) == 0);
}

int main(void)
{
    test_every_code_point();
    test_malformed();
    return check_report();
}
