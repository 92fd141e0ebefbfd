// SPDX-License-Identifier: Apache-2.0
// `yagura read --explain N|ID`: an entry of the list of findings, a finding or an incident, with
// all its words, the bytes that matched and the records.
#pragma once
#include "cmd/read_print.h"

// Whether it is a number from 1, or an id: 16 hexadecimal digits.
bool read_explain_is_one(const char *which);

// `events`: where the records stand, lines of EVE JSON. False: there is no such thing; told on
// standard error.
[[nodiscard]] bool read_explain(const struct printer *p, const char *which, FILE *events);

// ---- between read_explain.c and read_explain_incident.c

// The finding or incident of an id. False: there is none.
bool explain_finding(const struct printer *p, struct bytes id, FILE *events);
bool explain_incident(const struct printer *p, struct bytes id, FILE *events);

void explain_title(const struct printer *p, struct bytes title);
void explain_section(const struct printer *p, enum text_id id);
void explain_paragraph(const struct printer *p, enum text_id id, struct bytes words);
void explain_line(const char *label, struct bytes value);
void explain_list(
    const struct printer *p, enum text_id label, const struct bytes *values, size_t count);
