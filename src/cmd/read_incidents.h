// SPDX-License-Identifier: Apache-2.0
// What `yagura read` ends with: how it stands with each segment, and the incidents.
#pragma once
#include "cmd/read_print.h"

void read_incidents_print(const struct printer *p);
