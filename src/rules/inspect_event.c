// SPDX-License-Identifier: Apache-2.0
// Names of events in rules against our anomalies: most are spelt alike, the rest stand in a table.
#include "rules/inspect.h"

bool rule_event_is(struct bytes name, enum anomaly anomaly)
{
    struct bytes ours = bytes_from_text(anomaly_name(anomaly));
    if (bytes_equal(name, ours))
        return true;
    if (ours.len > name.len && bytes_equal(bytes_from(ours, ours.len - name.len), name) &&
        ours.data[ours.len - name.len - 1] == '.') // stream-event:overlap_different
        return true;
    for (const struct rule_event_name *e = rule_event_names; e->name; e++)
        if (e->anomaly == anomaly && bytes_equal(name, bytes_from_text(e->name)))
            return true;
    return false;
}

bool rule_event_known(struct bytes name)
{
    for (unsigned anomaly = ANOMALY_NONE + 1; anomaly < ANOMALIES; anomaly++)
        if (rule_event_is(name, (enum anomaly)anomaly))
            return true;
    return false;
}
