/* For sessions with a server that is known from before: wsmtp_settings.services. Private. */
#ifndef WSMTP_COMPONENT_HURRY_H
#define WSMTP_COMPONENT_HURRY_H

#include "driver.h"

extern const wsmtp_services wsmtp_component_hurry;

#endif
