// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "schema/records.h"

// Case of remote.file that the use of a file or pipe is; NULL: it says nothing.
const char *share_file_kind(const struct record_smb_file *file);
