/* A script being read: shared by the parts of the reader, and by nothing else. */
#ifndef WSMTP_TESTS_GOLDEN_READER_H
#define WSMTP_TESTS_GOLDEN_READER_H

#include "golden.h"

typedef struct golden_reader {
    const char *file;
    int line;
    golden_case *cases;
    size_t cases_len;
    golden_case *current;
} golden_reader;

/* golden_octets.c: the notation of octets. Says where the script is malformed, and exits. */
void golden_malformed(const golden_reader *from, const char *what);
int golden_hex_digit(char digit); /* -1 if it is none */
void golden_read_octets(const golden_reader *from, const char *at, golden_bytes *out,
                        bool line_end);

/*
 * golden_parameters.c: "KEYWORD=value" or "KEYWORD", with ? in front if it is optional; moves *at
 * behind it. False if no keyword stands there.
 */
bool golden_read_parameter(const golden_reader *from, const char **at, golden_parameters *list);

/* golden_steps.c: the lines of a dialogue; at points behind the letter that starts the line */
void golden_add_server(golden_reader *from, const char *at);
void golden_add_output(golden_reader *from, const char *at);
void golden_add_line(golden_reader *from, golden_kind kind, const char *at);
void golden_add_open(golden_reader *from, const char *at);

/* golden_setup.c: the lines between the title and the dialogue */
void golden_read_setup(golden_reader *from, const char *at);

#endif
