#include "core/claim.h"

#include <stddef.h>

const char *certainty_name(enum certainty certainty)
{
    static const char *const names[] = {[PROVEN] = "proven", [PRESUMED] = "presumed", [REFUTED] = "refuted"};

    return names[certainty];
}

const char *detail_name(enum detail detail)
{
    static const char *const names[] = {
        [DETAIL_NONE] = NULL, [DETAIL_IN_MEMORY] = "memory", [DETAIL_OWNED] = "owned", [DETAIL_ORPHANED] = "orphaned"};

    return names[detail];
}
