// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

#define BROWSER "Mozilla/5.0"

struct step {
    int64_t second;
    const char *url, *type, *referrer, *agent;
};

static void fetch(struct trial *t, const struct step *step)
{
    struct record_http http = {.url = bytes_from_text(step->url),
        .http_content_type = bytes_from_text(step->type),
        .http_refer = bytes_from_text(step->referrer),
        .http_user_agent = bytes_from_text(step->agent),
        .http_method = BYTES("GET"),
        .has_status = true,
        .status = 200};
    struct record record = {.type = RECORD_HTTP,
        .body = &http,
        .head = {.timestamp = step->second * 1'000'000 + 1,
            .src_ip = trial_addr(10, 0, 0, 1),
            .dest_ip = trial_addr(203, 0, 113, 9)}};
    trial_record(t, &record);
}

static void receive(struct trial *t, int64_t second, const char *name)
{
    struct record_fileinfo file = {
        .filename = bytes_from_text(name), .magic = BYTES("PE32 executable")};
    struct record record = {.type = RECORD_FILEINFO,
        .body = &file,
        .head = {.timestamp = second * 1'000'000 + 1,
            .app_proto = BYTES("http"),
            .src_ip = trial_addr(203, 0, 113, 9),
            .dest_ip = trial_addr(10, 0, 0, 1)}};
    trial_record(t, &record);
}

static size_t visit(const struct step *steps, size_t count, const char *file)
{
    struct trial t;
    trial_begin(&t);
    for (size_t i = 0; i < count; i++)
        fetch(&t, &steps[i]);
    if (file)
        receive(&t, steps[count - 1].second, file);
    size_t hits = trial_hits(&t, "web.driveby", NULL);
    trial_end(&t);
    return hits;
}

static const struct step page = {0, "/", "text/html", "", BROWSER},
                         script = {1, "/a.js", "text/javascript", "/", BROWSER},
                         alone = {5, "/x.exe", "application/octet-stream", "", BROWSER},
                         clicked = {5, "/x.exe", "application/octet-stream", "/", BROWSER},
                         other = {5, "/x.exe", "application/octet-stream", "/", "Java/1.8"},
                         late = {900, "/x.exe", "application/octet-stream", "", BROWSER};

TEST(chains)
{
    CHECK_EQ(visit((struct step[]){page, script, alone}, 3, NULL), 1);
    CHECK_EQ(visit((struct step[]){page, script, other}, 3, NULL), 1);
    CHECK_EQ(visit((struct step[]){page, script}, 2, "/load.php"), 1);
    CHECK_EQ(visit((struct step[]){page, script, alone, other}, 4, "/load.php"), 1);
}

TEST(what_is_none)
{
    CHECK_EQ(visit((struct step[]){page, script, clicked}, 3, "/x.exe"), 0);
    CHECK_EQ(visit((struct step[]){page, alone}, 2, "/x.exe"), 0);
    CHECK_EQ(visit((struct step[]){page, script, late}, 3, "/load.php"), 0);
    CHECK_EQ(visit((struct step[]){alone}, 1, "/load.php"), 0);
}

TEST_MAIN(T(chains), T(what_is_none))
