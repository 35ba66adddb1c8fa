#include "cmd/libedit.h"

#include <dlfcn.h>
#include <stddef.h>

/* Debian's name, and everybody else's. */
static const char *const names[] = {"libedit.so.2", "libedit.so.0"};

const struct libedit *libedit_load(struct fault *fault)
{
    static struct libedit lib;
    void *handle = NULL;

    for (size_t i = 0; !handle && i < sizeof(names) / sizeof(names[0]); i++)
        handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fault_set(fault, FAULT_LOCAL, "a prompt needs libedit: install the Debian package libedit2");
        return NULL;
    }
#define FIND(name)                                                                                                     \
    lib.name = (__typeof__(lib.name))dlsym(handle, #name);                                                             \
    if (!lib.name) {                                                                                                   \
        fault_set(fault, FAULT_LOCAL, "the libedit here is too old for a prompt: it has no " #name);                   \
        return NULL;                                                                                                   \
    }
    LIBEDIT_FUNCTIONS(FIND)
#undef FIND
    return &lib;
}
