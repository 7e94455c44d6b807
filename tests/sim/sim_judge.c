/* The invariants that hold for every session, however it ended. */
#include "sim_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t recipient_number(const char *address)
{
    while (*address < '0' || *address > '9')
        address++;
    return strtoul(address, NULL, 10);
}

/* What was handed over of the last try at this message: from its MAIL to the next one. */
static const char *last_try(const sim_session *now, const sim_message *message, const char **end)
{
    char mail[100] = "MAIL FROM:<";
    strcat(mail, message->from);
    strcat(mail, ">");
    const char *start = NULL;
    for (const char *at = now->handed.data; (at = strstr(at, mail)) != NULL; at++)
        start = at;
    *end = start ? strstr(start + 1, "MAIL FROM:<") : NULL;
    if (start && !*end)
        *end = now->handed.data + now->handed.len;
    return start;
}

/* Whether the last chunk behind `at` is whole; each chunk directly follows the one before it. */
static bool last_chunk_ends(const char *at, const char *end)
{
    for (;;) {
        const char *line_end = strstr(at, "\r\n");
        if (!line_end || line_end >= end)
            return false;
        char *rest;
        size_t count = strtoul(at + 5, &rest, 10);
        if ((size_t)(end - (line_end + 2)) < count)
            return false;
        if (strncmp(rest, " LAST", 5) == 0)
            return true;
        at = line_end + 2 + count;
    }
}

/* Whether what a transaction hands over between these places has the end of its message. */
static bool has_end(const sim_message *message, const char *start, const char *end)
{
    const char *chunk = strstr(start, "\r\nBDAT ");
    if (chunk && chunk < end)
        return last_chunk_ends(chunk + 2, end);
    const char *last = strstr(start, message->last);
    return last && last < end;
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        found++;
    return found;
}

/*
 * Of a message that goes in parts: the last transaction that the recipient was part of. Its end was
 * answered if there are as many answers as ends up to it: each carries the sender's name.
 */
static bool part_of(const sim_session *now, const sim_message *message, const char *to, bool *handed_over,
                    bool *answered)
{
    char mail[100], rcpt[100], answer[100];
    bool found = false;
    size_t ends = 0;
    snprintf(mail, sizeof mail, "MAIL FROM:<%s>", message->from);
    snprintf(rcpt, sizeof rcpt, "RCPT TO:<%s>", to);
    snprintf(answer, sizeof answer, "<%s>\r\n", message->from);
    const size_t answers = count(now->delivered.data, answer);
    *handed_over = *answered = false;
    for (const char *at = now->handed.data; (at = strstr(at, mail)) != NULL; at++) {
        const char *end = strstr(at + 1, "MAIL FROM:<"), *own = strstr(at, rcpt);
        if (!end)
            end = now->handed.data + now->handed.len;
        const bool whole = has_end(message, at, end);
        ends += whole;
        if (own && own < end) {
            found = true;
            *handed_over = whole;
            *answered = whole && answers >= ends;
        }
    }
    return found;
}

static bool was_handed_over(const sim_session *now, const sim_message *message, const char *to)
{
    bool handed_over, answered;
    if (now->scenario->splits)
        return part_of(now, message, to, &handed_over, &answered) && handed_over;
    const char *end, *start = last_try(now, message, &end);
    return start && has_end(message, start, end);
}

/* Whether the server's answer to the end of this message arrived in full. */
static bool was_answered(const sim_session *now, const sim_message *message, const char *to)
{
    char text[120];
    bool handed_over, answered;
    if (now->scenario->splits)
        return part_of(now, message, to, &handed_over, &answered) && answered;
    if (now->scenario->server.lmtp)
        snprintf(text, sizeof text, "<%s> %zu\r\n", message->from, recipient_number(to));
    else
        snprintf(text, sizeof text, "<%s>\r\n", message->from);
    return strstr(now->delivered.data, text) != NULL;
}

/* The end was handed over, and yet it is known that nothing was accepted. */
static bool was_disowned(const sim_session *now, size_t i, const char *to)
{
    const sim_server_options *options = &now->scenario->server;
    return (options->refuses_overlap && now->reasons[i] == WSMTP_REASON_OVERLAP_REFUSED) ||
           (options->lies_about_chunking && now->reasons[i] == WSMTP_REASON_CHUNKING_REFUSED) ||
           (now->scenario->splits && was_answered(now, &now->scenario->messages[i], to));
}

static void judge_message(sim_session *now, size_t i, sim_result *result)
{
    const sim_message *message = &now->scenario->messages[i];
    for (size_t j = 0; j < message->to_len; j++) {
        const wsmtp_recipient *recipient = &now->recipients[i][j];
        const size_t number = recipient_number(message->to[j]);
        const size_t times = sim_server_accepted(&now->server, message->from, number);
        const bool accepted = times > 0;
        if (times > 1)
            sim_violated(now, "a recipient was given the same message twice");
        switch (recipient->status) {
        case WSMTP_STATUS_ACCEPTED:
            result->accepted++;
            if (!accepted)
                sim_violated(now, "ACCEPTED, but the server never did");
            if (!now->corrupted && !was_answered(now, message, message->to[j]))
                sim_violated(now, "ACCEPTED without an answer");
            break;
        case WSMTP_STATUS_IN_DOUBT:
            result->in_doubt = true;
            if (!was_handed_over(now, message, message->to[j]))
                sim_violated(now, "IN_DOUBT, but the end of data was not handed over");
            if (!now->corrupted && was_answered(now, message, message->to[j]))
                sim_violated(now, "IN_DOUBT, but the answer had come");
            break;
        case WSMTP_STATUS_NOT_SENT:
            result->not_sent++;
            if (accepted)
                sim_violated(now, "NOT_SENT, but the server accepted it");
            if (was_handed_over(now, message, message->to[j]) && !was_disowned(now, i, message->to[j]))
                sim_violated(now, "NOT_SENT, but the end of data was handed over");
            break;
        case WSMTP_STATUS_DEFERRED:
        case WSMTP_STATUS_REFUSED:
            if (recipient->status == WSMTP_STATUS_DEFERRED)
                result->deferred++;
            else
                result->refused++;
            if (accepted)
                sim_violated(now, "refused, but the server accepted it");
            break;
        default:
            sim_violated(now, "a recipient without an outcome");
            break;
        }
    }
}

void sim_judge(sim_session *now, sim_result *result)
{
    if (now->failed + now->closed != 1)
        sim_violated(now, "not exactly one FAILED or CLOSED");
    if (now->server.broken && !now->corrupted)
        sim_violated(now, now->server.why);
    for (size_t i = 0; i < now->scenario->messages_len; i++) {
        if (now->submitted[i] && now->done[i] != 1)
            sim_violated(now, "a transaction without DONE");
        else if (now->submitted[i] && !now->merged)
            judge_message(now, i, result);
    }
    for (size_t i = 0; i < now->server.accepted_len && !now->corrupted; i++) {
        const sim_accepted *accepted = &now->server.accepted[i];
        bool found = false;
        for (size_t j = 0; j < now->scenario->messages_len; j++) {
            const sim_message *message = &now->scenario->messages[j];
            found = found || (strcmp(message->from, accepted->from) == 0 &&
                              strlen(message->arrives) == accepted->body_len &&
                              memcmp(message->arrives, accepted->body, accepted->body_len) == 0);
        }
        if (!found)
            sim_violated(now, "the server accepted something that was not sent that way");
    }
}
