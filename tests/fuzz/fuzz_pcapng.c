/* libFuzzer's way into io/pcapng.c: the input is what follows the first four bytes of a file. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *stream = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    struct pcapng *pcapng = stream ? pcapng_open(stream) : NULL;
    struct captured captured;
    struct fault fault = {0};
    unsigned long sum = 0;
    int link_type;

    while (pcapng && pcapng_next(pcapng, &captured, &link_type, &fault) == CAPTURE_PACKET) {
        if (captured.at < 0)
            abort();
        for (uint32_t i = 0; i < captured.captured; i++)
            sum += captured.bytes[i];
    }
    pcapng_close(pcapng);
    if (stream)
        fclose(stream);
    return sum == ULONG_MAX; /* never: but the bytes are read */
}
