#include "sim_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void broken(sim_server *server, const char *why)
{
    server->broken = true;
    if (!server->why)
        server->why = why;
}

static void reply(sim_server *server, const char *text)
{
    if (server->closed)
        return;
    if (++server->replies == server->options.closing_at) {
        text = "421 4.3.2 shutting down\r\n";
        server->closed = true;
    }
    size_t len = strlen(text);
    if (server->out_len + len > sizeof server->out) {
        broken(server, "the simulated server's output buffer is too small for the test");
        return;
    }
    memcpy(server->out + server->out_len, text, len);
    server->out_len += len;
}

/* A reply that takes or refuses responsibility must really be said. */
static bool says(sim_server *server, const char *text)
{
    reply(server, text);
    return !server->closed;
}

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

static void forget_mail(sim_server *server)
{
    server->has_mail = false;
    server->accepted_recipients = 0;
    server->rcpt_commands = 0;
    server->wants_prdr = server->is_binary = false;
    server->chunk_refused = false;
    server->body_len = 0;
    memset(server->to, 0, sizeof server->to);
    memset(server->full, 0, sizeof server->full);
}

static bool is_set(const unsigned char *bits, size_t i)
{
    return ((unsigned)bits[i / 8] >> i % 8 & 1u) != 0;
}

static void set(unsigned char *bits, size_t i, bool value)
{
    bits[i / 8] = (unsigned char)((bits[i / 8] & ~(1u << i % 8)) | (unsigned)value << i % 8);
}

void sim_server_begin(sim_server *server, const sim_server_options *options)
{
    memset(server, 0, offsetof(sim_server, out));
    server->options = *options;
    reply(server, "220-sim.example ESMTP\r\n220 ready\r\n");
}

void sim_server_tls(sim_server *server)
{
    if (!server->waits_for_tls)
        broken(server, "a handshake that nobody asked for");
    server->waits_for_tls = false;
    server->secure = true;
    server->greeted = false;
    forget_mail(server);
}

static void ehlo(sim_server *server)
{
    char text[400], limits[40] = "";
    const sim_server_options *options = &server->options;
    bool offers_tls = options->starttls && !server->secure;
    if (options->rcpt_max)
        snprintf(limits, sizeof limits, "250-LIMITS RCPTMAX=%u\r\n", options->rcpt_max);
    snprintf(text, sizeof text,
             "250-sim.example\r\n%s%s%s%s%s%s%s%s250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n",
             limits, options->prdr ? "250-PRDR\r\n" : "",
             options->pipeconnect ? "250-PIPECONNECT\r\n" : "",
             options->binarymime ? "250-BINARYMIME\r\n" : "",
             options->pipelining ? "250-PIPELINING\r\n" : "",
             options->chunking ? "250-CHUNKING\r\n" : "", offers_tls ? "250-STARTTLS\r\n" : "",
             options->auth && !offers_tls ? "250-AUTH PLAIN\r\n" : "");
    server->greeted = true;
    forget_mail(server);
    reply(server, text);
}

static void mail(sim_server *server, const char *line)
{
    server->rcpt_commands = 0;
    if (server->options.refuses_overlap && server->answered_message) {
        reply(server, "503 5.5.1 too early\r\n");
        return;
    }
    const char *end = strchr(line, '>');
    size_t len = end ? (size_t)(end - (line + 11)) : 0;
    if (!server->greeted || server->has_mail || !end || len >= sizeof server->from) {
        broken(server, "MAIL out of order or malformed");
        reply(server, "503 5.5.1 no\r\n");
        return;
    }
    if (server->options.refuses_auth && !server->options.open_relay) {
        reply(server, "530 5.7.0 log in first\r\n");
        return;
    }
    memcpy(server->from, line + 11, len);
    server->from[len] = '\0';
    if (begins(server->from, "badmail")) {
        reply(server, "550 5.7.1 go away\r\n");
        return;
    }
    bool wants_prdr = strstr(end, " PRDR") != NULL, is_binary = strstr(end, " BODY=BINARYMIME") != NULL;
    if ((wants_prdr && !server->options.prdr) || (is_binary && !server->options.binarymime))
        broken(server, "a parameter that was not offered");
    if (says(server, "250 2.1.0 ok\r\n")) {
        server->has_mail = true;
        server->wants_prdr = wants_prdr;
        server->is_binary = is_binary;
    }
}

static void rcpt(sim_server *server, const char *line)
{
    const char *at = strchr(line, '@');
    const char *number = at;
    while (number && number > line && number[-1] >= '0' && number[-1] <= '9')
        number--;
    if (server->options.rcpt_max && ++server->rcpt_commands > server->options.rcpt_max)
        broken(server, "more recipients than LIMITS allows");
    if (!server->has_mail) {
        reply(server, "503 5.5.1 need MAIL\r\n");
    } else if (!at || number == at) {
        broken(server, "a malformed recipient");
        reply(server, "501 5.1.3 no\r\n");
    } else if (begins(line + 9, "bad")) {
        reply(server, "550-5.1.1 no\r\n550 5.1.1 such user\r\n");
    } else if (begins(line + 9, "grey")) {
        reply(server, "450 4.7.1 later\r\n");
    } else if (server->options.rcpt_limit &&
               server->accepted_recipients >= server->options.rcpt_limit) {
        reply(server, "452 4.5.3 too many recipients\r\n");
    } else if (says(server, "250 2.1.5 ok\r\n")) {
        size_t recipient = strtoul(number, NULL, 10) % SIM_RECIPIENTS;
        set(server->to, recipient, true);
        set(server->full, recipient, begins(line + 9, "full"));
        server->accepted_recipients++;
    }
}

static void bdat(sim_server *server, const char *line)
{
    char *end;
    unsigned long count = strtoul(line + 5, &end, 10);
    server->last_chunk = strcmp(end, " LAST") == 0;
    if (end == line + 5 || (*end && !server->last_chunk))
        broken(server, "a malformed BDAT");
    if (server->options.lies_about_chunking) {
        reply(server, "500 5.5.2 what?\r\n");
        return;
    }
    server->in_chunk = true;
    server->chunk_rest = count;
}

static void command(sim_server *server, const char *line)
{
    if (begins(line, server->options.lmtp ? "EHLO " : "LHLO ") ||
        (begins(line, "EHLO ") && server->options.no_ehlo)) {
        reply(server, "502 what?\r\n");
    } else if (begins(line, "EHLO ") || begins(line, "LHLO ")) {
        ehlo(server);
    } else if (begins(line, "HELO ")) {
        server->greeted = true;
        reply(server, "250 sim.example\r\n");
    } else if (strcmp(line, "STARTTLS") == 0) {
        if (server->secure || !server->options.starttls)
            broken(server, "STARTTLS that was not offered");
        if (says(server, "220 2.0.0 go\r\n"))
            server->waits_for_tls = true;
    } else if (begins(line, "AUTH PLAIN ")) {
        if (!server->secure || !server->options.auth)
            broken(server, "credentials where none were asked for");
        if (server->options.refuses_auth)
            reply(server, "535 5.7.8 no\r\n");
        else if (says(server, "235 2.7.0 ok\r\n"))
            server->authenticated = true;
    } else if (begins(line, "MAIL FROM:<")) {
        mail(server, line);
    } else if (begins(line, "RCPT TO:<")) {
        rcpt(server, line);
    } else if (begins(line, "BDAT ") && server->options.chunking) {
        bdat(server, line);
    } else if (strcmp(line, "DATA") == 0) {
        if (server->is_binary)
            broken(server, "DATA for a binary message");
        if (!server->has_mail)
            reply(server, "503 5.5.1 need MAIL\r\n");
        else if (!server->accepted_recipients && !server->options.data_without_recipients)
            reply(server, "554 5.5.1 no valid recipients\r\n");
        else if (says(server, "354 go\r\n"))
            server->in_data = true;
    } else if (strcmp(line, "RSET") == 0) {
        forget_mail(server);
        reply(server, "250 2.0.0 reset\r\n");
    } else if (strcmp(line, "NOOP") == 0) {
        reply(server, "250 2.0.0 ok\r\n");
    } else if (strcmp(line, "QUIT") == 0) {
        reply(server, "221 2.0.0 bye\r\n");
        server->closed = true;
    } else {
        if (!server->options.lies_about_chunking)
            broken(server, "an unknown command");
        reply(server, "500 5.5.2 what?\r\n");
    }
}

static void keep_message(sim_server *server)
{
    if (server->accepted_len == SIM_MESSAGES) {
        broken(server, "more messages than the test sends");
        return;
    }
    sim_accepted *accepted = &server->accepted[server->accepted_len++];
    memcpy(accepted->from, server->from, sizeof accepted->from);
    memcpy(accepted->to, server->to, sizeof accepted->to);
    memcpy(accepted->body, server->body, server->body_len);
    accepted->body_len = server->body_len;
}

/* LMTP and PRDR: a reply for each recipient; those whose reply was not a 250 are taken off. */
static bool deliver(sim_server *server, const char *refusal)
{
    char text[120];
    bool any = false;
    for (size_t i = 0; i < SIM_RECIPIENTS; i++) {
        if (!is_set(server->to, i))
            continue;
        const char *code = refusal                     ? refusal
                           : is_set(server->full, i) ? "452 4.2.2 full"
                                                     : "250 2.0.0 saved";
        snprintf(text, sizeof text, "%s <%s> %zu\r\n", code, server->from, i);
        bool accepted = says(server, text) && code[0] == '2';
        set(server->to, i, accepted);
        any = any || accepted;
    }
    return any;
}

static void end_of_data(sim_server *server)
{
    char text[120];
    bool nobody = server->accepted_recipients == 0;
    const char *refusal = nobody                         ? "554 5.5.1 nobody"
                          : begins(server->from, "eod4") ? "451 4.3.0 later"
                          : begins(server->from, "eod5") ? "554 5.6.0 spam"
                                                         : NULL;
    server->in_data = false;
    server->answered_message = true;
    bool accepted;
    if (server->options.lmtp) {
        accepted = deliver(server, refusal);
    } else {
        if (server->wants_prdr && !refusal) {
            reply(server, "353 wait for each\r\n");
            if (!deliver(server, NULL))
                refusal = "550 5.1.1 nobody wants it";
        }
        snprintf(text, sizeof text, "%s <%s>\r\n", refusal ? refusal : "250 2.0.0 queued",
                 server->from);
        accepted = says(server, text) && !refusal;
    }
    if (accepted)
        keep_message(server);
    server->body_len = 0;
    /* Postfix keeps a transaction open whose message it refused; RFC 5321 leaves that open. */
    if (!refusal && !server->closed)
        forget_mail(server);
}

static void end_of_chunk(sim_server *server)
{
    char text[120];
    server->in_chunk = false;
    server->answered_message = server->last_chunk;
    if (!server->has_mail || server->chunk_refused) {
        reply(server, "503 5.5.1 no message\r\n");
    } else if (!server->accepted_recipients) {
        snprintf(text, sizeof text, "554 5.5.1 no valid recipients%s%s%s\r\n",
                 server->last_chunk ? " <" : "", server->last_chunk ? server->from : "",
                 server->last_chunk ? ">" : "");
        reply(server, text);
    } else if (begins(server->from, "chunk4") || begins(server->from, "chunk5")) {
        server->chunk_refused = true;
        reply(server, begins(server->from, "chunk4") ? "452 4.3.1 disk full\r\n"
                                                     : "552 5.3.4 too large\r\n");
    } else if (server->last_chunk) {
        end_of_data(server);
    } else {
        reply(server, "250 2.6.0 so far\r\n");
    }
    if (server->last_chunk)
        server->body_len = 0;
}

static void add_body(sim_server *server, const char *data, size_t data_len)
{
    if (server->body_len + data_len > sizeof server->body) {
        broken(server, "a longer message than the test sends");
        return;
    }
    memcpy(server->body + server->body_len, data, data_len);
    server->body_len += data_len;
}

static void data_line(sim_server *server)
{
    const char *line = server->line;
    size_t len = server->line_len;
    if (len == 3 && line[0] == '.') {
        end_of_data(server);
        return;
    }
    if (line[0] == '.') {
        line++;
        len--;
    }
    add_body(server, line, len);
}

void sim_server_take(sim_server *server, const char *data, size_t data_len)
{
    for (size_t i = 0; i < data_len && !server->closed && !server->broken; i++) {
        if (server->waits_for_tls) {
            broken(server, "clear text behind STARTTLS");
            return;
        }
        if (server->in_chunk) {
            add_body(server, &data[i], 1);
            if (--server->chunk_rest == 0)
                end_of_chunk(server);
            continue;
        }
        if (server->line_len == sizeof server->line - 1) {
            broken(server, "a line that is too long");
            return;
        }
        server->line[server->line_len++] = data[i];
        if (data[i] != '\n')
            continue;
        if (server->line_len < 2 || server->line[server->line_len - 2] != '\r') {
            broken(server, "a bare LF");
            return;
        }
        if (server->in_data) {
            data_line(server);
        } else {
            if (server->out_len && !server->options.pipelining)
                broken(server, "a command before the reply to the one before, without PIPELINING");
            if (server->out_len && !server->greeted && !server->options.pipeconnect)
                broken(server, "a command before the greeting, or behind EHLO, without PIPECONNECT");
            if (!server->out_len)
                server->answered_message = false;
            server->line[server->line_len - 2] = '\0';
            command(server, server->line);
            if (server->in_chunk && !server->chunk_rest)
                end_of_chunk(server);
        }
        server->line_len = 0;
    }
}

size_t sim_server_accepted(const sim_server *server, const char *from, size_t recipient)
{
    size_t times = 0;
    for (size_t i = 0; i < server->accepted_len; i++)
        times += strcmp(server->accepted[i].from, from) == 0 && is_set(server->accepted[i].to, recipient);
    return times;
}
