// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"
#include <stdio.h>

static void hand_in(struct trial *t, enum record_type type, const void *body)
{
    struct record record = {.type = type, .body = body};
    record.head = (struct record_head){.timestamp = 1'000'000,
        .src_ip = trial_addr(10, 0, 0, 7),
        .dest_ip = trial_addr(10, 0, 1, 1)};
    trial_record(t, &record);
}

static void use(struct trial *t, const char *name, const char *new_name, const char *opened,
    const char *first, const char *second)
{
    struct bytes actions[] = {bytes_from_text(first), bytes_from_text(second)};
    struct record_smb_file file = {.action = actions,
        .action_count = second ? 2 : 1,
        .path = BYTES("\\\\files\\public"),
        .name = bytes_from_text(name),
        .new_name = bytes_from_text(new_name),
        .opened = bytes_from_text(opened)};
    hand_in(t, RECORD_SMB_FILE, &file);
}

static void rename_one(struct trial *t, unsigned number, const char *ending)
{
    char name[64], new_name[64];
    snprintf(name, sizeof name, "accounts\\%u.xlsx", number);
    snprintf(new_name, sizeof new_name, "accounts\\%u.%s", number, ending);
    use(t, name, new_name, "opened", "FILE_RENAME", NULL);
}

TEST(all_get_the_same_ending)
{
    struct trial t;
    trial_begin(&t);
    for (unsigned i = 0; i < 29; i++)
        rename_one(&t, i, "xlsx.locked");
    CHECK_EQ(t.count, 0);
    rename_one(&t, 28, "xlsx.locked"); // the same again
    CHECK_EQ(t.count, 0);
    rename_one(&t, 29, "xlsx.locked");
    CHECK_EQ(trial_hits(&t, "files.rewritten", "ending"), 1);
    CHECK(bytes_equal(trial_fact(&t, "ending"), BYTES("locked")));
    CHECK(bytes_equal(trial_fact(&t, "files"), BYTES("30")));
    trial_end(&t);
}

TEST(renaming_of_another_kind)
{
    static const char *const endings[] = {"csv", "txt", "bak", "old"};
    struct trial t;
    trial_begin(&t);
    for (unsigned i = 0; i < 200; i++)
        rename_one(&t, i, endings[i % 4]);
    for (unsigned i = 200; i < 400; i++)
        rename_one(&t, i, "XLSX");
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

// Written anew under a longer name, the old ones deleted.
TEST(replaced)
{
    struct trial t;
    char name[64];
    trial_begin(&t);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%u.docx.enc", i);
        use(&t, name, NULL, "created", "FILE_WRITE", NULL);
    }
    CHECK_EQ(t.count, 0); // copied
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%u.docx", i);
        use(&t, name, NULL, "opened", "FILE_READ", "FILE_DELETE");
    }
    CHECK_EQ(trial_hits(&t, "files.rewritten", "ending"), 1);
    trial_end(&t);
}

TEST(written_over)
{
    struct trial t;
    char name[64];
    trial_begin(&t);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%u.docx", i);
        use(&t, name, NULL, "opened", "FILE_WRITE", NULL); // a copy
    }
    CHECK_EQ(t.count, 0);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%u.docx", i);
        use(&t, name, NULL, "opened", "FILE_READ", "FILE_WRITE");
    }
    CHECK_EQ(trial_hits(&t, "files.rewritten", "content"), 1);
    trial_end(&t);
}

TEST(notes)
{
    struct trial t;
    char name[64];
    trial_begin(&t);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "folder%u\\HOW_TO_DECRYPT.txt", i);
        use(&t, name, NULL, "created", "FILE_WRITE", NULL);
        use(&t, name, NULL, "created", "FILE_WRITE", NULL);
        CHECK_EQ(t.count, i == 4);
    }
    CHECK_EQ(trial_hits(&t, "files.rewritten", "note"), 1);
    trial_end(&t);
}

TEST(many_files_read)
{
    struct trial t;
    char name[64];
    trial_begin(&t);
    for (unsigned i = 0; i < 240; i++) {
        snprintf(name, sizeof name, "%u.pdf", i);
        use(&t, name, NULL, "opened", "FILE_READ", NULL);
    }
    CHECK_EQ(t.count, 0);
    for (unsigned i = 240; i < 400; i++) {
        snprintf(name, sizeof name, "%u.pdf", i);
        use(&t, name, NULL, "opened", "FILE_READ", NULL);
    }
    CHECK_EQ(trial_hits(&t, "files.read", ""), 1);
    trial_end(&t);
}

TEST(shares)
{
    struct trial t;
    char name[64];
    trial_begin(&t);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "\\\\host%u\\%s", i, i < 32 ? "IPC$" : "data");
        struct record_smb smb = {
            .command = BYTES("SMB2_COMMAND_TREE_CONNECT"), .share = bytes_from_text(name)};
        CHECK_EQ(t.count, 0);
        hand_in(&t, RECORD_SMB, &smb);
    }
    CHECK_EQ(trial_hits(&t, "files.shares", ""), 1);
    trial_end(&t);
}

TEST_MAIN(T(all_get_the_same_ending), T(renaming_of_another_kind), T(replaced), T(written_over),
    T(notes), T(many_files_read), T(shares))
