/*
 * The C library's heap, for components: smaller than the usual one, and every block is wiped when it
 * is given back, so that credentials do not outlive the call that brought them. Free blocks are kept
 * in the order of their addresses, joined where they touch; the first that is large enough is taken.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 65536u
#define ALIGNMENT 16u
#define SMALLEST 32u /* a block that is split off is at least so large, its head included */

typedef struct block {
    size_t size;        /* head included, a multiple of ALIGNMENT */
    struct block *next; /* of a free block */
    uint8_t fill[ALIGNMENT - sizeof(size_t) - sizeof(struct block *)];
} block;

_Static_assert(sizeof(block) == ALIGNMENT, "a block's head keeps the alignment");

extern unsigned char __heap_base;
static block *first;
static int grown;

/* Puts a block into the list, and joins it with its neighbours. */
static void put(block *b)
{
    block **at = &first;
    block *before = NULL;
    while (*at && *at < b) {
        before = *at;
        at = &before->next;
    }
    b->next = *at;
    *at = b;
    if (b->next && (char *)b + b->size == (char *)b->next) {
        b->size += b->next->size;
        b->next = b->next->next;
    }
    if (before && (char *)before + before->size == (char *)b) {
        before->size += b->size;
        before->next = b->next;
    }
}

/* Asks for memory: the first time for what the module came with. */
static int grow(size_t size)
{
    uintptr_t at = ((uintptr_t)&__heap_base + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    uintptr_t end = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    if (grown || end - at < SMALLEST) {
        size_t pages = size / PAGE + 1;
        size_t before = __builtin_wasm_memory_grow(0, pages);
        if (before == SIZE_MAX)
            return 0;
        at = before * PAGE;
        end = at + pages * PAGE;
    }
    grown = 1;
    block *b = (block *)at;
    b->size = end - at;
    put(b);
    return 1;
}

static block *take(size_t size)
{
    for (block **at = &first; *at; at = &(*at)->next) {
        block *b = *at;
        if (b->size < size)
            continue;
        if (b->size - size < SMALLEST) {
            *at = b->next;
            return b;
        }
        block *rest = (block *)((char *)b + size);
        rest->size = b->size - size;
        rest->next = b->next;
        *at = rest;
        b->size = size;
        return b;
    }
    return NULL;
}

void *malloc(size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + sizeof(block) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    block *b;
    while (!(b = take(size)))
        if (!grow(size))
            return NULL;
    return b + 1;
}

void free(void *memory)
{
    if (!memory)
        return;
    block *b = (block *)memory - 1;
    memset(memory, 0, b->size - sizeof *b);
    put(b);
}

void *calloc(size_t count, size_t size)
{
    size_t n;
    void *memory = __builtin_mul_overflow(count, size, &n) ? NULL : malloc(n);
    if (memory)
        memset(memory, 0, n);
    return memory;
}

void *realloc(void *memory, size_t size)
{
    size_t room = memory ? ((block *)memory)[-1].size - sizeof(block) : 0;
    if (memory && size <= room)
        return memory;
    void *larger = malloc(size);
    if (larger && memory) {
        memcpy(larger, memory, room);
        free(memory);
    }
    return larger;
}

/* For the host, which puts what it passes into this memory. No memory is as much as a trap. */
__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *memory, size_t old_size, size_t alignment, size_t size);

void *cabi_realloc(void *memory, size_t old_size, size_t alignment, size_t size)
{
    (void)old_size;
    if (size == 0)
        return (void *)alignment;
    void *larger = realloc(memory, size);
    if (!larger)
        abort();
    return larger;
}
