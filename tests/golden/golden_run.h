/* One case being played: shared by the parts of the player, and by nothing else. */
#ifndef WSMTP_TESTS_GOLDEN_RUN_H
#define WSMTP_TESTS_GOLDEN_RUN_H

#include "golden.h"

typedef struct golden_run {
    const golden_case *script;
    const golden_mode *mode;
    golden_bytes *log;
    golden_bytes *report;
    uint32_t random;
    bool failed;
    bool over;      /* FAILED or CLOSED was reported */
    bool holding;   /* the transport takes nothing */
    bool loose;     /* octets were put behind the last reply: what follows is not in the script */
    wsmtp_config config;
    wsmtp_credentials credentials;
    wsmtp_transaction transactions[GOLDEN_MESSAGES];
    wsmtp_recipient recipients[GOLDEN_MESSAGES][GOLDEN_RECIPIENTS];
    int done[GOLDEN_MESSAGES];
    wsmtp_engine *engine;
    wsmtp_hash hash; /* of the last DERIVE_KEY */
    uint32_t iterations;
    uint8_t salt[128];
    size_t salt_len;
    /* what came and was not yet compared */
    golden_bytes events; /* one line an event */
    golden_bytes output;
    golden_bytes secrets; /* for each octet of output: '*' or ' ' */
} golden_run;

/* golden_drive.c: the loop of an adapter. line is the one of the script that is to blame. */
void golden_fail(golden_run *at, int line, const char *what);
/* Takes every event and every octet that is there; returns whether there was any. */
bool golden_pump(golden_run *at, int line);
void golden_feed(golden_run *at, const char *data, size_t data_len, int line);
void golden_write_body(golden_run *at, const char *data, size_t data_len, int line);

/* golden_expect.c: what came, against what is written */
void golden_settle(golden_run *at, int line); /* nothing may be left over */
void golden_expect_event(golden_run *at, const golden_step *step);
void golden_expect_output(golden_run *at, const golden_step *step);
void golden_expect_value(golden_run *at, int line, const char *name, const char *expected,
                         const char *actual);
void golden_check(golden_run *at, const golden_step *step);

/* golden_act.c: what the caller does */
void golden_act(golden_run *at, const golden_step *step);

#endif
