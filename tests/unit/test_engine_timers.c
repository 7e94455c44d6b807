/* Timers: which limit applies, and when its clock starts anew (RFC 5321 section 4.5.3.2). */
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

static uint32_t epoch_of(const opened *session, uint32_t limit)
{
    uint32_t epoch = 0;
    CHECK_EQ(wsmtp_timer(session->engine, &epoch), limit);
    return epoch;
}

static void give(opened *session, const char *text)
{
    CHECK(opened_give(session, text, strlen(text)));
    opened_last(session);
}

/* Each phase has its own limit, and every one starts the clock anew. */
static void timers(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_STARTTLS, 0, 1024);
    for (int i = 0; i < WSMTP_PHASE_COUNT; i++)
        session.config.timeouts[i] = 1000u + (uint32_t)i;
    uint32_t epoch = epoch_of(&session, 1000 + WSMTP_PHASE_GREETING), next;
    give(&session, "220 x\r\n");
    next = epoch_of(&session, 1000 + WSMTP_PHASE_COMMAND);
    CHECK(next != epoch);
    epoch = next;
    give(&session, "250-x\r\n250 STARTTLS\r\n");
    next = epoch_of(&session, 1000 + WSMTP_PHASE_COMMAND);
    CHECK(next != epoch);
    epoch = next;
    give(&session, "220 x\r\n");
    next = epoch_of(&session, 1000 + WSMTP_PHASE_TLS);
    CHECK(next != epoch);
    epoch = next;
    wsmtp_tls_done(session.engine);
    opened_write(&session);
    next = epoch_of(&session, 1000 + WSMTP_PHASE_COMMAND);
    CHECK(next != epoch);
    give(&session, "250-x\r\n250 PIPELINING\r\n");
    epoch_of(&session, 0);

    wsmtp_recipient recipients[2] = {{.address = "b@example.com", .address_len = 13},
                                     {.address = "c@example.com", .address_len = 13}};
    wsmtp_transaction transaction;
    wsmtp_transaction_init(&transaction);
    transaction.recipients = recipients;
    transaction.recipients_len = 2;
    CHECK(wsmtp_submit(session.engine, &transaction) == WSMTP_REASON_OK);
    opened_write(&session);
    epoch = epoch_of(&session, 1000 + WSMTP_PHASE_MAIL);
    give(&session, "250 x\r\n");
    next = epoch_of(&session, 1000 + WSMTP_PHASE_RCPT);
    CHECK(next != epoch);
    epoch = next;
    give(&session, "250 x\r\n");
    next = epoch_of(&session, 1000 + WSMTP_PHASE_RCPT);
    CHECK(next != epoch); /* the second recipient has its own time */
    epoch = next;
    give(&session, "250 x\r\n");
    next = epoch_of(&session, 1000 + WSMTP_PHASE_DATA);
    CHECK(next != epoch);
    epoch = next;
    give(&session, "354 x\r\n");
    next = epoch_of(&session, 1000 + WSMTP_PHASE_BODY);
    CHECK(next != epoch);
    epoch = next;
    CHECK(wsmtp_body_write(session.engine, "piece\r\n", 7) == 7);
    opened_write(&session);
    next = epoch_of(&session, 1000 + WSMTP_PHASE_BODY);
    CHECK(next != epoch); /* each piece has its own time */
    epoch = next;
    CHECK(wsmtp_body_end(session.engine) == WSMTP_REASON_OK);
    opened_write(&session);
    next = epoch_of(&session, 1000 + WSMTP_PHASE_END_OF_DATA);
    CHECK(next != epoch);
    epoch = next;
    give(&session, "250 x\r\n");
    epoch_of(&session, 0);
    CHECK(wsmtp_noop(session.engine) == WSMTP_REASON_OK);
    opened_write(&session);
    next = epoch_of(&session, 1000 + WSMTP_PHASE_COMMAND);
    CHECK(next != epoch);
    give(&session, "250 x\r\n");
    CHECK(wsmtp_quit(session.engine) == WSMTP_REASON_OK);
    opened_write(&session);
    epoch_of(&session, 1000 + WSMTP_PHASE_QUIT);
    give(&session, "221 x\r\n");
    epoch_of(&session, 0);
    opened_end(&session);

    opened_init(&session, WSMTP_TLS_IMPLICIT, 0, 1024);
    memset(session.config.timeouts, 0, sizeof session.config.timeouts);
    opened_last(&session);
    epoch_of(&session, 0);
    opened_end(&session);
}

/* A reply that trickles in does not stretch the time for it. */
static void trickle(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 1024);
    uint32_t epoch = epoch_of(&session, 300000);
    static const char octets[] = "220-a\r\n220-b\r\n220 c";
    for (size_t i = 0; i < sizeof octets - 1; i++) {
        opened_give(&session, octets + i, 1);
        opened_last(&session);
        CHECK(epoch_of(&session, 300000) == epoch);
    }
    opened_end(&session);
}

int main(void)
{
    timers();
    trickle();
    return check_report();
}
