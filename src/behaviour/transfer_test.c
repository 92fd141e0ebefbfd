// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static size_t carry(const char *app, const char *name, const char *magic, const char *kind)
{
    struct trial t;
    trial_begin(&t);
    struct record_fileinfo file = {
        .filename = bytes_from_text(name), .magic = bytes_from_text(magic)};
    struct record record = {
        .type = RECORD_FILEINFO, .body = &file, .head = {.app_proto = bytes_from_text(app)}};
    trial_record(&t, &record);
    size_t hits = trial_hits(&t, "file.transfer", kind);
    trial_end(&t);
    return hits;
}

TEST(files)
{
    CHECK_EQ(carry("http", "/img/logo.jpg?v=1", "PE32 executable", "disguised"), 1);
    CHECK_EQ(carry("smb", "dir\\report.pdf.scr", "data", "two_names"), 1);
    CHECK_EQ(carry("smtp", "order.iso", "ISO 9660", "mail"), 1);
    CHECK_EQ(carry("smtp", "order.docx", "PE32+ executable", "mail"), 1);
    CHECK_EQ(carry("smtp", "order.docx", "Microsoft Word 2007+", NULL), 0);
    CHECK_EQ(carry("http", "/setup.exe", "PE32 executable", NULL), 0);
    CHECK_EQ(carry("http", "/pdf/tool.exe", "PE32 executable", NULL), 0);
    CHECK_EQ(carry("http", "", "ELF 64-bit", NULL), 0);
}

static size_t fetch(const char *host, const char *url, const char *agent, const char *kind)
{
    struct trial t;
    trial_begin(&t);
    struct record_http http = {.hostname = bytes_from_text(host),
        .url = bytes_from_text(url),
        .http_user_agent = bytes_from_text(agent),
        .http_method = BYTES("GET"),
        .has_status = true,
        .status = 200,
        .length = 100};
    struct record record = {.type = RECORD_HTTP, .body = &http};
    trial_record(&t, &record);
    size_t hits = trial_hits(&t, "file.transfer", kind);
    trial_end(&t);
    return hits;
}

TEST(downloads)
{
    CHECK_EQ(fetch("203.0.113.9", "/a.exe", "Mozilla/5.0", "no_name"), 1);
    CHECK_EQ(
        fetch("203.0.113.9", "/a.ps1", "Microsoft-CryptoAPI CertUtil URL Agent", "by_tool"), 1);
    CHECK_EQ(fetch("10.0.0.9", "/a.exe", "Mozilla/5.0", NULL), 0);
    CHECK_EQ(fetch("www.example.com", "/a.exe", "Mozilla/5.0", NULL), 0);
    CHECK_EQ(fetch("203.0.113.9", "/a.html", "Mozilla/5.0", NULL), 0);
}

TEST_MAIN(T(files), T(downloads))
