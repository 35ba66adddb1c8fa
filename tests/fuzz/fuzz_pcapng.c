/* libFuzzer's way into io/pcapng.c: the input is what follows the first four bytes of a file. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long sum_of(const void *bytes, size_t length)
{
    unsigned long sum = 0;

    for (size_t i = 0; i < length; i++)
        sum += ((const uint8_t *)bytes)[i];
    return sum;
}

/* What is known of the last packet beside its bytes. */
static unsigned long read_about(struct pcapng *pcapng)
{
    struct capture_interface interface;
    const char *text;
    size_t length;
    unsigned long sum = 0;

    for (unsigned i = 0; i <= pcapng_packet_interface(pcapng); i++) {
        pcapng_interface(pcapng, i, &interface);
        sum += interface.name ? sum_of(interface.name, strlen(interface.name)) : 0;
    }
    while (pcapng_comment(pcapng, &text, &length))
        sum += sum_of(text, length);
    return sum;
}

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
        sum += sum_of(captured.bytes, captured.captured) + read_about(pcapng);
    }
    pcapng_close(pcapng);
    if (stream)
        fclose(stream);
    return sum == ULONG_MAX; /* never: but the bytes are read */
}
