// SPDX-License-Identifier: Apache-2.0
// Links in the text parts of a mail. Text is looked through in windows of fixed size, filled in
// order, so that what is found does not depend on the pieces the text comes in.
#include "proto/mail.h"

enum { WINDOW_BYTES = 2048 };

struct mail_urls {
    size_t len;
    uint8_t window[WINDOW_BYTES];
};

static bool is_end(uint8_t c)
{
    return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == ')' || c == '`' ||
           c == 0x7f;
}

static size_t url_length(struct bytes text)
{
    size_t n = 0;
    while (n < text.len && !is_end(text.data[n]))
        n++;
    return n;
}

static bool known(const struct mail_list *list, struct bytes url)
{
    for (size_t i = 0; i < list->count; i++)
        if (bytes_equal(list->item[i], url))
            return true;
    return false;
}

static void url_add(struct mail *mail, struct bytes url)
{
    if (mail->url.count >= MAIL_LIST || known(&mail->url, url))
        return;
    url = arena_copy(mail->arena, url);
    if (url.data)
        mail_list_add(mail, &mail->url, url, MAIL_LIST);
}

// Where "http://" or "https://" begins at or behind `from`.
static size_t url_find(struct bytes text, size_t from)
{
    while (from < text.len) {
        size_t at = bytes_find(bytes_from(text, from), BYTES("://"));
        if (at == BYTES_NOT_FOUND)
            return at;
        at += from;
        for (size_t scheme = 4; scheme <= 5; scheme++)
            if (at >= from + scheme && bytes_equal_nocase(bytes_sub(text, at - scheme, scheme),
                                           bytes_sub(BYTES("https"), 0, scheme)))
                return at - scheme;
        from = at + 3;
    }
    return BYTES_NOT_FOUND;
}

// Take the links out of the window. What may go on behind it stays, moved to its beginning.
static void window_scan(struct mail *mail, bool last)
{
    struct mail_urls *u = mail->urls;
    struct bytes text = bytes_make(u->window, u->len);
    size_t at = 0, keep = u->len > 8 ? u->len - 8 : 0; // "https://" may be cut in two
    while ((at = url_find(text, at)) != BYTES_NOT_FOUND) {
        size_t len = url_length(bytes_from(text, at));
        if (at + len == text.len && !last && at > 0) {
            keep = at;
            break;
        }
        url_add(mail, bytes_sub(text, at, len));
        at += len;
        keep = keep < at ? at : keep;
    }
    if (last)
        keep = u->len;
    u->len -= keep;
    memmove(u->window, &u->window[keep], u->len);
}

void mail_urls_feed(struct mail *mail, struct bytes text)
{
    if (!mail->urls) {
        mail->urls = arena_zalloc(mail->arena, sizeof *mail->urls);
        if (!mail->urls)
            return;
    }
    struct mail_urls *u = mail->urls;
    while (text.len > 0 && mail->url.count < MAIL_LIST) {
        struct bytes piece = bytes_sub(text, 0, WINDOW_BYTES - u->len);
        memcpy(&u->window[u->len], piece.data, piece.len);
        u->len += piece.len;
        text = bytes_from(text, piece.len);
        if (u->len == WINDOW_BYTES)
            window_scan(mail, false);
    }
}

void mail_urls_end(struct mail *mail)
{
    if (mail->urls)
        window_scan(mail, true);
}
