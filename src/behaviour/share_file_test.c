// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void use(struct trial *t, const char *action, const char *share, const char *name,
    const char *user, bool pipe)
{
    struct bytes actions[] = {BYTES("FILE_OPEN"), bytes_from_text(action)};
    struct record_smb_file file = {.action = actions,
        .action_count = 2,
        .path = bytes_from_text(share),
        .name = bytes_from_text(name),
        .pipe = pipe,
        .account = {.user = bytes_from_text(user), .host = BYTES("PC7")}};
    struct record record = {.type = RECORD_SMB_FILE, .body = &file};
    trial_record(t, &record);
}

TEST(programs)
{
    struct trial t;
    trial_begin(&t);
    use(&t, "FILE_WRITE", "\\\\fs1\\home", "letter.docx", "clerk", false);
    use(&t, "FILE_READ", "\\\\fs1\\tools", "viewer.exe", "clerk", false);
    use(&t, "FILE_READ", "\\\\fs1\\C$", "notes.txt", "admin", false);
    CHECK_EQ(t.count, 0);
    use(&t, "FILE_WRITE", "\\\\pc1\\ADMIN$", "BTOBTO.EXE", "admin", false);
    use(&t, "FILE_WRITE", "\\\\pc1\\c$", "ProgramData\\a.dll", "admin", false);
    CHECK_EQ(trial_hits(&t, "remote.file", "admin_share"), 2);
    use(&t, "FILE_READ", "\\\\pc1\\c$", "temp\\a.exe", "admin", false);
    CHECK_EQ(trial_hits(&t, "remote.file", "admin_share_read"), 1);
    use(&t, "FILE_WRITE", "\\\\fs1\\home", "setup.exe", "clerk", false);
    CHECK_EQ(trial_hits(&t, "remote.file", "share"), 1);
    use(&t, "FILE_READ", "\\\\evil\\open", "driver.dll", "", false);
    CHECK_EQ(trial_hits(&t, "remote.file", "anonymous"), 1);
    trial_end(&t);
}

TEST(shares_and_output)
{
    struct trial t;
    trial_begin(&t);
    struct record_smb smb = {
        .command = BYTES("SMB2_COMMAND_TREE_CONNECT"), .share = BYTES("\\\\fs1\\home")};
    struct record record = {.type = RECORD_SMB, .body = &smb};
    trial_record(&t, &record);
    use(&t, "FILE_READ", "\\\\fs1\\home", "Temp\\a.tmp", "clerk", false);
    CHECK_EQ(t.count, 0);
    smb.share = BYTES("\\\\pc1\\C$");
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "remote.file", "admin_share_open"), 1);
    use(&t, "FILE_READ", "\\\\pc1\\ADMIN$", "__1600000000.12", "admin", false);
    use(&t, "FILE_READ", "\\\\pc1\\ADMIN$", "\\Temp\\AbCd.tmp", "admin", false);
    CHECK_EQ(trial_hits(&t, "remote.file", "command_output"), 2);
    trial_end(&t);
}

TEST(pipes)
{
    struct trial t;
    trial_begin(&t);
    use(&t, "PIPE_WRITE", "\\\\pc1\\IPC$", "srvsvc", "clerk", true);
    CHECK_EQ(t.count, 0);
    use(&t, "PIPE_WRITE", "\\\\pc1\\IPC$", "\\PSEXESVC-PC7-4711-stdin", "admin", true);
    CHECK_EQ(trial_hits(&t, "remote.file", "pipe"), 1);
    use(&t, "PIPE_WRITE", "\\\\pc1\\IPC$", "renamed-PC7-12-stdout", "admin", true);
    CHECK_EQ(trial_hits(&t, "remote.file", "pipe"), 2);
    use(&t, "PIPE_WRITE", "\\\\pc1\\IPC$", "MSSE-1234-server", "admin", true);
    CHECK_EQ(trial_hits(&t, "remote.file", "implant_pipe"), 1);
    trial_end(&t);
}

TEST_MAIN(T(programs), T(shares_and_output), T(pipes))
