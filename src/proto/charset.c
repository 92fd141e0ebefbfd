// SPDX-License-Identifier: Apache-2.0
// Charsets of mail to UTF-8 through iconv(3). Only listed names reach iconv, so that a mail cannot
// make it look for files. What cannot be converted becomes U+FFFD and the rest goes on.
#include "proto/mime.h"
#include <iconv.h>

static const struct {
    const char *name, *iconv;
} charsets[] = {
#define CHARSET(name, iconv) {name, iconv},
#include "proto/charset.def"
#undef CHARSET
};

static const char *iconv_name(struct bytes charset)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (bytes_equal_nocase(charset, bytes_from_text(charsets[i].name)))
            return charsets[i].iconv;
    return NULL;
}

// Character sets ISO-2022-JP switches between by escape sequences (RFC 1468, and what CP50221
// adds).
enum jis { JIS_ASCII, JIS_KANJI, JIS_KANA, JIS_X0212 };

static size_t jis_escape(struct bytes at, enum jis *set)
{
    static const struct {
        struct bytes text;
        enum jis set;
    } escapes[] = {
        {{(const uint8_t *)"\x1b$@", 3}, JIS_KANJI},
        {{(const uint8_t *)"\x1b$B", 3}, JIS_KANJI},
        {{(const uint8_t *)"\x1b$(D", 4}, JIS_X0212},
        {{(const uint8_t *)"\x1b(B", 3}, JIS_ASCII},
        {{(const uint8_t *)"\x1b(J", 3}, JIS_ASCII},
        {{(const uint8_t *)"\x1b(I", 3}, JIS_KANA},
    };
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (bytes_start_with(at, escapes[i].text)) {
            *set = escapes[i].set;
            return escapes[i].text.len;
        }
    return 0;
}

// ISO-2022-JP as EUC-JP: the same code points with the high bit set. iconv's own ISO-2022-JP lacks
// the NEC and IBM characters every Windows client sends; its EUC-JP-MS has them.
static struct bytes jis_to_euc(struct arena *arena, struct bytes text)
{
    uint8_t *out = arena_alloc(arena, 2 * text.len);
    if (!out)
        return text;
    enum jis set = JIS_ASCII;
    size_t len = 0, i = 0;
    bool first = true; // byte of a character
    while (i < text.len) {
        uint8_t c = text.data[i];
        size_t escape = c == 0x1b ? jis_escape(bytes_from(text, i), &set) : 0;
        i += escape ? escape : 1;
        if (escape || c < 0x21 || set == JIS_ASCII) {
            first = true;
            if (!escape)
                out[len++] = c;
            continue;
        }
        if (first && set != JIS_KANJI)
            out[len++] = set == JIS_KANA ? 0x8e : 0x8f;
        out[len++] = c | 0x80;
        first = set == JIS_KANA || !first;
    }
    return bytes_make(out, len);
}

// Convert as far as room goes; returns bytes written.
static size_t convert(iconv_t cd, struct bytes text, char *out, size_t room)
{
    char *in = (char *)(uintptr_t)text.data, *at = out;
    size_t in_left = text.len, left = room;
    while (in_left > 0 && iconv(cd, &in, &in_left, &at, &left) == (size_t)-1 && left >= 8) {
        struct bytes mark = BYTES("\xef\xbf\xbd");
        memcpy(at, mark.data, mark.len);
        at = &at[mark.len];
        left -= mark.len;
        in = &in[1];
        in_left--;
    }
    return room - left;
}

struct bytes mime_charset(struct arena *arena, struct bytes charset, struct bytes text)
{
    size_t star = bytes_find_byte(charset, '*'); // RFC 2231 section 5: language behind it
    const char *name = iconv_name(bytes_trim(bytes_sub(charset, 0, star)));
    if (!name || text.len == 0)
        return text;
    if (strcmp(name, "ISO-2022-JP") == 0) {
        text = jis_to_euc(arena, text);
        name = "EUC-JP-MS";
    }
    size_t room = text.len * 4 + 16;
    char *out = arena_alloc(arena, room);
    iconv_t cd = out ? iconv_open("UTF-8", name) : (iconv_t)-1;
    if (cd == (iconv_t)-1) // NOLINT: what iconv_open says instead of NULL
        return text;
    struct bytes done = bytes_make(out, convert(cd, text, out, room));
    iconv_close(cd);
    return done;
}
