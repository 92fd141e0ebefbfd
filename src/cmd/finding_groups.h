// SPDX-License-Identifier: Apache-2.0
// Findings of one rule of one detector as one entry of a list, in the order worst first.
#pragma once
#include "base/map.h"
#include "detect/detect.h"

enum { GROUP_HOSTS = 2, GROUP_TITLE = 512, GROUP_WORD = 32 };

struct finding_group {
    char title[2][GROUP_TITLE]; // by enum lang
    char phase[2][GROUP_WORD * 3];
    char severity[GROUP_WORD];
    char hosts[GROUP_HOSTS][ADDR_TEXT_BYTES + 64]; // the first ones
    uint8_t certainty;
    uint64_t hosts_count, findings, count;
    int64_t first_us, last_us;
};

struct finding_groups {
    struct finding_group *list;
    size_t count, room;
    uint64_t refused; // findings of groups beyond the limit
    struct map index; // detector and rule → size_t
    struct map hosts; // group and subject
};

// False: out of memory. Given back with finding_groups_finish() in either case.
[[nodiscard]] bool finding_groups_make(struct finding_groups *groups, struct findings *findings);
void finding_groups_finish(struct finding_groups *groups);

// The group a finding is in; SIZE_MAX: none.
size_t finding_group_of(struct finding_groups *groups, const struct finding *finding);

// Address or name of the subject or peer, with a zero byte; "" when there is neither.
void finding_entity_text(const struct finding_entity *entity, char *out, size_t room);
