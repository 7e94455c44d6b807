/* The set-up lines of a case. */
#include "golden_reader.h"

#include <stdlib.h>
#include <string.h>

static void read_path(const golden_reader *from, const char **at, golden_bytes *out)
{
    if (*(*at)++ != '<')
        golden_malformed(from, "a path is written in angle brackets");
    const char *end = *at;
    while (*end && !(*end == '>' && (end[1] == ' ' || !end[1])))
        end++;
    if (!*end)
        golden_malformed(from, "a path is written in angle brackets");
    golden_bytes raw = {0};
    golden_add(&raw, *at, (size_t)(end - *at));
    golden_read_octets(from, raw.data, out, false);
    golden_free(&raw);
    *at = end + 1;
}

static golden_message *message_of(const golden_reader *from, const char **at)
{
    int number = *(*at)++ - '1';
    if (number < 0 || number >= (int)GOLDEN_MESSAGES)
        golden_malformed(from, "messages are numbered from 1 to 9");
    return &from->current->messages[number];
}

static bool take(const char **at, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0 || ((*at)[len] && (*at)[len] != ' ' && word[len - 1] != '=' &&
         word[len - 1] != ' '))
        return false;
    *at += len;
    return true;
}

/* "1 from=<a@b> RET=FULL to=<c@d> NOTIFY=NEVER size=10 8bit all-or-nothing" */
static void read_message(golden_reader *from, const char *at)
{
    golden_message *message = message_of(from, &at);
    message->used = true;
    message->size = WSMTP_SIZE_UNKNOWN;
    golden_add(&message->text, "", 0);
    while (*at) {
        if (*at == ' ') {
            at++;
        } else if (take(&at, "from=")) {
            read_path(from, &at, &message->from);
        } else if (take(&at, "to=")) {
            if (message->to_len == GOLDEN_RECIPIENTS)
                golden_malformed(from, "too many recipients for a golden case");
            read_path(from, &at, &message->to[message->to_len++]);
        } else if (take(&at, "size=")) {
            char *end;
            message->size = strtoull(at, &end, 10);
            at = end;
        } else if (take(&at, "7bit")) {
            message->body = WSMTP_BODY_7BIT;
        } else if (take(&at, "8bit")) {
            message->body = WSMTP_BODY_8BIT;
        } else if (take(&at, "binary")) {
            message->body = WSMTP_BODY_BINARY;
        } else if (take(&at, "utf8")) {
            message->flags |= WSMTP_SEND_SMTPUTF8;
        } else if (take(&at, "crlf")) {
            message->flags |= WSMTP_SEND_MAKE_CRLF;
        } else if (take(&at, "long")) {
            message->flags |= WSMTP_SEND_LONG_LINES;
        } else if (take(&at, "all-or-nothing")) {
            message->flags |= WSMTP_SEND_ALL_OR_NOTHING;
        } else if (take(&at, "split")) {
            message->flags |= WSMTP_SEND_SPLIT;
        } else if (!golden_read_parameter(from, &at,
                                          message->to_len ? &message->to_parameters[message->to_len - 1]
                                                          : &message->parameters)) {
            golden_malformed(from, "unknown word in a message line");
        }
    }
}

static void read_hex(const golden_reader *from, const char *at, golden_bytes *out)
{
    for (; *at; at += 2) {
        int high = golden_hex_digit(at[0]), low = high < 0 ? -1 : golden_hex_digit(at[1]);
        if (low < 0)
            golden_malformed(from, "hexadecimal digits are needed, two an octet");
        golden_add(out, &(char){(char)(high * 16 + low)}, 1);
    }
}

static void read_flags(const golden_reader *from, const char *at)
{
    uint32_t *flags = &from->current->flags;
    while (*at) {
        if (*at == ' ')
            at++;
        else if (take(&at, "bare-lf"))
            *flags |= WSMTP_LENIENT_BARE_LF;
        else if (take(&at, "no-pipelining"))
            *flags |= WSMTP_NO_PIPELINING;
        else if (take(&at, "no-chunking"))
            *flags |= WSMTP_NO_CHUNKING;
        else if (take(&at, "trusted"))
            *flags |= WSMTP_TRUSTED_CHANNEL;
        else if (take(&at, "early-envelope"))
            *flags |= WSMTP_EARLY_ENVELOPE;
        else
            golden_malformed(from, "unknown flag");
    }
}

/*
 * What a server offered on an earlier connection, learned as any caller learns it: from a session
 * with a server that offers the extensions, written as behind "* open".
 */
static void read_expected(golden_reader *from, const char *at)
{
    static uint8_t input[4096], output[WSMTP_OUTPUT_MIN];
    static wsmtp_engine engine;
    wsmtp_config config;
    wsmtp_event event;
    golden_bytes lines = {0};
    wsmtp_config_init(&config);
    config.input = input;
    config.input_len = sizeof input;
    config.output = output;
    config.output_len = sizeof output;
    config.ehlo_name = "client.example";
    config.ehlo_name_len = 14;
    golden_print(&lines, "220 mx.example\r\n250-mx.example\r\n");
    while (*at) {
        while (*at == ' ' || *at == ',')
            at++;
        size_t len = strcspn(at, ",");
        golden_print(&lines, "250%c%.*s\r\n", at[len] ? '-' : ' ', (int)len, at);
        at += len;
    }
    wsmtp_init(&engine, &config);
    for (size_t i = 0; i < lines.len; i++) {
        size_t len, secret_at;
        *wsmtp_recv_buf(&engine, &len) = (uint8_t)lines.data[i];
        wsmtp_recv_ack(&engine, 1);
        while (wsmtp_next_event(&engine, &event))
            ;
        wsmtp_send_buf(&engine, &len, &secret_at);
        wsmtp_send_ack(&engine, len);
    }
    if (wsmtp_step_get(&engine) != WSMTP_STEP_READY)
        golden_malformed(from, "what is expected is written as behind \"* open\"");
    from->current->expected = *wsmtp_capabilities_get(&engine);
    from->current->expects = true;
    wsmtp_end(&engine);
    golden_free(&lines);
}

void golden_read_setup(golden_reader *from, const char *at)
{
    golden_case *into = from->current;
    if (!into || into->steps_len)
        golden_malformed(from, "a set-up line stands between the title and the first script line");
    if (take(&at, "tls ")) {
        into->tls = take(&at, "implicit")   ? WSMTP_TLS_IMPLICIT
                    : take(&at, "starttls") ? WSMTP_TLS_STARTTLS
                                            : WSMTP_TLS_NONE;
    } else if (take(&at, "protocol ")) {
        if (strcmp(at, "lmtp") != 0)
            golden_malformed(from, "the protocol is lmtp, or there is no such line");
        into->protocol = WSMTP_PROTOCOL_LMTP;
    } else if (take(&at, "expected ")) {
        read_expected(from, at);
    } else if (take(&at, "overlap ")) {
        into->overlap = (uint32_t)strtoul(at, NULL, 10);
    } else if (take(&at, "eager ")) {
        into->eager_octets = (uint32_t)strtoul(at, NULL, 10);
    } else if (take(&at, "output ")) {
        into->output_len = (uint32_t)strtoul(at, NULL, 10);
    } else if (take(&at, "name ")) {
        golden_clear(&into->name);
        golden_read_octets(from, at, &into->name, false);
    } else if (take(&at, "flags ")) {
        read_flags(from, at);
    } else if (take(&at, "user ")) {
        golden_read_octets(from, at, &into->user, false);
    } else if (take(&at, "password ")) {
        golden_read_octets(from, at, &into->password, false);
    } else if (take(&at, "token ")) {
        golden_read_octets(from, at, &into->token, false);
    } else if (take(&at, "authzid ")) {
        golden_read_octets(from, at, &into->authzid, false);
    } else if (take(&at, "host ")) {
        golden_read_octets(from, at, &into->host, false);
    } else if (take(&at, "port ")) {
        into->port = (uint32_t)strtoul(at, NULL, 10);
    } else if (take(&at, "nonce ")) {
        read_hex(from, at, &into->nonce);
    } else if (take(&at, "iterations ")) {
        char *end;
        into->iterations_min = (uint32_t)strtoul(at, &end, 10);
        into->iterations_max = (uint32_t)strtoul(end, NULL, 10);
    } else if (take(&at, "mechanism ")) {
        into->mechanism = wsmtp_mechanism_find(at, strlen(at));
        if (into->mechanism == WSMTP_MECHANISM_AUTO)
            golden_malformed(from, "unknown mechanism");
    } else if (take(&at, "allow-plaintext")) {
        into->allow_plaintext = true;
    } else if (take(&at, "only whole")) {
        into->whole_only = true;
    } else if (take(&at, "no trailing")) {
        into->no_trailing = true;
    } else if (take(&at, "message ")) {
        read_message(from, at);
    } else if (take(&at, "text ")) {
        golden_message *message = message_of(from, &at);
        if (!message->used || *at++ != ':')
            golden_malformed(from, "text is written \"text 1: ...\", behind its message");
        golden_read_octets(from, *at == ' ' ? at + 1 : at, &message->text, true);
    } else {
        golden_malformed(from, "unknown set-up line");
    }
}
