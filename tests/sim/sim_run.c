/* The loop of an adapter, over a link that breaks where it is told to. */
#include "sim_session.h"

#include <stdlib.h>
#include <string.h>

static const char *const fault_names[] = {
    "none", "reset", "close", "stall", "block", "cancel", "corrupt",
};

const char *sim_fault_name(sim_fault fault)
{
    return fault < SIM_FAULTS ? fault_names[fault] : "unknown";
}

void sim_violated(sim_session *now, const char *what)
{
    if (!now->violation)
        now->violation = what;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t limit(size_t size) { return size ? size : SIZE_MAX; }

static void record(sim_session *now, sim_stream *into, const void *data, size_t data_len)
{
    if (into->len + data_len > SIM_STREAM_MAX) {
        sim_violated(now, "more octets than the test records");
        return;
    }
    memcpy(into->data + into->len, data, data_len);
    into->len += data_len;
    into->data[into->len] = '\0';
}

static bool all_done(const sim_session *now)
{
    for (size_t i = 0; i < now->scenario->messages_len; i++)
        if (now->submitted[i] && !now->done[i])
            return false;
    return now->next == now->scenario->messages_len;
}

static void submit(sim_session *now)
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
        transaction->flags = message->flags & 0xffffu;
        if (message->flags & SIM_BINARY)
            transaction->body = WSMTP_BODY_BINARY;
        if (message->flags & SIM_PRDR) {
            static const wsmtp_parameter prdr = {.keyword = WSMTP_KEYWORD_PRDR};
            transaction->parameters = &prdr;
            transaction->parameters_len = 1;
        }
        if (scenario->sized)
            transaction->message_size = strlen(message->arrives);
        for (size_t j = 0; j < message->to_len; j++) {
            memset(&now->recipients[i][j], 0, sizeof now->recipients[i][j]);
            now->recipients[i][j].address = message->to[j];
            now->recipients[i][j].address_len = strlen(message->to[j]);
        }
        wsmtp_reason reason = wsmtp_submit(now->engine, transaction);
        now->submitted[i] = reason == WSMTP_REASON_OK;
        if (reason != WSMTP_REASON_OK && reason != WSMTP_REASON_STATE && !now->corrupted)
            sim_violated(now, "a message was refused before it was sent");
        if (reason == WSMTP_REASON_STATE)
            now->next = i; /* not now: behind the login, then */
        if (reason == WSMTP_REASON_STATE || (now->submitted[i] && !scenario->queued))
            return;
    }
    if (all_done(now)) /* what a corrupted list of extensions did not allow is not sent at all */
        (void)wsmtp_quit(now->engine);
}

static void open_session(sim_session *now)
{
    submit(now);
}

static size_t index_of(sim_session *now, const wsmtp_transaction *transaction)
{
    for (size_t i = 0; i < SIM_MESSAGES; i++)
        if (transaction == &now->transactions[i] && now->submitted[i])
            return i;
    sim_violated(now, "an event about a transaction that was not submitted");
    return 0;
}

static void see_done(sim_session *now, const wsmtp_event *event)
{
    size_t i = index_of(now, event->transaction);
    now->reasons[i] = event->error ? event->error->reason : WSMTP_REASON_OK;
    if (++now->done[i] > 1)
        sim_violated(now, "a second DONE for one transaction");
    if (now->failed || now->closed)
        sim_violated(now, "DONE after the end of the session");
    size_t accepted = 0, in_doubt = 0;
    for (size_t j = 0; j < event->transaction->recipients_len; j++) {
        const wsmtp_recipient *recipient = &event->transaction->recipients[j];
        accepted += recipient->status == WSMTP_STATUS_ACCEPTED;
        in_doubt += recipient->status == WSMTP_STATUS_IN_DOUBT;
        if (recipient->status <= WSMTP_STATUS_PENDING || recipient->status > WSMTP_STATUS_IN_DOUBT)
            sim_violated(now, "DONE, and a recipient has no outcome");
        bool by_reply = recipient->status == WSMTP_STATUS_ACCEPTED ||
                        recipient->status == WSMTP_STATUS_DEFERRED ||
                        recipient->status == WSMTP_STATUS_REFUSED;
        if (by_reply != (recipient->code != 0))
            sim_violated(now, "the outcome of a recipient and its code do not fit");
        if ((recipient->status == WSMTP_STATUS_ACCEPTED && recipient->code / 100 != 2) ||
            (recipient->status == WSMTP_STATUS_DEFERRED && recipient->code / 100 != 4) ||
            (recipient->status == WSMTP_STATUS_REFUSED && recipient->code / 100 != 5))
            sim_violated(now, "the outcome of a recipient has a code of another class");
    }
    if (accepted != event->transaction->accepted_count)
        sim_violated(now, "accepted_count is wrong");
    if ((event->transaction->status == WSMTP_STATUS_ACCEPTED) != (accepted != 0))
        sim_violated(now, "the transaction's status does not fit its recipients");
    if (!accepted && !event->error)
        sim_violated(now, "nothing was accepted, and DONE has no error");
    if (event->error && event->error->in_doubt != (in_doubt != 0))
        sim_violated(now, "DONE's error and its recipients differ on whether delivery is in doubt");
    if (event->error && event->error->in_doubt && event->error->retryable)
        sim_violated(now, "in doubt, and yet a retry is said to duplicate nothing");
}

static void see(sim_session *now, const wsmtp_event *event)
{
    if (now->failed || now->closed)
        sim_violated(now, "an event after the end of the session");
    switch (event->type) {
    case WSMTP_EVENT_START_TLS:
        sim_server_tls(&now->server);
        if (wsmtp_tls_done(now->engine) != WSMTP_REASON_OK)
            sim_violated(now, "tls_done was refused");
        break;
    case WSMTP_EVENT_READY:
        if (now->scenario->server.auth) {
            static const wsmtp_credentials login = {
                .size = sizeof login, .user = "alice", .user_len = 5, .password = "secret",
                .password_len = 6,
            };
            if (wsmtp_login(now->engine, &login) == WSMTP_REASON_OK) {
                if (now->scenario->flags & WSMTP_EARLY_ENVELOPE)
                    open_session(now);
                break;
            }
            if (!now->corrupted)
                sim_violated(now, "login was refused before a byte was sent");
            (void)wsmtp_quit(now->engine);
        } else {
            open_session(now);
        }
        break;
    case WSMTP_EVENT_AUTHENTICATED:
        open_session(now);
        break;
    case WSMTP_EVENT_REFUSED:
        now->next = now->scenario->messages_len;
        if (all_done(now))
            (void)wsmtp_quit(now->engine);
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
            sim_violated(now, "FAILED without a reason");
        break;
    case WSMTP_EVENT_CLOSED:
        now->closed++;
        break;
    default:
        break;
    }
}

/* How many of count octets still pass in this direction. */
static size_t passing(const sim_session *now, sim_direction direction, size_t carried, size_t count)
{
    if (now->direction != direction || now->fault == SIM_NO_FAULT || now->fault == SIM_CORRUPT)
        return count;
    return carried >= now->at ? 0 : smaller(count, now->at - carried);
}

static bool broken_now(const sim_session *now)
{
    if (now->fault == SIM_NO_FAULT || now->fault == SIM_CORRUPT)
        return false;
    return (now->direction == SIM_TO_SERVER ? now->to_server : now->to_client) >= now->at;
}

static void corrupt(sim_session *now, uint8_t *data, size_t count)
{
    if (now->fault == SIM_CORRUPT && now->at >= now->to_client &&
        now->at < now->to_client + count) {
        now->merged = data[now->at - now->to_client] == '\n';
        data[now->at - now->to_client] = 'X';
        now->corrupted = true;
    }
}

static bool write_some(sim_session *now)
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

static bool give_body(sim_session *now)
{
    if (!(wsmtp_state(now->engine) & WSMTP_CAN_BODY))
        return false;
    const char *body = now->scenario->messages[now->writing].body;
    size_t rest = strlen(body) - now->written;
    if (!rest) {
        if (wsmtp_body_end(now->engine) != WSMTP_REASON_OK) {
            sim_violated(now, "body_end was refused");
            return false;
        }
        return true;
    }
    size_t taken = wsmtp_body_write(now->engine, body + now->written,
                                    smaller(rest, limit(now->scenario->body_size)));
    now->written += taken;
    return taken != 0;
}

static bool read_some(sim_session *now)
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
static void starve(sim_session *now)
{
    uint32_t epoch;
    bool broken = broken_now(now) || now->corrupted;
    if (now->server.closed && !now->server.out_len && !broken) {
        wsmtp_recv_ack(now->engine, 0);
        return;
    }
    if (!broken && !now->server.broken) {
        sim_violated(now, "the session hangs");
        return;
    }
    if (wsmtp_timer(now->engine, &epoch) == 0)
        sim_violated(now, "no timer runs, and the session waits");
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

static void carry(sim_session *now)
{
    for (unsigned long turns = 0; !now->violation; turns++) {
        wsmtp_event event;
        while (wsmtp_next_event(now->engine, &event))
            see(now, &event);
        if (now->failed || now->closed)
            return;
        if (turns > 1000000ul) {
            sim_violated(now, "the session never ends");
            return;
        }
        if (now->fault == SIM_RESET && broken_now(now)) {
            wsmtp_io_failed(now->engine, WSMTP_REASON_CONNECTION_LOST);
            continue;
        }
        bool moved = write_some(now);
        moved = give_body(now) || moved;
        if (!moved || !now->scenario->slow)
            moved = read_some(now) || moved;
        /* Reading may have completed an event without more octets. */
        if (!moved && !(wsmtp_state(now->engine) & WSMTP_HAS_EVENT))
            starve(now);
    }
}

sim_result sim_run(const sim_scenario *scenario, sim_fault fault, sim_direction direction,
                   size_t at)
{
    static sim_session now; /* large: two recorded streams and the server */
    memset(&now, 0, offsetof(sim_session, handed));
    now.handed.len = now.delivered.len = 0;
    now.handed.data[0] = now.delivered.data[0] = '\0';
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
    config.overlap = scenario->overlap;
    config.protocol = scenario->server.lmtp ? WSMTP_PROTOCOL_LMTP : WSMTP_PROTOCOL_SMTP;
    wsmtp_capabilities remembered = {.flags = scenario->remembered,
                                     .auth = 1u << WSMTP_MECHANISM_PLAIN};
    if (!(scenario->remembered & WSMTP_CAP_AUTH))
        remembered.auth = 0;
    if (scenario->remembered)
        config.expected = &remembered;
    if (scenario->late)
        config.eager_octets = 0;
    now.engine = malloc(sizeof *now.engine);
    if (wsmtp_init(now.engine, &config) != WSMTP_REASON_OK)
        sim_violated(&now, "init was refused");
    else
        carry(&now);

    sim_result result = {.to_server = now.to_server, .to_client = now.to_client,
                         .replies = now.server.replies};
    sim_judge(&now, &result);
    result.violation = now.violation;
    wsmtp_end(now.engine);
    free(now.engine);
    free(config.input);
    free(config.output);
    for (size_t i = 0; i < scenario->messages_len; i++)
        free(now.recipients[i]);
    return result;
}
