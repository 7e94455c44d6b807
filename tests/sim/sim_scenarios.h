/* The sessions that are broken everywhere. */
#ifndef WSMTP_TESTS_SIM_SCENARIOS_H
#define WSMTP_TESTS_SIM_SCENARIOS_H

#include "sim_run.h"

/* NULL behind the last. */
const sim_scenario *sim_scenario_get(size_t i);

#endif
