// SPDX-License-Identifier: Apache-2.0
// A fuzz target puts one input through what it fuzzes and asserts what must hold for any bytes.
#pragma once
#include "proto/proto.h"

#define TARGET(name, function) void fuzz_##function(const uint8_t *data, size_t size);
#include "fuzz.def"
#undef TARGET

// Any line of proto.def; which one is told before the first input.
void fuzz_proto(const uint8_t *data, size_t size);
extern const struct proto *fuzz_proto_under_test;
