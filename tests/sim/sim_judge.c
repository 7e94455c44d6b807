/* The invariants that hold for every session, however it ended. */
#include "sim_session.h"

#include <stdlib.h>
#include <string.h>

static size_t recipient_number(const char *address)
{
    while (*address < '0' || *address > '9')
        address++;
    return strtoul(address, NULL, 10);
}

static bool was_handed_over(const sim_session *now, const sim_message *message)
{
    return strstr(now->handed.data, message->last) != NULL;
}

/* Whether the server's answer to the end of this message arrived in full. */
static bool was_answered(const sim_session *now, const sim_message *message)
{
    char text[120] = "<";
    strcat(text, message->from);
    strcat(text, ">\r\n");
    return strstr(now->delivered.data, text) != NULL;
}

static void judge_message(sim_session *now, size_t i, sim_result *result)
{
    const sim_message *message = &now->scenario->messages[i];
    bool corrupted = now->corrupted;
    if (now->done[i] != 1) {
        sim_violated(now, "a transaction without DONE");
        return;
    }
    for (size_t j = 0; j < message->to_len; j++) {
        const wsmtp_recipient *recipient = &now->recipients[i][j];
        bool accepted =
            sim_server_accepted(&now->server, message->from, recipient_number(message->to[j]));
        switch (recipient->status) {
        case WSMTP_STATUS_ACCEPTED:
            result->accepted++;
            if (!accepted)
                sim_violated(now, "ACCEPTED, but the server never did");
            if (!corrupted && !was_answered(now, message))
                sim_violated(now, "ACCEPTED without an answer");
            break;
        case WSMTP_STATUS_IN_DOUBT:
            result->in_doubt = true;
            if (!was_handed_over(now, message))
                sim_violated(now, "IN_DOUBT, but the end of data was not handed over");
            if (!corrupted && was_answered(now, message))
                sim_violated(now, "IN_DOUBT, but the answer had come");
            break;
        case WSMTP_STATUS_NOT_SENT:
            result->not_sent++;
            if (accepted)
                sim_violated(now, "NOT_SENT, but the server accepted it");
            if (was_handed_over(now, message))
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
    for (size_t i = 0; i < now->scenario->messages_len; i++)
        if (now->submitted[i])
            judge_message(now, i, result);
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
