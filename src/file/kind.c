// SPDX-License-Identifier: Apache-2.0
// Kinds of files by their first bytes. libmagic takes about 150 µs a buffer, two hundred times the
// time a packet may cost; so what crosses networks all day is told here, in libmagic's words as far
// as the first bytes carry them, and libmagic is asked about the rest only.
#include "file/kind.h"
#include "base/cursor.h"
#include "base/utf8.h"
#include <ctype.h>
#include <stdio.h>

struct answer {
    char *room;
    struct bytes *magic, *mime;
};

static bool say(const struct answer *a, const char *magic, const char *mime)
{
    *a->magic = bytes_from_text(magic);
    *a->mime = bytes_from_text(mime);
    return true;
}

#define SAY(a, mime, ...)                                                                          \
    (snprintf((a)->room, KIND_TEXT_BYTES, __VA_ARGS__), say((a), (a)->room, (mime)))

static const struct {
    size_t offset;
    struct bytes start;
    const char *magic, *mime;
} kinds[] = {
#define KIND(offset, start, magic, mime)                                                           \
    {offset, {(const uint8_t *)(start), sizeof(start) - 1}, magic, mime},
#include "file/kind.def"
#undef KIND
};

static bool table_find(struct bytes head, const struct answer *a)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct bytes there = bytes_sub(head, kinds[i].offset, kinds[i].start.len);
        if (bytes_equal(there, kinds[i].start))
            return say(a, kinds[i].magic, kinds[i].mime);
    }
    return false;
}

// PNG (ISO/IEC 15948): signature, then IHDR with size, depth, colour type, ..., interlace.
static bool png_find(struct bytes head, const struct answer *a)
{
    static const char *const colours[] = {
        " grayscale", NULL, "/color RGB", " colormap", "/gray+alpha", NULL, "/color RGBA"};
    struct cursor c = cursor_make(bytes_from(head, 16));
    uint32_t width = cursor_u32(&c), height = cursor_u32(&c);
    uint8_t depth = cursor_u8(&c), colour = cursor_u8(&c);
    cursor_skip(&c, 2);
    uint8_t interlace = cursor_u8(&c);
    if (!cursor_ok(&c) || colour > 6 || !colours[colour])
        return say(a, "PNG image data", "image/png");
    return SAY(a, "image/png", "PNG image data, %u x %u, %u-bit%s, %s", width, height, depth,
        colours[colour], interlace ? "interlaced" : "non-interlaced");
}

static bool gif_find(struct bytes head, const struct answer *a)
{
    struct cursor c = cursor_make(bytes_from(head, 6));
    uint16_t width = cursor_u16le(&c), height = cursor_u16le(&c);
    return SAY(a, "image/gif", "GIF image data, version %.3s, %u x %u", (const char *)&head.data[3],
        width, height);
}

// "%PDF-1.7"; the mark alone stands in the table.
static bool pdf_find(struct bytes head, const struct answer *a)
{
    const uint8_t major = bytes_at(head, 5), minor = bytes_at(head, 7);
    if (!isdigit(major) || bytes_at(head, 6) != '.' || !isdigit(minor))
        return table_find(head, a);
    return SAY(a, "application/pdf", "PDF document, version %c.%c", major, minor);
}

static bool has(struct bytes head, struct bytes what)
{
    return bytes_find(head, what) != BYTES_NOT_FOUND;
}

static bool ooxml_find(struct bytes head, const struct answer *a)
{
    if (has(head, BYTES("word/")))
        return say(a, "Microsoft Word 2007+",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
    if (has(head, BYTES("xl/")))
        return say(a, "Microsoft Excel 2007+",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    if (has(head, BYTES("ppt/")))
        return say(a, "Microsoft PowerPoint 2007+",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation");
    return say(a, "Microsoft OOXML", "application/octet-stream");
}

// ZIP (APPNOTE 4.3.7) and what is packed in it; the first entry's name tells most.
static bool zip_find(struct bytes head, const struct answer *a)
{
    struct cursor c = cursor_make(bytes_from(head, 4));
    unsigned version = cursor_u8(&c);
    cursor_skip(&c, 3);
    unsigned method = cursor_u16le(&c);
    cursor_skip(&c, 16);
    uint16_t name_len = cursor_u16le(&c);
    cursor_skip(&c, 2);
    struct bytes name = bytes_sub(cursor_rest(&c), 0, name_len);
    struct bytes body = bytes_from(cursor_rest(&c), name_len);
    if (bytes_equal(name, BYTES("[Content_Types].xml")) ||
        bytes_start_with(name, BYTES("_rels/")) || bytes_start_with(name, BYTES("docProps/")))
        return ooxml_find(head, a);
    if (bytes_equal(name, BYTES("mimetype"))) {
        if (bytes_start_with(body, BYTES("application/epub+zip")))
            return say(a, "EPUB document", "application/epub+zip");
        if (bytes_start_with(body, BYTES("application/vnd.oasis.opendocument.")))
            return say(a, "OpenDocument", "application/vnd.oasis.opendocument");
    }
    if (bytes_start_with(name, BYTES("META-INF/")))
        return say(a, "Java archive data (JAR)", "application/java-archive");
    if (bytes_equal(name, BYTES("AndroidManifest.xml")))
        return say(a, "Android package (APK), with AndroidManifest.xml",
            "application/vnd.android.package-archive");
    const char *names[] = {[0] = "store", [8] = "deflate"};
    if (method != 0 && method != 8)
        return SAY(a, "application/zip", "Zip archive data, at least v%u.%u to extract",
            version / 10, version % 10);
    return SAY(a, "application/zip",
        "Zip archive data, at least v%u.%u to extract, compression method=%s", version / 10,
        version % 10, names[method]);
}

static const char *pe_machine(uint16_t machine)
{
    switch (machine) {
    case 0x14c: return " Intel 80386";
    case 0x8664: return " x86-64";
    case 0x1c0:
    case 0x1c4: return " ARM";
    case 0xaa64: return " Aarch64";
    case 0x200: return " Intel Itanium";
    default: return "";
    }
}

static const char *pe_subsystem(uint16_t subsystem)
{
    static const char *const names[] = {"", " (native)", " (GUI)", " (console)"};
    return subsystem < sizeof names / sizeof *names ? names[subsystem] : "";
}

// MZ with a PE header (Microsoft PE format, "COFF file header", "optional header").
static bool pe_find(struct bytes head, const struct answer *a)
{
    struct cursor c = cursor_make(head);
    cursor_seek(&c, 0x3c);
    cursor_seek(&c, cursor_u32le(&c));
    if (!bytes_equal(cursor_take(&c, 4), BYTES("PE\0\0")))
        return cursor_ok(&c) ? say(a, "MS-DOS executable", "application/x-dosexec") : false;
    uint16_t machine = cursor_u16le(&c);
    uint16_t sections = cursor_u16le(&c);
    cursor_skip(&c, 14);
    uint16_t flags = cursor_u16le(&c), magic = cursor_u16le(&c);
    cursor_skip(&c, 66);
    uint16_t subsystem = cursor_u16le(&c);
    cursor_skip(&c, magic == 0x20b ? 38 + 14 * 8 : 22 + 14 * 8);
    uint32_t clr = cursor_u32le(&c);
    const char *size = magic == 0x20b ? "PE32+" : "PE32";
    const char *dll = flags & 0x2000 ? " (DLL)" : "", *net = clr ? " Mono/.Net assembly," : "";
    return SAY(a, "application/vnd.microsoft.portable-executable",
        "%s executable%s%s%s%s%s for MS Windows, %u sections", size, dll, pe_subsystem(subsystem),
        pe_machine(machine), clr ? "" : ",", net, sections);
}

static bool elf_find(struct bytes head, const struct answer *a)
{
    static const char *const types[] = {
        "no file type", "relocatable", "executable", "shared object", "core file"};
    struct cursor c = cursor_make(bytes_from(head, 4));
    bool wide = cursor_u8(&c) == 2, little = cursor_u8(&c) == 1;
    cursor_skip(&c, 10);
    uint16_t type = little ? cursor_u16le(&c) : cursor_u16(&c);
    uint16_t machine = little ? cursor_u16le(&c) : cursor_u16(&c);
    const char *arch = machine == 62    ? ", x86-64"
                       : machine == 3   ? ", Intel 80386"
                       : machine == 40  ? ", ARM"
                       : machine == 183 ? ", ARM aarch64"
                       : machine == 8   ? ", MIPS"
                                        : "";
    if (!cursor_ok(&c) || type > 4)
        return say(a, "ELF", "application/octet-stream");
    const char *mime = type == 2   ? "application/x-executable"
                       : type == 3 ? "application/x-sharedlib"
                                   : "application/x-object";
    return SAY(a, mime, "ELF %s-bit %s %s%s, version 1", wide ? "64" : "32", little ? "LSB" : "MSB",
        types[type], arch);
}

static const struct {
    struct bytes start;
    const char *magic, *mime;
} texts[] = {
#define TEXT(start, magic, mime) {{(const uint8_t *)(start), sizeof(start) - 1}, magic, mime},
#include "file/text.def"
#undef TEXT
};

// What libmagic takes for text: no control characters but these (its file "encoding.c" says which).
static bool is_control(uint8_t c)
{
    return c < 0x20 && !(c >= 7 && c <= 13) && c != 27;
}

// Encoding by the bytes that are not ASCII. NULL: not text. A character cut at the end is fine.
static const char *text_encoding(struct bytes head)
{
    bool high = false, c1 = false, utf8 = true;
    for (size_t i = 0; i < head.len; i++) {
        uint8_t c = head.data[i];
        if (is_control(c) || c == 0x7f)
            return NULL;
        if (c < 0x80)
            continue;
        high = true;
        c1 |= c < 0xa0;
        size_t bad = 1;
        size_t len = utf8 ? utf8_character(&head.data[i], head.len - i, &bad) : 0;
        if (len == 0 && i + bad < head.len)
            utf8 = false;
        i += len ? len - 1 : 0;
    }
    if (!high)
        return "ASCII text";
    return utf8 ? "Unicode text, UTF-8 text" : c1 ? "Non-ISO extended-ASCII text" : "ISO-8859 text";
}

static bool looks_like_json(struct bytes text)
{
    uint8_t open = bytes_at(text, 0);
    if (open != '{' && open != '[')
        return false;
    size_t i = 1;
    while (i < text.len && i < 64 && strchr(" \t\r\n", text.data[i]))
        i++;
    uint8_t next = bytes_at(text, i);
    if (open == '{')
        return next == '"' || next == '}';
    return next && strchr("{[\"]-0123456789tfn", next);
}

static const char *line_ends(struct bytes head)
{
    size_t lf = bytes_find_byte(head, '\n');
    if (lf == BYTES_NOT_FOUND)
        return head.len < KIND_HEAD_BYTES ? ", with no line terminators" : "";
    return lf > 0 && head.data[lf - 1] == '\r' ? ", with CRLF line terminators" : "";
}

static bool text_find(struct bytes head, const struct answer *a)
{
    bool bom = bytes_start_with(head, BYTES("\xef\xbb\xbf"));
    struct bytes text = bytes_from(head, bom ? 3 : 0);
    const char *encoding = text_encoding(text);
    if (!encoding || text.len == 0)
        return false;
    if (bom)
        encoding = "Unicode text, UTF-8 (with BOM) text";
    size_t start = 0;
    while (start < text.len && start < 256 && strchr(" \t\r\n", text.data[start]))
        start++;
    struct bytes first = bytes_from(text, start);
    if (looks_like_json(first))
        return say(a, "JSON text data", "application/json");
    const char *magic = "", *mime = "text/plain";
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !*magic; i++)
        if (bytes_start_with_nocase(first, texts[i].start)) {
            magic = texts[i].magic;
            mime = texts[i].mime;
        }
    return SAY(a, mime, "%s%s%s", magic, encoding, line_ends(head));
}

// OCSP over HTTP (RFC 6960 §4.1.1, §4.2.1), which libmagic does not know. A response is a SEQUENCE
// of two-byte length that begins with an ENUMERATED status; a request begins with nested SEQUENCEs
// around the SHA-1 algorithm of its first certificate.
static bool ocsp_find(struct bytes head, const struct answer *a)
{
    static const struct bytes sha1 = {(const uint8_t *)"\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a", 9};
    bool long_form = bytes_at(head, 1) == 0x82;
    struct bytes inside = bytes_from(head, long_form ? 4 : 2);
    if (long_form && bytes_start_with(inside, BYTES("\x0a\x01")))
        return say(a, "OCSP response", "application/ocsp-response");
    if (bytes_at(inside, 0) == 0x30 &&
        bytes_find(bytes_sub(inside, 0, 24), sha1) != BYTES_NOT_FOUND)
        return say(a, "OCSP request", "application/ocsp-request");
    return false;
}

bool kind_find(
    struct bytes head, char room[KIND_TEXT_BYTES], struct bytes *magic, struct bytes *mime)
{
    struct answer a = {room, magic, mime};
    if (bytes_start_with(head, BYTES("\x89PNG\r\n\x1a\n")))
        return png_find(head, &a);
    if (bytes_start_with(head, BYTES("GIF8")) && head.len >= 10)
        return gif_find(head, &a);
    if (bytes_start_with(head, BYTES("%PDF-")))
        return pdf_find(head, &a);
    if (bytes_start_with(head, BYTES("PK\3\4")))
        return zip_find(head, &a);
    if (bytes_start_with(head, BYTES("MZ")))
        return pe_find(head, &a);
    if (bytes_start_with(head, BYTES("\x7f"
                                     "ELF")))
        return elf_find(head, &a);
    if (bytes_at(head, 0) == 0x30 && ocsp_find(head, &a))
        return true;
    return table_find(head, &a) || text_find(head, &a);
}
