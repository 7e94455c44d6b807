/* Drives the engine as an adapter does, in pieces of the sizes that the mode asks for. */
#include "golden_run.h"

#include <string.h>

void golden_fail(golden_run *at, int line, const char *what)
{
    if (at->failed)
        return;
    at->failed = true;
    golden_print(at->report, "%s:%d: %s\n", at->script->file, line, what);
}

static size_t piece(golden_run *at, size_t limit)
{
    if (!limit)
        return SIZE_MAX;
    if (!at->mode->seed)
        return limit;
    at->random ^= at->random << 13;
    at->random ^= at->random >> 17;
    at->random ^= at->random << 5;
    return 1 + at->random % limit;
}

static size_t transaction_number(golden_run *at, const wsmtp_event *event, int line)
{
    for (size_t i = 0; i < GOLDEN_MESSAGES; i++) {
        if (event->transaction != &at->transactions[i])
            continue;
        if (event->type == WSMTP_EVENT_DONE && ++at->done[i] != 1)
            golden_fail(at, line, "a second DONE for one transaction");
        return i + 1;
    }
    return 0;
}

static void see_event(golden_run *at, const wsmtp_event *event, int line)
{
    golden_bytes text = {0};
    golden_render(&text, event, transaction_number(at, event, line));
    golden_print(&at->events, "%s\n", text.data);
    golden_print(at->log, "> %s\n", text.data);
    golden_free(&text);
    if (at->over)
        golden_fail(at, line, "an event after the end of the session");
    switch (event->type) {
    case WSMTP_EVENT_FAILED:
        if (wsmtp_error_get(at->engine)->reason != (event->error ? event->error->reason : 0))
            golden_fail(at, line, "wsmtp_error_get differs from the error of FAILED");
        at->over = true;
        break;
    case WSMTP_EVENT_CLOSED:
        at->over = true;
        break;
    case WSMTP_EVENT_DONE:
        for (size_t i = 0; i < event->transaction->recipients_len; i++)
            if (event->transaction->recipients[i].status == WSMTP_STATUS_PENDING)
                golden_fail(at, line, "DONE, and a recipient has no outcome");
        break;
    case WSMTP_EVENT_DERIVE_KEY:
        at->hash = event->hash;
        at->iterations = event->iterations;
        at->salt_len = event->salt_len;
        if (event->salt_len > sizeof at->salt)
            golden_fail(at, line, "DERIVE_KEY with an oversized salt");
        else
            memcpy(at->salt, event->salt, event->salt_len);
        break;
    default:
        break;
    }
}

/* Takes every event and every octet that is there; returns whether there was any. */
bool golden_pump(golden_run *at, int line)
{
    bool any = false;
    for (bool more = true; more && !at->failed;) {
        more = false;
        wsmtp_event event;
        bool had_event = wsmtp_state(at->engine) & WSMTP_HAS_EVENT;
        while (!at->failed && wsmtp_next_event(at->engine, &event)) {
            if (!had_event)
                golden_fail(at, line, "an event although WSMTP_HAS_EVENT was not set");
            see_event(at, &event, line);
            had_event = wsmtp_state(at->engine) & WSMTP_HAS_EVENT;
            more = true;
        }
        size_t len, secret_at;
        const uint8_t *octets = wsmtp_send_buf(at->engine, &len, &secret_at);
        if ((len != 0) != ((wsmtp_state(at->engine) & WSMTP_CAN_WRITE) != 0))
            golden_fail(at, line, "WSMTP_CAN_WRITE and wsmtp_send_buf disagree");
        if (secret_at > len)
            golden_fail(at, line, "secret_at lies behind the window");
        if (len && !at->holding) {
            size_t count = piece(at, at->mode->write_size);
            if (count > len)
                count = len;
            golden_add(&at->output, octets, count);
            for (size_t i = 0; i < count; i++)
                golden_add(&at->secrets, i >= secret_at ? "*" : " ", 1);
            wsmtp_send_ack(at->engine, count);
            more = true;
        }
        any = any || more;
    }
    return any;
}

void golden_feed(golden_run *at, const char *data, size_t data_len, int line)
{
    while (data_len && !at->failed && !at->over) {
        size_t room;
        uint8_t *window = wsmtp_recv_buf(at->engine, &room);
        if ((room != 0) != ((wsmtp_state(at->engine) & WSMTP_CAN_READ) != 0))
            golden_fail(at, line, "WSMTP_CAN_READ and wsmtp_recv_buf disagree");
        size_t count = piece(at, at->mode->read_size);
        if (count > data_len)
            count = data_len;
        if (count > room)
            count = room;
        if (count) {
            memcpy(window, data, count);
            wsmtp_recv_ack(at->engine, count);
            data += count;
            data_len -= count;
        }
        /* Reading whole means: as much as fits before anything is taken. */
        if (at->mode->read_size || !count || !data_len) {
            bool moved = golden_pump(at, line);
            (void)wsmtp_recv_buf(at->engine, &room);
            if (!moved && !count && !room && !at->over) {
                if (!at->loose)
                    golden_fail(at, line, "the engine takes no input and gives nothing");
                return;
            }
        }
    }
    golden_pump(at, line);
}

void golden_write_body(golden_run *at, const char *data, size_t data_len, int line)
{
    while (data_len && !at->failed && !at->over) {
        if (!(wsmtp_state(at->engine) & WSMTP_CAN_BODY)) {
            if (!golden_pump(at, line)) {
                golden_fail(at, line, "a body is given, but WSMTP_CAN_BODY is not set");
                return;
            }
            continue;
        }
        size_t count = piece(at, at->mode->body_size);
        if (count > data_len)
            count = data_len;
        size_t taken = wsmtp_body_write(at->engine, data, count);
        if (taken > count) {
            golden_fail(at, line, "wsmtp_body_write took more than it was given");
            return;
        }
        data += taken;
        data_len -= taken;
        if (!golden_pump(at, line) && !taken && !at->over) {
            if (!at->holding)
                golden_fail(at, line, "the body does not move");
            return;
        }
    }
}
