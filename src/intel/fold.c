// SPDX-License-Identifier: Apache-2.0
// Names as they are compared: of hosts (RFC 1035 2.3.3, RFC 5891) and of certificates (RFC 4514).
#include "intel/internal.h"
#include <idn2.h>
#include <stdio.h>

enum { NAME_BYTES = 253, DNS_LABEL_BYTES = 63, DN_PARTS = 32 };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

// ---- Names of hosts.

static const bool label_bytes[UINT8_MAX + 1] = {
    ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['_'] = true};

static bool labels_good(struct bytes name)
{
    size_t label = 0;
    for (size_t i = 0; i < name.len; i++) {
        bool dot = name.data[i] == '.';
        if (dot ? label == 0 : !label_bytes[name.data[i]] || label == DNS_LABEL_BYTES)
            return false;
        label = dot ? 0 : label + 1;
    }
    return label > 0;
}

// "пример.example" as the DNS carries it.
static size_t to_ascii(struct bytes text, uint8_t *out, size_t room)
{
    char name[NAME_BYTES * 4 + 1];
    if (text.len >= sizeof name || bytes_find_byte(text, 0) != BYTES_NOT_FOUND)
        return 0;
    memcpy(name, text.data, text.len);
    name[text.len] = '\0';
    uint8_t *ascii = NULL;
    if (idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
        IDN2_OK)
        return 0;
    struct bytes got = bytes_from_text((const char *)ascii);
    size_t len = got.len <= room ? got.len : 0;
    memcpy(out, ascii, len);
    idn2_free(ascii);
    return len;
}

size_t name_fold(struct bytes text, uint8_t *out, size_t room)
{
    if (text.len > 1 && text.data[text.len - 1] == '.')
        text.len--;
    uint8_t high = text.len > room ? 0x80 : 0;
    for (size_t i = 0; i < text.len && i < room; i++) {
        high |= text.data[i];
        out[i] = lower(text.data[i]);
    }
    size_t len = high < 0x80 ? text.len : to_ascii(text, out, room);
    return len <= NAME_BYTES && labels_good(bytes_make(out, len)) ? len : 0;
}

// ---- Names of certificates.

// The next part and what ends it: a separator that no backslash or quote hides.
static struct bytes dn_part(struct bytes *rest, uint8_t separator)
{
    bool quoted = false;
    size_t at = 0;
    for (; at < rest->len; at++) {
        uint8_t c = rest->data[at];
        if (c == '\\')
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == separator || (separator == ',' && c == '+')))
            break;
    }
    struct bytes part = bytes_trim(bytes_sub(*rest, 0, at));
    *rest = bytes_from(*rest, at + 1);
    return part;
}

static int part_compare(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = strncasecmp((const char *)a.data, (const char *)b.data, len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static void part_insert(struct bytes *parts, size_t count, struct bytes part)
{
    while (count > 0 && part_compare(part, parts[count - 1]) < 0) {
        parts[count] = parts[count - 1];
        count--;
    }
    parts[count] = part;
}

// Letters without case, and no space around "=".
static size_t part_write(struct bytes part, uint8_t *out, size_t room)
{
    size_t len = 0, equals = bytes_find_byte(part, '=');
    struct bytes halves[2] = {part, {NULL, 0}};
    if (equals != BYTES_NOT_FOUND) {
        halves[0] = bytes_trim(bytes_sub(part, 0, equals));
        halves[1] = bytes_trim(bytes_from(part, equals + 1));
    }
    for (size_t half = 0; half < 2; half++) {
        for (size_t i = 0; i < halves[half].len && len < room; i++)
            out[len++] = lower(halves[half].data[i]);
        if (half == 0 && equals != BYTES_NOT_FOUND && len < room)
            out[len++] = '=';
    }
    return len;
}

size_t dn_fold(struct bytes text, uint8_t *out, size_t room)
{
    struct bytes parts[DN_PARTS], rest = bytes_trim(text);
    uint8_t separator = bytes_at(rest, 0) == '/' ? '/' : ',';
    size_t count = 0, len = 0;
    while (rest.len > 0 && count < DN_PARTS) {
        struct bytes part = dn_part(&rest, separator);
        if (part.len > 0)
            part_insert(parts, count++, part);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && len < room)
            out[len++] = ',';
        len += part_write(parts[i], &out[len], room - len);
    }
    return rest.len == 0 && len < room ? len : 0;
}
