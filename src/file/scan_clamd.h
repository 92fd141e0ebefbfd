// SPDX-License-Identifier: Apache-2.0
// Inside file/: a client of clamd, ClamAV's daemon (clamd(8): IDSESSION, INSTREAM). One a worker,
// which waits for the answer, but never long: a daemon that does not answer in time is left alone
// for a while, and files are counted as not scanned.
#pragma once
#include "file/scan.h"

struct clamd;

enum clamd_answer { CLAMD_CLEAN, CLAMD_FOUND, CLAMD_FAILED };

enum { CLAMD_NAME_BYTES = 256 };

// socket: a path, or host:port. NULL: out of memory.
[[nodiscard]] struct clamd *clamd_create(const char *socket, int64_t timeout_us, int64_t retry_us);
void clamd_destroy(struct clamd *clamd);

// name: of what was found, or why it failed.
enum clamd_answer clamd_scan(struct clamd *clamd, struct bytes data, char name[CLAMD_NAME_BYTES]);
