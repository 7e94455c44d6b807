/* Reading a response in pieces: it is never put together as a whole. */
#include "mechanism.h"

void wsmtp_parts_add(wsmtp_sasl_parts *parts, const void *data, size_t data_len, unsigned coding)
{
    wsmtp_sasl_part *part = &parts->part[parts->count++];
    part->data = data;
    part->data_len = data_len;
    part->coding = (uint8_t)coding;
}

/*
 * The next octet, escaped where needed, of the parts that are or are not to be encoded. False at the
 * end of these, which may be the start of the others.
 */
static bool wsmtp_parts_octet(const wsmtp_sasl_parts *parts, wsmtp_sasl_cursor *cursor,
                              unsigned base64, uint8_t *octet)
{
    while (cursor->part < parts->count && cursor->offset == parts->part[cursor->part].data_len) {
        cursor->part++;
        cursor->offset = 0;
    }
    if (cursor->part == parts->count) {
        return false;
    }
    const wsmtp_sasl_part *part = &parts->part[cursor->part];
    if ((part->coding & WSMTP_CODING_BASE64) != base64) {
        return false;
    }
    *octet = part->data[cursor->offset];
    if ((part->coding & WSMTP_CODING_ESCAPE) != 0 && (*octet == ',' || *octet == '=')) {
        *octet = (uint8_t)(*octet == ',' ? "=2C" : "=3D")[cursor->escape];
        if (++cursor->escape < 3u) {
            return true;
        }
        cursor->escape = 0;
    }
    cursor->offset++;
    return true;
}

static bool wsmtp_parts_next(const wsmtp_sasl_parts *parts, wsmtp_sasl_cursor *cursor, uint8_t *octet)
{
    uint8_t group[3];
    size_t n = 0;
    if (cursor->quad_left == 0) {
        if (wsmtp_parts_octet(parts, cursor, 0, octet)) {
            return true;
        }
        while (n < sizeof group && wsmtp_parts_octet(parts, cursor, WSMTP_CODING_BASE64, &group[n])) {
            n++;
        }
        if (n == 0) {
            return false;
        }
        cursor->quad_left = (uint8_t)wsmtp_base64_encode(group, n, cursor->quad);
    }
    *octet = (uint8_t)cursor->quad[sizeof cursor->quad - cursor->quad_left--];
    return true;
}

size_t wsmtp_parts_read(const wsmtp_sasl_parts *parts, wsmtp_sasl_cursor *cursor, uint8_t *out,
                        size_t out_len)
{
    size_t n = 0;
    while (n < out_len && wsmtp_parts_next(parts, cursor, &out[n])) {
        n++;
    }
    return n;
}

/* The parts of the response that is ready; none if there is no such. */
static void wsmtp_sasl_parts_of(const wsmtp_sasl *sasl, wsmtp_sasl_parts *parts)
{
    const wsmtp_mechanism_definition *definition = wsmtp_mechanism_definition_of(sasl->mechanism);
    parts->count = 0;
    if (definition != NULL && sasl->reason == WSMTP_REASON_OK) {
        definition->response(sasl, parts);
    }
}

size_t wsmtp_sasl_response_len(const wsmtp_sasl *sasl)
{
    wsmtp_sasl_parts parts;
    wsmtp_sasl_cursor cursor = {0};
    uint8_t octet;
    size_t n = 0;
    wsmtp_sasl_parts_of(sasl, &parts);
    while (wsmtp_parts_next(&parts, &cursor, &octet)) {
        n++;
    }
    return n;
}

size_t wsmtp_sasl_read(wsmtp_sasl *sasl, uint8_t *out, size_t out_len)
{
    wsmtp_sasl_parts parts;
    wsmtp_sasl_parts_of(sasl, &parts);
    return wsmtp_parts_read(&parts, &sasl->cursor, out, out_len);
}
