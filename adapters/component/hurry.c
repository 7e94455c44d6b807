/*
 * Of what wsmtp/client.h offers around a session, the one thing that a component has use for: to begin anew
 * if a server that is known from before has changed.
 */
#include "hurry.h"

static bool no(wsmtp_driver *d)
{
    (void)d;
    return false;
}

static void nothing(wsmtp_driver *d)
{
    (void)d;
}

static bool not_repeated(wsmtp_driver *d, const wsmtp_error *error)
{
    (void)d;
    (void)error;
    return false;
}

static bool as_they_are(wsmtp_driver *d, wsmtp_send_request *request, wsmtp_client_error *error)
{
    (void)d;
    (void)request;
    (void)error;
    return true;
}

const wsmtp_services wsmtp_component_hurry = {
    .begin = no,
    .ask = no,
    .late = nothing,
    .find_key = no,
    .logged_in = nothing,
    .refused = not_repeated,
    .end = nothing,
    .addresses = as_they_are,
    .send_early = no,
    .fall_back = wsmtp_driver_fall_back,
};
