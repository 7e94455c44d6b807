/* The actions of a script: what the caller of the engine does. */
#include "golden_reader.h"
#include "golden_run.h"

#include <stdlib.h>
#include <string.h>

/* "-> REASON field=X index=N detail=KEYWORD", or nothing for OK. */
static void check_result(golden_run *at, int line, wsmtp_reason reason, const char *arrow)
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
            golden_fail(at, line, "wsmtp_error_get differs from the reason returned");
        if (error->kind != wsmtp_reason_kind(reason))
            golden_fail(at, line, "wsmtp_error_get has the wrong kind");
        if (error->field != WSMTP_FIELD_NONE)
            golden_print(&actual, " field=%s", golden_field_name(error->field));
        if (error->field == WSMTP_FIELD_RECIPIENT || error->field == WSMTP_FIELD_RECIPIENT_PARAMETER)
            golden_print(&actual, " index=%zu", error->index);
        if (error->detail_len)
            golden_print(&actual, " detail=%.*s", (int)error->detail_len, error->detail);
    }
    if (!golden_fits(arrow, actual.data))
        golden_expect_value(at, line, "result", arrow, actual.data);
    golden_free(&actual);
}

static wsmtp_reason submit(golden_run *at, size_t number, int line)
{
    const golden_message *message = &at->script->messages[number];
    wsmtp_transaction *transaction = &at->transactions[number];
    if (!message->used) {
        golden_fail(at, line, "there is no such message");
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
        at->recipients[number][i].parameters = message->to_parameters[i].items;
        at->recipients[number][i].parameters_len = message->to_parameters[i].len;
    }
    transaction->parameters = message->parameters.items;
    transaction->parameters_len = message->parameters.len;
    transaction->message_size = message->size;
    transaction->body = message->body;
    transaction->flags = message->flags;
    at->done[number] = 0;
    return wsmtp_submit(at->engine, transaction);
}

static wsmtp_reason login(golden_run *at, const char *argument)
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

static wsmtp_reason derive(golden_run *at, const char *argument)
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

typedef wsmtp_reason (*query_call)(wsmtp_engine *engine, const char *text, size_t text_len);

/* VRFY, EXPN, HELP: the argument in octets, up to " ->". */
static wsmtp_reason query(golden_run *at, query_call call, const char *text, int line)
{
    const golden_reader from = {.file = at->script->file, .line = line};
    const char *arrow = strstr(text, "-> ");
    size_t len = arrow ? (size_t)(arrow - text) : strlen(text);
    while (len && text[len - 1] == ' ')
        len--;
    golden_bytes raw = {0}, argument = {0};
    golden_add(&raw, text, len);
    golden_read_octets(&from, raw.data, &argument, false);
    const wsmtp_reason reason = call(at->engine, argument.data, argument.len);
    golden_free(&raw);
    golden_free(&argument);
    return reason;
}

static wsmtp_reason xclient(golden_run *at, const char *text, int line)
{
    const golden_reader from = {.file = at->script->file, .line = line};
    golden_parameters attributes;
    memset(&attributes, 0, sizeof attributes);
    while (*text && *text != '-') {
        if (*text == ' ')
            text++;
        else if (!golden_read_parameter(&from, &text, &attributes))
            golden_malformed(&from, "an attribute is written NAME=value");
    }
    const wsmtp_reason reason = wsmtp_xclient(at->engine, attributes.items, attributes.len);
    golden_free_parameters(&attributes);
    return reason;
}

static bool is(const char *text, const char *word, const char **rest)
{
    size_t len = strlen(word);
    if (strncmp(text, word, len) != 0 || (text[len] && text[len] != ' '))
        return false;
    *rest = text + len + (text[len] == ' ');
    return true;
}

static size_t message_index(golden_run *at, const char *rest, int line)
{
    if (*rest >= '1' && *rest < '1' + (int)GOLDEN_MESSAGES)
        return (size_t)(*rest - '1');
    golden_fail(at, line, "the number of a message is missing");
    return 0;
}

void golden_act(golden_run *at, const golden_step *step)
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
        golden_write_body(at, message->text.data, message->text.len, step->line);
        if (!at->over && !at->failed)
            reason = wsmtp_body_end(at->engine);
    } else if (is(text, "piece", &rest)) {
        const golden_message *message =
            &at->script->messages[message_index(at, rest, step->line)];
        golden_write_body(at, message->text.data, message->text.len, step->line);
    } else if (is(text, "end", &rest)) {
        reason = wsmtp_body_end(at->engine);
    } else if (is(text, "reset", &rest)) {
        reason = wsmtp_reset(at->engine);
    } else if (is(text, "noop", &rest)) {
        reason = wsmtp_noop(at->engine);
    } else if (is(text, "quit", &rest)) {
        reason = wsmtp_quit(at->engine);
    } else if (is(text, "vrfy", &rest)) {
        reason = query(at, wsmtp_vrfy, rest, step->line);
    } else if (is(text, "expn", &rest)) {
        reason = query(at, wsmtp_expn, rest, step->line);
    } else if (is(text, "help", &rest)) {
        reason = query(at, wsmtp_help, rest, step->line);
    } else if (is(text, "xclient", &rest)) {
        reason = xclient(at, rest, step->line);
    } else if (is(text, "tls-done", &rest)) {
        reason = wsmtp_tls_done(at->engine);
    } else if (is(text, "derive", &rest)) {
        reason = derive(at, rest);
    } else if (is(text, "eof", &rest)) {
        wsmtp_recv_ack(at->engine, 0);
    } else if (is(text, "fail", &rest)) {
        int why = golden_reason_find(rest);
        if (why < 0)
            golden_fail(at, step->line, "unknown reason");
        else
            wsmtp_io_failed(at->engine, (wsmtp_reason)why);
    } else if (is(text, "hold", &rest)) {
        at->holding = true;
    } else if (is(text, "release", &rest)) {
        at->holding = false;
    } else {
        golden_fail(at, step->line, "unknown action");
    }
    check_result(at, step->line, reason, arrow);
    golden_pump(at, step->line);
}
