// SPDX-License-Identifier: Apache-2.0
// Names of kinds and markings.
#include "intel/store.h"

static const char *const kind_names[INTEL_KINDS] = {
#define KIND(constant, name, detector) name,
#include "intel/kind.def"
#undef KIND
};

const char *intel_kind_name(enum intel_kind kind)
{
    return kind_names[kind];
}

const char *intel_tlp_name(enum intel_tlp tlp)
{
    static const char *const names[] = {"", "clear", "green", "amber", "amber+strict", "red"};
    return names[tlp];
}
