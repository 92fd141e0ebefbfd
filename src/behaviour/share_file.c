// SPDX-License-Identifier: Apache-2.0
// Files and pipes on shares by which attackers move: programs put on the shares that only
// administrators reach (ADMIN$, C$), programs fetched from a place one need not log on to, and
// pipes by which tools talk to what they started on another host.
#include "behaviour/share_file.h"
#include "behaviour/seat.h"
#include "behaviour/words.h"

static const char *const programs[] = {".exe", ".dll", ".sys", ".scr", ".com", ".msi", ".bat",
    ".cmd", ".ps1", ".vbs", ".js", ".hta", ".jar", ".cpl", NULL};

// Beginnings of pipes' names: PsExec and its like, then frameworks of attackers.
static const struct pipe {
    const char *begin, *kind;
} pipes[] = {
    {"psexesvc", "pipe"},
    {"paexec", "pipe"},
    {"csexecsvc", "pipe"},
    {"remcom_comm", "pipe"},
    {"msse-", "implant_pipe"},
    {"postex_", "implant_pipe"},
    {"msagent_", "implant_pipe"},
    {"status_", "implant_pipe"},
    {"gruntsvc", "implant_pipe"},
};

static bool is_program(struct bytes name)
{
    const char *const *end = programs;
    while (*end && !words_end_with(name, *end))
        end++;
    return *end != NULL;
}

static bool did(const struct record_smb_file *file, const char *what)
{
    for (size_t i = 0; i < file->action_count; i++)
        if (words_end_with(file->action[i], what))
            return true;
    return false;
}

// ADMIN$, or the root of a drive: C$.
static bool is_for_administrators(struct bytes share)
{
    while (bytes_find_byte(share, '\\') != BYTES_NOT_FOUND)
        share = bytes_from(share, bytes_find_byte(share, '\\') + 1);
    return bytes_equal_nocase(share, BYTES("ADMIN$")) || (share.len == 2 && share.data[1] == '$');
}

// The client told its name, but not who it is.
static bool is_nobody(const struct record_smb_account *account)
{
    return account->host.len && account->user.len == 0;
}

// However the program is called, its pipes carry its standard input and output.
static bool is_standard(struct bytes name)
{
    return words_end_with(name, "-stdin") || words_end_with(name, "-stdout") ||
           words_end_with(name, "-stderr");
}

static const char *kind_of_pipe(struct bytes name)
{
    if (bytes_at(name, 0) == '\\')
        name = bytes_from(name, 1);
    for (size_t i = 0; i < sizeof pipes / sizeof *pipes; i++)
        if (bytes_start_with_nocase(name, bytes_from_text(pipes[i].begin)))
            return pipes[i].kind;
    return is_standard(name) ? "pipe" : NULL;
}

// What a command printed, left by tools on ADMIN$ for a moment: "__1600000000.12",
// "Temp\\AbCd.tmp".
static bool is_output(struct bytes name)
{
    if (bytes_at(name, 0) == '\\')
        name = bytes_from(name, 1);
    return bytes_start_with(name, BYTES("__")) ||
           (bytes_start_with_nocase(name, BYTES("Temp\\")) && words_end_with(name, ".tmp"));
}

const char *share_file_kind(const struct record_smb_file *file)
{
    if (file->pipe)
        return kind_of_pipe(file->name);
    if (file->directory)
        return NULL;
    if (is_output(file->name) && is_for_administrators(file->path) && did(file, "READ"))
        return "command_output";
    if (!is_program(file->name))
        return NULL;
    if (did(file, "WRITE"))
        return is_for_administrators(file->path) ? "admin_share" : "share";
    if (!did(file, "READ"))
        return NULL;
    if (is_for_administrators(file->path))
        return "admin_share_read";
    return is_nobody(&file->account) ? "anonymous" : NULL;
}

static void tell(const struct seat *seat, const struct record *record, const char *kind,
    struct bytes file, struct bytes share)
{
    struct telling telling;
    telling_begin(&telling, "remote.file", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "file", file);
    if (share.len)
        telling_text(&telling, "share", share);
    telling_match(&telling, "smb_file.name", file);
    telling_match(&telling, "smb.share", share);
    telling_end(&telling, seat);
}

static void see_connect(const struct seat *seat, const struct record *record)
{
    const struct record_smb *smb = record->body;
    bool is_connect = words_hold(smb->command, "_TREE_CONNECT") || smb->share_type.len;
    if (is_connect && is_for_administrators(smb->share))
        tell(seat, record, "admin_share_open", smb->share, smb->share);
}

static void record(const struct seat *seat, const struct record *record)
{
    const struct record_smb_file *file = record->body;
    if (record->type == RECORD_SMB) {
        see_connect(seat, record);
        return;
    }
    const char *kind = share_file_kind(file);
    if (kind)
        tell(seat, record, kind, file->name, file->path);
}

const struct look share_file_look = {
    .types = (const enum record_type[]){RECORD_SMB, RECORD_SMB_FILE, RECORD_NONE},
    .record = record,
};
