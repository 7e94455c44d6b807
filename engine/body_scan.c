/*
 * What a message needs, found before anything is sent: the same reading of line ends as body.c.
 */
#include "internal.h"

void wsmtp_body_scan_init(wsmtp_body_scan *scan)
{
    memset(scan, 0, sizeof *scan);
}

static void line_end(wsmtp_body_scan *scan)
{
    scan->octets += 2;
    scan->line_len = 0;
    scan->after_cr = false;
}

/* Looking at eight octets at once makes the code longer, which a wasm module pays for. */
#ifdef __wasm__
#define SCAN_WORDS false
#else
#define SCAN_WORDS true
#endif
#define EIGHT_TIMES(octet) (UINT64_MAX / 0xff * (octet))

/* Eight octets, the first the lowest; compilers make one load of it. */
static uint64_t scan_word(const uint8_t *data)
{
    const uint64_t low = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                         (uint32_t)data[3] << 24;
    const uint64_t high = data[4] | (uint32_t)data[5] << 8 | (uint32_t)data[6] << 16 |
                          (uint32_t)data[7] << 24;
    return low | high << 32;
}

static bool is_plain(uint8_t octet)
{
    return octet != '\r' && octet != '\n' && octet != 0 && octet < 0x80;
}

/* How many octets at the start of data tell nothing but their number. */
static size_t plain(const uint8_t *data, size_t data_len, bool has_8bit)
{
    size_t n = 0;
    while (data_len - n >= sizeof(uint64_t)) {
        const uint64_t word = scan_word(data + n);
        /* The lowest bit is that of the first octet below 14, or above 127 while that is news. */
        uint64_t found = (((word - EIGHT_TIMES(14u)) & ~word) | (has_8bit ? 0 : word)) &
                         EIGHT_TIMES(0x80u);
        if (found == 0) {
            n += sizeof word;
            continue;
        }
        found = (found & (~found + 1)) >> 7;
        n += (size_t)(found * 0x0001020304050607u >> 56);
        if (!is_plain(data[n]))
            return n;
        n++;
    }
    while (n < data_len && is_plain(data[n]))
        n++;
    return n;
}

static void count(wsmtp_body_scan *scan, size_t n)
{
    scan->octets += n;
    if (n > WSMTP_BODY_LINE_MAX - scan->line_len) {
        scan->has_long_line = true;
        scan->line_len = WSMTP_BODY_LINE_MAX;
    } else {
        scan->line_len += (uint32_t)n;
    }
}

void wsmtp_body_scan_add(wsmtp_body_scan *scan, const void *data, size_t data_len)
{
    const uint8_t *octets = data;
    for (size_t i = 0; i < data_len; i++) {
        if (SCAN_WORDS && !scan->after_cr) {
            const size_t n = plain(octets + i, data_len - i, scan->has_8bit);
            count(scan, n);
            i += n;
            if (i == data_len)
                return;
            if (octets[i] == '\r' && i + 1 < data_len && octets[i + 1] == '\n') {
                line_end(scan);
                i++;
                continue;
            }
        }
        uint8_t octet = octets[i];
        if (octet == '\n') {
            if (!scan->after_cr)
                scan->has_bare_lf = true;
            line_end(scan);
            continue;
        }
        if (scan->after_cr) {
            scan->has_bare_cr = true;
            line_end(scan);
        }
        if (octet == '\r') {
            scan->after_cr = true;
            continue;
        }
        if (octet > 0x7f)
            scan->has_8bit = true;
        if (octet == 0)
            scan->has_nul = true;
        count(scan, 1);
    }
}

void wsmtp_body_scan_end(wsmtp_body_scan *scan)
{
    if (scan->after_cr)
        scan->has_bare_cr = true;
    if (scan->after_cr || scan->line_len > 0)
        line_end(scan);
}
