#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"

static void *checked(void *block)
{
    if (!block) {
        fputs("wasm-smtp: out of memory\n", stderr);
        exit(EXIT_SYSTEM);
    }
    return block;
}

void *memory_get(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *memory_resize(void *block, size_t size)
{
    return checked(realloc(block, size ? size : 1));
}

char *memory_text(const char *text, size_t text_len)
{
    char *copy = memory_get(text_len + 1);
    if (text_len)
        memcpy(copy, text, text_len);
    return copy;
}

void text_list_add(text_list *list, const char *text, size_t text_len)
{
    if (list->len == list->room) {
        list->room = list->room ? list->room * 2 : 16;
        list->items = memory_resize(list->items, list->room * sizeof *list->items);
    }
    list->items[list->len++] = memory_text(text, text_len);
}

void text_list_free(text_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        free(list->items[i]);
    free(list->items);
    *list = (text_list){0};
}
