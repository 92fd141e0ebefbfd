// SPDX-License-Identifier: Apache-2.0
// Programs on their way in: such that call themselves something else, such that come by mail, such
// that a host without a name gives away. What a file is, its first bytes tell (file/); what it
// calls itself, its name. Of downloads the http record knows who gave them.
#include "behaviour/program.h"
#include "behaviour/seat.h"

// Those nobody sends by mail, and what carries them past a warning.
static const char *const not_by_mail[] = {"js", "iso", "img", "vhd", "chm", "one", "xll", "docm",
    "xlsm", "pptm", "dotm", "xlam", "ppam", "url", "library-ms", "appref-ms", NULL};
static const char *const documents[] = {"jpg", "jpeg", "png", "gif", "bmp", "ico", "webp", "svg",
    "css", "htm", "html", "txt", "csv", "xml", "json", "pdf", "doc", "docx", "xls", "xlsx", "ppt",
    "pptx", "rtf", "mp3", "mp4", "avi", "wav", "woff", NULL};

// "invoice.pdf.exe"
static bool is_double(struct bytes name)
{
    struct bytes last = program_extension(name);
    if (!program_is_in(program_extensions, last) || name.len < last.len + 2)
        return false;
    return program_is_in(documents, program_extension(bytes_sub(name, 0, name.len - last.len - 1)));
}

static bool is_mail(const struct record *record)
{
    struct bytes app = record->head.app_proto;
    return bytes_equal(app, BYTES("smtp")) || bytes_equal(app, BYTES("imap")) ||
           bytes_equal(app, BYTES("pop3"));
}

static void tell(const struct seat *seat, const struct record *record, const char *kind,
    struct bytes name, struct bytes is)
{
    struct telling telling;
    telling_begin(&telling, "file.transfer", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling.hit.subject_is_dest = record->type == RECORD_FILEINFO && !is_mail(record);
    telling_text(&telling, "file", name);
    if (is.len)
        telling_text(&telling, "is_a", is);
    telling_match(&telling, "file.name", name);
    telling_end(&telling, seat);
}

static const char *judge(const struct record *record, const struct record_fileinfo *file)
{
    struct bytes ext = program_extension(file->filename);
    bool program = program_is_file(file);
    if (is_mail(record) &&
        (program || program_is_in(program_extensions, ext) || program_is_in(not_by_mail, ext)))
        return "mail";
    if (is_double(file->filename))
        return "two_names";
    return program && program_is_in(documents, ext) ? "disguised" : NULL;
}

static void take_file(const struct seat *seat, const struct record *record)
{
    const struct record_fileinfo *file = record->body;
    const char *kind = judge(record, file);
    if (kind)
        tell(seat, record, kind, file->filename, file->magic);
}

// Programs of the system that fetch files without a person.
static bool is_tool(struct bytes agent)
{
    static const char *const tools[] = {"certutil", "powershell", "microsoft bits", "bitsadmin",
        "curl/", "wget/", "python-", "winhttp", NULL};
    for (const char *const *tool = tools; *tool; tool++)
        for (size_t at = 0; at < agent.len; at++)
            if (bytes_start_with_nocase(bytes_from(agent, at), bytes_from_text(*tool)))
                return true;
    return false;
}

static void take_download(const struct seat *seat, const struct record *record)
{
    const struct record_http *http = record->body;
    struct addr addr;
    if (http->status != 200 || http->length == 0 || !program_is_given(http) ||
        !bytes_equal(http->http_method, BYTES("GET")) || !addr_parse(http->hostname, &addr))
        return;
    if (!seat_inside(seat, &addr))
        tell(seat, record, is_tool(http->http_user_agent) ? "by_tool" : "no_name", http->url,
            http->http_content_type);
}

static void record(const struct seat *seat, const struct record *record)
{
    if (record->type == RECORD_FILEINFO)
        take_file(seat, record);
    else
        take_download(seat, record);
}

const struct look transfer_look = {
    .types = (const enum record_type[]){RECORD_FILEINFO, RECORD_HTTP, RECORD_NONE},
    .record = record,
};
