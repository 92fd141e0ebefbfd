// SPDX-License-Identifier: Apache-2.0
// What kind of file begins with these bytes: own table first, libmagic for the rest.
#pragma once
#include "file/file.h"

enum { KIND_HEAD_BYTES = 1024, KIND_TEXT_BYTES = 160 };

// Both slices are static, or live in `room`. False: not in the table; ask libmagic.
bool kind_find(
    struct bytes head, char room[KIND_TEXT_BYTES], struct bytes *magic, struct bytes *mime);
