/*
 * Memory of a command that runs once: without it there is nothing left to do, so these functions
 * end the program (EX_OSERR) rather than return NULL.
 */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stddef.h>

/* size bytes, zeroed. */
void *memory_get(size_t size);

/* Resizes; block may be NULL. New bytes are not zeroed. */
void *memory_resize(void *block, size_t size);

/* A NUL-terminated copy of text_len bytes. */
char *memory_text(const char *text, size_t text_len);

/* Texts that grow in number; each is owned by the list. */
typedef struct text_list {
    char **items;
    size_t len;
    size_t room;
} text_list;

void text_list_add(text_list *list, const char *text, size_t text_len);
void text_list_free(text_list *list);

#endif
