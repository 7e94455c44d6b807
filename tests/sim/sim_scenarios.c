#include "sim_scenarios.h"

static const char *const mixed[] = {"r1@example.com", "bad2@example.com", "grey3@example.com",
                                    "r4@example.com"};
static const char *const nobody[] = {"bad1@example.com", "grey2@example.com"};
static const char *const one[] = {"r1@example.com"};
static const char *const full[] = {"full1@example.com", "r2@example.com", "bad3@example.com",
                                   "full4@example.com"};

static const sim_message five[] = {
    {"m0@example.org", mixed, 4, "Subject: a\r\n\r\n.dot\r\n..\r\nend-0",
     "Subject: a\r\n\r\n.dot\r\n..\r\nend-0\r\n", "end-0\r\n.\r\n", 0},
    {"m1@example.org", nobody, 2, "x\r\nend-1\r\n", "x\r\nend-1\r\n", "end-1\r\n.\r\n", 0},
    {"eod4.m2@example.org", one, 1, "x\r\nend-2\r\n", "x\r\nend-2\r\n", "end-2\r\n.\r\n", 0},
    {"badmail@example.org", one, 1, "x\r\nend-3\r\n", "x\r\nend-3\r\n", "end-3\r\n.\r\n", 0},
    {"m4@example.org", one, 1, "one\ntwo\rend-4\r\n", "one\r\ntwo\r\nend-4\r\n", "end-4\r\n.\r\n",
     WSMTP_SEND_MAKE_CRLF},
};
#define OF_FIVE .messages = five, .messages_len = 5, .expected = {3, 3, 3, 0}
/* All came too early but the first, and none is sent again by itself. */
#define OF_REFUSED_OVERLAP .messages = five, .messages_len = 5, .expected = {2, 1, 1, 5}
/* The reply to the first chunk ends the session, the other messages are in doubt. */
#define OF_LIES .messages = five, .messages_len = 5, .expected = {0, 1, 1, 2}

static const sim_message strict[] = {
    {"m0@example.org", mixed, 4, "x\r\nend-0\r\n", "x\r\nend-0\r\n", "end-0\r\n.\r\n",
     WSMTP_SEND_ALL_OR_NOTHING},
    {"m1@example.org", one, 1, "x\r\nend-1\r\n", "x\r\nend-1\r\n", "end-1\r\n.\r\n",
     WSMTP_SEND_ALL_OR_NOTHING},
    {"eod5.m2@example.org", one, 1, "x\r\nend-2\r\n", "x\r\nend-2\r\n", "end-2\r\n.\r\n", 0},
};
#define OF_STRICT .messages = strict, .messages_len = 3, .expected = {1, 2, 1, 2}

/* Messages that take two or three chunks each where the buffer is smallest. */
#define LINE "The quick brown fox jumps over the lazy dog, and runs on.\r\n"
#define LINES LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
#define LARGE(end) LINES ".\r\n..\r\n" LINES LINES end "\r\n"
static const sim_message large[] = {
    {"m0@example.org", mixed, 4, LARGE("end-0"), LARGE("end-0"), "end-0\r\n.\r\n", 0},
    {"chunk4.m1@example.org", mixed, 4, LARGE("end-1"), LARGE("end-1"), "end-1\r\n.\r\n", 0},
    {"chunk5.m2@example.org", one, 1, LARGE("end-2"), LARGE("end-2"), "end-2\r\n.\r\n", 0},
    {"m3@example.org", nobody, 2, LARGE("end-3"), LARGE("end-3"), "end-3\r\n.\r\n", 0},
    {"m4@example.org", full, 4, LARGE("end-4"), LARGE("end-4"), "end-4\r\n.\r\n", 0},
};
#define OF_LARGE .messages = large, .messages_len = 5, .sized = true, .stride = 23, .buffer = 1024

/* More recipients than fit: three may be accepted at a time, or two named, or one. */
static const char *const many[] = {"r1@example.com", "r2@example.com", "bad3@example.com",
                                   "r4@example.com", "r5@example.com", "grey6@example.com",
                                   "r7@example.com"};
static const char *const three[] = {"r1@example.com", "r2@example.com", "r3@example.com"};
static const sim_message split[] = {
    {"m0@example.org", many, 7, "Subject: a\r\n\r\n.dot\r\n..\r\nend-0",
     "Subject: a\r\n\r\n.dot\r\n..\r\nend-0\r\n", "end-0\r\n.\r\n", WSMTP_SEND_SPLIT},
    {"m1@example.org", nobody, 2, "x\r\nend-1\r\n", "x\r\nend-1\r\n", "end-1\r\n.\r\n",
     WSMTP_SEND_SPLIT},
    {"eod4.m2@example.org", three, 3, "x\r\nend-2\r\n", "x\r\nend-2\r\n", "end-2\r\n.\r\n",
     WSMTP_SEND_SPLIT},
    {"badmail@example.org", three, 3, "x\r\nend-3\r\n", "x\r\nend-3\r\n", "end-3\r\n.\r\n",
     WSMTP_SEND_SPLIT},
    {"m4@example.org", three, 3, "one\ntwo\rend-4\r\n", "one\r\ntwo\r\nend-4\r\n", "end-4\r\n.\r\n",
     WSMTP_SEND_MAKE_CRLF | WSMTP_SEND_SPLIT},
};
#define OF_SPLIT .messages = split, .messages_len = 5, .splits = true, .queued = true
/* By 452 each recipient is asked; by LIMITS those behind a refused part of a message are not. */
#define OF_SPLIT_BY_452 OF_SPLIT, .expected = {8, 5, 5, 0}
#define OF_SPLIT_BY_TWO OF_SPLIT, .expected = {8, 5, 4, 1}
#define OF_SPLIT_BY_ONE OF_SPLIT, .expected = {8, 5, 3, 2}

static const sim_message prdr[] = {
    {"m0@example.org", full, 4, "x\r\nend-0\r\n", "x\r\nend-0\r\n", "end-0\r\n.\r\n", SIM_PRDR},
    {"m1@example.org", nobody, 2, "x\r\nend-1\r\n", "x\r\nend-1\r\n", "end-1\r\n.\r\n", SIM_PRDR},
    {"eod5.m2@example.org", one, 1, "x\r\nend-2\r\n", "x\r\nend-2\r\n", "end-2\r\n.\r\n", SIM_PRDR},
    {"m3@example.org", full, 1, "x\r\nend-3\r\n", "x\r\nend-3\r\n", "end-3\r\n.\r\n", SIM_PRDR},
    {"m4@example.org", mixed, 4, "x\r\nend-4\r\n", "x\r\nend-4\r\n", "end-4\r\n.\r\n", 0},
};
#define OF_PRDR .messages = prdr, .messages_len = 5, .expected = {3, 4, 5, 0}

#define NO_DATA "what no message has: this one goes by BDAT or not at all"
/* By 452 and each for itself: parts of which some, and all, recipients refuse the message. */
static const char *const shy[] = {"full1@example.com", "r2@example.com", "full3@example.com",
                                  "full4@example.com", "r5@example.com", "bad6@example.com"};
static const sim_message split_prdr[] = {
    {"m0@example.org", shy, 6, "x\r\nend-0\r\n", "x\r\nend-0\r\n", "end-0\r\n.\r\n",
     WSMTP_SEND_SPLIT | SIM_PRDR},
    {"m1@example.org", shy, 6, "x\r\nend-1\r\n", "x\r\nend-1\r\n", "end-1\r\n.\r\n",
     WSMTP_SEND_SPLIT | SIM_PRDR},
};
#define OF_SPLIT_PRDR                                                                              \
    .messages = split_prdr, .messages_len = 2, .splits = true, .queued = true, .expected = {4, 2, 6, 0}

static const sim_message binary[] = {
    {"m0@example.org", mixed, 4, "a\rb\nc\n\r.\r\n.", "a\rb\nc\n\r.\r\n.", NO_DATA, SIM_BINARY},
    {"eod4.m1@example.org", one, 1, "\n", "\n", NO_DATA, SIM_BINARY},
    {"m2@example.org", one, 1, "x\r\nend-2\r\n", "x\r\nend-2\r\n", "end-2\r\n.\r\n", 0},
};
#define OF_BINARY .messages = binary, .messages_len = 3, .queued = true, .expected = {3, 1, 2, 0}

#define REMEMBERED                                                                                 \
    (WSMTP_CAP_ESMTP | WSMTP_CAP_PIPELINING | WSMTP_CAP_PIPECONNECT | WSMTP_CAP_8BITMIME |          \
     WSMTP_CAP_ENHANCEDSTATUSCODES)

static const sim_scenario scenarios[] = {
    {.name = "pipelining, queued", .server = {.pipelining = true}, OF_FIVE, .queued = true,
     .buffer = 2048},
    {.name = "pipelining, one by one", .server = {.pipelining = true}, OF_FIVE, .buffer = 2048,
     .write_size = 11, .read_size = 13, .body_size = 5},
    {.name = "no pipelining", OF_FIVE, .queued = true, .buffer = 2048},
    {.name = "pipelining switched off", .server = {.pipelining = true},
     .flags = WSMTP_NO_PIPELINING, OF_FIVE, .buffer = 2048},
    {.name = "354 without recipients",
     .server = {.pipelining = true, .data_without_recipients = true}, OF_FIVE, .queued = true,
     .buffer = 2048},
    {.name = "STARTTLS and AUTH", .server = {.pipelining = true, .starttls = true, .auth = true},
     .tls = WSMTP_TLS_STARTTLS, OF_FIVE, .queued = true, .buffer = 2048},
    {.name = "octet by octet, small buffers", .server = {.pipelining = true}, OF_FIVE,
     .queued = true, .write_size = 1, .read_size = 1, .body_size = 1, .buffer = WSMTP_INPUT_MIN},
    {.name = "HELO only", .server = {.no_ehlo = true}, OF_FIVE, .buffer = 2048, .read_size = 3},
    {.name = "all or nothing", .server = {.pipelining = true}, OF_STRICT, .queued = true,
     .buffer = 2048, .link_room = 40},
    {.name = "DATA, overlap 2", .server = {.pipelining = true}, .overlap = 2, .slow = true, OF_FIVE,
     .queued = true, .buffer = 2048},
    {.name = "DATA, overlap 5, 354 without recipients, in pieces",
     .server = {.pipelining = true, .data_without_recipients = true}, .overlap = 5,
     .slow = true, OF_FIVE,
     .queued = true, .buffer = 1024, .write_size = 7, .read_size = 9, .body_size = 3},
    {.name = "DATA, overlap refused", .server = {.pipelining = true, .refuses_overlap = true},
     .overlap = 2, .slow = true, OF_FIVE, .queued = true, .buffer = 2048},
    {.name = "CHUNKING, one by one", .server = {.pipelining = true, .chunking = true}, OF_FIVE,
     .sized = true, .buffer = 2048},
    {.name = "CHUNKING, no pipelining", .server = {.chunking = true}, OF_FIVE, .sized = true,
     .queued = true, .buffer = 2048, .body_size = 4},
    {.name = "CHUNKING, overlap 5", .server = {.pipelining = true, .chunking = true}, .overlap = 5,
     .slow = true,
     OF_FIVE, .sized = true, .queued = true, .buffer = 2048},
    {.name = "CHUNKING, overlap 5, octet by octet",
     .server = {.pipelining = true, .chunking = true}, .overlap = 5,
     .slow = true, OF_FIVE, .sized = true,
     .queued = true, .buffer = 1024, .write_size = 1, .read_size = 1, .body_size = 1},
    {.name = "CHUNKING, overlap 5, envelopes first",
     .server = {.pipelining = true, .chunking = true}, .overlap = 5,
     .slow = true, OF_FIVE, .late = true,
     .queued = true, .buffer = 2048, .write_size = 20, .read_size = 50},
    {.name = "CHUNKING, overlap 3, STARTTLS and AUTH",
     .server = {.pipelining = true, .chunking = true, .starttls = true, .auth = true},
     .tls = WSMTP_TLS_STARTTLS, .overlap = 3, .slow = true, OF_FIVE, .sized = true, .queued = true,
     .buffer = 2048},
    {.name = "CHUNKING, all or nothing", .server = {.pipelining = true, .chunking = true},
     .overlap = 3,
     .slow = true, OF_STRICT, .sized = true, .queued = true, .buffer = 2048, .link_room = 40},
    {.name = "CHUNKING, overlap refused",
     .server = {.pipelining = true, .chunking = true, .refuses_overlap = true}, .overlap = 5,
     .slow = true,
     OF_REFUSED_OVERLAP, .sized = true, .queued = true, .buffer = 2048},
    {.name = "CHUNKING, overlap refused, envelopes first",
     .server = {.pipelining = true, .chunking = true, .refuses_overlap = true}, .overlap = 5,
     .slow = true,
     OF_FIVE, .late = true, .queued = true, .buffer = 2048},
    {.name = "CHUNKING offered, BDAT unknown",
     .server = {.pipelining = true, .chunking = true, .lies_about_chunking = true}, .overlap = 5,
     .slow = true,
     OF_LIES, .sized = true, .queued = true, .buffer = 2048},
    {.name = "large messages in chunks", .server = {.pipelining = true, .chunking = true}, OF_LARGE,
     .queued = true, .expected = {5, 5, 5, 0}},
    {.name = "large messages in chunks, overlap 5, in pieces",
     .server = {.pipelining = true, .chunking = true}, .overlap = 5,
     .slow = true, OF_LARGE, .queued = true,
     .write_size = 301, .read_size = 17, .body_size = 97, .link_room = 60,
     .expected = {5, 5, 5, 0}},
    {.name = "large messages in chunks, envelopes first",
     .server = {.pipelining = true, .chunking = true}, .overlap = 5,
     .slow = true, .late = true, OF_LARGE,
     .queued = true, .expected = {5, 5, 5, 0}},
    {.name = "large messages in chunks, no pipelining", .server = {.chunking = true}, OF_LARGE,
     .queued = true, .expected = {5, 5, 5, 0}},
    {.name = "LMTP", .server = {.pipelining = true, .lmtp = true}, OF_FIVE, .queued = true,
     .buffer = 2048},
    {.name = "LMTP, no pipelining", .server = {.lmtp = true}, OF_FIVE, .buffer = 2048,
     .read_size = 5},
    {.name = "LMTP, overlap 2, large", .server = {.pipelining = true, .lmtp = true}, .overlap = 2,
     .slow = true, OF_LARGE, .queued = true, .expected = {6, 4, 5, 0}},
    {.name = "LMTP, CHUNKING, overlap 5, large",
     .server = {.pipelining = true, .lmtp = true, .chunking = true}, .overlap = 5,
     .slow = true, OF_LARGE,
     .queued = true, .expected = {3, 5, 7, 0}},
    {.name = "452, DATA", .server = {.pipelining = true, .rcpt_limit = 2}, OF_SPLIT_BY_452,
     .buffer = 2048, .stride = 3},
    {.name = "452, no pipelining", .server = {.rcpt_limit = 2}, OF_SPLIT_BY_452, .buffer = 2048, .stride = 3},
    {.name = "452, DATA, overlap 5", .server = {.pipelining = true, .rcpt_limit = 2}, .overlap = 5,
     .slow = true, OF_SPLIT_BY_452, .buffer = 2048},
    {.name = "452, CHUNKING, overlap 5",
     .server = {.pipelining = true, .chunking = true, .rcpt_limit = 2}, .overlap = 5, .slow = true,
     OF_SPLIT_BY_452, .sized = true, .buffer = 2048},
    {.name = "452, CHUNKING, overlap 5, envelopes first, in pieces",
     .server = {.pipelining = true, .chunking = true, .rcpt_limit = 2}, .overlap = 5, .slow = true,
     OF_SPLIT_BY_452, .late = true, .buffer = 1024, .write_size = 20, .read_size = 30, .body_size = 3, .stride = 3},
    {.name = "452, CHUNKING, overlap 5, octet by octet",
     .server = {.pipelining = true, .chunking = true, .rcpt_limit = 2}, .overlap = 5,
     OF_SPLIT_BY_452, .sized = true, .buffer = 1024, .write_size = 1, .read_size = 1,
     .body_size = 1, .stride = 3},
    {.name = "RCPTMAX 2, DATA", .server = {.pipelining = true, .rcpt_max = 2}, OF_SPLIT_BY_TWO,
     .buffer = 2048, .stride = 3},
    {.name = "RCPTMAX 2, CHUNKING, overlap 5",
     .server = {.pipelining = true, .chunking = true, .rcpt_max = 2}, .overlap = 5, .slow = true,
     OF_SPLIT_BY_TWO, .sized = true, .buffer = 2048, .stride = 3},
    {.name = "RCPTMAX 1, CHUNKING, overlap 5",
     .server = {.pipelining = true, .chunking = true, .rcpt_max = 1}, .overlap = 5, .slow = true,
     OF_SPLIT_BY_ONE, .sized = true, .buffer = 2048, .stride = 3},
    {.name = "RCPTMAX 1, CHUNKING, overlap 5, in pieces",
     .server = {.pipelining = true, .chunking = true, .rcpt_max = 1}, .overlap = 5,
     OF_SPLIT_BY_ONE, .sized = true, .buffer = 1024, .write_size = 33, .read_size = 7, .body_size = 2,
     .stride = 3},
    {.name = "RCPTMAX 1, no pipelining", .server = {.rcpt_max = 1}, OF_SPLIT_BY_ONE, .buffer = 2048,
     .stride = 3},
    {.name = "PRDR", .server = {.pipelining = true, .prdr = true}, OF_PRDR, .buffer = 2048},
    {.name = "PRDR, no pipelining, in pieces", .server = {.prdr = true}, OF_PRDR, .queued = true,
     .buffer = 1024, .write_size = 5, .read_size = 3, .body_size = 1, .stride = 3},
    {.name = "PRDR, CHUNKING, overlap 5",
     .server = {.pipelining = true, .chunking = true, .prdr = true}, .overlap = 5, .slow = true,
     OF_PRDR, .sized = true, .queued = true, .buffer = 2048},
    {.name = "PRDR, 452, CHUNKING, overlap 2",
     .server = {.pipelining = true, .chunking = true, .prdr = true, .rcpt_limit = 2}, .overlap = 2,
     .slow = true, OF_SPLIT_PRDR, .sized = true, .buffer = 2048},
    {.name = "PRDR, RCPTMAX 1", .server = {.pipelining = true, .prdr = true, .rcpt_max = 1},
     OF_SPLIT_PRDR, .buffer = 2048, .stride = 2},
    {.name = "binary", .server = {.pipelining = true, .chunking = true, .binarymime = true},
     OF_BINARY, .buffer = 2048},
    {.name = "binary, overlap 3, octet by octet",
     .server = {.pipelining = true, .chunking = true, .binarymime = true}, .overlap = 3, .slow = true,
     OF_BINARY, .sized = true, .buffer = 1024, .write_size = 1, .read_size = 1, .body_size = 1, .stride = 3},
    {.name = "remembered", .server = {.pipelining = true, .pipeconnect = true},
     .remembered = REMEMBERED, OF_FIVE, .queued = true, .buffer = 2048, .slow = true},
    {.name = "remembered, CHUNKING, overlap 5",
     .server = {.pipelining = true, .pipeconnect = true, .chunking = true},
     .remembered = REMEMBERED | WSMTP_CAP_CHUNKING, .overlap = 5, OF_FIVE, .sized = true,
     .queued = true, .buffer = 1024, .slow = true},
    {.name = "remembered, and less is offered", .server = {.pipelining = true, .pipeconnect = true},
     .remembered = REMEMBERED | WSMTP_CAP_CHUNKING, .messages = five, .messages_len = 5,
     .queued = true, .buffer = 2048, .slow = true, .expected = {0, 0, 0, 9}},
    {.name = "remembered, STARTTLS, login and envelope early",
     .server = {.pipelining = true, .pipeconnect = true, .starttls = true, .auth = true},
     .tls = WSMTP_TLS_STARTTLS, .remembered = REMEMBERED | WSMTP_CAP_AUTH,
     .flags = WSMTP_EARLY_ENVELOPE, OF_FIVE, .queued = true, .buffer = 2048, .slow = true},
    {.name = "envelope behind the login, 452, CHUNKING, overlap 5",
     .server = {.pipelining = true, .chunking = true, .starttls = true, .auth = true, .rcpt_limit = 2},
     .tls = WSMTP_TLS_STARTTLS, .flags = WSMTP_EARLY_ENVELOPE, .overlap = 5, .slow = true,
     OF_SPLIT_BY_452, .sized = true, .buffer = 2048},
    {.name = "envelope behind a refused login",
     .server = {.pipelining = true, .starttls = true, .auth = true, .refuses_auth = true},
     .tls = WSMTP_TLS_STARTTLS, .flags = WSMTP_EARLY_ENVELOPE, .messages = five, .messages_len = 5,
     .queued = true, .buffer = 2048, .slow = true, .expected = {0, 0, 0, 9}},
    {.name = "envelope behind a refused login, to a server that takes it",
     .server = {.pipelining = true, .chunking = true, .starttls = true, .auth = true,
                .refuses_auth = true, .open_relay = true},
     .tls = WSMTP_TLS_STARTTLS, .flags = WSMTP_EARLY_ENVELOPE, .overlap = 5, .messages = five,
     .messages_len = 5, .sized = true, .queued = true, .buffer = 2048, .slow = true,
     .expected = {0, 0, 0, 9}},
};

const sim_scenario *sim_scenario_get(size_t i)
{
    return i < sizeof scenarios / sizeof *scenarios ? &scenarios[i] : NULL;
}
