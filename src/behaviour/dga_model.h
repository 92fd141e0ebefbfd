// SPDX-License-Identifier: Apache-2.0
// Is a name made by an algorithm? Told by its letters alone, as tools/dgatrain.py learnt it.
#pragma once
#include "base/bytes.h"

enum { DGA_BITS = 14 };

extern const double dga_limit; // content/dga/model.yaml
extern const int8_t dga_weights[1 << DGA_BITS];

// Above 0: it is made up, the more so the higher. label: what its owner chose, lower case; top:
// the top-level domain.
double dga_score(struct bytes label, struct bytes top);
