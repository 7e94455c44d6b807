/* SHA-1 (FIPS 180-4 section 6.1). */
#include "hash.h"

#if WSMTP_FEATURE_SCRAM

static void wsmtp_sha1_compress(uint32_t *state, uint32_t *w)
{
    static const uint32_t constants[4] = {0x5a827999u, 0x6ed9eba1u, 0x8f1bbcdcu, 0xca62c1d6u};
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned t = 0; t < 80u; t++) {
        const unsigned part = t / 20u;
        uint32_t f = b ^ c ^ d;
        if (part == 0) {
            f = d ^ (b & (c ^ d));
        } else if (part == 2) {
            f = (b & c) | (d & (b | c));
        }
        /* The schedule needs no more than its last 16 words: they share the block's place. */
        uint32_t *word = &w[t & 15u];
        if (t >= 16u) {
            *word = wsmtp_rotate_left(
                *word ^ w[(t + 2u) & 15u] ^ w[(t + 8u) & 15u] ^ w[(t + 13u) & 15u], 1);
        }
        uint32_t sum = wsmtp_rotate_left(a, 5) + f + constants[part] + e + *word;
        e = d;
        d = c;
        c = wsmtp_rotate_left(b, 30);
        b = a;
        a = sum;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static const uint32_t wsmtp_sha1_initial[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};

const wsmtp_hash_algorithm wsmtp_sha1 = {
    wsmtp_sha1_compress, wsmtp_sha1_initial, 20, 64, true,
};

#endif
