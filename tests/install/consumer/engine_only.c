#include <stdio.h>
#include <string.h>
#include <wsmtp/engine.h>

/* Says EHLO to a greeting. */
int main(void)
{
    static wsmtp_engine engine;
    static uint8_t input[WSMTP_INPUT_MIN], output[WSMTP_OUTPUT_MIN];
    static const char greeting[] = "220 hello\r\n", ehlo[] = "EHLO client.example\r\n";
    wsmtp_config config;
    wsmtp_event event;
    size_t len, secret_at;
    wsmtp_config_init(&config);
    config.input = input;
    config.input_len = sizeof input;
    config.output = output;
    config.output_len = sizeof output;
    config.ehlo_name = "client.example";
    config.ehlo_name_len = strlen(config.ehlo_name);
    if (wsmtp_init(&engine, &config) != WSMTP_REASON_OK)
        return 1;
    memcpy(wsmtp_recv_buf(&engine, &len), greeting, sizeof greeting - 1);
    wsmtp_recv_ack(&engine, sizeof greeting - 1);
    if (!wsmtp_next_event(&engine, &event) || event.type != WSMTP_EVENT_GREETING)
        return 1;
    const uint8_t *bytes = wsmtp_send_buf(&engine, &len, &secret_at);
    return len == sizeof ehlo - 1 && memcmp(bytes, ehlo, len) == 0 ? 0 : 1;
}
