/* The scan of a message against a plain reference, whole and cut at every place. */
#include <stdlib.h>
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"

static wsmtp_body_scan reference(const char *text, size_t text_len)
{
    wsmtp_body_scan scan;
    memset(&scan, 0, sizeof scan);
    size_t line_len = 0;
    bool ended = true;
    for (size_t i = 0; i < text_len; i++) {
        bool crlf = text[i] == '\r' && i + 1 < text_len && text[i + 1] == '\n';
        if (text[i] == '\r' || text[i] == '\n') {
            scan.has_bare_cr = scan.has_bare_cr || (!crlf && text[i] == '\r');
            scan.has_bare_lf = scan.has_bare_lf || text[i] == '\n';
            scan.octets += 2;
            line_len = 0;
            ended = true;
            i += crlf;
            continue;
        }
        scan.octets++;
        scan.has_8bit = scan.has_8bit || (unsigned char)text[i] > 127;
        scan.has_nul = scan.has_nul || text[i] == 0;
        scan.has_long_line = scan.has_long_line || ++line_len > WSMTP_BODY_LINE_MAX;
        ended = false;
    }
    scan.octets += ended ? 0 : 2;
    return scan;
}

static void compare(const char *text, size_t text_len, size_t cut)
{
    wsmtp_body_scan wanted = reference(text, text_len), scan;
    memset(&scan, 0xa5, sizeof scan);
    wsmtp_body_scan_init(&scan);
    wsmtp_body_scan_add(&scan, text, cut);
    wsmtp_body_scan_add(&scan, text + cut, text_len - cut);
    wsmtp_body_scan_end(&scan);
    bool same = scan.octets == wanted.octets && scan.has_8bit == wanted.has_8bit &&
                scan.has_bare_cr == wanted.has_bare_cr && scan.has_bare_lf == wanted.has_bare_lf &&
                scan.has_nul == wanted.has_nul && scan.has_long_line == wanted.has_long_line;
    if (!CHECK(same))
        check_print("body", text, text_len < 40 ? text_len : 40);
}

static void every_short_message(size_t text_len)
{
    static const char octets[] = "\r\n\0a\xe9.";
    size_t count = 1;
    for (size_t i = 0; i < text_len; i++)
        count *= 6;
    for (size_t number = 0; number < count; number++) {
        char text[8];
        for (size_t i = 0, rest = number; i < text_len; i++, rest /= 6)
            text[i] = octets[rest % 6];
        for (size_t cut = 0; cut <= text_len; cut++)
            compare(text, text_len, cut);
    }
}

static void long_lines(void)
{
    static char text[4000];
    memset(text, 'a', sizeof text);
    for (size_t len = 996; len <= 1002; len++) {
        for (size_t cut = 990; cut <= len; cut++) {
            compare(text, len, cut);
            memcpy(text + len, "\r\nb\r\n", 5);
            compare(text, len + 5, cut);
            compare(text, len + 1, cut);
            memset(text + len, 'a', 5);
        }
    }
    memcpy(text + 998, "\n", 1);
    memcpy(text + 998 + 1 + 998, "\r", 1);
    compare(text, 998 + 1 + 998 + 1 + 998, 1500);
    compare(text, 998 + 1 + 998 + 1 + 999, 1500);
}

/* Many megabytes in pieces. */
static void very_long(void)
{
    enum { PIECE = 1 << 20 };
    char *text = malloc(PIECE);
    if (!text) {
        CHECK(text);
        return;
    }
    for (size_t i = 0; i < PIECE; i += 64) {
        memset(text + i, 'x', 62);
        memcpy(text + i + 62, "\r\n", 2);
    }
    wsmtp_body_scan scan;
    wsmtp_body_scan_init(&scan);
    for (int i = 0; i < 20; i++)
        wsmtp_body_scan_add(&scan, text, PIECE);
    wsmtp_body_scan_end(&scan);
    CHECK_EQ(scan.octets, UINT64_C(20) * PIECE);
    CHECK(!scan.has_long_line && !scan.has_bare_cr && !scan.has_bare_lf);
    free(text);
}

int main(void)
{
    for (size_t text_len = 0; text_len <= 5; text_len++)
        every_short_message(text_len);
    long_lines();
    very_long();
    return check_report();
}
