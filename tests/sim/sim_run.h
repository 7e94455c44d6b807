/*
 * One whole session between the engine and the simulated server, over a link that breaks where it
 * is told to; afterwards every claim of the engine is compared with what the server knows.
 */
#ifndef WSMTP_TESTS_SIM_RUN_H
#define WSMTP_TESTS_SIM_RUN_H

#include <wsmtp/engine.h>

#include "sim_server.h"

typedef enum sim_fault {
    SIM_NO_FAULT,
    SIM_RESET,        /* the connection is reset at once */
    SIM_CLOSE,        /* the peer's side ends; what was underway is lost */
    SIM_STALL,        /* octets vanish, until a timer expires */
    SIM_BLOCK,        /* the transport takes no more octets, until a timer expires */
    SIM_CANCEL,       /* as STALL, until the caller gives up */
    SIM_CORRUPT,      /* one octet arrives at the client as another */
    SIM_FAULTS
} sim_fault;

typedef enum sim_direction { SIM_TO_SERVER, SIM_TO_CLIENT } sim_direction;

#define SIM_PRDR 0x10000u   /* a reply for each recipient is asked for */
#define SIM_BINARY 0x20000u /* octets go as they are */

typedef struct sim_message {
    const char *from;
    const char *const *to;
    size_t to_len;
    const char *body;     /* as it is given */
    const char *arrives;  /* as the server must get it */
    const char *last;     /* what only the end of this message has: last line, CRLF, dot, CRLF */
    uint32_t flags;       /* WSMTP_SEND_*, SIM_* */
} sim_message;

typedef struct sim_scenario {
    const char *name;
    sim_server_options server;
    wsmtp_tls tls;
    uint32_t flags;
    uint32_t overlap;
    bool sized;        /* the size of each message is known */
    bool splits;       /* recipients may go in several transactions */
    uint32_t remembered; /* capabilities from an earlier connection (WSMTP_CAP_*); 0 = none */
    bool late;         /* no message travels with its envelope */
    const sim_message *messages;
    size_t messages_len;
    bool queued;       /* submitted all at once, not one after the other */
    size_t write_size; /* octets a write, a read, a piece of a message; 0 = all */
    size_t read_size;
    size_t body_size;
    size_t buffer;     /* of the engine, each way */
    bool slow;         /* replies arrive when there is nothing more to send */
    size_t link_room;  /* octets of replies that the link holds; then the server stops reading */
    size_t stride;     /* from one place of a fault to the next; 0 = 1 */
    struct {
        size_t accepted, refused, deferred, not_sent; /* recipients, without a fault */
    } expected;
} sim_scenario;

typedef struct sim_result {
    const char *violation; /* NULL: every invariant holds */
    size_t to_server, to_client; /* octets carried */
    unsigned replies;
    bool in_doubt;         /* some recipient is */
    size_t accepted, refused, deferred, not_sent;
} sim_result;

sim_result sim_run(const sim_scenario *scenario, sim_fault fault, sim_direction direction,
                   size_t at);

const char *sim_fault_name(sim_fault fault);

#endif
