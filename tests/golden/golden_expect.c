/* Compares what came with the script. */
#include "golden_run.h"

#include <string.h>

/* Before the next step happens, nothing may be left that the script does not know. */
void golden_settle(golden_run *at, int line)
{
    if (at->failed)
        return;
    if (at->events.len) {
        golden_print(at->report, "%s:%d: an event more than written:\n  > %s", at->script->file,
                     line, at->events.data);
        at->failed = true;
    } else if (at->output.len) {
        golden_print(at->report, "%s:%d: more output than written:\n  C: ", at->script->file, line);
        golden_quote(at->report, at->output.data, at->output.len);
        golden_print(at->report, "\n");
        at->failed = true;
    }
}

void golden_expect_event(golden_run *at, const golden_step *step)
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

void golden_expect_output(golden_run *at, const golden_step *step)
{
    size_t len = step->text.len;
    bool fits = at->output.len >= len && memcmp(at->output.data, step->text.data, len) == 0;
    if (step->prefix && at->output.len < len) {
        len = at->output.len;
        fits = !len || memcmp(at->output.data, step->text.data, len) == 0;
    }
    if (!fits) {
        golden_print(at->report, "%s:%d: other output\n  expected C: ", at->script->file,
                     step->line);
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
            golden_fail(at, step->line, "output is marked secret and carries no credentials");
        if (step->secrecy == GOLDEN_SECRET && !secret && i >= word && i + 2 < len)
            golden_fail(at, step->line, "output carries credentials and is not marked secret");
    }
    golden_print(at->log, "C: ");
    golden_quote(at->log, at->output.data, step->prefix ? 0 : len);
    golden_print(at->log, "\n");
    golden_drop(&at->output, len);
    golden_drop(&at->secrets, len);
}

void golden_expect_value(golden_run *at, int line, const char *name, const char *expected,
                         const char *actual)
{
    if (strcmp(expected, actual) == 0)
        return;
    golden_print(at->report, "%s:%d: another %s\n  expected = %s\n  came     = %s\n",
                 at->script->file, line, name, expected, actual);
    at->failed = true;
}

void golden_check(golden_run *at, const golden_step *step)
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
            golden_expect_value(at, step->line, "set of capabilities", rest, value.data);
    } else if (strcmp(name.data, "secure") == 0) {
        golden_expect_value(at, step->line, "secure", rest,
                            wsmtp_is_secure(at->engine) ? "yes" : "no");
    } else if (strcmp(name.data, "step") == 0) {
        golden_expect_value(at, step->line, "step", rest,
                            golden_step_name(wsmtp_step_get(at->engine)));
    } else if (strcmp(name.data, "timer") == 0) {
        uint32_t epoch;
        golden_print(&value, "%lu", (unsigned long)wsmtp_timer(at->engine, &epoch));
        golden_expect_value(at, step->line, "timer", rest, value.data);
    } else if (strcmp(name.data, "mechanism") == 0) {
        size_t len;
        golden_expect_value(at, step->line, "mechanism", rest,
                     wsmtp_mechanism_name(wsmtp_mechanism_get(at->engine), &len));
    } else if (strcmp(name.data, "state") == 0) {
        unsigned state = wsmtp_state(at->engine);
        golden_print(&value, "%s%s%s%s", state & WSMTP_CAN_READ ? " READ" : "",
                     state & WSMTP_CAN_WRITE ? " WRITE" : "", state & WSMTP_CAN_BODY ? " BODY" : "",
                     state & WSMTP_HAS_EVENT ? " EVENT" : "");
        if (!golden_fits(rest, value.data))
            golden_expect_value(at, step->line, "state", rest, value.data);
    } else if (strcmp(name.data, "error") == 0) {
        golden_render_error(&value, wsmtp_error_get(at->engine));
        if (!golden_fits(rest, value.data))
            golden_expect_value(at, step->line, "error", rest, value.data);
    } else {
        golden_fail(at, step->line, "unknown check");
    }
    golden_free(&name);
    golden_free(&value);
}
