// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as a list, a CSV or a warning list end in values and reasons, and
// values of any bytes are looked up. The first byte says what the rest is.
#include "fuzz.h"
#include "intel/find.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 128, MESSAGE_BYTES = 2000 };

static const char *const names[] = {"list.txt", "feed.csv", "warning.json", "ja3.csv"};
enum { NAMES = sizeof names / sizeof *names };

static const char *fuzz_folder(void)
{
    static char folder[] = "/tmp/yagura-fuzz-XXXXXX";
    static bool made;
    if (!made && !mkdtemp(folder))
        abort();
    made = true;
    return folder;
}

static void file_write(const char *path, struct bytes content)
{
    FILE *f = fopen(path, "w");
    if (!f)
        abort();
    fwrite(content.data, 1, content.len, f);
    fclose(f);
}

static void values_try(const struct store *store, struct bytes text)
{
    static const enum intel_kind kinds[] = {INTEL_URL, INTEL_RANGE, INTEL_CERT_SUBJECT,
        INTEL_CERT_SERIAL, INTEL_MAIL, INTEL_FILE_NAME, INTEL_JA4, INTEL_URL_PATH};
    struct found found;
    struct key key;
    struct url url;
    char room[KEY_TEXT_BYTES];
    found_begin(&found, store);
    find_host(&found, text, 80);
    if (url_split(text, &url))
        find_url(&found, &url, 8080);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (key_make(&key, kinds[i], text))
            assert(key_text(key.kind, bytes_make(key.data, key.len), room).len > 0);
    }
    found_run(&found);
    assert(found.count <= FOUND_MOST);
}

// What was loaded is found by its own key.
static void store_walk(const struct store *store)
{
    uint64_t count = 0;
    for (uint32_t ref = store_next(store, STORE_NONE); ref != STORE_NONE;
         ref = store_next(store, ref)) {
        struct entry entry = store_entry(store, ref);
        assert(store_find(store, entry.kind, entry.key) == ref);
        count++;
    }
    assert(count == store->count);
}

void fuzz_intel_list(const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    char path[PATH_BYTES], message[MESSAGE_BYTES];
    struct bytes content = bytes_make(&data[1], size - 1);
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), names[data[0] % NAMES]);
    file_write(path, content);
    const char *paths[] = {path, path};
    struct intel_report report;
    struct intel_options options = {
        .config = &config_defaults, .paths = paths, .paths_count = 1 + data[0] / NAMES % 2};
    struct intel *intel = intel_load(&options, &report);
    assert(intel);
    for (size_t i = 0; i < report.problems_count; i++)
        assert(intel_problem_text(
                   &report.problems[i], i % 2 ? LANG_JA : LANG_EN, message, sizeof message) > 0);
    store_walk(&intel->store);
    values_try(&intel->store, bytes_sub(content, 0, INTEL_VALUE_BYTES * 2));
    intel_report_finish(&report);
    intel_destroy(intel);
    unlink(path);
}
