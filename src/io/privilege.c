#include "io/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

bool privilege_check(struct fault *fault)
{
    if (capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW))
        return true;
    return fault_set(
        fault, FAULT_LOCAL,
        "no permission: this needs CAP_NET_RAW; grant it with "
        "`sudo setcap cap_net_raw=ep $(command -v tcpwalk)`, or use `tcpwalk lab ...`, which needs none");
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
