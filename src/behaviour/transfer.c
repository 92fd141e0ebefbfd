// SPDX-License-Identifier: Apache-2.0
// Programs on their way in: such that call themselves something else, such that come by mail, such
// that a host without a name gives away. What a file is, its first bytes tell (file/); what it
// calls itself, its name. Of downloads the http record knows who gave them.
#include "behaviour/seat.h"

static const char *const programs[] = {"exe", "dll", "scr", "com", "pif", "cpl", "msi", "sys",
    "bat", "cmd", "ps1", "vbs", "vbe", "jse", "wsf", "hta", "jar", "lnk", "sh", "elf", NULL};
// Those nobody sends by mail, and what carries them past a warning.
static const char *const not_by_mail[] = {"js", "iso", "img", "vhd", "chm", "one", "xll", "docm",
    "xlsm", "pptm", "dotm", "xlam", "ppam", "url", "library-ms", "appref-ms", NULL};
static const char *const documents[] = {"jpg", "jpeg", "png", "gif", "bmp", "ico", "webp", "svg",
    "css", "htm", "html", "txt", "csv", "xml", "json", "pdf", "doc", "docx", "xls", "xlsx", "ppt",
    "pptx", "rtf", "mp3", "mp4", "avi", "wav", "woff", NULL};

// What stands behind the last dot of a name or of an address's path.
static struct bytes extension(struct bytes name)
{
    struct bytes path = bytes_sub(name, 0, bytes_find_byte(name, '?'));
    for (size_t at = path.len; at-- > 0;) {
        if (path.data[at] == '.')
            return bytes_from(path, at + 1);
        if (path.data[at] == '/' || path.data[at] == '\\')
            break;
    }
    return (struct bytes){NULL, 0};
}

static bool is_in(const char *const *list, struct bytes word)
{
    while (*list && !bytes_equal_nocase(word, bytes_from_text(*list)))
        list++;
    return *list != NULL;
}

static bool is_program(const struct record_fileinfo *file)
{
    return bytes_start_with(file->magic, BYTES("PE32")) ||
           bytes_start_with(file->magic, BYTES("MS-DOS executable")) ||
           bytes_start_with(file->magic, BYTES("ELF ")) ||
           bytes_start_with(file->magic, BYTES("Mach-O"));
}

// "invoice.pdf.exe"
static bool is_double(struct bytes name)
{
    struct bytes last = extension(name);
    if (!is_in(programs, last) || name.len < last.len + 2)
        return false;
    return is_in(documents, extension(bytes_sub(name, 0, name.len - last.len - 1)));
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
    telling_text(&telling, "file", name);
    if (is.len)
        telling_text(&telling, "is_a", is);
    telling_match(&telling, "file.name", name);
    telling_end(&telling, seat);
}

static const char *judge(const struct record *record, const struct record_fileinfo *file)
{
    struct bytes ext = extension(file->filename);
    bool program = is_program(file);
    if (is_mail(record) && (program || is_in(programs, ext) || is_in(not_by_mail, ext)))
        return "mail";
    if (is_double(file->filename))
        return "two_names";
    return program && is_in(documents, ext) ? "disguised" : NULL;
}

static void take_file(const struct seat *seat, const struct record *record)
{
    const struct record_fileinfo *file = record->body;
    const char *kind = judge(record, file);
    if (kind)
        tell(seat, record, kind, file->filename, file->magic);
}

// A program by its type as the server names it, or by its name.
static bool gives_program(const struct record_http *http)
{
    static const char *const types[] = {"application/x-msdownload", "application/x-dosexec",
        "application/x-msdos-program", "application/x-executable", "application/x-elf",
        "application/hta", "application/x-msi", NULL};
    return is_in(types, http->http_content_type) || is_in(programs, extension(http->url));
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
    if (http->status != 200 || http->length == 0 || !gives_program(http) ||
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
