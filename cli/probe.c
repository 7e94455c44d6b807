/* wasm-smtp probe: what a server offers, before and after TLS. */
#include <stdio.h>
#include <string.h>

#include "capabilities.h"
#include "commands.h"
#include "deliver.h"
#include "error_line.h"
#include "exit_code.h"
#include "help.h"
#include "options.h"
#include "pin.h"
#include "report.h"
#include "session.h"

static const char help[] =
    "usage: wasm-smtp probe [OPTION]... URL\n"
    "Connects, says EHLO before and after TLS, sends nothing, and shows what the server offers.\n"
    "\n"
    "  URL                        smtps://HOST[:465], smtp://HOST[:587], smtp+plain://HOST[:25],\n"
    "                             lmtp://HOST:PORT, lmtp+unix:PATH\n"
    HELP_EHLO
    HELP_TLS
    HELP_TIMEOUT
    HELP_OUTPUT;

static void row(const char *name, const char *value)
{
    if (value && *value)
        printf("%-14s %s\n", name, value);
}

/* Printable as it stands: what comes from a server or a certificate may hold anything. */
static void print_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c >= 0x7f)
            printf("\\x%02X", c);
        else
            putchar(c);
    }
}

static void clean_row(const char *name, const char *value)
{
    if (!value || !*value)
        return;
    printf("%-14s ", name);
    print_clean(value, strlen(value));
    putchar('\n');
}

static void print_extension(void *context, const char *text, size_t text_len)
{
    const char **name = context;
    printf("%-14s ", *name);
    print_clean(text, text_len);
    putchar('\n');
    *name = "";
}

static void print_capabilities(const char *title, const char *ehlo)
{
    if (!ehlo)
        return;
    capabilities_each_extension(ehlo, print_extension, &title);
    if (*title)
        printf("%-14s %s\n", title, "(no extensions)");
}

static void print_certificate(const wsmtp_client_certificate *c)
{
    char from[CAPABILITIES_DATE_MAX], to[CAPABILITIES_DATE_MAX], dates[128], pin[PIN_TEXT_MAX];
    if (!c->subject)
        return;
    clean_row("certificate", *c->subject ? c->subject : "(no subject)");
    clean_row("  issuer", c->issuer);
    clean_row("  names", c->names);
    snprintf(dates, sizeof dates, "%s to %s", capabilities_date(c->not_before, from),
             capabilities_date(c->not_after, to));
    row("  valid", dates);
    row("  pin", pin_text(c->pin, pin));
}

static void print_moments(const wsmtp_client_facts *facts)
{
    const char *title = "timings";
    for (int i = 0; i < WSMTP_MOMENT_COUNT; i++) {
        if (!facts->moments[i])
            continue;
        printf("%-14s %9.3f ms  %s\n", title, (double)facts->moments[i] / 1000,
               wsmtp_moment_name((wsmtp_moment)i));
        title = "";
    }
    if (facts->moments[WSMTP_MOMENT_GREETING])
        printf("%-14s %u\n", "round trips", (unsigned)facts->round_trips);
}

static void print_attribute(void *context, const char *text, size_t text_len)
{
    const char **before = context;
    printf("%s%.*s", *before, (int)text_len, text);
    *before = " ";
}

/* What the server states in numbers. */
static void print_limits(const wsmtp_capabilities *c)
{
    const char *title = "limits", *before = "XCLIENT takes ";
    if (c->size) {
        printf("%-14s %llu octets a message\n", title, (unsigned long long)c->size);
        title = "";
    }
    if (c->flags & WSMTP_CAP_LIMITS) {
        printf("%-14s messages %u, recipients %u, domains %u (0: not stated)\n", title, (unsigned)c->mail_max,
               (unsigned)c->rcpt_max, (unsigned)c->rcpt_domain_max);
        title = "";
    }
    if (c->deliver_by_min) {
        printf("%-14s delivery by a time: in %u seconds or more\n", title, (unsigned)c->deliver_by_min);
        title = "";
    }
    if (c->hold_max) {
        printf("%-14s a message is held for %u seconds at most\n", title, (unsigned)c->hold_max);
        title = "";
    }
    if (c->xclient) {
        printf("%-14s ", title);
        capabilities_each_attribute(c, print_attribute, &before);
        putchar('\n');
    }
}

static void print_table(const settings *s, const wsmtp_client_facts *facts)
{
    char url[URL_TEXT_MAX];
    const wsmtp_capabilities *c = &facts->capabilities;
    row("server", url_text(&s->server, url));
    row("in Unicode", s->server.unicode);
    clean_row("address", facts->address);
    clean_row("greeting", facts->greeting);
    if (facts->tls_version)
        printf("%-14s %s, %s\n", "TLS", facts->tls_version, facts->tls_cipher ? facts->tls_cipher : "");
    else
        row("TLS", facts->certificate.subject ? "failed" : "none");
    print_certificate(&facts->certificate);
    print_capabilities("before TLS", facts->ehlo_before_tls);
    print_capabilities(s->server.tls != WSMTP_TLS_NONE ? "with TLS" : "extensions", facts->ehlo);
    print_limits(c);
    print_moments(facts);
}

static int probe(const settings *s)
{
    session n;
    failure f = {0};
    report r = {.command = "probe", .settings = s};
    wsmtp_client_error error = {.reason = WSMTP_REASON_OK};
    bool ready = session_begin(&n, s, 0, &f);
    bool fine = ready && session_open(&n);
    if (ready) {
        if (!fine)
            error = *wsmtp_client_error_get(n.client);
        session_end(&n, &f);
        r.facts = wsmtp_client_facts_get(n.client);
    }
    report_outcome(&r, &error, &f);
    bool written = true;
    if (s->json)
        written = report_write(&r);
    else if (r.facts && (fine || r.facts->address)) {
        print_table(s, r.facts);
        written = fflush(stdout) == 0 && !ferror(stdout);
    }
    if (r.error.kind)
        error_line(r.error.message, r.error.advice);
    session_free(&n);
    return !written && r.exit_code == EXIT_ACCEPTED ? EXIT_IO : r.exit_code;
}

static bool take_url(settings *s, int count, char **arguments, failure *f)
{
    if (count != 1)
        return failure_usage(f, count == 0 ? "the URL of a server is needed" : "only one URL can be probed");
    return settings_take(s, SETTING_SERVER, arguments[0], "URL", false, f) && settings_check(s, f);
}

int command_probe(int argc, char **argv)
{
    settings s = {.json = options_want_json(argc, argv)};
    failure f = {0};
    int first, exit_code;
    bool fine = options_parse(&s, IN_PROBE, argc, argv, "", NULL, &first, &f);
    if (fine && s.help) {
        fputs(help, stdout);
        exit_code = fflush(stdout) == 0 ? EXIT_ACCEPTED : EXIT_IO;
    } else if (fine && s.version) {
        exit_code = command_version();
    } else if (fine && take_url(&s, argc - first, argv + first, &f)) {
        exit_code = probe(&s);
    } else {
        exit_code = deliver_failure("probe", &s, &f);
    }
    settings_free(&s);
    return exit_code;
}
