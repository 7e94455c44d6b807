/* Reading a template in pieces: the whole is never put together. */
#include "template.h"

#define WSMTP_CODE 0x80u /* not a literal character */
#define WSMTP_CODE_ESCAPE 0x40u
#define WSMTP_CODE_IF 0x20u
#define WSMTP_CODE_NUMBER 0x1fu
#define WSMTP_CODE_BASE64 0x9fu

wsmtp_text wsmtp_template_text(const wsmtp_sasl *sasl, unsigned number)
{
    const wsmtp_credentials *c = sasl->credentials;
    wsmtp_text text = {(const uint8_t *)c->user, c->user_len};
    switch (number) {
    case 0:
        break;
    case 1:
        text.data = (const uint8_t *)c->password;
        text.data_len = c->password_len;
        break;
    case 2:
        text.data = (const uint8_t *)c->token;
        text.data_len = c->token_len;
        break;
    case 5:
        if (c->authzid_len == 0) {
            break;
        }
        /* fall through */
    case 3:
        text.data = (const uint8_t *)c->authzid;
        text.data_len = c->authzid_len;
        break;
    case 4:
        text.data = (const uint8_t *)c->host;
        text.data_len = c->host_len;
        break;
    case 6:
        text.data = sasl->scratch;
        text.data_len = sasl->scratch_len;
        break;
    case 7:
        text.data = sasl->scram_nonce;
        text.data_len = sasl->scram_nonce_len;
        break;
    case 8:
        text.data = sasl->challenge + 2;
        text.data_len = sasl->scram_server_nonce_len;
        break;
    case 9:
        text.data = sasl->challenge;
        text.data_len = sasl->challenge_len;
        break;
    default:
        text.data = (const uint8_t *)"";
        text.data_len = 1;
        break;
    }
    return text;
}

/* The next octet before encoding; false at the end, and where encoding begins or ends. */
static bool wsmtp_template_octet(const wsmtp_sasl *sasl, const char *template_text,
                                 wsmtp_sasl_cursor *cursor, uint8_t *octet)
{
    for (;;) {
        unsigned code = (uint8_t)template_text[cursor->at];
        if (code == 0 || code == WSMTP_CODE_BASE64) {
            return false;
        }
        if (code < WSMTP_CODE) {
            *octet = (uint8_t)code;
            cursor->at++;
            return true;
        }
        wsmtp_text text = wsmtp_template_text(sasl, code & WSMTP_CODE_NUMBER);
        if (cursor->offset < text.data_len && (code & WSMTP_CODE_IF) == 0) {
            *octet = text.data[cursor->offset];
            if ((code & WSMTP_CODE_ESCAPE) != 0 && (*octet == ',' || *octet == '=')) {
                *octet = (uint8_t)(*octet == ',' ? "=2C" : "=3D")[cursor->escape];
                cursor->escape = (uint8_t)((cursor->escape + 1u) % 3u);
            }
            if (cursor->escape == 0) {
                cursor->offset++;
            }
            return true;
        }
        cursor->offset = 0;
        cursor->at++;
        if ((code & WSMTP_CODE_IF) != 0 && text.data_len == 0) {
            while ((uint8_t)template_text[cursor->at++] < WSMTP_CODE) {
            }
        }
    }
}

size_t wsmtp_template_read(const wsmtp_sasl *sasl, const char *template_text,
                           wsmtp_sasl_cursor *cursor, uint8_t *out, size_t out_len)
{
    size_t n = 0;
    while (n < out_len) {
        uint8_t group[3];
        size_t group_len = 0;
        if (cursor->quad_left > 0) {
            out[n++] = (uint8_t)cursor->quad[sizeof cursor->quad - cursor->quad_left--];
            continue;
        }
        if (!cursor->base64) {
            if (wsmtp_template_octet(sasl, template_text, cursor, &out[n])) {
                n++;
                continue;
            }
            if (template_text[cursor->at] == '\0') {
                break;
            }
            cursor->at++;
        }
        while (group_len < sizeof group &&
               wsmtp_template_octet(sasl, template_text, cursor, &group[group_len])) {
            group_len++;
        }
        cursor->base64 = group_len == sizeof group;
        if (!cursor->base64) {
            cursor->at++;
        }
        cursor->quad_left = (uint8_t)wsmtp_base64_encode(group, group_len, cursor->quad);
    }
    return n;
}
