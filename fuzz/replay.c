/* Runs a fuzz target over the files given, for compilers without a fuzzer. */
#include "require.h"

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        static uint8_t data[1 << 16];
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        uint8_t *copy = require_copy(data, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
    }
    printf("%d passed, 0 failed\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
