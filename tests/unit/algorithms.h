/* The hashes by their numbers, made once. */
#ifndef WSMTP_TEST_ALGORITHMS_H
#define WSMTP_TEST_ALGORITHMS_H

#include "hash.h"

static inline wsmtp_hash_algorithm *algorithm_of(wsmtp_hash hash)
{
    static wsmtp_hash_algorithm made[WSMTP_HASH_SHA_512 + 1];
    if (made[hash].digest_len == 0) {
        wsmtp_hash_make(&made[hash], hash);
    }
    return &made[hash];
}

#endif
