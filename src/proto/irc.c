// SPDX-License-Identifier: Apache-2.0
// IRC: RFC 1459 and 2812, CTCP's DCC, STARTTLS (IRCv3). One irc record a message that tells
// something: names, channels, texts to others, the welcome, errors. Passwords are not kept, of
// numeric replies only 001 and errors are told of. Lines of IRC_LINE_BYTES.
#include "proto/line.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum { IRC_LINE_BYTES = 1024, IRC_NAME_BYTES = 64, IRC_CHANNELS = 16, IRC_PARAMS = 15 };

struct name {
    uint8_t len;
    char text[IRC_NAME_BYTES];
};

struct irc_flow {
    struct line_reader lines[2];
    struct name nick, user, server;
    bool password, tls_asked, tls;
};

struct message {
    struct bytes prefix, command;
    struct bytes params[IRC_PARAMS];
    size_t count;
    bool trailing; // the last one began with a colon
};

static void name_set(struct name *name, struct bytes text)
{
    text = bytes_sub(text, 0, IRC_NAME_BYTES);
    if (text.len)
        memcpy(name->text, text.data, text.len);
    name->len = (uint8_t)text.len;
}

static struct bytes name_get(const struct name *name)
{
    return name->len ? bytes_make(name->text, name->len) : (struct bytes){NULL, 0};
}

static void message_read(struct bytes line, struct message *m)
{
    *m = (struct message){.count = 0};
    if (bytes_at(line, 0) == '@') // tags of IRCv3
        line_word(&line);
    if (bytes_at(line, 0) == ':')
        m->prefix = bytes_from(line_word(&line), 1);
    m->command = line_word(&line);
    while (line.len && m->count < IRC_PARAMS) {
        m->trailing = line.data[0] == ':' || m->count == IRC_PARAMS - 1;
        m->params[m->count++] =
            m->trailing ? bytes_from(line, line.data[0] == ':') : line_word(&line);
        if (m->trailing)
            return;
    }
}

static bool is_number(struct bytes command)
{
    uint64_t number;
    return command.len == 3 && bytes_to_u64(command, &number);
}

static bool is(struct bytes command, const char *word)
{
    return bytes_equal_nocase(command, bytes_from_text(word));
}

static enum proto_probe probe_line(struct bytes line)
{
    struct message m;
    message_read(line, &m);
    if (m.prefix.len)
        return is_number(m.command) || is(m.command, "NOTICE") ? PROBE_SERVER : PROBE_NO;
    if (is(m.command, "NICK"))
        return m.count == 1 && m.params[0].len <= IRC_NAME_BYTES ? PROBE_CLIENT : PROBE_NO;
    if (is(m.command, "USER"))
        return m.count == 4 ? PROBE_CLIENT : PROBE_NO;
    if (is(m.command, "CAP"))
        return m.count && (is(m.params[0], "LS") || is(m.params[0], "REQ")) ? PROBE_CLIENT
                                                                            : PROBE_NO;
    if (is(m.command, "NOTICE"))
        return m.count == 2 && m.trailing && bytes_start_with(m.params[1], BYTES("*** "))
                   ? PROBE_SERVER
                   : PROBE_NO;
    return is(m.command, "PASS") || is(m.command, "STARTTLS") ? PROBE_MORE : PROBE_NO;
}

static enum proto_probe irc_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    uint8_t begin = bytes_at(data, 0) & 0xdf;
    if (bytes_at(data, 0) != ':' && begin != 'N' && begin != 'U' && begin != 'C' && begin != 'P' &&
        begin != 'S')
        return PROBE_NO;
    while (data.len) {
        size_t lf = bytes_find_byte(data, '\n');
        if (!proto_is_text(bytes_sub(data, 0, lf < 32 ? lf : 32)))
            return PROBE_NO;
        if (lf == BYTES_NOT_FOUND)
            return data.len < 512 ? PROBE_MORE : PROBE_NO;
        struct bytes line = bytes_sub(data, 0, lf && data.data[lf - 1] == '\r' ? lf - 1 : lf);
        enum proto_probe answer = probe_line(line);
        if (answer != PROBE_MORE)
            return answer;
        data = bytes_from(data, lf + 1);
    }
    return PROBE_MORE;
}

// \1DCC SEND name address port size\1
static void dcc_read(struct proto_flow *pf, struct bytes text, struct record_irc *r)
{
    uint64_t value;
    (void)pf;
    if (!bytes_start_with(text, BYTES("\001DCC ")))
        return;
    struct bytes rest = bytes_from(text, 5);
    rest = bytes_sub(rest, 0, bytes_find_byte(rest, 1));
    r->dcc_type = line_word(&rest);
    if (bytes_at(rest, 0) == '"') {
        size_t end = bytes_find_byte(bytes_from(rest, 1), '"');
        r->dcc_file_name = bytes_sub(rest, 1, end);
        rest = bytes_from(rest, end == BYTES_NOT_FOUND ? rest.len : end + 3);
    } else {
        r->dcc_file_name = line_word(&rest);
    }
    struct bytes address = line_word(&rest);
    if (bytes_to_u64(address, &value) && value <= UINT32_MAX) {
        uint8_t ip[4] = {
            (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
        r->dcc_ip = addr_v4(ip);
    } else {
        addr_parse(address, &r->dcc_ip);
    }
    if (bytes_to_u64(line_word(&rest), &value) && value <= UINT16_MAX)
        r->has_dcc_port = true, r->dcc_port = (uint16_t)value;
    r->has_dcc_file_size = bytes_to_u64(line_word(&rest), &r->dcc_file_size);
}

static size_t channels_read(struct bytes list, struct bytes *out)
{
    size_t count = 0;
    while (list.len && count < IRC_CHANNELS) {
        size_t comma = bytes_find_byte(list, ',');
        struct bytes name = bytes_sub(list, 0, comma);
        if (bytes_at(name, 0) == '#' || bytes_at(name, 0) == '&')
            out[count++] = name;
        list = bytes_from(list, comma == BYTES_NOT_FOUND ? list.len : comma + 1);
    }
    return count;
}

static bool is_told(struct bytes command)
{
    static const char *const words[] = {"NICK", "USER", "JOIN", "PART", "PRIVMSG", "NOTICE", "QUIT",
        "KICK", "TOPIC", "INVITE", "OPER", "KILL", "SQUIT", "ERROR", "STARTTLS", "001", "SERVICE"};
    if (is_number(command) && (command.data[0] == '4' || command.data[0] == '5'))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is(command, words[i]))
            return true;
    return false;
}

static void message_take(struct proto_flow *pf, enum flow_side side, const struct message *m)
{
    struct irc_flow *irc = pf->state;
    bool mine = side == FLOW_CLIENT;
    if (mine && is(m->command, "NICK") && m->count)
        name_set(&irc->nick, m->params[0]);
    if (mine && is(m->command, "USER") && m->count)
        name_set(&irc->user, m->params[0]);
    if (mine && (is(m->command, "PASS") || is(m->command, "OPER")))
        irc->password = true;
    if (mine && is(m->command, "STARTTLS"))
        irc->tls_asked = true;
    if (!mine && is(m->command, "001"))
        name_set(&irc->server, m->prefix);
    if (!mine && irc->tls_asked && is(m->command, "670"))
        irc->tls = true;
}

static struct bytes command_text(char room[16], struct bytes command)
{
    struct text_out out = {.data = room, .room = 16};
    for (size_t i = 0; i < command.len; i++) {
        uint8_t c = command.data[i];
        text_out_char(&out, (char)(c >= 'a' && c <= 'z' ? c - 32 : c));
    }
    return text_out_bytes(&out);
}

static void message_emit(struct proto_flow *pf, enum flow_side side, const struct message *m)
{
    struct irc_flow *irc = pf->state;
    struct bytes channels[IRC_CHANNELS];
    char room[16];
    struct record_irc r = {
        .command = command_text(room, m->command),
        .nick = name_get(&irc->nick),
        .user = name_get(&irc->user),
        .server = name_get(&irc->server),
        .password_given = irc->password,
        .channel = channels,
    };
    bool number = is_number(m->command);
    size_t first = number && m->count > 1 ? 1 : 0; // behind the receiver's own name
    if (m->count > first)
        r.value = m->params[first];
    if (m->count > first + 1 && !is(m->command, "OPER"))
        r.addl = m->params[m->count - 1];
    if (is(m->command, "USER"))
        r.real_name = m->count == 4 ? m->params[3] : (struct bytes){NULL, 0};
    r.sender = side == FLOW_SERVER ? m->prefix : (struct bytes){NULL, 0};
    for (size_t i = 0; i < 2 && i < m->count && r.channel_count == 0 && !is(m->command, "USER");
         i++)
        r.channel_count = channels_read(m->params[i], channels);
    if (is(m->command, "PRIVMSG") || is(m->command, "NOTICE"))
        dcc_read(pf, r.addl, &r);
    pf->speaker = side;
    proto_emit(pf, RECORD_IRC, &r, pf->tx_count++);
}

static enum proto_verdict irc_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct irc_flow *irc = pf->state;
    struct bytes line;
    enum line_result found;
    while (!irc->tls && (found = line_take_last(&irc->lines[side], in, IRC_LINE_BYTES,
                             pf->ended[side], &line)) != LINE_NONE) {
        struct message m;
        if (found == LINE_CUT)
            proto_anomaly(pf, ANOMALY_IRC_LINE_TOO_LONG);
        message_read(line, &m);
        message_take(pf, side, &m);
        if (is_told(m.command))
            message_emit(pf, side, &m);
    }
    if (!irc->tls)
        return PROTO_MORE;
    proto_switch(pf, &proto_tls);
    return PROTO_DONE;
}

static enum proto_verdict irc_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct irc_flow *irc = pf->state;
    (void)lost;
    if (side == FLOW_CLIENT) // names may have changed
        irc->nick.len = irc->user.len = 0;
    line_lost(&irc->lines[side]);
    return PROTO_MORE;
}

const struct proto proto_irc = {
    .name = "irc",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct irc_flow),
    .budget_bytes = 4096,
    .buffer_bytes = 70 << 10,
    .probe = irc_probe,
    .parse = irc_parse,
    .gap = irc_gap,
};
