#include "utf8.h"

wsmtp_character wsmtp_utf8_step(const uint8_t *s, size_t n)
{
    if (n == 0) {
        return 0;
    }
    uint32_t value = s[0];
    uint32_t length = 1;
    if (value >= 0x80) {
        /* C0 and C1 could only start overlong forms, F5 and above only values beyond U+10FFFF. */
        if (value < 0xC2 || value > 0xF4) {
            return 0;
        }
        length = 2 + (uint32_t)(value >= 0xE0) + (uint32_t)(value >= 0xF0);
        if (length > n) {
            return 0;
        }
        value &= 0x7Fu >> length;
        for (uint32_t i = 1; i < length; i++) {
            if ((s[i] & 0xC0) != 0x80) {
                return 0;
            }
            value = value << 6 | (s[i] & 0x3Fu);
        }
        /* Overlong: 3 bytes start at U+0800, 4 bytes at U+10000. Surrogates: D800 to DFFF. */
        if (value < 1u << (5 * length - 4) || value > 0x10FFFF || value >> 11 == 0xD800 >> 11) {
            return 0;
        }
    }
    return length << 21 | value;
}

bool wsmtp_is_control(uint32_t codepoint)
{
    return codepoint < 0x20 || (codepoint >= 0x7F && codepoint <= 0x9F);
}
