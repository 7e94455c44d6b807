/* SHA-1 (FIPS 180-4 section 6.1). */
#include "hash.h"

#include "octets.h"

#if WSMTP_FEATURE_SCRAM

void wsmtp_sha1_compress(wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *block)
{
    static const uint32_t constants[4] = {0x5a827999u, 0x6ed9eba1u, 0x8f1bbcdcu, 0xca62c1d6u};
    /* As in SHA-256, every round writes a word before those of the last one. */
    uint64_t *s = &algorithm->states[80];
    memcpy(algorithm->schedule, block, 16u * sizeof *block);
    memcpy(s, state, 5u * sizeof *state);
    for (unsigned t = 0; t < 80u; t++) {
        uint64_t *w = &algorithm->schedule[t];
        const unsigned part = t / 20u;
        uint64_t f = s[1] ^ s[2] ^ s[3];
        if (part == 0) {
            f = s[3] ^ (s[1] & (s[2] ^ s[3]));
        } else if (part == 2) {
            f = (s[1] & s[2]) | (s[3] & (s[1] | s[2]));
        }
        const uint64_t sum = wsmtp_rotate_left((uint32_t)s[0], 5) + f + constants[part] + s[4] + w[0];
        w[16] = wsmtp_rotate_left((uint32_t)(w[0] ^ w[2] ^ w[8] ^ w[13]), 1);
        s[1] = wsmtp_rotate_left((uint32_t)s[1], 30);
        *--s = sum;
    }
    memcpy(state, s, 5u * sizeof *state);
}

#endif
