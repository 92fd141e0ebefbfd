// SPDX-License-Identifier: Apache-2.0
// Data channels of FTP: PORT and PASV (RFC 959 section 4.1.2), EPRT and EPSV (RFC 2428).
#include "proto/ftp.h"
#include "proto/text_out.h"

static bool number_take(struct bytes *text, uint32_t most, uint32_t *out)
{
    uint64_t value;
    size_t len = 0;
    while (len < 6 && bytes_at(*text, len) >= '0' && bytes_at(*text, len) <= '9')
        len++;
    if (!bytes_to_u64(bytes_sub(*text, 0, len), &value) || value > most)
        return false;
    *text = bytes_from(*text, len);
    *out = (uint32_t)value;
    return true;
}

// Six numbers with commas between, at the beginning of text.
bool ftp_port_read(struct bytes text, struct ftp_endpoint *out)
{
    uint32_t part[6];
    for (size_t i = 0; i < 6; i++) {
        if (i && bytes_at(text, 0) != ',')
            return false;
        text = bytes_from(text, i > 0);
        if (!number_take(&text, 255, &part[i]))
            return false;
    }
    uint8_t ip[4] = {(uint8_t)part[0], (uint8_t)part[1], (uint8_t)part[2], (uint8_t)part[3]};
    *out = (struct ftp_endpoint){addr_v4(ip), (uint16_t)(part[4] << 8 | part[5])};
    return true;
}

// RFC 1123 section 4.1.2.6: the numbers are to be looked for, parentheses or not.
bool ftp_reply_port_read(struct bytes text, struct ftp_endpoint *out)
{
    bool before = false; // in a number already
    for (size_t i = 0; i < text.len; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (digit && !before && ftp_port_read(bytes_from(text, i), out))
            return true;
        before = digit;
    }
    return false;
}

// <d>family<d>address<d>port<d>
bool ftp_eprt_read(struct bytes text, struct ftp_endpoint *out)
{
    uint8_t mark = bytes_at(text, 0);
    uint32_t family, port;
    if (mark < 33 || mark > 126)
        return false;
    text = bytes_from(text, 1);
    if (!number_take(&text, 2, &family) || bytes_at(text, 0) != mark)
        return false;
    text = bytes_from(text, 1);
    size_t end = bytes_find_byte(text, mark);
    struct bytes address = bytes_sub(text, 0, end);
    if (end == BYTES_NOT_FOUND)
        return false;
    text = bytes_from(text, end + 1);
    if (!number_take(&text, UINT16_MAX, &port) || bytes_at(text, 0) != mark)
        return false;
    out->port = (uint16_t)port;
    return addr_parse(address, &out->addr) && out->addr.version == (family == 1 ? 4 : 6);
}

bool ftp_reply_extended_read(struct bytes text, struct ftp_endpoint *out)
{
    size_t at = bytes_find_byte(text, '(');
    uint32_t port;
    uint8_t mark = bytes_at(text, at == BYTES_NOT_FOUND ? text.len : at + 1);
    if (mark < 33 || mark > 126 || bytes_at(text, at + 2) != mark || bytes_at(text, at + 3) != mark)
        return false;
    text = bytes_from(text, at + 4);
    if (!number_take(&text, UINT16_MAX, &port) || bytes_at(text, 0) != mark)
        return false;
    *out = (struct ftp_endpoint){.port = (uint16_t)port};
    return true;
}

static bool same_addr(const struct addr *a, const struct addr *b)
{
    return a->version == b->version && memcmp(a->bytes, b->bytes, a->version == 4 ? 4 : 16) == 0;
}

void ftp_channel_announced(
    struct proto_flow *pf, struct ftp_tx *tx, const struct ftp_endpoint *to, bool passive)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    struct record_ftp *r = &tx->record;
    struct addr client = flow_addr(pf->flow, FLOW_CLIENT);
    struct addr server = flow_addr(pf->flow, FLOW_SERVER);
    bool said = to->addr.version != 0;
    r->has_dynamic_port = true;
    r->dynamic_port = to->port;
    r->has_data_channel = true;
    r->data_channel.passive = passive;
    r->data_channel.orig_h = passive ? client : server;
    r->data_channel.resp_h = said ? to->addr : passive ? server : client;
    r->data_channel.resp_p = to->port;
    r->bounce = !passive && said && !same_addr(&to->addr, &client);
    if (r->bounce)
        proto_anomaly(pf, ANOMALY_FTP_BOUNCE);
    ftp->data_port = r->bounce ? 0 : to->port;
    ftp->data_passive = passive;
}

// Active, the server comes to the client; which of the two speaks first the command says.
void ftp_channel_named(struct proto_flow *pf, const struct ftp_tx *tx, struct bytes name)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    char room[PROTO_NOTE_BYTES];
    struct text_out note = TEXT_OUT(room);
    if (ftp->data_port == 0)
        return;
    text_out_put(&note, tx->record.command);
    if (name.data) {
        text_out_char(&note, ' ');
        text_out_put(&note, name);
    }
    struct proto_expected expected = {
        .carrier = OVER_TCP,
        .listener = ftp->data_passive ? FLOW_SERVER : FLOW_CLIENT,
        .port = ftp->data_port,
        .proto = &proto_ftp_data,
        .note = text_out_bytes(&note),
    };
    proto_expect(pf, &expected);
}
