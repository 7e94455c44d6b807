#include "report.h"

#include <stdio.h>
#include <string.h>

#include "capabilities.h"
#include "error_line.h"
#include "exit_code.h"
#include "json.h"
#include "pin.h"

void report_error_from_failure(report_error *error, const failure *f)
{
    *error = (report_error){.kind = f->kind, .reason = "", .cause = "", .step = "", .option = "",
                            .message = f->message, .advice = ""};
}

void report_error_from_client(report_error *error, const wsmtp_client_error *from)
{
    size_t n;
    bool is_ours = from->option && *from->option;
    *error = (report_error){.kind = is_ours ? "config" : wsmtp_kind_name(from->kind),
                            .cause = wsmtp_cause_name(from->cause),
                            .step = is_ours ? "" : wsmtp_step_name(from->step, &n),
                            .option = from->option ? from->option : "",
                            .code = from->code, .enhanced = from->enhanced,
                            .retryable = from->retryable, .in_doubt = from->in_doubt,
                            .message = from->message, .advice = error_advice(from)};
    wsmtp_reason_name(from->reason, error->reason_text);
    error->reason = error->reason_text;
}

static void write_text_or_null(json *j, const char *key, const char *text)
{
    json_text(j, key, text && *text ? text : NULL);
}

static void write_code(json *j, uint16_t code)
{
    if (code)
        json_number(j, "code", code);
    else
        json_null(j, "code");
}

static void write_enhanced(json *j, wsmtp_enhanced_code enhanced)
{
    char text[24];
    snprintf(text, sizeof text, "%u.%u.%u", enhanced.class_, enhanced.subject, enhanced.detail);
    json_text(j, "enhanced", enhanced.class_ ? text : NULL);
}

static void write_server(json *j, const report *r)
{
    const settings *s = r->settings;
    if (!s || !s->has_server) {
        json_null(j, "server");
        return;
    }
    char url[URL_TEXT_MAX];
    json_begin(j, "server", '{');
    json_text(j, "url", url_text(&s->server, url));
    write_text_or_null(j, "hostUnicode", s->server.unicode);
    write_text_or_null(j, "address", r->facts ? r->facts->address : NULL);
    write_text_or_null(j, "greeting", r->facts ? r->facts->greeting : NULL);
    write_text_or_null(j, "localName", r->facts ? r->facts->local_name : NULL);
    json_end(j, '}');
}

static void write_certificate(json *j, const wsmtp_client_certificate *c)
{
    char pin[PIN_TEXT_MAX], date[CAPABILITIES_DATE_MAX];
    if (!c->subject) {
        json_null(j, "certificate");
        return;
    }
    json_begin(j, "certificate", '{');
    json_text(j, "subject", c->subject);
    json_text(j, "issuer", c->issuer);
    json_text(j, "names", c->names);
    json_text(j, "notBefore", capabilities_date(c->not_before, date));
    json_text(j, "notAfter", capabilities_date(c->not_after, date));
    json_text(j, "pinSha256", pin_text(c->pin, pin));
    json_end(j, '}');
}

static void write_tls(json *j, const report *r)
{
    const wsmtp_client_facts *facts = r->facts;
    if (!facts || (!facts->tls_version && !facts->certificate.subject)) {
        json_null(j, "tls");
        return;
    }
    json_begin(j, "tls", '{');
    json_text(j, "mode", r->settings->server.tls == WSMTP_TLS_STARTTLS ? "starttls" : "implicit");
    write_text_or_null(j, "version", facts->tls_version);
    write_text_or_null(j, "cipher", facts->tls_cipher);
    write_certificate(j, &facts->certificate);
    json_end(j, '}');
}

static void write_each(void *context, const char *text, size_t text_len)
{
    json_text_len(context, NULL, text, text_len);
}

static void write_limit(json *j, const char *key, uint64_t limit)
{
    if (limit)
        json_number(j, key, limit);
    else
        json_null(j, key);
}

static void write_capabilities(json *j, const char *key, const char *ehlo, const wsmtp_capabilities *c)
{
    if (!ehlo) {
        json_null(j, key);
        return;
    }
    json_begin(j, key, '{');
    json_text_len(j, "name", ehlo, strcspn(ehlo, " \n"));
    json_bool(j, "esmtp", (c->flags & WSMTP_CAP_ESMTP) != 0);
    json_begin(j, "extensions", '[');
    if (c->flags & WSMTP_CAP_ESMTP)
        capabilities_each_extension(ehlo, write_each, j);
    json_end(j, ']');
    json_begin(j, "mechanisms", '[');
    if (c->flags & WSMTP_CAP_ESMTP)
        capabilities_each_mechanism(ehlo, write_each, j);
    json_end(j, ']');
    write_limit(j, "size", c->size);
    json_begin(j, "limits", '{');
    write_limit(j, "mailMax", c->mail_max);
    write_limit(j, "rcptMax", c->rcpt_max);
    write_limit(j, "rcptDomainMax", c->rcpt_domain_max);
    write_limit(j, "deliverByMin", c->deliver_by_min);
    write_limit(j, "holdMax", c->hold_max);
    json_end(j, '}');
    json_begin(j, "xclient", '[');
    capabilities_each_attribute(c, write_each, j);
    json_end(j, ']');
    json_end(j, '}');
}

static void write_recipient(json *j, const report *r, size_t index)
{
    static const wsmtp_recipient none = {0};
    const wsmtp_recipient *to = r->transaction ? &r->transaction->recipients[index] : &none;
    bool sent = to->status != WSMTP_STATUS_PENDING;
    json_begin(j, NULL, '{');
    json_text(j, "address", r->recipients->items[index]);
    json_text(j, "status", wsmtp_status_name(sent ? to->status : WSMTP_STATUS_NOT_SENT));
    write_code(j, to->code);
    write_enhanced(j, to->enhanced);
    write_text_or_null(j, "text", r->texts && index < r->texts->len ? r->texts->items[index] : NULL);
    write_text_or_null(j, "queueId", r->queue_ids && index < r->queue_ids->len ? r->queue_ids->items[index] : NULL);
    json_end(j, '}');
}

static void write_reply(json *j, const wsmtp_reply *reply)
{
    if (!reply) {
        json_null(j, "reply");
        return;
    }
    json_begin(j, "reply", '{');
    json_number(j, "code", reply->code);
    write_enhanced(j, reply->enhanced);
    json_begin(j, "lines", '[');
    for (size_t end, at = 0; at <= reply->text_len; at = end + 1) {
        const char *newline = memchr(reply->text + at, '\n', reply->text_len - at);
        end = newline ? (size_t)(newline - reply->text) : reply->text_len;
        json_text_len(j, NULL, reply->text + at, end - at);
    }
    json_end(j, ']');
    json_end(j, '}');
}

/* "tls-begin" becomes "tlsBegin". */
static const char *member_name(const char *name, char member[32])
{
    size_t n = 0;
    for (; *name && n < 31; name++) {
        if (*name == '-' && name[1])
            member[n++] = (char)(*++name - 'a' + 'A');
        else
            member[n++] = *name;
    }
    member[n] = '\0';
    return member;
}

static void write_timings(json *j, const wsmtp_client_facts *facts)
{
    char member[32];
    json_begin(j, "timings", '{');
    for (int i = 0; facts && i < WSMTP_MOMENT_COUNT; i++) {
        if (facts->moments[i])
            json_milliseconds(j, member_name(wsmtp_moment_name((wsmtp_moment)i), member), facts->moments[i]);
    }
    json_end(j, '}');
}

static void write_error(json *j, const report_error *e)
{
    if (!e->kind)
        return;
    json_begin(j, "error", '{');
    json_text(j, "kind", e->kind);
    write_text_or_null(j, "reason", e->reason);
    write_text_or_null(j, "cause", e->cause);
    write_text_or_null(j, "step", e->step);
    write_text_or_null(j, "option", e->option);
    write_code(j, e->code);
    write_enhanced(j, e->enhanced);
    json_bool(j, "retryable", e->retryable);
    json_bool(j, "inDoubt", e->in_doubt);
    json_text(j, "message", e->message);
    write_text_or_null(j, "advice", e->advice);
    json_end(j, '}');
}

void report_outcome(report *r, const wsmtp_client_error *error, const failure *f)
{
    if (error->reason != WSMTP_REASON_OK) {
        r->exit_code = exit_code_of_error(error, NULL);
        report_error_from_client(&r->error, error);
    } else if (f->exit_code) {
        r->exit_code = f->exit_code;
        report_error_from_failure(&r->error, f);
    }
}

bool report_write(const report *r)
{
    json j = {.out = stdout};
    const wsmtp_client_facts *facts = r->facts;
    size_t n;
    json_begin(&j, NULL, '{');
    json_text(&j, "command", r->command);
    json_number(&j, "exitCode", (uint64_t)r->exit_code);
    write_server(&j, r);
    write_tls(&j, r);
    write_capabilities(&j, "capabilitiesBeforeTls", facts ? facts->ehlo_before_tls : NULL,
                       facts ? &facts->capabilities_before_tls : NULL);
    write_capabilities(&j, "capabilities", facts ? facts->ehlo : NULL, facts ? &facts->capabilities : NULL);
    json_text(&j, "mechanism", facts && facts->logged_in ? wsmtp_mechanism_name(facts->mechanism, &n) : NULL);
    json_text(&j, "from", r->from);
    json_begin(&j, "recipients", '[');
    for (size_t i = 0; r->recipients && i < r->recipients->len; i++)
        write_recipient(&j, r, i);
    json_end(&j, ']');
    if (r->octets_known)
        json_number(&j, "octets", r->octets);
    else
        json_null(&j, "octets");
    write_text_or_null(&j, "queueId", r->queue_id);
    json_number(&j, "transactions", r->transactions);
    write_reply(&j, r->reply);
    write_timings(&j, facts);
    json_number(&j, "roundTrips", facts ? facts->round_trips : 0);
    write_error(&j, &r->error);
    json_end(&j, '}');
    return fflush(stdout) == 0 && !ferror(stdout);
}
