// SPDX-License-Identifier: Apache-2.0
// What is a program: by the first bytes of a file, by names, by what servers call it.
#pragma once
#include "schema/records.h"

extern const char *const program_extensions[]; // up to NULL

// What stands behind the last dot of a name or of an address's path; empty: nothing.
struct bytes program_extension(struct bytes name);

// Letters' case does not matter; the list ends with NULL.
bool program_is_in(const char *const *list, struct bytes word);

bool program_is_file(const struct record_fileinfo *file);

// A program by its type as the server names it, or by its name.
bool program_is_given(const struct record_http *http);
