/* MD5 (RFC 1321), for CRAM-MD5 only. */
#include "hash.h"

#if WSMTP_FEATURE_CRAM_MD5

void wsmtp_md5_compress(wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *w)
{
    (void)algorithm;
    static const uint8_t shifts[16] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
    uint32_t a = (uint32_t)state[0], b = (uint32_t)state[1], c = (uint32_t)state[2], d = (uint32_t)state[3];
    /*
     * Round t adds the whole part of 2^32 * |sin(t + 1)|. sin(n + 1) = 2 cos(1) sin(n) - sin(n - 1)
     * gives them one after another with an error below 2^-45, far less than any of the 64 is from a
     * whole number; a table of them would be larger than all the rest of MD5.
     */
    double sine = 0.84147098480789650665, sine_before = 0.0;
    for (unsigned t = 0; t < 64u; t++) {
        uint32_t f;
        unsigned g;
        switch (t / 16u) {
        case 0:
            f = d ^ (b & (c ^ d));
            g = t;
            break;
        case 1:
            f = c ^ (d & (b ^ c));
            g = 5u * t + 1u;
            break;
        case 2:
            f = b ^ c ^ d;
            g = 3u * t + 5u;
            break;
        default:
            f = c ^ (b | ~d);
            g = 7u * t;
            break;
        }
        f += a + (uint32_t)w[g & 15u] + (uint32_t)((sine < 0.0 ? -sine : sine) * 4294967296.0);
        a = d;
        d = c;
        c = b;
        b += wsmtp_rotate_left(f, shifts[t / 16u * 4u + t % 4u]);
        double sine_next = 1.0806046117362794348 * sine - sine_before;
        sine_before = sine;
        sine = sine_next;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
}

#endif
