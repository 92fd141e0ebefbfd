// SPDX-License-Identifier: Apache-2.0
// Fills the blanks of a text. The generator has checked that braces in a text are
// blanks and that both languages have the same ones.
#include "schema/text.h"
#include <assert.h>

struct text_out {
    char *data;
    size_t room; // without the terminator
    size_t len;
    bool full; // something did not fit: nothing more is added
};

static void put(struct text_out *out, struct bytes piece)
{
    size_t fits = piece.len;
    if (out->full || fits > out->room - out->len) {
        fits = out->full ? 0 : out->room - out->len;
        while (fits > 0 && (bytes_at(piece, fits) & 0xc0) == 0x80)
            fits--; // not within a UTF-8 character
        out->full = true;
    }
    if (fits > 0)
        memcpy(&out->data[out->len], piece.data, fits);
    out->len += fits;
}

static struct bytes value_of(struct bytes name, const struct text_arg *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(bytes_from_text(args[i].name), name))
            return args[i].value;
    }
    assert(false && "a blank without a value");
    return (struct bytes){NULL, 0};
}

size_t text_format(char *data, size_t room, enum text_id id, enum lang lang,
    const struct text_arg *args, size_t count)
{
    assert(room > 0);
    struct text_out out = {.data = data, .room = room - 1};
    struct bytes rest = bytes_from_text(text(id, lang));
    for (;;) {
        size_t brace = bytes_find_byte(rest, '{');
        if (brace == BYTES_NOT_FOUND)
            break;
        put(&out, bytes_sub(rest, 0, brace));
        rest = bytes_from(rest, brace + 1);
        size_t end = bytes_find_byte(rest, '}');
        put(&out, value_of(bytes_sub(rest, 0, end), args, count));
        rest = bytes_from(rest, end + 1);
    }
    put(&out, rest);
    data[out.len] = '\0';
    return out.len;
}
