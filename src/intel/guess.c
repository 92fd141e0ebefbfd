// SPDX-License-Identifier: Apache-2.0
// What a bare value is, by its shape, once what makes it harmless to click is taken off.
#include "base/hash.h"
#include "intel/internal.h"

enum {
    SHA224_BYTES = 28,
    SHA384_BYTES = 48,
    SHA512_BYTES = 64,
    WORD_BYTES = 32,
    PATH_LEAST = 5,
    WORD_LEAST = 8
};

// ---- hxxp://evil[.]example is http://evil.example.

struct replacement {
    struct bytes from, to;
};

static const struct replacement replacements[] = {
    {BYTES("[.]"), BYTES(".")},
    {BYTES("(.)"), BYTES(".")},
    {BYTES("{.}"), BYTES(".")},
    {BYTES("[.["), BYTES(".")},
    {BYTES("].]"), BYTES(".")},
    {BYTES("\\."), BYTES(".")},
    {BYTES("[dot]"), BYTES(".")},
    {BYTES("(dot)"), BYTES(".")},
    {BYTES("{dot}"), BYTES(".")},
    {BYTES("[://]"), BYTES("://")},
    {BYTES("[:]//"), BYTES("://")},
    {BYTES("[:]"), BYTES(":")},
    {BYTES("[/]"), BYTES("/")},
    {BYTES("[@]"), BYTES("@")},
    {BYTES("(@)"), BYTES("@")},
    {BYTES("[at]"), BYTES("@")},
    {BYTES("(at)"), BYTES("@")},
    {BYTES("[.com"), BYTES(".com")},
};

static const struct replacement schemes[] = {
    {BYTES("hxxps:"), BYTES("https:")},
    {BYTES("hxxp:"), BYTES("http:")},
    {BYTES("hxxps[://]"), BYTES("https://")},
    {BYTES("hxxp[://]"), BYTES("http://")},
    {BYTES("hxxps[:]"), BYTES("https:")},
    {BYTES("hxxp[:]"), BYTES("http:")},
    {BYTES("h**ps:"), BYTES("https:")},
    {BYTES("h**p:"), BYTES("http:")},
    {BYTES("httx:"), BYTES("http:")},
    {BYTES("meow:"), BYTES("http:")},
    {BYTES("fxp:"), BYTES("ftp:")},
    {BYTES("http:\\\\"), BYTES("http://")},
    {BYTES("https:\\\\"), BYTES("https://")},
};

static const struct replacement *replacement_at(
    struct bytes text, const struct replacement *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_start_with_nocase(text, all[i].from))
            return &all[i];
    }
    return NULL;
}

// Nothing of it is what those begin with.
static bool is_plain(struct bytes text)
{
    uint8_t first = bytes_at(text, 0) | 0x20;
    bool plain = first != 'h' && first != 'm' && first != 'f';
    for (size_t i = 0; plain && i < text.len; i++) {
        uint8_t c = text.data[i];
        plain = c != '[' && c != ']' && c != '(' && c != '{' && c != '\\';
    }
    return plain && text.len <= INTEL_VALUE_BYTES;
}

struct bytes value_refang(struct bytes text, uint8_t room[INTEL_VALUE_BYTES])
{
    if (is_plain(text))
        return text;
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        struct bytes rest = bytes_from(text, i);
        const struct replacement *r =
            i == 0 ? replacement_at(rest, schemes, sizeof schemes / sizeof *schemes) : NULL;
        uint8_t c = rest.data[0];
        if (!r && (c == '[' || c == ']' || c == '(' || c == '{' || c == '\\'))
            r = replacement_at(rest, replacements, sizeof replacements / sizeof *replacements);
        struct bytes put = r ? r->to : bytes_sub(rest, 0, 1);
        if (len + put.len > INTEL_VALUE_BYTES)
            return (struct bytes){NULL, 0};
        memcpy(&room[len], put.data, put.len);
        len += put.len;
        i += r ? r->from.len : 1;
    }
    return bytes_make(room, len);
}

// ---- Shapes.

static bool is_hex(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i] | 0x20;
        if (!((text.data[i] >= '0' && text.data[i] <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text.len > 0;
}

static enum intel_kind digest_kind(struct bytes text)
{
    switch (is_hex(text) ? text.len : 0) {
    case MD5_BYTES * 2: return INTEL_MD5;
    case SHA1_BYTES * 2: return INTEL_SHA1;
    case SHA256_BYTES * 2: return INTEL_SHA256;
    case SHA224_BYTES * 2:
    case SHA384_BYTES * 2:
    case SHA512_BYTES * 2: return INTEL_UNSEEN;
    default: return INTEL_KINDS;
    }
}

static bool fits(enum intel_kind kind, struct bytes text)
{
    struct key key;
    return key_make(&key, kind, text);
}

// Fingerprints with colons are those of certificates.
static enum intel_kind colon_kind(struct bytes text)
{
    if (text.len == SHA1_BYTES * 3 - 1 && text.data[2] == ':' && fits(INTEL_CERT_SHA1, text))
        return INTEL_CERT_SHA1;
    if (text.len == SHA256_BYTES * 3 - 1 && text.data[2] == ':' && fits(INTEL_CERT_SHA256, text))
        return INTEL_CERT_SHA256;
    return INTEL_KINDS;
}

static enum intel_kind address_kind(struct bytes text)
{
    static const enum intel_kind kinds[] = {INTEL_ADDRESS, INTEL_RANGE, INTEL_ADDRESS_PORT};
    uint8_t c = bytes_at(text, 0) | 0x20;
    bool maybe =
        c == ('[' | 0x20) || c == (':' | 0x20) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    for (size_t i = 0; maybe && i < sizeof kinds / sizeof *kinds; i++) {
        if (fits(kinds[i], text))
            return kinds[i];
    }
    return INTEL_KINDS;
}

static struct bytes last_label(struct bytes name)
{
    if (name.len > 1 && name.data[name.len - 1] == '.')
        name.len--;
    size_t dot = name.len;
    while (dot > 0 && name.data[dot - 1] != '.')
        dot--;
    return bytes_from(name, dot);
}

// What ends in these is a file; no top-level domain has such a name.
static bool is_file_name(struct bytes text)
{
    static const char *const ends[] = {"exe", "dll", "scr", "bat", "cmd", "ps1", "vbs", "vbe",
        "jse", "wsf", "hta", "lnk", "jar", "msi", "iso", "img", "vhd", "doc", "docx", "docm",
        "dotm", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx", "pptm", "rtf", "pdf", "rar", "7z",
        "apk", "elf", "bin", "dat", "tmp", "txt", "sys", "ocx", "cpl", "chm", "one", "xll", "html",
        "htm", "js"};
    struct bytes end = last_label(text);
    for (size_t i = 0; i < sizeof ends / sizeof *ends && end.len < text.len; i++) {
        if (bytes_equal_nocase(end, bytes_from_text(ends[i])))
            return bytes_find_byte(text, '/') == BYTES_NOT_FOUND;
    }
    return false;
}

// The last label of a name that exists is no number, and has two letters and more.
static bool is_name(struct bytes text)
{
    struct bytes end = last_label(text);
    bool letters = false;
    for (size_t i = 0; i < end.len; i++)
        letters = letters || bytes_at(end, i) > '9';
    return letters && end.len > 1 && fits(INTEL_DOMAIN, text);
}

// host:port, host/path: nothing before them but a name or an address.
static enum intel_kind path_kind(struct bytes text, struct bytes *value)
{
    struct url url;
    struct addr a;
    uint64_t bits;
    if (bytes_find_byte(text, ' ') != BYTES_NOT_FOUND || !url_split(text, &url))
        return INTEL_KINDS;
    bool address = addr_parse(url.host, &a);
    if (!address && !is_name(url.host))
        return INTEL_KINDS;
    if (address && bytes_to_u64(bytes_from(url.path, 1), &bits))
        return INTEL_KINDS; // 192.0.2.0/33
    if (url.path.len > 0)
        return fits(INTEL_URL, text) ? INTEL_URL : INTEL_KINDS;
    *value = url.host;
    return url.port && fits(INTEL_HOST, url.host) ? INTEL_HOST : INTEL_KINDS;
}

// "/panel/gate.php": a path that says something, with folders or a file in it.
static bool is_path(struct bytes text)
{
    struct bytes rest = bytes_from(text, 1);
    bool more = bytes_find_byte(rest, '/') != BYTES_NOT_FOUND ||
                bytes_find_byte(rest, '.') != BYTES_NOT_FOUND ||
                bytes_find_byte(rest, '?') != BYTES_NOT_FOUND;
    return bytes_at(text, 0) == '/' && bytes_at(text, 1) != '/' &&
           (more ? text.len >= PATH_LEAST : text.len >= WORD_LEAST) &&
           bytes_find_byte(text, ' ') == BYTES_NOT_FOUND && fits(INTEL_URL_PATH, text);
}

static enum intel_kind name_kind(struct bytes text, struct bytes *value)
{
    if (is_path(text))
        return INTEL_URL_PATH;
    if (is_file_name(text))
        return INTEL_FILE_NAME;
    if (is_name(text))
        return INTEL_DOMAIN;
    return path_kind(text, value);
}

enum intel_kind intel_guess(struct bytes text, uint8_t room[INTEL_VALUE_BYTES], struct bytes *value)
{
    *value = text = value_refang(bytes_trim(text), room);
    if (bytes_find(text, BYTES("://")) != BYTES_NOT_FOUND)
        return fits(INTEL_URL, text) ? INTEL_URL : INTEL_KINDS;
    enum intel_kind kind = digest_kind(text);
    if (kind == INTEL_KINDS)
        kind = address_kind(text);
    if (kind == INTEL_KINDS)
        kind = colon_kind(text);
    if (kind == INTEL_KINDS && fits(INTEL_JA4, text))
        kind = INTEL_JA4;
    if (kind != INTEL_KINDS)
        return kind;
    if (bytes_find_byte(text, '@') != BYTES_NOT_FOUND &&
        bytes_find_byte(text, '/') == BYTES_NOT_FOUND) {
        size_t at = bytes_find_byte(text, '@');
        bool mail = is_name(bytes_from(text, at + 1)) && fits(INTEL_MAIL, text);
        return mail ? INTEL_MAIL : INTEL_KINDS;
    }
    return name_kind(text, value);
}

// ---- Words.

enum intel_kind intel_word_kind(struct bytes word)
{
    static const struct {
        struct bytes word;
        enum intel_kind kind;
    } words[] = {
#define WORD(word, kind) {BYTES(word), INTEL_##kind},
#include "intel/kind_word.def"
#undef WORD
    };
    uint8_t folded[WORD_BYTES];
    word = bytes_trim(word);
    if (word.len > sizeof folded)
        return INTEL_KINDS;
    for (size_t i = 0; i < word.len; i++)
        folded[i] = word.data[i] == '_' || word.data[i] == ' ' ? '-' : word.data[i];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (bytes_equal_nocase(words[i].word, bytes_make(folded, word.len)))
            return words[i].kind;
    }
    return INTEL_KINDS;
}
