#include "pin.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_hexadecimal(const char *text, uint8_t pin[WSMTP_PIN_LEN])
{
    for (size_t i = 0; i < WSMTP_PIN_LEN; i++) {
        if (i > 0 && *text == ':')
            text++;
        int high = digit(text[0]);
        int low = high < 0 ? -1 : digit(text[1]);
        if (low < 0)
            return false;
        pin[i] = (uint8_t)(high * 16 + low);
        text += 2;
    }
    return !*text;
}

bool pin_parse(const char *text, uint8_t pin[WSMTP_PIN_LEN])
{
    static const char prefix[] = "sha256//";
    if (parse_hexadecimal(text, pin))
        return true;
    if (strncmp(text, prefix, sizeof prefix - 1) == 0)
        text += sizeof prefix - 1;
    size_t n = WSMTP_PIN_LEN;
    return wsmtp_base64_decode(text, strlen(text), pin, &n) && n == WSMTP_PIN_LEN;
}

const char *pin_text(const uint8_t pin[WSMTP_PIN_LEN], char text[PIN_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < WSMTP_PIN_LEN; i++) {
        text[2 * i] = digits[pin[i] >> 4];
        text[2 * i + 1] = digits[pin[i] & 15];
    }
    text[2 * WSMTP_PIN_LEN] = '\0';
    return text;
}
