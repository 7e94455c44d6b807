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

void wsmtp_body_scan_add(wsmtp_body_scan *scan, const void *data, size_t data_len)
{
    const uint8_t *octets = data;
    for (size_t i = 0; i < data_len; i++) {
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
        scan->octets++;
        if (octet > 0x7f)
            scan->has_8bit = true;
        if (octet == 0)
            scan->has_nul = true;
        if (scan->line_len < WSMTP_BODY_LINE_MAX)
            scan->line_len++;
        else
            scan->has_long_line = true;
    }
}

void wsmtp_body_scan_end(wsmtp_body_scan *scan)
{
    if (scan->after_cr)
        scan->has_bare_cr = true;
    if (scan->after_cr || scan->line_len > 0)
        line_end(scan);
}
