#include "core/claim.h"

const char *certainty_name(enum certainty certainty)
{
    static const char *const names[] = {[PROVEN] = "proven", [PRESUMED] = "presumed", [REFUTED] = "refuted"};

    return names[certainty];
}
