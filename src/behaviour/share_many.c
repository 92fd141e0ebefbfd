// SPDX-License-Identifier: Apache-2.0
// Many files and shares by one host: ransomware that encrypts what lies on
// shares, gathering of files before they are taken, walking from share to
// share. Encrypting shows as files that get another ending, nearly all of them
// the same (renamed, or written anew under a longer name and the old ones
// deleted), as files that are read and written over, and as one note for the
// victim in folder after folder.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include "behaviour/words.h"

enum {
    ENDING_BYTES = 15,
    STEM_ENDING_BYTES = 5, // of "report.docx" in "report.docx.locked"
    NOTE_FOLDERS = 5,
    SAME_SHARE = 2,  // one part in so many of the changed files have the same new ending
    WRITE_SHARE = 3, // one part in so many of the written files were there and
                     // were read before
};

// The ending that most have; found by majority vote (Boyer and Moore).
struct vote {
    char ending[ENDING_BYTES];
    uint8_t len;
    uint32_t lead;
};

struct doings {
    struct distinct renamed, lengthened, deleted, rewritten, created, read, shares, folders;
    struct vote vote;
    uint32_t told_changed, told_rewritten, told_note, told_read, told_shares;
    int64_t first_us, last_us;
};

struct share_many {
    const struct seat *seat;
    struct ledger *hosts;
};

static void *create(const struct seat *seat)
{
    struct share_many *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->seat = seat;
    s->hosts = ledger_create_of_sets(sizeof(struct addr), sizeof(struct doings), 8,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (s->hosts)
        return s;
    base_free(s);
    return NULL;
}

static void destroy(void *state)
{
    struct share_many *s = state;
    ledger_destroy(s->hosts);
    base_free(s);
}

static bool is_share_of_all(struct bytes share)
{
    return words_end_with(share, "IPC$") || words_end_with(share, "SYSVOL") ||
           words_end_with(share, "NETLOGON") || words_end_with(share, "print$");
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_smb_file *file = record->body;
    const struct record_smb *smb = record->body;
    if (record->type == RECORD_SMB)
        return words_end_with(smb->command, "TREE_CONNECT") && smb->share.len &&
               !is_share_of_all(smb->share);
    return !file->pipe && !file->directory && file->name.len;
}

// ---- names

static size_t last_of(struct bytes text, uint8_t byte)
{
    size_t at = text.len;
    while (at > 0 && text.data[at - 1] != byte)
        at--;
    return at ? at - 1 : BYTES_NOT_FOUND;
}

static struct bytes base_of(struct bytes path)
{
    size_t at = last_of(path, '\\');
    return at == BYTES_NOT_FOUND ? path : bytes_from(path, at + 1);
}

// What stands after the last point; empty: there is none.
static struct bytes ending_of(struct bytes path)
{
    struct bytes base = base_of(path);
    size_t at = last_of(base, '.');
    return at == BYTES_NOT_FOUND ? bytes_sub(base, 0, 0) : bytes_from(base, at + 1);
}

// "report.docx.locked": an ending after an ending.
static bool is_lengthened(struct bytes path)
{
    struct bytes base = base_of(path), ending = ending_of(path);
    if (ending.len == 0 || base.len <= ending.len + 1)
        return false;
    struct bytes before = ending_of(bytes_sub(base, 0, base.len - ending.len - 1));
    return before.len >= 2 && before.len <= STEM_ENDING_BYTES;
}

static bool is_note(struct bytes path)
{
    static const char *const words[] = {"decrypt", "recover", "restore", "ransom", "unlock",
        "readme", "read_me", "read-me", "how_to", "how-to", "how to", "instruction", NULL};
    static const char *const endings[] = {"txt", "html", "hta", "htm", "rtf", NULL};
    struct bytes base = base_of(path), ending = ending_of(path);
    bool is_text = false, speaks = false;
    for (size_t i = 0; endings[i]; i++)
        is_text |= bytes_equal_nocase(ending, bytes_from_text(endings[i]));
    for (size_t i = 0; words[i] && is_text; i++)
        speaks |= words_hold(base, words[i]);
    return speaks;
}

static bool did(const struct record_smb_file *file, const char *what)
{
    for (size_t i = 0; i < file->action_count; i++)
        if (words_end_with(file->action[i], what))
            return true;
    return false;
}

static void elect(struct vote *vote, struct bytes ending)
{
    ending = bytes_sub(ending, 0, ENDING_BYTES);
    if (vote->lead == 0) {
        vote->len = (uint8_t)ending.len;
        if (ending.len)
            memcpy(vote->ending, ending.data, ending.len);
    }
    bool same = bytes_equal_nocase(ending, bytes_make(vote->ending, vote->len));
    vote->lead = same ? vote->lead + 1 : vote->lead - 1;
}

// ---- telling

static void tell(struct share_many *s, const struct record *record, const struct doings *doings,
    const char *detector, const char *kind, uint32_t count)
{
    const struct record_smb_file *file = record->body;
    const struct record_smb *smb = record->body;
    bool of_file = record->type == RECORD_SMB_FILE;
    struct bytes name = of_file ? file->new_name.len ? file->new_name : file->name : smb->share;
    struct telling telling;
    telling_begin(&telling, detector, record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling.hit.began_us = doings->first_us;
    telling_number(&telling, "files", count);
    telling_text(&telling, "file", name);
    if (strcmp(kind, "ending") == 0)
        telling_text(&telling, "ending", bytes_make(doings->vote.ending, doings->vote.len));
    telling_number(&telling, "minutes",
        (uint64_t)(doings->last_us - doings->first_us + 59'999'999) / 60'000'000);
    telling_match(&telling, of_file ? "smb_file.name" : "smb.share", name);
    telling_end(&telling, s->seat);
}

// At the threshold, and each time there are twice as many.
static bool is_due(uint32_t count, uint64_t threshold, uint32_t *told)
{
    if (count < threshold || count < 2 * *told)
        return false;
    *told = count;
    return true;
}

// ---- counting

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// Files that got another ending, where most got the same one.
static void judge_endings(struct share_many *s, const struct record *record, struct doings *d)
{
    uint32_t replaced = lesser(distinct_count(&d->lengthened), distinct_count(&d->deleted));
    uint32_t changed = distinct_count(&d->renamed) + replaced;
    uint64_t threshold = s->seat->config->behaviours.files.rewritten;
    if (d->vote.lead * SAME_SHARE >= changed && is_due(changed, threshold, &d->told_changed))
        tell(s, record, d, "files.rewritten", "ending", changed);
}

// Files read and written over, where that is not a small part of what is
// written.
static void judge_rewritten(struct share_many *s, const struct record *record, struct doings *d)
{
    uint32_t count = distinct_count(&d->rewritten);
    uint64_t threshold = s->seat->config->behaviours.files.rewritten;
    if (distinct_count(&d->created) <= count * WRITE_SHARE && !d->told_changed &&
        is_due(count, threshold, &d->told_rewritten))
        tell(s, record, d, "files.rewritten", "content", count);
}

static void take_written(struct share_many *s, const struct record *record, struct doings *d)
{
    const struct record_smb_file *file = record->body;
    bool was_there = bytes_equal(file->opened, BYTES("opened")) ||
                     bytes_equal(file->opened, BYTES("overwritten"));
    if (was_there && did(file, "READ") && distinct_add(&d->rewritten, file->name))
        judge_rewritten(s, record, d);
    if (was_there)
        return;
    distinct_add(&d->created, file->name);
    struct bytes folder = bytes_sub(file->name, 0, file->name.len - base_of(file->name).len);
    if (is_note(file->name) && distinct_add(&d->folders, folder) &&
        is_due(distinct_count(&d->folders), NOTE_FOLDERS, &d->told_note))
        tell(s, record, d, "files.rewritten", "note", distinct_count(&d->folders));
    if (is_lengthened(file->name) && distinct_add(&d->lengthened, file->name)) {
        elect(&d->vote, ending_of(file->name));
        judge_endings(s, record, d);
    }
}

static void take_file(struct share_many *s, const struct record *record, struct doings *d)
{
    const struct record_smb_file *file = record->body;
    if (did(file, "DELETE") && distinct_add(&d->deleted, file->name))
        judge_endings(s, record, d);
    if (did(file, "WRITE"))
        take_written(s, record, d);
    else if (did(file, "READ") && distinct_add(&d->read, file->name) &&
             is_due(
                 distinct_count(&d->read), s->seat->config->behaviours.files.read, &d->told_read))
        tell(s, record, d, "files.read", "", distinct_count(&d->read));
    bool renamed = did(file, "RENAME") && file->new_name.len;
    if (renamed && !bytes_equal_nocase(ending_of(file->name), ending_of(file->new_name)) &&
        distinct_add(&d->renamed, file->name)) {
        elect(&d->vote, ending_of(file->new_name));
        judge_endings(s, record, d);
    }
}

static void take_share(struct share_many *s, const struct record *record, struct doings *d)
{
    const struct record_smb *smb = record->body;
    if (distinct_add(&d->shares, smb->share) &&
        is_due(
            distinct_count(&d->shares), s->seat->config->behaviours.files.shares, &d->told_shares))
        tell(s, record, d, "files.shares", "", distinct_count(&d->shares));
}

static void record(void *state, const struct record *record)
{
    struct share_many *s = state;
    int64_t now_us = record->head.timestamp;
    struct doings *doings = ledger_entry(s->hosts, &record->head.src_ip);
    if (!doings)
        return;
    int64_t window_us = (int64_t)s->seat->config->behaviours.files.window_us;
    if (now_us - doings->last_us > window_us)
        ledger_clear(s->hosts, doings);
    if (!doings->first_us)
        doings->first_us = now_us;
    doings->last_us = now_us > doings->last_us ? now_us : doings->last_us;
    if (record->type == RECORD_SMB)
        take_share(s, record, doings);
    else
        take_file(s, record, doings);
}

const struct watch share_many_watch = {
    .types = (const enum record_type[]){RECORD_SMB, RECORD_SMB_FILE, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
