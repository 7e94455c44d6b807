/* Plays one case over the public API, step by step. */
#include "golden_run.h"

#include <stdlib.h>
#include <string.h>

static void begin(golden_run *at)
{
    const golden_case *script = at->script;
    const golden_mode *mode = at->mode;
    at->engine = malloc(sizeof *at->engine);
    const size_t output_len = script->output_len ? script->output_len : mode->output_len;
    uint8_t *input = malloc(mode->input_len), *output = malloc(output_len);
    if (!at->engine || !input || !output)
        abort();
    memset(at->engine, 0xa5, sizeof *at->engine);
    wsmtp_config_init(&at->config);
    at->config.input = input;
    at->config.input_len = mode->input_len;
    at->config.output = output;
    at->config.output_len = output_len;
    at->config.ehlo_name = script->name.data;
    at->config.ehlo_name_len = script->name.len;
    at->config.tls = script->tls;
    at->config.protocol = script->protocol;
    at->config.flags = script->flags;
    at->config.overlap = script->overlap;
    at->config.eager_octets = script->eager_octets;
    at->config.expected = script->expects ? &script->expected : NULL;
    if (wsmtp_init(at->engine, &at->config) != WSMTP_REASON_OK)
        golden_fail(at, script->line, "wsmtp_init refused the configuration");
}

static void finish(golden_run *at)
{
    if (at->over && !at->failed) {
        wsmtp_event event;
        size_t room;
        if (wsmtp_next_event(at->engine, &event))
            golden_fail(at, at->script->line, "an event after the end of the session");
        (void)wsmtp_recv_buf(at->engine, &room);
        if (room)
            golden_fail(at, at->script->line, "an input window after the end of the session");
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
    golden_run at = {
        .script = script, .mode = mode, .log = log, .report = report, .random = mode->seed,
    };
    size_t last = mode->trailing ? last_reply(script) : script->steps_len;
    begin(&at);
    if (!at.failed)
        golden_pump(&at, script->line);
    for (size_t i = 0; i < script->steps_len && !at.failed; i++) {
        const golden_step *step = &script->steps[i];
        bool stimulus = step->kind == GOLDEN_SERVER || step->kind == GOLDEN_ACTION;
        if (stimulus && at.loose)
            break;
        if (stimulus || (step->kind == GOLDEN_CHECK && !at.loose))
            golden_settle(&at, step->line);
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
            golden_feed(&at, octets.data, octets.len, step->line);
            golden_free(&octets);
            break;
        }
        case GOLDEN_ACTION:
            golden_act(&at, step);
            break;
        case GOLDEN_CHECK:
            if (!at.loose)
                golden_check(&at, step);
            break;
        case GOLDEN_EVENT:
            golden_expect_event(&at, step);
            break;
        case GOLDEN_OUTPUT:
            golden_expect_output(&at, step);
            break;
        }
    }
    if (!at.loose)
        golden_settle(&at, script->steps_len ? script->steps[script->steps_len - 1].line
                                             : script->line);
    finish(&at);
    return !at.failed;
}
