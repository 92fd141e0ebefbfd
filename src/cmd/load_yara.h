// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cmd/detection.h"
#include "file/file.h"

// Loads what the command line and the configuration name. CMD_USAGE: nothing could be loaded; told.
// *out NULL beside CMD_DONE: nothing was named.
[[nodiscard]] enum cmd_exit load_yara(const struct detection_paths *paths,
    const struct config *config, struct voice voice, struct file_rules **out,
    struct detection_loaded *loaded);
