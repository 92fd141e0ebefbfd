// SPDX-License-Identifier: Apache-2.0
// What readers of texts share.
#pragma once
#include "capture/capture.h"
#include "intel/internal.h"

// What a digest is in a file of this name: MD5 in "ja3.txt" are JA3, SHA-1 in "ssl.csv" are of
// certificates.
enum intel_kind kind_hinted(struct bytes file_name, enum intel_kind kind);

// True when reading ended before the file did; it is told.
bool reader_trouble(struct intel_builder *b, struct lines *lines);
// JSON in which objects are rows: lists of them, one a line, or lists of values. False: it is told.
[[nodiscard]] bool read_json_rows(struct intel_builder *b, const struct intel_file *file);

void reader_long_line(struct intel_builder *b, uint64_t line, struct bytes text);
