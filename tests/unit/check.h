/*
 * The least that a test program needs: checks that are counted, say where they failed and what was
 * found there, and let the program go on. Use: CHECK(...) in functions, return check_report() in
 * main.
 */
#ifndef WSMTP_TEST_CHECK_H
#define WSMTP_TEST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static unsigned check_passed;
static unsigned check_failed;

static inline bool check_that(bool holds, const char *what, const char *file, int line)
{
    if (holds) {
        check_passed++;
    } else {
        check_failed++;
        printf("%s:%d: failed: %s\n", file, line, what);
    }
    return holds;
}

static inline bool check_equal(unsigned long long found, unsigned long long wanted,
                               const char *what, const char *file, int line)
{
    if (!check_that(found == wanted, what, file, line)) {
        printf("    found %llu, wanted %llu\n", found, wanted);
    }
    return found == wanted;
}

static inline void check_print(const char *title, const void *data, size_t data_len)
{
    const unsigned char *octets = data;
    printf("    %s %zu: \"", title, data_len);
    for (size_t i = 0; i < data_len; i++) {
        if (octets[i] >= 0x20 && octets[i] < 0x7f && octets[i] != '\\') {
            printf("%c", octets[i]);
        } else {
            printf("\\x%02x", octets[i]);
        }
    }
    printf("\"\n");
}

static inline bool check_octets(const void *found, size_t found_len, const void *wanted,
                                size_t wanted_len, const char *what, const char *file, int line)
{
    bool same =
        found_len == wanted_len && (found_len == 0 || memcmp(found, wanted, found_len) == 0);
    if (!check_that(same, what, file, line)) {
        check_print("found ", found, found_len);
        check_print("wanted", wanted, wanted_len);
    }
    return same;
}

/* Each returns whether it holds. */
#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(found, wanted)                                                                    \
    check_equal((unsigned long long)(found), (unsigned long long)(wanted), #found " == " #wanted,  \
                __FILE__, __LINE__)
#define CHECK_OCTETS(found, found_len, wanted, wanted_len)                                         \
    check_octets(found, found_len, wanted, wanted_len, #found, __FILE__, __LINE__)
/* wanted: a C string. */
#define CHECK_TEXT(found, found_len, wanted)                                                       \
    check_octets(found, found_len, wanted, strlen(wanted), #found, __FILE__, __LINE__)

/* Prints the counts as the last line; what main returns. No check at all is a failure as well. */
static inline int check_report(void)
{
    printf("%u passed, %u failed\n", check_passed, check_failed);
    return check_failed > 0 || check_passed == 0 ? 1 : 0;
}

#endif
