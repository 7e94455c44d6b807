#include "value.h"

#include <stdlib.h>
#include <string.h>

value value_text(const char *text)
{
    value v = {.kind = WASMTIME_COMPONENT_STRING};
    wasm_name_new_from_string(&v.of.string, text);
    return v;
}

value value_enum(const char *word)
{
    value v = {.kind = WASMTIME_COMPONENT_ENUM};
    wasm_name_new_from_string(&v.of.enumeration, word);
    return v;
}

value value_bool(bool is)
{
    return (value){.kind = WASMTIME_COMPONENT_BOOL, .of = {.boolean = is}};
}

value value_u16(uint16_t is)
{
    return (value){.kind = WASMTIME_COMPONENT_U16, .of = {.u16 = is}};
}

value value_octets(const uint8_t *octets, size_t octets_len)
{
    value v = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new_uninit(&v.of.list, octets_len);
    for (size_t i = 0; i < octets_len; i++)
        v.of.list.data[i] = (value){.kind = WASMTIME_COMPONENT_U8, .of = {.u8 = octets[i]}};
    return v;
}

value value_list(size_t len)
{
    value v = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new_uninit(&v.of.list, len);
    return v;
}

value value_empty_list(void)
{
    value v = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new_empty(&v.of.list);
    return v;
}

value value_no_flags(void)
{
    value v = {.kind = WASMTIME_COMPONENT_FLAGS};
    wasmtime_component_valflags_new_empty(&v.of.flags);
    return v;
}

value value_none(void)
{
    return (value){.kind = WASMTIME_COMPONENT_OPTION, .of = {.option = NULL}};
}

value value_some(value payload)
{
    value v = {.kind = WASMTIME_COMPONENT_OPTION};
    v.of.option = wasmtime_component_val_new(&payload);
    return v;
}

value value_variant(const char *name, value *payload)
{
    value v = {.kind = WASMTIME_COMPONENT_VARIANT};
    wasm_name_new_from_string(&v.of.variant.discriminant, name);
    v.of.variant.val = payload ? wasmtime_component_val_new(payload) : NULL;
    return v;
}

value value_record(const field *fields, size_t fields_len)
{
    value v = {.kind = WASMTIME_COMPONENT_RECORD};
    wasmtime_component_valrecord_new_uninit(&v.of.record, fields_len);
    for (size_t i = 0; i < fields_len; i++) {
        wasm_name_new_from_string(&v.of.record.data[i].name, fields[i].name);
        v.of.record.data[i].val = fields[i].is;
    }
    return v;
}

const value *value_field(const value *record, const char *name)
{
    for (size_t i = 0; i < record->of.record.size; i++) {
        const wasmtime_component_valrecord_entry_t *entry = &record->of.record.data[i];
        if (entry->name.size == strlen(name) && memcmp(entry->name.data, name, entry->name.size) == 0)
            return &entry->val;
    }
    abort();
}

char *value_word(const value *of)
{
    const wasm_name_t *name =
        of->kind == WASMTIME_COMPONENT_ENUM ? &of->of.enumeration : &of->of.string;
    char *word = malloc(name->size + 1);
    if (!word)
        abort();
    memcpy(word, name->data, name->size);
    word[name->size] = '\0';
    return word;
}

const value *value_payload(const value *option)
{
    return option->of.option;
}
