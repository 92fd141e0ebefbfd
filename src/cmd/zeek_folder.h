// SPDX-License-Identifier: Apache-2.0
// DIR/conn.log, dns.log…: Zeek's logs as output, each begun with its first line and, like
// events.jsonl, put in its place when all of them are whole.
#pragma once
#include "cmd/read_output.h"

struct zeek_folder;

// NULL: out of memory, or the path is too long.
[[nodiscard]] struct zeek_folder *zeek_folder_open(const char *folder);

// Lines as zeek_write() makes them. Returns errno, 0 when all went well.
[[nodiscard]] int zeek_folder_write(struct zeek_folder *folder, const char *data, size_t len);

// Ends the logs and frees the folder. Returns errno of the first that could not be written.
[[nodiscard]] int zeek_folder_close(struct zeek_folder *folder, enum events_fate fate);
