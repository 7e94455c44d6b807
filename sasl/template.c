/* Reading a template in pieces: the whole is never put together. */
#include "template.h"

#include "octets.h"
#include "scram.h"

#define WSMTP_CODE 0x80u /* not a literal character */
#define WSMTP_CODE_ESCAPE 0x40u
#define WSMTP_CODE_IF 0x20u
#define WSMTP_CODE_NUMBER 0x1fu
#define WSMTP_CODE_BASE64 0x9fu

/* Pointer and length of the credentials' texts follow one another like those of wsmtp_text. */
_Static_assert(offsetof(wsmtp_credentials, user_len) ==
                       offsetof(wsmtp_credentials, user) + offsetof(wsmtp_text, data_len) &&
                   offsetof(wsmtp_credentials, host) ==
                       offsetof(wsmtp_credentials, user) + 4u * sizeof(wsmtp_text),
               "user, password, token, authzid and host are laid out as an array of texts");

wsmtp_text wsmtp_template_credential(const wsmtp_credentials *credentials, unsigned number)
{
    wsmtp_text text;
    memcpy(&text, (const uint8_t *)credentials + offsetof(wsmtp_credentials, user) + number * sizeof text,
           sizeof text);
    return text;
}

#define WSMTP_END (-1)

/* The octet at an offset in the text of a number; WSMTP_END behind its last one. */
static int wsmtp_template_at(const wsmtp_sasl *sasl, unsigned number, size_t offset)
{
    wsmtp_text text = {(const uint8_t *)"", 1};
    switch (number) {
    case 5:
        number = sasl->credentials->authzid_len > 0 ? 3u : 0u;
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
#if WSMTP_FEATURE_SCRAM
    case 11:
        text = wsmtp_scram_binding_flag(sasl);
        break;
    case 12:
        text = wsmtp_scram_binding(sasl);
        break;
#endif
    default:
        break;
    }
    if (number < 5u) {
        text = wsmtp_template_credential(sasl->credentials, number);
    }
    return offset < text.data_len ? text.data[offset] : WSMTP_END;
}

/* Codes that no mechanism of this build uses cost nothing. */
#define WSMTP_HAS_ESCAPE (WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_OAUTH)
#define WSMTP_HAS_BASE64 WSMTP_FEATURE_SCRAM

/* The next octet before encoding; false at the end, and where encoding begins or ends. */
static bool wsmtp_template_octet(const wsmtp_sasl *sasl, const char *template_text,
                                 wsmtp_sasl_cursor *cursor, uint8_t *octet)
{
    for (;;) {
        unsigned code = (uint8_t)template_text[cursor->at];
        if (code == 0 || (WSMTP_HAS_BASE64 && code == WSMTP_CODE_BASE64)) {
            return false;
        }
        if (code < WSMTP_CODE) {
            *octet = (uint8_t)code;
            cursor->at++;
            return true;
        }
        int c = wsmtp_template_at(sasl, code & WSMTP_CODE_NUMBER, cursor->offset);
        bool condition = WSMTP_HAS_ESCAPE && (code & WSMTP_CODE_IF) != 0;
        if (!condition && c != WSMTP_END) {
            if (WSMTP_HAS_ESCAPE && (code & WSMTP_CODE_ESCAPE) != 0 && (c == ',' || c == '=')) {
                c = (c == ',' ? "=2C" : "=3D")[cursor->escape];
                cursor->escape = (uint8_t)((cursor->escape + 1u) % 3u);
            }
            cursor->offset += cursor->escape == 0;
            *octet = (uint8_t)c;
            return true;
        }
        cursor->offset = 0;
        cursor->at++;
        if (condition && c == WSMTP_END) {
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
        if (WSMTP_HAS_BASE64 && cursor->quad_left > 0) {
            out[n++] = (uint8_t)cursor->quad[sizeof cursor->quad - cursor->quad_left--];
            continue;
        }
        if (!WSMTP_HAS_BASE64 || !cursor->base64) {
            if (wsmtp_template_octet(sasl, template_text, cursor, &out[n])) {
                n++;
                continue;
            }
            if (!WSMTP_HAS_BASE64 || template_text[cursor->at] == '\0') {
                break;
            }
            cursor->at++;
        }
        while (group_len < sizeof group &&
               wsmtp_template_octet(sasl, template_text, cursor, &group[group_len])) {
            group_len++;
        }
        cursor->base64 = group_len == sizeof group;
        cursor->at = (uint8_t)(cursor->at + !cursor->base64);
        cursor->quad_left = (uint8_t)wsmtp_base64_encode(group, group_len, cursor->quad);
    }
    return n;
}
