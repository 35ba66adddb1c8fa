#include "io/permit.h"

#include "io/privilege.h"

bool permit_fault(struct fault *fault, const char *what)
{
    if (!privilege_check(fault))
        return false;
    return fault_set(
        fault, FAULT_LOCAL,
        "%s: not permitted, although CAP_NET_RAW is held: does this network namespace belong to another "
        "user namespace?",
        what);
}
