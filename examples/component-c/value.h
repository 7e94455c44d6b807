/*
 * Values of the component model in wasmtime's C API: made for the parameters of a call, and looked
 * into where a call gave them. A value that was made belongs to whoever made it, until it becomes part
 * of another one; `wasmtime_component_val_delete` gives it back with all of its parts.
 */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wasmtime.h>

typedef wasmtime_component_val_t value;

/* A field of a record. */
typedef struct field {
    const char *name;
    value is;
} field;

value value_text(const char *text);
value value_enum(const char *word);
value value_bool(bool is);
value value_u16(uint16_t is);
value value_octets(const uint8_t *octets, size_t octets_len);
/* The caller fills in all of its elements. */
value value_list(size_t len);
value value_empty_list(void);
value value_no_flags(void);
value value_none(void);
value value_some(value payload);
/* `payload` may be NULL: a case that has none. */
value value_variant(const char *name, value *payload);
/* The fields in the order in which the interface has them. */
value value_record(const field *fields, size_t fields_len);

/* The field `name` of a record, which must have it. */
const value *value_field(const value *record, const char *name);
/* A copy of a string or of an enum's word, to be given to free(). */
char *value_word(const value *of);
/* What an option holds, or NULL. */
const value *value_payload(const value *option);

#endif
