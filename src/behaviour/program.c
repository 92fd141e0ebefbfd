// SPDX-License-Identifier: Apache-2.0
#include "behaviour/program.h"

const char *const program_extensions[] = {"exe", "dll", "scr", "com", "pif", "cpl", "msi", "sys",
    "bat", "cmd", "ps1", "vbs", "vbe", "jse", "wsf", "hta", "jar", "lnk", "sh", "elf", NULL};

struct bytes program_extension(struct bytes name)
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

bool program_is_in(const char *const *list, struct bytes word)
{
    while (*list && !bytes_equal_nocase(word, bytes_from_text(*list)))
        list++;
    return *list != NULL;
}

bool program_is_file(const struct record_fileinfo *file)
{
    return bytes_start_with(file->magic, BYTES("PE32")) ||
           bytes_start_with(file->magic, BYTES("MS-DOS executable")) ||
           bytes_start_with(file->magic, BYTES("ELF ")) ||
           bytes_start_with(file->magic, BYTES("Mach-O"));
}

bool program_is_given(const struct record_http *http)
{
    static const char *const types[] = {"application/x-msdownload", "application/x-dosexec",
        "application/x-msdos-program", "application/x-executable", "application/x-elf",
        "application/hta", "application/x-msi", NULL};
    return program_is_in(types, http->http_content_type) ||
           program_is_in(program_extensions, program_extension(http->url));
}
