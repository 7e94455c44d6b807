/*
 * Every reason has its kind and its sentence from reason.h; numbers that are no reason have neither.
 */
#include <string.h>

#include "check.h"
#include "wsmtp/features.h"
#include "wsmtp/reason.h"

static const struct {
    const char *name;
    wsmtp_kind kind;
    const char *sentence;
} expected[] = {
#define ROW(name, kind, sentence) {#name, WSMTP_KIND_##kind, sentence},
    WSMTP_REASONS(ROW)
#undef ROW
};

static void test_every_reason(void)
{
    CHECK(sizeof expected / sizeof expected[0] == WSMTP_REASON_COUNT);
    for (unsigned i = 0; i < WSMTP_REASON_COUNT; i++) {
        size_t length = 12345;
        const char *message = wsmtp_reason_message((wsmtp_reason)i, &length);
        CHECK(wsmtp_reason_kind((wsmtp_reason)i) == expected[i].kind);
        if (WSMTP_FEATURE_MESSAGES) {
            CHECK(strcmp(message, expected[i].sentence) == 0);
        } else {
            CHECK(message[0] == '\0');
        }
        CHECK(length == strlen(message));
        CHECK(strcmp(wsmtp_reason_message((wsmtp_reason)i, NULL), message) == 0);
    }
}

/* Callers look at the kind only, so an error without a kind would pass for success. */
static void test_only_ok_has_no_kind(void)
{
    CHECK(WSMTP_REASON_OK == 0);
    for (unsigned i = 0; i < WSMTP_REASON_COUNT; i++) {
        CHECK((expected[i].kind == WSMTP_KIND_NONE) == (i == WSMTP_REASON_OK));
    }
}

static void test_sentences_read_well(void)
{
    for (unsigned i = 0; i < WSMTP_REASON_COUNT; i++) {
        const char *sentence = expected[i].sentence;
        const size_t length = strlen(sentence);
        CHECK(length > 0 && sentence[length - 1] != '.' && sentence[length - 1] != ' ');
        for (size_t c = 0; c < length; c++) {
            CHECK(sentence[c] >= 0x20 && sentence[c] < 0x7F);
        }
    }
}

static void test_unknown_numbers(void)
{
    static const int unknown[] = {WSMTP_REASON_COUNT, WSMTP_REASON_COUNT + 1, 255, 65536, 0x7FFFFFFF,
                                  -1};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        wsmtp_reason reason = WSMTP_REASON_OK;
        size_t length = 12345;
        memcpy(&reason, &unknown[i], sizeof reason);
        CHECK(wsmtp_reason_kind(reason) == WSMTP_KIND_NONE);
        CHECK(wsmtp_reason_message(reason, &length)[0] == '\0');
        CHECK(length == 0);
    }
}

int main(void)
{
    test_every_reason();
    test_only_ok_has_no_kind();
    test_sentences_read_well();
    test_unknown_numbers();
    return check_report();
}
