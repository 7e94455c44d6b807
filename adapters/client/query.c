/* Commands of an idle session with an argument of the caller's. */
#include "driver.h"

static wsmtp_reason ask(wsmtp_engine *engine, const wsmtp_request *request)
{
    switch (request->step) {
    case WSMTP_STEP_VRFY: return wsmtp_vrfy(engine, request->argument, request->argument_len);
    case WSMTP_STEP_EXPN: return wsmtp_expn(engine, request->argument, request->argument_len);
    default: return wsmtp_help(engine, request->argument, request->argument_len);
    }
}

void wsmtp_driver_query(wsmtp_driver *d, wsmtp_request *request, wsmtp_step step,
                        const char *argument, size_t argument_len)
{
    wsmtp_driver_request(d, request, WSMTP_REQUEST_QUERY);
    request->start = ask;
    request->step = step;
    request->argument = argument;
    request->argument_len = argument_len;
}

static wsmtp_reason introduce(wsmtp_engine *engine, const wsmtp_request *request)
{
    return wsmtp_xclient(engine, request->attributes, request->attributes_len);
}

void wsmtp_driver_xclient(wsmtp_driver *d, wsmtp_request *request, const wsmtp_parameter *attributes,
                          size_t attributes_len)
{
    wsmtp_driver_request(d, request, WSMTP_REQUEST_QUERY);
    request->start = introduce;
    request->step = WSMTP_STEP_XCLIENT;
    request->attributes = attributes;
    request->attributes_len = attributes_len;
}
