// SPDX-License-Identifier: Apache-2.0
// The folder an FTP session works in, as text: what the server makes of links is not known.
#include "proto/ftp.h"
#include "proto/text_out.h"

static void path_put(struct ftp_text *out, struct bytes b)
{
    struct bytes part = bytes_sub(b, 0, FTP_PATH_BYTES - out->len);
    if (part.len)
        memcpy(&out->text[out->len], part.data, part.len);
    out->len = (uint16_t)(out->len + part.len);
}

void ftp_path_up(struct ftp_flow *ftp)
{
    struct ftp_text *cwd = &ftp->cwd;
    while (cwd->len > 0 && cwd->text[cwd->len - 1] != '/')
        cwd->len--;
    if (cwd->len > 1)
        cwd->len--;
    if (cwd->len == 0)
        path_put(cwd, BYTES("."));
}

void ftp_path_set(struct ftp_flow *ftp, struct bytes path)
{
    struct ftp_text *cwd = &ftp->cwd;
    while (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    if (bytes_equal(path, BYTES(".."))) {
        ftp_path_up(ftp);
        return;
    }
    if (bytes_at(path, 0) == '/')
        cwd->len = 0, ftp->cwd_lost = false;
    else if (cwd->len == 0)
        path_put(cwd, BYTES("."));
    if (cwd->len > 0 && cwd->text[cwd->len - 1] != '/')
        path_put(cwd, BYTES("/"));
    path_put(cwd, path);
}

bool ftp_path_quoted(struct bytes line, struct bytes *path)
{
    size_t from = bytes_find_byte(line, '"');
    if (from == BYTES_NOT_FOUND)
        return false;
    struct bytes rest = bytes_from(line, from + 1);
    size_t to = bytes_find_byte(rest, '"');
    if (to == BYTES_NOT_FOUND || to == 0)
        return false;
    *path = bytes_sub(rest, 0, to);
    return true;
}

// ftp://HOST/PATH (RFC 1738 section 3.2); relative to where the log-on led to: ftp://HOST/./PATH.
struct bytes ftp_path_url(struct proto_flow *pf, struct arena *arena, struct bytes path)
{
    const struct ftp_flow *ftp = ftp_flow(pf);
    char room[2 * FTP_PATH_BYTES];
    struct text_out out = TEXT_OUT(room);
    struct addr host = flow_addr(pf->flow, FLOW_SERVER);
    text_out_text(&out, host.version == 6 ? "ftp://[" : "ftp://");
    text_out_addr(&out, &host);
    text_out_text(&out, host.version == 6 ? "]" : "");
    bool absolute = bytes_at(path, 0) == '/';
    if (!absolute && ftp->cwd_lost)
        return (struct bytes){NULL, 0};
    struct bytes cwd = ftp->cwd.len ? bytes_make(ftp->cwd.text, ftp->cwd.len) : BYTES(".");
    if (!absolute && bytes_at(cwd, 0) != '/')
        text_out_char(&out, '/');
    if (!absolute)
        text_out_put(&out, cwd);
    if (!absolute && cwd.data[cwd.len - 1] != '/')
        text_out_char(&out, '/');
    text_out_put(&out, path);
    return text_out_keep(&out, arena);
}
