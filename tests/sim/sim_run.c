#include "sim_run.h"

#include <stdlib.h>
#include <string.h>

#define HANDED_MAX 49152u

typedef struct stream {
    char data[HANDED_MAX + 1];
    size_t len;
} stream;

typedef struct run {
    const sim_scenario *scenario;
    sim_fault fault;
    sim_direction direction;
    size_t at;
    bool corrupted;
    sim_server server;
    stream handed;    /* to the transport */
    stream delivered; /* to the engine */
    size_t to_server, to_client;
    wsmtp_engine *engine;
    wsmtp_transaction transactions[SIM_MESSAGES];
    wsmtp_recipient *recipients[SIM_MESSAGES];
    bool submitted[SIM_MESSAGES];
    unsigned done[SIM_MESSAGES];
    size_t next;     /* message to submit */
    size_t writing;  /* message whose body is written */
    size_t written;  /* octets of it */
    unsigned failed, closed;
    bool ready;
    bool doubt_said; /* by an error */
    bool doubt_retryable;
    const char *violation;
} run;

static const char *const fault_names[] = {
    "none", "reset", "close", "stall", "block", "cancel", "corrupt",
};

const char *sim_fault_name(sim_fault fault)
{
    return fault < SIM_FAULTS ? fault_names[fault] : "unknown";
}

static void violated(run *now, const char *what)
{
    if (!now->violation)
        now->violation = what;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t limit(size_t size) { return size ? size : SIZE_MAX; }

static void record(run *now, stream *into, const void *data, size_t data_len)
{
    if (into->len + data_len > HANDED_MAX) {
        violated(now, "more octets than the test records");
        return;
    }
    memcpy(into->data + into->len, data, data_len);
    into->len += data_len;
    into->data[into->len] = '\0';
}

static void submit(run *now)
{
    const sim_scenario *scenario = now->scenario;
    while (now->next < scenario->messages_len) {
        size_t i = now->next++;
        const sim_message *message = &scenario->messages[i];
        wsmtp_transaction *transaction = &now->transactions[i];
        wsmtp_transaction_init(transaction);
        transaction->reverse_path = message->from;
        transaction->reverse_path_len = strlen(message->from);
        transaction->recipients = now->recipients[i];
        transaction->recipients_len = message->to_len;
        transaction->flags = message->flags;
        for (size_t j = 0; j < message->to_len; j++) {
            memset(&now->recipients[i][j], 0, sizeof now->recipients[i][j]);
            now->recipients[i][j].address = message->to[j];
            now->recipients[i][j].address_len = strlen(message->to[j]);
        }
        wsmtp_reason reason = wsmtp_submit(now->engine, transaction);
        now->submitted[i] = reason == WSMTP_REASON_OK;
        if (reason != WSMTP_REASON_OK && reason != WSMTP_REASON_STATE)
            violated(now, "a message was refused before it was sent");
        if (!now->submitted[i] || !scenario->queued)
            return;
    }
}

static bool all_done(const run *now)
{
    for (size_t i = 0; i < now->scenario->messages_len; i++)
        if (now->submitted[i] && !now->done[i])
            return false;
    return now->next == now->scenario->messages_len;
}

static void open_session(run *now)
{
    now->ready = true;
    submit(now);
}

static size_t index_of(run *now, const wsmtp_transaction *transaction)
{
    for (size_t i = 0; i < SIM_MESSAGES; i++)
        if (transaction == &now->transactions[i] && now->submitted[i])
            return i;
    violated(now, "an event about a transaction that was not submitted");
    return 0;
}

static void see_done(run *now, const wsmtp_event *event)
{
    size_t i = index_of(now, event->transaction);
    if (++now->done[i] > 1)
        violated(now, "a second DONE for one transaction");
    if (now->failed || now->closed)
        violated(now, "DONE after the end of the session");
    size_t accepted = 0, in_doubt = 0;
    for (size_t j = 0; j < event->transaction->recipients_len; j++) {
        const wsmtp_recipient *recipient = &event->transaction->recipients[j];
        accepted += recipient->status == WSMTP_STATUS_ACCEPTED;
        in_doubt += recipient->status == WSMTP_STATUS_IN_DOUBT;
        if (recipient->status <= WSMTP_STATUS_PENDING || recipient->status > WSMTP_STATUS_IN_DOUBT)
            violated(now, "DONE, and a recipient has no outcome");
        bool by_reply = recipient->status == WSMTP_STATUS_ACCEPTED ||
                        recipient->status == WSMTP_STATUS_DEFERRED ||
                        recipient->status == WSMTP_STATUS_REFUSED;
        if (by_reply != (recipient->code != 0))
            violated(now, "the outcome of a recipient and its code do not fit");
        if ((recipient->status == WSMTP_STATUS_ACCEPTED && recipient->code / 100 != 2) ||
            (recipient->status == WSMTP_STATUS_DEFERRED && recipient->code / 100 != 4) ||
            (recipient->status == WSMTP_STATUS_REFUSED && recipient->code / 100 != 5))
            violated(now, "the outcome of a recipient has a code of another class");
    }
    if (accepted != event->transaction->accepted_count)
        violated(now, "accepted_count is wrong");
    if ((event->transaction->status == WSMTP_STATUS_ACCEPTED) != (accepted != 0))
        violated(now, "the transaction's status does not fit its recipients");
    if (!accepted && !event->error)
        violated(now, "nothing was accepted, and DONE has no error");
    if (event->error && event->error->in_doubt != (in_doubt != 0))
        violated(now, "DONE's error and its recipients differ on whether delivery is in doubt");
    if (event->error && event->error->in_doubt && event->error->retryable)
        violated(now, "in doubt, and yet a retry is said to duplicate nothing");
}

static void see(run *now, const wsmtp_event *event)
{
    if (now->failed || now->closed)
        violated(now, "an event after the end of the session");
    switch (event->type) {
    case WSMTP_EVENT_START_TLS:
        sim_server_tls(&now->server);
        if (wsmtp_tls_done(now->engine) != WSMTP_REASON_OK)
            violated(now, "tls_done was refused");
        break;
    case WSMTP_EVENT_READY:
        if (now->scenario->server.auth) {
            static const wsmtp_credentials login = {
                .size = sizeof login, .user = "alice", .user_len = 5, .password = "secret",
                .password_len = 6,
            };
            if (wsmtp_login(now->engine, &login) == WSMTP_REASON_OK)
                break;
            if (!now->corrupted)
                violated(now, "login was refused before a byte was sent");
            (void)wsmtp_quit(now->engine);
        } else {
            open_session(now);
        }
        break;
    case WSMTP_EVENT_AUTHENTICATED:
        open_session(now);
        break;
    case WSMTP_EVENT_BODY:
        now->writing = index_of(now, event->transaction);
        now->written = 0;
        break;
    case WSMTP_EVENT_DONE:
        see_done(now, event);
        if (!now->scenario->queued)
            submit(now);
        if (all_done(now))
            (void)wsmtp_quit(now->engine);
        break;
    case WSMTP_EVENT_FAILED:
        now->failed++;
        if (!event->error || event->error->reason == WSMTP_REASON_OK)
            violated(now, "FAILED without a reason");
        break;
    case WSMTP_EVENT_CLOSED:
        now->closed++;
        break;
    default:
        break;
    }
}

/* How many of count octets still pass in this direction. */
static size_t passing(const run *now, sim_direction direction, size_t carried, size_t count)
{
    if (now->direction != direction || now->fault == SIM_NO_FAULT || now->fault == SIM_CORRUPT)
        return count;
    return carried >= now->at ? 0 : smaller(count, now->at - carried);
}

static bool broken_now(const run *now)
{
    if (now->fault == SIM_NO_FAULT || now->fault == SIM_CORRUPT)
        return false;
    return (now->direction == SIM_TO_SERVER ? now->to_server : now->to_client) >= now->at;
}

static void corrupt(run *now, uint8_t *data, size_t count)
{
    if (now->fault == SIM_CORRUPT && now->at >= now->to_client && now->at < now->to_client + count) {
        data[now->at - now->to_client] = 'X';
        now->corrupted = true;
    }
}

static bool write_some(run *now)
{
    size_t len, secret_at;
    const uint8_t *octets = wsmtp_send_buf(now->engine, &len, &secret_at);
    if (!len)
        return false;
    bool blocked = now->scenario->link_room && now->server.out_len >= now->scenario->link_room;
    if (blocked || (now->fault == SIM_BLOCK && broken_now(now)))
        return false;
    size_t count = smaller(len, limit(now->scenario->write_size));
    if (now->fault == SIM_BLOCK)
        count = passing(now, SIM_TO_SERVER, now->to_server, count);
    record(now, &now->handed, octets, count);
    size_t arriving = passing(now, SIM_TO_SERVER, now->to_server, count);
    now->to_server += arriving;
    wsmtp_send_ack(now->engine, count);
    sim_server_take(&now->server, now->handed.data + now->handed.len - count, arriving);
    return count != 0;
}

static bool give_body(run *now)
{
    if (!(wsmtp_state(now->engine) & WSMTP_CAN_BODY))
        return false;
    const char *body = now->scenario->messages[now->writing].body;
    size_t rest = strlen(body) - now->written;
    if (!rest) {
        if (wsmtp_body_end(now->engine) != WSMTP_REASON_OK) {
            violated(now, "body_end was refused");
            return false;
        }
        return true;
    }
    size_t taken = wsmtp_body_write(now->engine, body + now->written,
                                    smaller(rest, limit(now->scenario->body_size)));
    now->written += taken;
    return taken != 0;
}

static bool read_some(run *now)
{
    size_t room;
    uint8_t *window = wsmtp_recv_buf(now->engine, &room);
    size_t count = smaller(smaller(now->server.out_len, room), limit(now->scenario->read_size));
    count = passing(now, SIM_TO_CLIENT, now->to_client, count);
    if (!count)
        return false;
    memcpy(window, now->server.out, count);
    corrupt(now, window, count);
    record(now, &now->delivered, window, count);
    now->server.out_len -= count;
    memmove(now->server.out, now->server.out + count, now->server.out_len);
    now->to_client += count;
    wsmtp_recv_ack(now->engine, count);
    return true;
}

/* Nothing moves any more: the fault takes effect, or the server has closed, or this is a hang. */
static void starve(run *now)
{
    uint32_t epoch;
    bool broken = broken_now(now) || now->corrupted;
    if (now->server.closed && !now->server.out_len && !broken) {
        wsmtp_recv_ack(now->engine, 0);
        return;
    }
    if (!broken && !now->server.broken) {
        violated(now, "the session hangs");
        return;
    }
    if (wsmtp_timer(now->engine, &epoch) == 0)
        violated(now, "no timer runs, and the session waits");
    switch (now->fault) {
    case SIM_CLOSE:
        wsmtp_recv_ack(now->engine, 0);
        break;
    case SIM_CANCEL:
        wsmtp_io_failed(now->engine, WSMTP_REASON_CANCELLED);
        break;
    default:
        wsmtp_io_failed(now->engine, WSMTP_REASON_TIMEOUT);
        break;
    }
}

static void carry(run *now)
{
    for (unsigned long turns = 0; !now->violation; turns++) {
        wsmtp_event event;
        while (wsmtp_next_event(now->engine, &event))
            see(now, &event);
        if (now->failed || now->closed)
            return;
        if (turns > 1000000ul) {
            violated(now, "the session never ends");
            return;
        }
        if (now->fault == SIM_RESET && broken_now(now)) {
            wsmtp_io_failed(now->engine, WSMTP_REASON_CONNECTION_LOST);
            continue;
        }
        bool moved = write_some(now);
        moved = give_body(now) || moved;
        moved = read_some(now) || moved;
        /* Reading may have completed an event without more octets. */
        if (!moved && !(wsmtp_state(now->engine) & WSMTP_HAS_EVENT))
            starve(now);
    }
}

static size_t recipient_number(const char *address)
{
    while (*address < '0' || *address > '9')
        address++;
    return strtoul(address, NULL, 10);
}

static bool was_handed_over(const run *now, const sim_message *message)
{
    return strstr(now->handed.data, message->last) != NULL;
}

/* Whether the server's answer to the end of this message arrived in full. */
static bool was_answered(const run *now, const sim_message *message)
{
    char text[120] = "<";
    strcat(text, message->from);
    strcat(text, ">\r\n");
    return strstr(now->delivered.data, text) != NULL;
}

static void judge_message(run *now, size_t i, sim_result *result)
{
    const sim_message *message = &now->scenario->messages[i];
    bool corrupted = now->corrupted;
    if (now->done[i] != 1) {
        violated(now, "a transaction without DONE");
        return;
    }
    for (size_t j = 0; j < message->to_len; j++) {
        const wsmtp_recipient *recipient = &now->recipients[i][j];
        bool accepted =
            sim_server_accepted(&now->server, message->from, recipient_number(message->to[j]));
        switch (recipient->status) {
        case WSMTP_STATUS_ACCEPTED:
            result->accepted++;
            if (!accepted)
                violated(now, "ACCEPTED, but the server never did");
            if (!corrupted && !was_answered(now, message))
                violated(now, "ACCEPTED without an answer");
            break;
        case WSMTP_STATUS_IN_DOUBT:
            result->in_doubt = true;
            if (!was_handed_over(now, message))
                violated(now, "IN_DOUBT, but the end of data was not handed over");
            if (!corrupted && was_answered(now, message))
                violated(now, "IN_DOUBT, but the answer had come");
            break;
        case WSMTP_STATUS_NOT_SENT:
            result->not_sent++;
            if (accepted)
                violated(now, "NOT_SENT, but the server accepted it");
            if (was_handed_over(now, message))
                violated(now, "NOT_SENT, but the end of data was handed over");
            break;
        case WSMTP_STATUS_DEFERRED:
        case WSMTP_STATUS_REFUSED:
            *(recipient->status == WSMTP_STATUS_DEFERRED ? &result->deferred : &result->refused) += 1;
            if (accepted)
                violated(now, "refused, but the server accepted it");
            break;
        default:
            violated(now, "a recipient without an outcome");
            break;
        }
    }
}

static void judge(run *now, sim_result *result)
{
    if (now->failed + now->closed != 1)
        violated(now, "not exactly one FAILED or CLOSED");
    if (now->server.broken && !now->corrupted)
        violated(now, now->server.why);
    for (size_t i = 0; i < now->scenario->messages_len; i++)
        if (now->submitted[i])
            judge_message(now, i, result);
    for (size_t i = 0; i < now->server.accepted_len && !now->corrupted; i++) {
        const sim_accepted *accepted = &now->server.accepted[i];
        bool found = false;
        for (size_t j = 0; j < now->scenario->messages_len; j++) {
            const sim_message *message = &now->scenario->messages[j];
            found = found || (strcmp(message->from, accepted->from) == 0 &&
                              strlen(message->arrives) == accepted->body_len &&
                              memcmp(message->arrives, accepted->body, accepted->body_len) == 0);
        }
        if (!found)
            violated(now, "the server accepted something that was not sent that way");
    }
}

sim_result sim_run(const sim_scenario *scenario, sim_fault fault, sim_direction direction, size_t at)
{
    static run now; /* large: two recorded streams and the server */
    memset(&now, 0, sizeof now);
    now.scenario = scenario;
    now.fault = fault;
    now.direction = direction;
    now.at = at;
    sim_server_begin(&now.server, &scenario->server);
    for (size_t i = 0; i < scenario->messages_len; i++)
        now.recipients[i] = malloc(scenario->messages[i].to_len * sizeof *now.recipients[i]);

    wsmtp_config config;
    wsmtp_config_init(&config);
    config.input = malloc(scenario->buffer);
    config.input_len = scenario->buffer;
    config.output = malloc(scenario->buffer);
    config.output_len = scenario->buffer;
    config.ehlo_name = "sim.client.example";
    config.ehlo_name_len = strlen(config.ehlo_name);
    config.tls = scenario->tls;
    config.flags = scenario->flags;
    now.engine = malloc(sizeof *now.engine);
    if (wsmtp_init(now.engine, &config) != WSMTP_REASON_OK)
        violated(&now, "init was refused");
    else
        carry(&now);

    sim_result result = {.to_server = now.to_server, .to_client = now.to_client,
                         .replies = now.server.replies};
    judge(&now, &result);
    result.violation = now.violation;
    wsmtp_end(now.engine);
    free(now.engine);
    free(config.input);
    free(config.output);
    for (size_t i = 0; i < scenario->messages_len; i++)
        free(now.recipients[i]);
    return result;
}
