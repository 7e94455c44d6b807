/* Base64: RFC 4648 section 10, every length, and everything that is not canonical. */
#include "check.h"

#include <stdint.h>
#include <stdlib.h>

#include "wsmtp/sasl.h"

/* RFC 4648 section 10, and the octets whose encoding uses the end of the alphabet. */
static const struct {
    const char *data;
    const char *text;
} pairs[] = {{"", ""},
             {"f", "Zg=="},
             {"fo", "Zm8="},
             {"foo", "Zm9v"},
             {"foob", "Zm9vYg=="},
             {"fooba", "Zm9vYmE="},
             {"foobar", "Zm9vYmFy"},
             {"\xfb\xff\xfe", "+//+"},
             {"n,,", "biws"},
             {"\1", "AQ=="}};

static void test_known(void)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[16];
        uint8_t data[16];
        size_t data_len = sizeof data;
        size_t text_len =
            wsmtp_base64_encode((const uint8_t *)pairs[i].data, strlen(pairs[i].data), text);
        CHECK_TEXT(text, text_len, pairs[i].text);
        CHECK(wsmtp_base64_decode(pairs[i].text, strlen(pairs[i].text), data, &data_len));
        CHECK_TEXT(data, data_len, pairs[i].data);
    }
}

static void test_refused(void)
{
    static const char *const malformed[] = {"Z",        "Zg",
                                            "Zg=",      "Zg===",
                                            "=",        "==",
                                            "====",     "=Zg=",
                                            "Z===",     "Z=g=",
                                            "Zh==",     "Zm9=",
                                            "Zm==Zg==", "Zg==Zm9v",
                                            "Zm9v=",    "Zm9v====",
                                            " Zm9v",    "Zm9v ",
                                            "Zm9v\n",   "Zm9v\r\n",
                                            "Zm\n9v",   "Zm9-",
                                            "Zm9_",     "Zm9.",
                                            "Zm9*",     "*",
                                            "Zm9\x80",  "Zm9\xff",
                                            "Zm8=Zm8=", "A=AA",
                                            "AA=A",     "/x==",
                                            "//9=",     "\xc3\xa4\xc3\xa4"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        uint8_t data[16];
        size_t data_len = sizeof data;
        if (!CHECK(!wsmtp_base64_decode(malformed[i], strlen(malformed[i]), data, &data_len))) {
            check_print("text", malformed[i], strlen(malformed[i]));
        }
    }
    uint8_t data[16];
    size_t data_len = sizeof data;
    CHECK(!wsmtp_base64_decode("Zm\0v", 4, data, &data_len));
}

/* Each octet in each of the four places: 64 are the alphabet, all others are refused. */
static void test_every_character(void)
{
    for (size_t place = 0; place < 4; place++) {
        unsigned accepted = 0;
        for (unsigned c = 0; c < 256; c++) {
            char text[4] = {'A', 'A', 'A', 'A'};
            uint8_t data[3];
            size_t data_len = sizeof data;
            text[place] = (char)c;
            if (wsmtp_base64_decode(text, sizeof text, data, &data_len)) {
                char again[4];
                CHECK_OCTETS(again, wsmtp_base64_encode(data, data_len, again), text, sizeof text);
                accepted++;
            }
        }
        /* "AAA=" is canonical too. */
        CHECK_EQ(accepted, place == 3 ? 65 : 64);
    }
}

/* Heap blocks of the exact length, so that the sanitizer sees a character too many. */
static void test_lengths(void)
{
    for (size_t len = 0; len < 200; len++) {
        uint8_t *data = malloc(len + 1);
        size_t text_len = 4 * ((len + 2) / 3);
        char *text = malloc(text_len + 1);
        uint8_t *back = malloc(len + 1);
        if (!CHECK(data != NULL && text != NULL && back != NULL)) {
            exit(check_report());
        }
        for (size_t i = 0; i < len; i++) {
            data[i] = (uint8_t)(i * 37 + len);
        }
        CHECK_EQ(wsmtp_base64_encode(data, len, text), text_len);
        size_t back_len = len;
        CHECK(wsmtp_base64_decode(text, text_len, back, &back_len));
        CHECK_OCTETS(back, back_len, data, len);
        if (len > 0) {
            back_len = len - 1;
            CHECK(!wsmtp_base64_decode(text, text_len, back, &back_len));
        }
        /* In place. */
        back_len = text_len;
        CHECK(wsmtp_base64_decode(text, text_len, (uint8_t *)text, &back_len));
        CHECK_OCTETS(text, back_len, data, len);
        free(data);
        free(text);
        free(back);
    }
}

int main(void)
{
    test_known();
    test_refused();
    test_every_character();
    test_lengths();
    return check_report();
}
