/* One session under way: shared by the run and its judge, and by nothing else. */
#ifndef WSMTP_TESTS_SIM_SESSION_H
#define WSMTP_TESTS_SIM_SESSION_H

#include "sim_run.h"

#define SIM_STREAM_MAX 49152u

typedef struct sim_stream {
    char data[SIM_STREAM_MAX + 1];
    size_t len;
} sim_stream;

typedef struct sim_session {
    const sim_scenario *scenario;
    sim_fault fault;
    sim_direction direction;
    size_t at;
    bool corrupted;
    bool merged; /* the lost octet ended a line: two replies came as one, nobody can tell which */
    size_t to_server, to_client;
    wsmtp_engine *engine;
    wsmtp_transaction transactions[SIM_MESSAGES];
    wsmtp_recipient *recipients[SIM_MESSAGES];
    bool submitted[SIM_MESSAGES];
    unsigned done[SIM_MESSAGES];
    wsmtp_reason reasons[SIM_MESSAGES]; /* of the error of DONE */
    size_t next;     /* message to submit */
    size_t writing;  /* message whose body is written */
    size_t written;  /* octets of it */
    unsigned failed, closed;
    const char *violation;
    /* Large, and as good as empty with their lengths at 0: clearing them would take the time. */
    sim_stream handed;    /* to the transport */
    sim_stream delivered; /* to the engine */
    sim_server server;
} sim_session;

/* The first violation of an invariant is kept. */
void sim_violated(sim_session *now, const char *what);

/* After the end of the session: compares every claim with what the server knows. */
void sim_judge(sim_session *now, sim_result *result);

#endif
