// SPDX-License-Identifier: Apache-2.0
// The key log and private keys that `yagura read` is given.
#pragma once
#include "cmd/cmd.h"
#include "proto/proto.h"

// *out: NULL when none are given. Anything but CMD_DONE was told on standard error.
enum cmd_exit read_secrets(const char *key_log, const char *const *private_keys, size_t count,
    bool log_json, enum lang lang, struct tls_secrets **out);
