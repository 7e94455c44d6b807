/* SHA-256 (FIPS 180-4 section 6.2). */
#include "hash.h"

#if WSMTP_FEATURE_SCRAM

#if WSMTP_FEATURE_SHA_512
#define WSMTP_SHA256_CONSTANT(t) ((uint32_t)(wsmtp_sha512_constants[t] >> 32))
#else
#define WSMTP_SHA256_CONSTANT(t) wsmtp_sha256_constants[t]
static const uint32_t wsmtp_sha256_constants[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u,
    0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu,
    0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu,
    0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u,
    0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu,
    0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu,
    0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u,
    0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u,
    0xc67178f2u};
#endif

/* Three rotations combined: the large sigmas. */
static inline uint32_t wsmtp_sha256_mix(uint32_t x, unsigned i, unsigned j, unsigned k)
{
    return wsmtp_rotate_left(x, i) ^ wsmtp_rotate_left(x, j) ^ wsmtp_rotate_left(x, k);
}

static void wsmtp_sha256_compress(uint32_t *state, uint32_t *w)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned t = 0; t < 64u; t++) {
        /* The schedule needs no more than its last 16 words: they share the block's place. */
        uint32_t *word = &w[t & 15u];
        if (t >= 16u) {
            uint32_t x = w[(t + 1u) & 15u];
            uint32_t y = w[(t + 14u) & 15u];
            *word += w[(t + 9u) & 15u] +
                     (wsmtp_rotate_left(x, 25) ^ wsmtp_rotate_left(x, 14) ^ x >> 3u) +
                     (wsmtp_rotate_left(y, 15) ^ wsmtp_rotate_left(y, 13) ^ y >> 10u);
        }
        uint32_t one = h + wsmtp_sha256_mix(e, 26, 21, 7) + (g ^ (e & (f ^ g))) +
                       WSMTP_SHA256_CONSTANT(t) + *word;
        uint32_t two = wsmtp_sha256_mix(a, 30, 19, 10) + ((a & b) | (c & (a | b)));
        h = g;
        g = f;
        f = e;
        e = d + one;
        d = c;
        c = b;
        b = a;
        a = one + two;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

static const uint32_t wsmtp_sha256_initial[8] = {0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                                                 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};

const wsmtp_hash_algorithm wsmtp_sha256 = {
    wsmtp_sha256_compress, wsmtp_sha256_initial, 32, 64, true,
};

#endif
