// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "schema/records.h"

// What a search in a directory is after, the name of a detector's case; NULL: nothing much.
const char *directory_kind(const struct record_ldap *ldap);
