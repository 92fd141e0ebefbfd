// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as a configuration file end in a configuration or in one line of
// text.
#include "fuzz.h"
#include "schema/config_key.h"
#include <assert.h>
#include <string.h>

void fuzz_config(const uint8_t *data, size_t size)
{
    struct config config;
    char error[512] = "";
    enum lang lang = size % 2 ? LANG_JA : LANG_EN;
    bool taken =
        config_read(&config, "fuzz.yaml", bytes_make(data, size), lang, error, sizeof error);
    assert(taken || strncmp(error, "fuzz.yaml:", 10) == 0);
    assert(!strchr(error, '\n'));
    config_finish(&config);
}
