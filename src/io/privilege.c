#include "io/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

bool privilege_check(struct fault *fault)
{
    if (capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW))
        return true;
    char self[128];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    self[length > 0 ? length : 0] = '\0';
    return fault_set(fault, FAULT_LOCAL,
                     "no permission: this needs CAP_NET_RAW (sudo setcap cap_net_raw=ep %s); tcpwalk lab needs none",
                     self[0] ? self : "PROGRAM");
}

bool privilege_drop(struct fault *fault)
{
    /* Without this, root would be handed all capabilities again with the next execve. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fault_set(fault, FAULT_LOCAL, "privileges can't be renounced: %s", strerror(errno));
    /* Emptying the permitted set empties the ambient set with it; the bounding set would need CAP_SETPCAP. */
    capng_clear(CAPNG_SELECT_CAPS);
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return fault_set(fault, FAULT_LOCAL, "privileges can't be dropped: %s", strerror(errno));
    return true;
}

bool privilege_fault(struct fault *fault, const char *what)
{
    if (!privilege_check(fault))
        return false;
    return fault_set(fault, FAULT_LOCAL,
                     "%s: not permitted, although CAP_NET_RAW is held: does this network namespace belong to another "
                     "user namespace?",
                     what);
}
