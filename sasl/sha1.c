/* SHA-1 (FIPS 180-4 section 6.1). */
#include "hash.h"

#if WSMTP_FEATURE_SCRAM

void wsmtp_sha1_compress(const wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *w)
{
    (void)algorithm;
    static const uint32_t constants[4] = {0x5a827999u, 0x6ed9eba1u, 0x8f1bbcdcu, 0xca62c1d6u};
    uint32_t a = (uint32_t)state[0], b = (uint32_t)state[1], c = (uint32_t)state[2], d = (uint32_t)state[3];
    uint32_t e = (uint32_t)state[4];
    for (unsigned t = 0; t < 80u; t++) {
        const unsigned part = t / 20u;
        uint32_t f = b ^ c ^ d;
        if (part == 0) {
            f = d ^ (b & (c ^ d));
        } else if (part == 2) {
            f = (b & c) | (d & (b | c));
        }
        /* The schedule needs no more than its last 16 words: they share the block's place. */
        uint64_t *word = &w[t & 15u];
        if (t >= 16u) {
            *word = wsmtp_rotate_left(
                (uint32_t)(*word ^ w[(t + 2u) & 15u] ^ w[(t + 8u) & 15u] ^ w[(t + 13u) & 15u]), 1);
        }
        uint32_t sum = wsmtp_rotate_left(a, 5) + f + constants[part] + e + (uint32_t)*word;
        e = d;
        d = c;
        c = wsmtp_rotate_left(b, 30);
        b = a;
        a = sum;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
    state[4] = e;
}

#endif
