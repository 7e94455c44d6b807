/*
 * The message as it travels behind DATA (RFC 5321 section 4.5.2): dot-stuffed on the fly, line ends
 * checked or made CRLF. A CR waits for what follows it, so that no cut between two pieces can hide a
 * bare one; nothing else is held back.
 */
#include "internal.h"

bool wsmtp_body_open(const wsmtp_engine *e)
{
    return e->state == STATE_TRANSACTION && e->writing &&
           e->writing->to_write == WSMTP_STEP_BODY &&
           e->writing->awaiting != WSMTP_STEP_CLOSED && !e->body_ending && !e->body_due;
}

bool wsmtp_body_room(const wsmtp_engine *e)
{
    if (wsmtp_chunked(e->writing) && !e->chunk_open)
        return wsmtp_chunk_possible(e) &&
               (e->writing->awaiting == WSMTP_STEP_READY || wsmtp_pipelining(e));
    return e->config->output_len - (e->output_end - e->output_start) >= WSMTP_BODY_ROOM;
}

/* Makes room for the next octet; false if it has to wait. */
static bool make_room(wsmtp_engine *e)
{
    if (!wsmtp_body_room(e)) {
        if (WSMTP_FEATURE_CHUNKING && e->chunk_open)
            wsmtp_chunk_end(e, e->writing, false);
        return false;
    }
    if (wsmtp_chunked(e->writing) && !e->chunk_open)
        wsmtp_chunk_begin(e);
    return wsmtp_reserve(e, WSMTP_BODY_ROOM);
}

void wsmtp_body_begin(wsmtp_engine *e)
{
    e->body_octets = 0;
    e->body_line_len = 0;
    e->body_after_cr = false;
    e->body_ending = false;
}

static void put_line_end(wsmtp_engine *e)
{
    wsmtp_put(e, "\r\n", 2);
    e->body_octets += 2;
    e->body_line_len = 0;
    e->body_after_cr = false;
}

/* Looking at eight octets at once makes the code longer, which a wasm module pays for. */
#ifdef __wasm__
#define BODY_WORDS false
#else
#define BODY_WORDS true
#endif
#define IN_EACH_OCTET(value) (UINT64_MAX / 0xff * (value))

/* Eight octets, the first the lowest; compilers make one load of it. */
static uint64_t body_word(const uint8_t *data)
{
    const uint64_t low = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                         (uint32_t)data[3] << 24;
    const uint64_t high = data[4] | (uint32_t)data[5] << 8 | (uint32_t)data[6] << 16 |
                          (uint32_t)data[7] << 24;
    return low | high << 32;
}

static bool is_ordinary(uint8_t octet, bool seven_bit)
{
    return octet != '\r' && octet != '\n' && !(seven_bit && octet > 0x7f);
}

/* How many octets at the start of data are ordinary: no line end, and allowed as they are. */
static size_t ordinary(const uint8_t *data, size_t data_len, bool seven_bit)
{
    size_t n = 0;
    while (BODY_WORDS && data_len - n >= sizeof(uint64_t)) {
        const uint64_t word = body_word(data + n);
        /* The lowest bit is that of the first octet below 14, or above 127 if that matters. */
        uint64_t found = (((word - IN_EACH_OCTET(14u)) & ~word) | (seven_bit ? word : 0)) &
                         IN_EACH_OCTET(0x80u);
        if (found == 0) {
            n += sizeof word;
            continue;
        }
        found = (found & (~found + 1)) >> 7;
        n += (size_t)(found * 0x0001020304050607u >> 56);
        if (!is_ordinary(data[n], seven_bit))
            return n;
        n++;
    }
    while (n < data_len && is_ordinary(data[n], seven_bit))
        n++;
    return n;
}

/* How many octets at the start of data are ends of lines, or whole ones, that need no change. */
static size_t whole_lines(const wsmtp_engine *e, const wsmtp_transaction *t, const uint8_t *data,
                          size_t data_len)
{
    const bool stuffed = !wsmtp_chunked(t);
    const bool any_length = (t->flags & WSMTP_SEND_LONG_LINES) != 0;
    size_t line_len = e->body_line_len;
    size_t taken = 0;
    while (taken < data_len && !(stuffed && line_len == 0 && data[taken] == '.')) {
        size_t n = ordinary(data + taken, data_len - taken, !t->declared_8bit);
        if (data_len - taken - n < 2 || data[taken + n] != '\r' || data[taken + n + 1] != '\n')
            break;
        if (line_len + n > WSMTP_BODY_LINE_MAX && !any_length)
            break;
        taken += n + 2;
        line_len = 0;
    }
    return taken;
}

/* The rule that the next octet breaks, given that it is no ordinary one; OK for a good line end. */
static wsmtp_reason special(wsmtp_engine *e, const wsmtp_transaction *t, uint8_t octet)
{
    bool make_crlf = (t->flags & WSMTP_SEND_MAKE_CRLF) != 0;
    if (octet == '\n') {
        if (!e->body_after_cr && !make_crlf)
            return WSMTP_REASON_BODY_BARE_LF;
        put_line_end(e);
    } else if (octet == '\r') {
        e->body_after_cr = true;
    } else {
        return WSMTP_REASON_BODY_8BIT_UNDECLARED;
    }
    return WSMTP_REASON_OK;
}

static wsmtp_reason size_exceeded(const wsmtp_engine *e, const wsmtp_transaction *t)
{
    if (t->message_size != WSMTP_SIZE_UNKNOWN)
        return e->body_octets > t->message_size ? WSMTP_REASON_BODY_SIZE_EXCEEDED : WSMTP_REASON_OK;
    return e->capabilities.size && e->body_octets > e->capabilities.size
               ? WSMTP_REASON_MESSAGE_TOO_LARGE
               : WSMTP_REASON_OK;
}

/* Codes as much of data as there is room for; sets *reason when a rule is broken. */
static size_t code_body(wsmtp_engine *e, const wsmtp_transaction *t, const uint8_t *data,
                        size_t data_len, wsmtp_reason *reason)
{
    size_t taken = 0;
    while (taken < data_len && make_room(e)) {
        uint8_t octet = data[taken];
        if (e->body_after_cr && octet != '\n') {
            if (!(t->flags & WSMTP_SEND_MAKE_CRLF)) {
                *reason = WSMTP_REASON_BODY_BARE_CR;
                return taken;
            }
            put_line_end(e);
        }
        size_t room = e->config->output_len - e->output_end - 1;
        size_t n = data_len - taken < room ? data_len - taken : room;
        if (wsmtp_binary(t)) {
            wsmtp_put(e, data + taken, n);
            e->body_octets += n;
            taken += n;
            continue;
        }
        if (BODY_WORDS && !e->body_after_cr) {
            size_t lines = whole_lines(e, t, data + taken, n < room ? n : room - 1);
            if (lines > 0) {
                wsmtp_put(e, data + taken, lines);
                e->body_octets += lines;
                e->body_line_len = 0;
                taken += lines;
                continue;
            }
        }
        n = ordinary(data + taken, n, !t->declared_8bit);
        if (n == 0) {
            *reason = special(e, t, octet);
            if (*reason != WSMTP_REASON_OK)
                return taken;
            taken++;
            continue;
        }
        if (e->body_line_len == 0 && octet == '.' && !wsmtp_chunked(t))
            wsmtp_put(e, ".", 1);
        if (e->body_line_len <= WSMTP_BODY_LINE_MAX)
            e->body_line_len += n;
        if (e->body_line_len > WSMTP_BODY_LINE_MAX && !(t->flags & WSMTP_SEND_LONG_LINES)) {
            *reason = WSMTP_REASON_BODY_LINE_TOO_LONG;
            return taken;
        }
        wsmtp_put(e, data + taken, n);
        e->body_octets += n;
        taken += n;
    }
    return taken;
}

size_t wsmtp_body_write(wsmtp_engine *e, const void *data, size_t data_len)
{
    wsmtp_transaction *t = e->writing;
    if (data_len == 0 || !(wsmtp_state(e) & WSMTP_CAN_BODY))
        return 0;
    wsmtp_reason reason = WSMTP_REASON_OK;
    size_t taken = code_body(e, t, data, data_len, &reason);
    if (reason == WSMTP_REASON_OK)
        reason = size_exceeded(e, t);
    if (reason != WSMTP_REASON_OK) {
        wsmtp_fail_message(e, reason);
        return 0;
    }
    if (wsmtp_chunked(t) && e->chunk_open && !wsmtp_body_room(e))
        wsmtp_chunk_end(e, t, false);
    if (taken)
        e->epoch++;
    return taken;
}

wsmtp_reason wsmtp_body_end(wsmtp_engine *e)
{
    wsmtp_transaction *t = e->writing;
    if (!wsmtp_body_open(e))
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_MESSAGE, 0);
    if (e->body_after_cr && !(t->flags & WSMTP_SEND_MAKE_CRLF)) {
        wsmtp_fail_message(e, WSMTP_REASON_BODY_BARE_CR);
        return WSMTP_REASON_BODY_BARE_CR;
    }
    e->body_ending = true;
    e->epoch++;
    wsmtp_transaction_pump(e);
    return wsmtp_over(e) ? e->error.reason : WSMTP_REASON_OK;
}

/* Writes the end of data once there is room for it. */
bool wsmtp_body_finish(wsmtp_engine *e, wsmtp_transaction *t)
{
    if (wsmtp_chunked(t) ? !make_room(e) : !wsmtp_reserve(e, 5))
        return false;
    if (e->body_after_cr || e->body_line_len > 0)
        put_line_end(e);
    wsmtp_reason reason = size_exceeded(e, t);
    if (reason != WSMTP_REASON_OK) {
        wsmtp_fail_message(e, reason);
        return false;
    }
    if (wsmtp_chunked(t))
        wsmtp_chunk_end(e, t, true);
    else
        wsmtp_put(e, ".\r\n", 3);
    return true;
}
