/*
 * Golden dialogues: a case is a readable script of what a server says, what the caller does, and
 * which octets and events the engine must answer with. README.md describes the format.
 */
#ifndef WSMTP_TESTS_GOLDEN_H
#define WSMTP_TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wsmtp/engine.h>

/* Growable octets; always NUL-terminated behind len. */
typedef struct golden_bytes {
    char *data;
    size_t len;
    size_t room;
} golden_bytes;

void golden_add(golden_bytes *bytes, const void *data, size_t data_len);
void golden_print(golden_bytes *bytes, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
void golden_drop(golden_bytes *bytes, size_t count);
void golden_clear(golden_bytes *bytes);
void golden_free(golden_bytes *bytes);

/* Appends octets in the notation of the scripts: controls and non-ASCII as escapes. */
void golden_quote(golden_bytes *out, const char *data, size_t data_len);

typedef enum golden_kind {
    GOLDEN_SERVER, /* S: octets from the server */
    GOLDEN_ACTION, /* !  something the caller does */
    GOLDEN_CHECK,  /* =  a value to be asked for */
    GOLDEN_EVENT,  /* >  an event to come next */
    GOLDEN_OUTPUT  /* C: octets to come next from the engine */
} golden_kind;

typedef enum golden_secrecy {
    GOLDEN_OPEN,   /* C:  no octet is marked secret */
    GOLDEN_SECRET, /* C*: the last word of the line is marked secret */
    GOLDEN_EITHER  /* C?: not compared */
} golden_secrecy;

typedef struct golden_step {
    golden_kind kind;
    int line;
    golden_bytes text;
    golden_secrecy secrecy;
    bool prefix; /* C<: the output may stop anywhere in it */
} golden_step;

#define GOLDEN_MESSAGES 9u
#define GOLDEN_RECIPIENTS 8u
#define GOLDEN_PARAMETERS 12u

/* Parameters of one command: items point into values. */
typedef struct golden_parameters {
    wsmtp_parameter items[GOLDEN_PARAMETERS];
    golden_bytes values[GOLDEN_PARAMETERS];
    size_t len;
} golden_parameters;

void golden_free_parameters(golden_parameters *list);

typedef struct golden_message {
    bool used;
    golden_bytes from;
    golden_parameters parameters;
    golden_bytes to[GOLDEN_RECIPIENTS];
    golden_parameters to_parameters[GOLDEN_RECIPIENTS];
    size_t to_len;
    uint64_t size;
    wsmtp_body body;
    uint32_t flags;
    golden_bytes text;
} golden_message;

typedef struct golden_case {
    const char *file;
    int line;
    golden_bytes title;
    wsmtp_tls tls;
    wsmtp_protocol protocol;
    uint32_t flags, overlap, eager_octets;
    uint32_t output_len; /* of the engine, whatever the mode says; 0 = as the mode says */
    golden_bytes name, user, password, token, authzid, host, nonce;
    uint32_t port, iterations_min, iterations_max;
    wsmtp_mechanism mechanism;
    bool allow_plaintext;
    bool expects;     /* config.expected is given */
    wsmtp_capabilities expected;
    bool whole_only;  /* the outcome depends on what arrives in one read */
    bool no_trailing; /* octets behind the last reply would change what came before */
    golden_message messages[GOLDEN_MESSAGES];
    golden_step *steps;
    size_t steps_len, steps_room;
} golden_case;

/* Reads the cases of one file. Exits with file and line if the script is malformed. */
golden_case *golden_read(const char *file, size_t *cases_len);
void golden_free_cases(golden_case *cases, size_t cases_len);

/* How a case is played. Sizes of 0 mean everything at once. */
typedef struct golden_mode {
    const char *name;
    unsigned seed;      /* != 0: cuts of random length up to the sizes below */
    size_t read_size;   /* octets a read */
    size_t write_size;  /* octets a write */
    size_t body_size;   /* octets a piece of a message */
    size_t input_len, output_len;
    const char *trailing; /* appended to the last reply; NULL = nothing */
    size_t trailing_len;
} golden_mode;

/*
 * Plays a case. Returns true if it went as written; else *report says what differed. *log receives
 * everything seen, so that two modes can be compared.
 */
bool golden_play(const golden_case *script, const golden_mode *mode, golden_bytes *log,
                 golden_bytes *report);

/* One line for an event, in the notation of the scripts; transaction numbers count from 1. */
void golden_render(golden_bytes *out, const wsmtp_event *event, size_t transaction_number);
/* Whether an expected line fits an actual one: the same words, but for what may be left out. */
bool golden_fits(const char *expected, const char *actual);

const char *golden_event_name(wsmtp_event_type type);
const char *golden_status_name(wsmtp_status status);
const char *golden_reason_name(wsmtp_reason reason);
const char *golden_step_name(wsmtp_step step);
const char *golden_field_name(wsmtp_field field);
int golden_reason_find(const char *name); /* -1 if there is none */
void golden_render_capabilities(golden_bytes *out, const wsmtp_capabilities *capabilities);
void golden_render_error(golden_bytes *out, const wsmtp_error *error);

#endif
