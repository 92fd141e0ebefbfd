// SPDX-License-Identifier: Apache-2.0
// From hits to findings: what a detector saw becomes a statement about a host, in words for people.
// Hits that tell of the same thing (detector, rule, subject, peer) within a time are one finding.
#pragma once
#include "base/json.h"
#include "schema/config.h"
#include "schema/hit.h"
#include "schema/text.h"
