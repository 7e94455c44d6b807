#include "mailer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

#define INTERFACE "wasm-smtp:smtp/smtp-send@1.0.0"
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct mailer {
    wasm_engine_t *engine;
    wasmtime_store_t *store;
    wasmtime_component_t *component;
    wasmtime_component_func_t send;
};

static char *copy(const char *text, size_t len)
{
    char *to = malloc(len + 1);
    if (!to)
        abort();
    memcpy(to, text, len);
    to[len] = '\0';
    return to;
}

/* The text of an error of wasmtime, which is given back. */
static char *explain(wasmtime_error_t *error)
{
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    char *text = copy(message.data, message.size);
    wasm_name_delete(&message);
    wasmtime_error_delete(error);
    return text;
}

static bool read_file(const char *path, wasm_byte_vec_t *to)
{
    FILE *file = fopen(path, "rb");
    long size;
    if (!file)
        return false;
    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        fclose(file);
        return false;
    }
    rewind(file);
    wasm_byte_vec_new_uninitialized(to, (size_t)size);
    bool whole = fread(to->data, 1, to->size, file) == to->size;
    if (!whole)
        wasm_byte_vec_delete(to);
    fclose(file);
    return whole;
}

/* The host's side: TCP connections and names, and nothing else. */
static wasmtime_error_t *grant(mailer *m)
{
    wasi_config_t *wasi = wasi_config_new();
    wasi_config_inherit_network(wasi);
    wasi_config_allow_ip_name_lookup(wasi, true);
    return wasmtime_context_set_wasi(wasmtime_store_context(m->store), wasi);
}

static wasmtime_error_t *instantiate(mailer *m, wasmtime_component_instance_t *instance)
{
    wasmtime_component_linker_t *linker = wasmtime_component_linker_new(m->engine);
    wasmtime_error_t *error = wasmtime_component_linker_add_wasip2(linker);
    if (!error)
        error = wasmtime_component_linker_instantiate(linker, wasmtime_store_context(m->store),
                                                      m->component, instance);
    wasmtime_component_linker_delete(linker);
    return error;
}

static bool find_send(mailer *m, const wasmtime_component_instance_t *instance)
{
    wasmtime_context_t *context = wasmtime_store_context(m->store);
    wasmtime_component_export_index_t *name = NULL, *interface =
        wasmtime_component_instance_get_export_index(instance, context, NULL, INTERFACE,
                                                     strlen(INTERFACE));
    if (interface)
        name = wasmtime_component_instance_get_export_index(instance, context, interface, "send", 4);
    bool found = name && wasmtime_component_instance_get_func(instance, context, name, &m->send);
    if (name)
        wasmtime_component_export_index_delete(name);
    if (interface)
        wasmtime_component_export_index_delete(interface);
    return found;
}

mailer *mailer_new(const char *path, char **why)
{
    static const char unreadable[] = "the component cannot be read";
    static const char other[] = "the component does not export " INTERFACE;
    wasm_byte_vec_t octets;
    wasmtime_component_instance_t instance;
    mailer *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    if (!read_file(path, &octets)) {
        *why = copy(unreadable, strlen(unreadable));
        free(m);
        return NULL;
    }
    m->engine = wasm_engine_new();
    m->store = wasmtime_store_new(m->engine, NULL, NULL);
    wasmtime_error_t *error =
        wasmtime_component_new(m->engine, (const uint8_t *)octets.data, octets.size, &m->component);
    wasm_byte_vec_delete(&octets);
    if (!error)
        error = grant(m);
    if (!error)
        error = instantiate(m, &instance);
    if (!error && find_send(m, &instance))
        return m;
    *why = error ? explain(error) : copy(other, strlen(other));
    mailer_free(m);
    return NULL;
}

void mailer_free(mailer *m)
{
    if (!m)
        return;
    if (m->component)
        wasmtime_component_delete(m->component);
    wasmtime_store_delete(m->store);
    wasm_engine_delete(m->engine);
    free(m);
}

/* ---- what is passed */

static value config_of(const mail_server *server)
{
    value authorities = value_octets((const uint8_t *)server->authorities, server->authorities_len);
    bool own = server->authorities != NULL;
    value trust = value_variant(own ? "custom" : "bundled", own ? &authorities : NULL);
    const field fields[] = {
        {"host", value_text(server->host)},
        {"port", server->port ? value_some(value_u16(server->port)) : value_none()},
        {"tls", value_enum(server->tls)},
        {"trust", trust},
        {"ehlo-name", value_none()},
        {"time-limits", value_empty_list()},
        {"protocol", value_enum("smtp")},
        {"options", value_no_flags()},
        {"eager-octets", value_none()},
    };
    if (!own)
        wasmtime_component_val_delete(&authorities);
    return value_record(fields, COUNT(fields));
}

static value credentials_of(const mail_server *server)
{
    if (!server->user)
        return value_variant("none", NULL);
    const field fields[] = {
        {"user", value_text(server->user)},
        {"password", value_text(server->password ? server->password : "")},
        {"mechanism", value_enum("automatic")},
        {"allow-plaintext", value_bool(false)},
    };
    value login = value_record(fields, COUNT(fields));
    return value_variant("password", &login);
}

/* Credentials are forgotten before their memory is given back. */
static void forget_credentials(value *credentials)
{
    value *login = credentials->of.variant.val;
    for (size_t i = 0; login && i < login->of.record.size; i++) {
        value *each = &login->of.record.data[i].val;
        if (each->kind == WASMTIME_COMPONENT_STRING)
            explicit_bzero(each->of.string.data, each->of.string.size);
    }
    wasmtime_component_val_delete(credentials);
}

static value recipient_of(const char *address)
{
    const field fields[] = {
        {"address", value_text(address)},
        {"notify", value_none()},
        {"original-recipient", value_none()},
    };
    return value_record(fields, COUNT(fields));
}

static value message_of(const mail *message)
{
    value recipients = value_list(message->recipients_len);
    for (size_t i = 0; i < message->recipients_len; i++)
        recipients.of.list.data[i] = recipient_of(message->recipients[i]);
    const field envelope[] = {
        {"sender", value_text(message->sender)},
        {"recipients", recipients},
        {"options", value_no_flags()},
        {"parameters", value_empty_list()},
        {"optional", value_no_flags()},
    };
    const field fields[] = {
        {"envelope", value_record(envelope, COUNT(envelope))},
        {"content", value_octets(message->content, message->content_len)},
    };
    return value_record(fields, COUNT(fields));
}

/* ---- what comes back */

static void take_recipients(mail_result *result, const value *list)
{
    result->recipients_len = list->of.list.size;
    result->recipients = calloc(result->recipients_len + 1, sizeof *result->recipients);
    if (!result->recipients)
        abort();
    for (size_t i = 0; i < result->recipients_len; i++) {
        const value *from = &list->of.list.data[i];
        const value *reply = value_payload(value_field(from, "reply"));
        mail_recipient *to = &result->recipients[i];
        to->address = value_word(value_field(from, "address"));
        to->status = value_word(value_field(from, "status"));
        to->code = reply ? value_field(reply, "code")->of.u16 : 0;
        to->text = reply ? value_word(value_field(reply, "text")) : copy("", 0);
    }
}

static void take_result(mail_result *result, const value *returned)
{
    const value *record = returned->of.result.val;
    result->sent = returned->of.result.is_ok;
    take_recipients(result, value_field(record, "recipients"));
    if (result->sent) {
        const value *id = value_payload(value_field(record, "queue-id"));
        result->queue_id = id ? value_word(id) : NULL;
        return;
    }
    result->message = value_word(value_field(record, "message"));
    result->kind = value_word(value_field(record, "kind"));
    result->retryable = value_field(record, "retryable")->of.boolean;
    result->in_doubt = value_field(record, "in-doubt")->of.boolean;
}

void mailer_send(mailer *m, const mail_server *server, const mail *message, mail_result *result)
{
    value arguments[] = {config_of(server), credentials_of(server), message_of(message)};
    value returned = {.kind = WASMTIME_COMPONENT_BOOL};
    wasmtime_context_t *context = wasmtime_store_context(m->store);
    memset(result, 0, sizeof *result);
    wasmtime_error_t *error =
        wasmtime_component_func_call(&m->send, context, arguments, COUNT(arguments), &returned, 1);
    if (!error) {
        take_result(result, &returned);
        wasmtime_component_val_delete(&returned);
    } else {
        result->message = explain(error);
        result->kind = copy("fault", strlen("fault"));
        result->in_doubt = true; /* nobody knows how far it came */
    }
    wasmtime_component_val_delete(&arguments[0]);
    forget_credentials(&arguments[1]);
    wasmtime_component_val_delete(&arguments[2]);
}

void mail_result_free(mail_result *result)
{
    for (size_t i = 0; i < result->recipients_len; i++) {
        free(result->recipients[i].address);
        free(result->recipients[i].status);
        free(result->recipients[i].text);
    }
    free(result->recipients);
    free(result->message);
    free(result->kind);
    free(result->queue_id);
    memset(result, 0, sizeof *result);
}
