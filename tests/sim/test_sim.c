/*
 * Breaks whole sessions at every octet, in both directions, in every way, and checks that each
 * recipient of each message has exactly one outcome, and the right one.
 */
#include <stdio.h>
#include <string.h>

#include "sim_scenarios.h"

static unsigned long runs, violations, doubts;

static void judge(const sim_scenario *scenario, sim_fault fault, sim_direction direction, size_t at,
                  sim_result result)
{
    runs++;
    doubts += result.in_doubt;
    if (!result.violation)
        return;
    if (++violations <= 20)
        printf("FAIL %s, %s %s at octet %zu, closing at reply %u: %s\n", scenario->name,
               sim_fault_name(fault),
               direction == SIM_TO_SERVER ? "to the server" : "to the client", at,
               scenario->server.closing_at, result.violation);
}

static void expect(const sim_scenario *scenario, const char *what, size_t expected, size_t came)
{
    if (expected == came)
        return;
    violations++;
    printf("FAIL %s, without a fault: %s: expected %zu, came %zu\n", scenario->name, what, expected,
           came);
}

static sim_result undisturbed(const sim_scenario *scenario)
{
    sim_result result = sim_run(scenario, SIM_NO_FAULT, SIM_TO_SERVER, 0);
    judge(scenario, SIM_NO_FAULT, SIM_TO_SERVER, 0, result);
    return result;
}

static void break_everywhere(const sim_scenario *scenario)
{
    sim_result whole = undisturbed(scenario);
    const size_t stride = scenario->stride ? scenario->stride : 1;
    expect(scenario, "accepted", scenario->expected.accepted, whole.accepted);
    expect(scenario, "refused", scenario->expected.refused, whole.refused);
    expect(scenario, "deferred", scenario->expected.deferred, whole.deferred);
    expect(scenario, "not sent", scenario->expected.not_sent, whole.not_sent);
    for (int fault = SIM_RESET; fault < SIM_FAULTS; fault++) {
        for (size_t at = 0; at <= whole.to_server && fault != SIM_CORRUPT; at += stride)
            judge(scenario, (sim_fault)fault, SIM_TO_SERVER, at,
                  sim_run(scenario, (sim_fault)fault, SIM_TO_SERVER, at));
        for (size_t at = 0; at <= whole.to_client && fault != SIM_BLOCK; at += stride)
            judge(scenario, (sim_fault)fault, SIM_TO_CLIENT, at,
                  sim_run(scenario, (sim_fault)fault, SIM_TO_CLIENT, at));
    }
    for (unsigned closing_at = 1; closing_at <= whole.replies; closing_at++) {
        sim_scenario closing = *scenario;
        closing.server.closing_at = closing_at;
        undisturbed(&closing);
    }
}

/* A thousand recipients through small buffers, to a server that reads no further while its replies
 * are not read: nothing may wait for ever. */
static void many_recipients(bool pipelining, size_t link_room, size_t size)
{
    enum { COUNT = 1000 };
    static char texts[COUNT][32];
    static const char *to[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "%s%u@example.com", i % 10 == 3   ? "bad"
                                                              : i % 10 == 7 ? "grey"
                                                                            : "r", i);
        to[i] = texts[i];
    }
    const sim_message message = {"m0@example.org", to, COUNT, "x\r\nend-0\r\n", "x\r\nend-0\r\n",
                                 "end-0\r\n.\r\n", 0};
    sim_scenario scenario = {.name = "a thousand recipients", .server = {.pipelining = pipelining},
                             .messages = &message, .messages_len = 1, .buffer = WSMTP_OUTPUT_MIN,
                             .link_room = link_room, .write_size = size, .read_size = size};
    sim_result whole = undisturbed(&scenario);
    expect(&scenario, "accepted", 800, whole.accepted);
    expect(&scenario, "refused", 100, whole.refused);
    expect(&scenario, "deferred", 100, whole.deferred);
    for (size_t at = 0; at <= whole.to_server; at += 997)
        judge(&scenario, SIM_STALL, SIM_TO_SERVER, at,
              sim_run(&scenario, SIM_STALL, SIM_TO_SERVER, at));
    for (size_t at = 0; at <= whole.to_client; at += 997)
        judge(&scenario, SIM_RESET, SIM_TO_CLIENT, at,
              sim_run(&scenario, SIM_RESET, SIM_TO_CLIENT, at));
}

int main(void)
{
    for (size_t i = 0; sim_scenario_get(i); i++)
        break_everywhere(sim_scenario_get(i));
    many_recipients(true, 0, 0);
    many_recipients(true, 256, 0);
    many_recipients(true, 100, 37);
    many_recipients(false, 256, 100);
    if (!doubts) {
        violations++;
        printf("FAIL no fault left a delivery in doubt: the faults do not reach the end of data\n");
    }
    printf("%lu sessions, %lu of them with a delivery in doubt\n", runs, doubts);
    printf("%lu passed, %lu failed\n", runs > violations ? runs - violations : 0, violations);
    return violations != 0;
}
