/* The config of wit/smtp.wit as settings of a session. Private. */
#ifndef WSMTP_COMPONENT_CONFIG_H
#define WSMTP_COMPONENT_CONFIG_H

#include "settings.h"
#include "smtp.h"

#define WSMTP_COMPONENT_HOST_MAX 255u

/* What a session needs of a config. Points into the config, which stays where it is. */
typedef struct wsmtp_component_settings {
    wsmtp_settings settings;
    char host[WSMTP_COMPONENT_HOST_MAX + 1];
} wsmtp_component_settings;

/* False with *error filled in if something in the config breaks a rule. */
bool wsmtp_component_settings_take(wsmtp_component_settings *settings,
                                   const wasm_smtp_smtp_types_config_t *config,
                                   wsmtp_client_error *error);

/* False, with *error filled in: something that was given needs what this build does not have. */
bool wsmtp_component_not_built(wsmtp_client_error *error, const char *option, const char *rule);

#endif
