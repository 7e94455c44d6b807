/* The C side: the mailer of the example in C. cgo compiles what is in this folder only. */
#include "../component-c/mailer.c"
#include "../component-c/value.c"
