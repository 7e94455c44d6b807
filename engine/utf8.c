#include "utf8.h"

size_t wsmtp_utf8_step(const uint8_t *s, size_t n, uint32_t *codepoint)
{
    if (n == 0) {
        return 0;
    }
    uint32_t value = s[0];
    size_t length = 1;
    if (value >= 0x80) {
        uint32_t smallest;
        if (value >= 0xC2 && value <= 0xDF) {
            length = 2;
            value &= 0x1F;
            smallest = 0x80;
        } else if ((value & 0xF0) == 0xE0) {
            length = 3;
            value &= 0x0F;
            smallest = 0x800;
        } else if (value >= 0xF0 && value <= 0xF4) {
            length = 4;
            value &= 0x07;
            smallest = 0x10000;
        } else {
            return 0;
        }
        if (length > n) {
            return 0;
        }
        for (size_t i = 1; i < length; i++) {
            if ((s[i] & 0xC0) != 0x80) {
                return 0;
            }
            value = value << 6 | (s[i] & 0x3Fu);
        }
        if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
            return 0;
        }
    }
    if (codepoint != NULL) {
        *codepoint = value;
    }
    return length;
}
