/* Plays one case over the public API, as an adapter would, and compares what comes with the script. */
#include "golden.h"

#include <stdlib.h>
#include <string.h>

typedef struct play {
    const golden_case *script;
    const golden_mode *mode;
    golden_bytes *log;
    golden_bytes *report;
    uint32_t random;
    bool failed;
    bool over;      /* FAILED or CLOSED was reported */
    bool holding;   /* the transport takes nothing */
    bool loose;     /* octets were appended behind the last reply: what follows is not in the script */
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
} play;

static void fail(play *at, int line, const char *what)
{
    if (at->failed)
        return;
    at->failed = true;
    golden_print(at->report, "%s:%d: %s\n", at->script->file, line, what);
}

static size_t piece(play *at, size_t limit)
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

static size_t transaction_number(play *at, const wsmtp_event *event, int line)
{
    for (size_t i = 0; i < GOLDEN_MESSAGES; i++) {
        if (event->transaction != &at->transactions[i])
            continue;
        if (event->type == WSMTP_EVENT_DONE && ++at->done[i] != 1)
            fail(at, line, "a second DONE for one transaction");
        return i + 1;
    }
    return 0;
}

static void see_event(play *at, const wsmtp_event *event, int line)
{
    golden_bytes text = {0};
    golden_render(&text, event, transaction_number(at, event, line));
    golden_print(&at->events, "%s\n", text.data);
    golden_print(at->log, "> %s\n", text.data);
    golden_free(&text);
    if (at->over)
        fail(at, line, "an event after the end of the session");
    switch (event->type) {
    case WSMTP_EVENT_FAILED:
        if (wsmtp_error_get(at->engine)->reason != (event->error ? event->error->reason : 0))
            fail(at, line, "wsmtp_error_get differs from the error of FAILED");
        at->over = true;
        break;
    case WSMTP_EVENT_CLOSED:
        at->over = true;
        break;
    case WSMTP_EVENT_DONE:
        for (size_t i = 0; i < event->transaction->recipients_len; i++)
            if (event->transaction->recipients[i].status == WSMTP_STATUS_PENDING)
                fail(at, line, "DONE, and a recipient has no outcome");
        break;
    case WSMTP_EVENT_DERIVE_KEY:
        at->hash = event->hash;
        at->iterations = event->iterations;
        at->salt_len = event->salt_len;
        if (event->salt_len > sizeof at->salt)
            fail(at, line, "DERIVE_KEY with an oversized salt");
        else
            memcpy(at->salt, event->salt, event->salt_len);
        break;
    default:
        break;
    }
}

/* Takes every event and every octet that is there; returns whether there was any. */
static bool pump(play *at, int line)
{
    bool any = false;
    for (bool more = true; more && !at->failed;) {
        more = false;
        wsmtp_event event;
        bool had_event = wsmtp_state(at->engine) & WSMTP_HAS_EVENT;
        while (!at->failed && wsmtp_next_event(at->engine, &event)) {
            if (!had_event)
                fail(at, line, "an event although WSMTP_HAS_EVENT was not set");
            see_event(at, &event, line);
            had_event = wsmtp_state(at->engine) & WSMTP_HAS_EVENT;
            more = true;
        }
        size_t len, secret_at;
        const uint8_t *octets = wsmtp_send_buf(at->engine, &len, &secret_at);
        if ((len != 0) != ((wsmtp_state(at->engine) & WSMTP_CAN_WRITE) != 0))
            fail(at, line, "WSMTP_CAN_WRITE and wsmtp_send_buf disagree");
        if (secret_at > len)
            fail(at, line, "secret_at lies behind the window");
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

static void feed(play *at, const char *data, size_t data_len, int line)
{
    while (data_len && !at->failed && !at->over) {
        size_t room;
        uint8_t *window = wsmtp_recv_buf(at->engine, &room);
        if ((room != 0) != ((wsmtp_state(at->engine) & WSMTP_CAN_READ) != 0))
            fail(at, line, "WSMTP_CAN_READ and wsmtp_recv_buf disagree");
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
            bool moved = pump(at, line);
            (void)wsmtp_recv_buf(at->engine, &room);
            if (!moved && !count && !room && !at->over) {
                if (!at->loose)
                    fail(at, line, "the engine takes no input and gives nothing");
                return;
            }
        }
    }
    pump(at, line);
}

static void write_body(play *at, const char *data, size_t data_len, int line)
{
    while (data_len && !at->failed && !at->over) {
        if (!(wsmtp_state(at->engine) & WSMTP_CAN_BODY)) {
            if (!pump(at, line)) {
                fail(at, line, "a body is given, but WSMTP_CAN_BODY is not set");
                return;
            }
            continue;
        }
        size_t count = piece(at, at->mode->body_size);
        if (count > data_len)
            count = data_len;
        size_t taken = wsmtp_body_write(at->engine, data, count);
        if (taken > count) {
            fail(at, line, "wsmtp_body_write took more than it was given");
            return;
        }
        data += taken;
        data_len -= taken;
        if (!pump(at, line) && !taken && !at->over) {
            if (!at->holding)
                fail(at, line, "the body does not move");
            return;
        }
    }
}

/* Before the next step happens, nothing may be left that the script does not know. */
static void settle(play *at, int line)
{
    if (at->failed)
        return;
    if (at->events.len) {
        golden_print(at->report, "%s:%d: an event more than written:\n  > %s", at->script->file, line,
                     at->events.data);
        at->failed = true;
    } else if (at->output.len) {
        golden_print(at->report, "%s:%d: more output than written:\n  C: ", at->script->file, line);
        golden_quote(at->report, at->output.data, at->output.len);
        golden_print(at->report, "\n");
        at->failed = true;
    }
}

static void expect_event(play *at, const golden_step *step)
{
    if (!at->events.len) {
        golden_print(at->report, "%s:%d: no event came\n  expected > %s\n", at->script->file,
                     step->line, step->text.data);
        at->failed = true;
        return;
    }
    size_t len = (size_t)(strchr(at->events.data, '\n') - at->events.data);
    golden_bytes actual = {0};
    golden_add(&actual, at->events.data, len);
    if (!golden_fits(step->text.data, actual.data)) {
        golden_print(at->report, "%s:%d: another event\n  expected > %s\n  came     > %s\n",
                     at->script->file, step->line, step->text.data, actual.data);
        at->failed = true;
    }
    golden_free(&actual);
    golden_drop(&at->events, len + 1);
}

static void expect_output(play *at, const golden_step *step)
{
    size_t len = step->text.len;
    bool fits = at->output.len >= len && memcmp(at->output.data, step->text.data, len) == 0;
    if (step->prefix && at->output.len < len) {
        len = at->output.len;
        fits = !len || memcmp(at->output.data, step->text.data, len) == 0;
    }
    if (!fits) {
        golden_print(at->report, "%s:%d: other output\n  expected C: ", at->script->file, step->line);
        golden_quote(at->report, step->text.data, step->text.len);
        golden_print(at->report, "\n  came     C: ");
        golden_quote(at->report, at->output.data, at->output.len);
        golden_print(at->report, "\n");
        at->failed = true;
        return;
    }
    size_t word = len;
    while (word && step->text.data[word - 1] != ' ')
        word--;
    for (size_t i = 0; i < len; i++) {
        bool secret = at->secrets.data[i] == '*';
        if (step->secrecy == GOLDEN_OPEN && secret)
            fail(at, step->line, "output is marked secret and carries no credentials");
        if (step->secrecy == GOLDEN_SECRET && !secret && i >= word && i + 2 < len)
            fail(at, step->line, "output carries credentials and is not marked secret");
    }
    golden_print(at->log, "C: ");
    golden_quote(at->log, at->output.data, step->prefix ? 0 : len);
    golden_print(at->log, "\n");
    golden_drop(&at->output, len);
    golden_drop(&at->secrets, len);
}

static void expect_value(play *at, int line, const char *name, const char *expected,
                         const char *actual)
{
    if (strcmp(expected, actual) == 0)
        return;
    golden_print(at->report, "%s:%d: another %s\n  expected = %s\n  came     = %s\n",
                 at->script->file, line, name, expected, actual);
    at->failed = true;
}

static void check(play *at, const golden_step *step)
{
    const char *rest = step->text.data + strcspn(step->text.data, " ");
    size_t name_len = (size_t)(rest - step->text.data);
    while (*rest == ' ')
        rest++;
    golden_bytes name = {0}, value = {0};
    golden_add(&name, step->text.data, name_len);
    golden_add(&value, "", 0);
    if (strcmp(name.data, "caps") == 0) {
        golden_render_capabilities(&value, wsmtp_capabilities_get(at->engine));
        if (!golden_fits(rest, value.data))
            expect_value(at, step->line, "set of capabilities", rest, value.data);
    } else if (strcmp(name.data, "secure") == 0) {
        expect_value(at, step->line, "secure", rest, wsmtp_is_secure(at->engine) ? "yes" : "no");
    } else if (strcmp(name.data, "step") == 0) {
        expect_value(at, step->line, "step", rest, golden_step_name(wsmtp_step_get(at->engine)));
    } else if (strcmp(name.data, "timer") == 0) {
        uint32_t epoch;
        golden_print(&value, "%lu", (unsigned long)wsmtp_timer(at->engine, &epoch));
        expect_value(at, step->line, "timer", rest, value.data);
    } else if (strcmp(name.data, "mechanism") == 0) {
        size_t len;
        expect_value(at, step->line, "mechanism", rest,
                     wsmtp_mechanism_name(wsmtp_mechanism_get(at->engine), &len));
    } else if (strcmp(name.data, "state") == 0) {
        unsigned state = wsmtp_state(at->engine);
        golden_print(&value, "%s%s%s%s", state & WSMTP_CAN_READ ? " READ" : "",
                     state & WSMTP_CAN_WRITE ? " WRITE" : "", state & WSMTP_CAN_BODY ? " BODY" : "",
                     state & WSMTP_HAS_EVENT ? " EVENT" : "");
        if (!golden_fits(rest, value.data))
            expect_value(at, step->line, "state", rest, value.data);
    } else if (strcmp(name.data, "error") == 0) {
        golden_render_error(&value, wsmtp_error_get(at->engine));
        if (!golden_fits(rest, value.data))
            expect_value(at, step->line, "error", rest, value.data);
    } else {
        fail(at, step->line, "unknown check");
    }
    golden_free(&name);
    golden_free(&value);
}

/* "-> REASON field=X index=N", or nothing for OK. */
static void check_result(play *at, int line, wsmtp_reason reason, const char *arrow)
{
    if (!arrow) {
        if (reason != WSMTP_REASON_OK) {
            golden_print(at->report, "%s:%d: the call was refused: %s\n", at->script->file, line,
                         golden_reason_name(reason));
            at->failed = true;
        }
        return;
    }
    arrow += 3;
    if (strcmp(arrow, "?") == 0)
        return;
    golden_bytes actual = {0};
    golden_print(&actual, "%s", golden_reason_name(reason));
    if (reason != WSMTP_REASON_OK && !at->over) {
        const wsmtp_error *error = wsmtp_error_get(at->engine);
        if (error->reason != reason)
            fail(at, line, "wsmtp_error_get differs from the reason returned");
        if (error->kind != wsmtp_reason_kind(reason))
            fail(at, line, "wsmtp_error_get has the wrong kind");
        if (error->field != WSMTP_FIELD_NONE)
            golden_print(&actual, " field=%s", golden_field_name(error->field));
        if (error->field == WSMTP_FIELD_RECIPIENT)
            golden_print(&actual, " index=%zu", error->index);
    }
    if (!golden_fits(arrow, actual.data))
        expect_value(at, line, "result", arrow, actual.data);
    golden_free(&actual);
}

static wsmtp_reason submit(play *at, size_t number, int line)
{
    const golden_message *message = &at->script->messages[number];
    wsmtp_transaction *transaction = &at->transactions[number];
    if (!message->used) {
        fail(at, line, "there is no such message");
        return WSMTP_REASON_OK;
    }
    wsmtp_transaction_init(transaction);
    transaction->reverse_path = message->from.data;
    transaction->reverse_path_len = message->from.len;
    transaction->recipients = at->recipients[number];
    transaction->recipients_len = message->to_len;
    for (size_t i = 0; i < message->to_len; i++) {
        memset(&at->recipients[number][i], 0, sizeof at->recipients[number][i]);
        at->recipients[number][i].address = message->to[i].data;
        at->recipients[number][i].address_len = message->to[i].len;
    }
    transaction->message_size = message->size;
    transaction->body = message->body;
    transaction->flags = message->flags;
    at->done[number] = 0;
    return wsmtp_submit(at->engine, transaction);
}

static wsmtp_reason login(play *at, const char *argument)
{
    const golden_case *script = at->script;
    wsmtp_credentials *credentials = &at->credentials;
    wsmtp_credentials_init(credentials);
    credentials->mechanism = script->mechanism;
    if (strncmp(argument, "mechanism=", 10) == 0)
        credentials->mechanism = wsmtp_mechanism_find(argument + 10, strcspn(argument + 10, " "));
    credentials->user = script->user.data;
    credentials->user_len = script->user.len;
    credentials->password = script->password.data;
    credentials->password_len = script->password.len;
    credentials->token = script->token.data;
    credentials->token_len = script->token.len;
    credentials->authzid = script->authzid.data;
    credentials->authzid_len = script->authzid.len;
    credentials->host = script->host.data;
    credentials->host_len = script->host.len;
    credentials->port = script->port;
    credentials->nonce = (const uint8_t *)script->nonce.data;
    credentials->nonce_len = script->nonce.len;
    credentials->scram_iterations_min = script->iterations_min;
    credentials->scram_iterations_max = script->iterations_max;
    credentials->allow_plaintext_auth = script->allow_plaintext;
    return wsmtp_login(at->engine, credentials);
}

static wsmtp_reason derive(play *at, const char *argument)
{
    uint8_t key[WSMTP_HASH_MAX] = {0};
    size_t key_len = wsmtp_hash_len(at->hash);
    if (strncmp(argument, "length=", 7) == 0)
        key_len = strtoul(argument + 7, NULL, 10);
    else
        wsmtp_derive_key(at->hash, (const uint8_t *)at->credentials.password,
                         at->credentials.password_len, at->salt, at->salt_len, at->iterations, key);
    return wsmtp_key_derived(at->engine, key, key_len);
}

static bool is(const char *text, const char *word, const char **rest)
{
    size_t len = strlen(word);
    if (strncmp(text, word, len) != 0 || (text[len] && text[len] != ' '))
        return false;
    *rest = text + len + (text[len] == ' ');
    return true;
}

static size_t message_index(play *at, const char *rest, int line)
{
    if (*rest >= '1' && *rest < '1' + (int)GOLDEN_MESSAGES)
        return (size_t)(*rest - '1');
    fail(at, line, "the number of a message is missing");
    return 0;
}

static void act(play *at, const golden_step *step)
{
    const char *text = step->text.data, *rest;
    const char *arrow = strstr(text, "-> ");
    wsmtp_reason reason = WSMTP_REASON_OK;
    if (is(text, "login", &rest)) {
        reason = login(at, rest);
    } else if (is(text, "submit", &rest)) {
        reason = submit(at, message_index(at, rest, step->line), step->line);
    } else if (is(text, "body", &rest)) {
        const golden_message *message =
            &at->script->messages[message_index(at, rest, step->line)];
        write_body(at, message->text.data, message->text.len, step->line);
        if (!at->over && !at->failed)
            reason = wsmtp_body_end(at->engine);
    } else if (is(text, "piece", &rest)) {
        const golden_message *message =
            &at->script->messages[message_index(at, rest, step->line)];
        write_body(at, message->text.data, message->text.len, step->line);
    } else if (is(text, "end", &rest)) {
        reason = wsmtp_body_end(at->engine);
    } else if (is(text, "reset", &rest)) {
        reason = wsmtp_reset(at->engine);
    } else if (is(text, "noop", &rest)) {
        reason = wsmtp_noop(at->engine);
    } else if (is(text, "quit", &rest)) {
        reason = wsmtp_quit(at->engine);
    } else if (is(text, "tls-done", &rest)) {
        reason = wsmtp_tls_done(at->engine);
    } else if (is(text, "derive", &rest)) {
        reason = derive(at, rest);
    } else if (is(text, "eof", &rest)) {
        wsmtp_recv_ack(at->engine, 0);
    } else if (is(text, "fail", &rest)) {
        int why = golden_reason_find(rest);
        if (why < 0)
            fail(at, step->line, "unknown reason");
        else
            wsmtp_io_failed(at->engine, (wsmtp_reason)why);
    } else if (is(text, "hold", &rest)) {
        at->holding = true;
    } else if (is(text, "release", &rest)) {
        at->holding = false;
    } else {
        fail(at, step->line, "unknown action");
    }
    check_result(at, step->line, reason, arrow);
    pump(at, step->line);
}

static void begin(play *at)
{
    const golden_case *script = at->script;
    const golden_mode *mode = at->mode;
    at->engine = malloc(sizeof *at->engine);
    uint8_t *input = malloc(mode->input_len), *output = malloc(mode->output_len);
    if (!at->engine || !input || !output)
        abort();
    memset(at->engine, 0xa5, sizeof *at->engine);
    wsmtp_config_init(&at->config);
    at->config.input = input;
    at->config.input_len = mode->input_len;
    at->config.output = output;
    at->config.output_len = mode->output_len;
    at->config.ehlo_name = script->name.data;
    at->config.ehlo_name_len = script->name.len;
    at->config.tls = script->tls;
    at->config.flags = script->flags;
    if (wsmtp_init(at->engine, &at->config) != WSMTP_REASON_OK)
        fail(at, script->line, "wsmtp_init refused the configuration");
}

static void finish(play *at)
{
    if (at->over && !at->failed) {
        wsmtp_event event;
        size_t room;
        if (wsmtp_next_event(at->engine, &event))
            fail(at, at->script->line, "an event after the end of the session");
        (void)wsmtp_recv_buf(at->engine, &room);
        if (room)
            fail(at, at->script->line, "an input window after the end of the session");
    }
    wsmtp_end(at->engine);
    free(at->engine);
    free(at->config.input);
    free(at->config.output);
    golden_free(&at->events);
    golden_free(&at->output);
    golden_free(&at->secrets);
}

static size_t last_reply(const golden_case *script)
{
    size_t last = script->steps_len;
    for (size_t i = 0; i < script->steps_len; i++)
        if (script->steps[i].kind == GOLDEN_SERVER)
            last = i;
    return last;
}

bool golden_play(const golden_case *script, const golden_mode *mode, golden_bytes *log,
                 golden_bytes *report)
{
    play at = {.script = script, .mode = mode, .log = log, .report = report, .random = mode->seed};
    size_t last = mode->trailing ? last_reply(script) : script->steps_len;
    begin(&at);
    if (!at.failed)
        pump(&at, script->line);
    for (size_t i = 0; i < script->steps_len && !at.failed; i++) {
        const golden_step *step = &script->steps[i];
        bool stimulus = step->kind == GOLDEN_SERVER || step->kind == GOLDEN_ACTION;
        if (stimulus && at.loose)
            break;
        if (stimulus || (step->kind == GOLDEN_CHECK && !at.loose))
            settle(&at, step->line);
        if (at.failed)
            break;
        switch (step->kind) {
        case GOLDEN_SERVER: {
            golden_bytes octets = {0};
            golden_add(&octets, step->text.data, step->text.len);
            if (i == last) {
                at.loose = true;
                golden_add(&octets, mode->trailing, mode->trailing_len);
            }
            feed(&at, octets.data, octets.len, step->line);
            golden_free(&octets);
            break;
        }
        case GOLDEN_ACTION:
            act(&at, step);
            break;
        case GOLDEN_CHECK:
            if (!at.loose)
                check(&at, step);
            break;
        case GOLDEN_EVENT:
            expect_event(&at, step);
            break;
        case GOLDEN_OUTPUT:
            expect_output(&at, step);
            break;
        }
    }
    if (!at.loose)
        settle(&at, script->steps_len ? script->steps[script->steps_len - 1].line : script->line);
    finish(&at);
    return !at.failed;
}
