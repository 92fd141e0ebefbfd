// SPDX-License-Identifier: Apache-2.0
// What rules ask of a record: its fields through the generated tables, and the few conditions that
// are more than one field.
#include "rules/inspect.h"
#include "schema/shape.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

struct walk {
    const struct record_path *path;
    record_value *found;
    void *context;
};

static bool walk_from(const struct walk *walk, const uint8_t *body, uint8_t hop)
{
    const struct record_path *path = walk->path;
    if (hop == path->hops_count) {
        bool there = path->present == SHAPE_NONE || body[path->present];
        return there &&
               walk->found(walk->context, &body[path->offset], (enum shape_kind)path->kind);
    }
    const struct record_hop *at = &path->hops[hop];
    if (at->present != SHAPE_NONE && !body[at->present])
        return false;
    const uint8_t *list;
    size_t count;
    memcpy(&list, &body[at->list], sizeof list);
    memcpy(&count, &body[at->count], sizeof count);
    for (size_t i = 0; i < count; i++)
        if (walk_from(walk, &list[i * at->element], (uint8_t)(hop + 1)))
            return true;
    return false;
}

bool record_path_here(const struct inspection *in, const struct record_path *path)
{
    unsigned to = in->side == FLOW_CLIENT ? BUFFER_TO_SERVER : BUFFER_TO_CLIENT;
    return path->record == in->record->type && ((path->to & to) || in->both_sides);
}

bool record_path_each(
    const struct record_path *path, const void *body, record_value *found, void *context)
{
    struct walk walk = {path, found, context};
    return walk_from(&walk, body, 0);
}

static int64_t value_number(const void *value, enum shape_kind kind)
{
    switch (kind) {
    case SHAPE_BOOL: return *(const bool *)value;
    case SHAPE_DOUBLE: return (int64_t) * (const double *)value;
    case SHAPE_TIME:
    case SHAPE_I64: return *(const int64_t *)value;
    case SHAPE_U8:
    case SHAPE_U8_HEX:
    case SHAPE_U16:
    case SHAPE_U16_HEX:
    case SHAPE_U32:
    case SHAPE_U64: return (int64_t)shape_unsigned(value, (uint8_t)kind);
    default: return 0;
    }
}

struct bytes record_value_bytes(const void *value, enum shape_kind kind, char room[64])
{
    if (kind == SHAPE_TEXT || kind == SHAPE_MAC || kind == SHAPE_HEX)
        return *(const struct bytes *)value; // lint: the kind tells
    if (kind == SHAPE_ADDR) {
        const struct addr *addr = value;
        return addr->version ? bytes_make(room, addr_write(addr, room)) : (struct bytes){NULL, 0};
    }
    int n = snprintf(room, 64, "%lld", (long long)value_number(value, kind));
    return bytes_make(room, (size_t)n);
}

static uint8_t folded(uint8_t c)
{
    return c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool same_word(const char *word, struct bytes text)
{
    size_t i = 0;
    while (i < text.len && word[i] && folded((uint8_t)word[i]) == folded(text.data[i]))
        i++;
    return i == text.len && !word[i];
}

bool rule_number_word(enum rule_on on, struct bytes word, int64_t *number)
{
    const struct rule_number_source *source = &rule_number_sources[on];
    for (uint16_t i = 0; i < source->words_count; i++)
        if (same_word(source->words[i].word, word)) {
            *number = source->words[i].number;
            return true;
        }
    return false;
}

// "TYPE65280", "unknown-7", "12".
static bool trailing_number(struct bytes text, int64_t *number)
{
    size_t at = text.len;
    while (at > 0 && text.data[at - 1] >= '0' && text.data[at - 1] <= '9')
        at--;
    uint64_t value;
    if (!bytes_to_u64(bytes_from(text, at), &value))
        return false;
    *number = (int64_t)value;
    return true;
}

struct number_at {
    const struct rule_condition *condition;
    int64_t wanted; // place of the value INDEX_AT asks for
    int64_t count;
    bool any, all, at; // of the values seen
};

static bool number_seen(void *context, const void *value, enum shape_kind kind)
{
    struct number_at *at = context;
    const struct rule_condition *c = at->condition;
    int64_t number;
    if (kind == SHAPE_TEXT) {
        struct bytes text;
        memcpy(&text, value, sizeof text);
        if (!text.data ||
            (!rule_number_word(c->on, text, &number) && !trailing_number(text, &number)))
            return false;
    } else {
        number = value_number(value, kind);
    }
    bool holds = rule_number_is(&c->is.number.number, number);
    at->any |= holds;
    at->all &= holds;
    at->at |= holds && at->count == at->wanted;
    at->count++;
    return false;
}

static void numbers_shown(
    const struct inspection *in, const struct rule_tx *tx, uint8_t kind, struct number_at *at)
{
    for (const struct shown *s = tx ? tx->first : NULL; s; s = s->next) {
        struct shown_number number;
        if (s->buffer != BUFFER_NUMBERS || (s->side != in->side && !in->both_sides))
            continue;
        for (size_t i = 0; i + sizeof number <= s->len; i += sizeof number) {
            memcpy(&number, &s->data[i], sizeof number);
            bool meant = at->condition->on != RULE_ON_http2_settings ||
                         number.id == at->condition->is.number.at;
            if (number.kind == kind && meant)
                number_seen(at, &number.value, SHAPE_U32);
        }
    }
}

static struct number_at numbers_of(
    const struct inspection *in, const struct rule_condition *c, int64_t wanted)
{
    const struct rule_number_source *source = &rule_number_sources[c->on];
    struct number_at at = {.condition = c, .wanted = wanted, .all = true};
    if (source->shown)
        numbers_shown(in, in->tx, source->shown, &at);
    for (uint8_t i = 0; i < source->paths_count; i++)
        if (record_path_here(in, &source->paths[i]))
            record_path_each(&source->paths[i], in->record->body, number_seen, &at);
    return at;
}

static bool field_condition(const struct inspection *in, const struct rule_condition *c)
{
    const struct rule_number_of *is = &c->is.number;
    struct number_at at = numbers_of(in, c, is->at);
    if (is->index == INDEX_AT && is->at < 0)
        at = numbers_of(in, c, at.count + is->at);
    if (is->index == INDEX_COUNT)
        return rule_number_is(&is->number, at.count) != c->negated;
    bool holds = is->index == INDEX_ALL  ? at.count && at.all
                 : is->index == INDEX_AT ? at.at
                                         : at.any;
    return at.count && holds != c->negated;
}

// Service, class and attribute of the same message.
static bool cip_condition(const struct inspection *in, const struct rule_condition *c)
{
    const struct rule_cip *cip = &c->is.cip;
    const struct shown *s = in->tx ? in->tx->first : NULL;
    while (s && (s->buffer != BUFFER_NUMBERS || (s->side != in->side && !in->both_sides)))
        s = s->next;
    bool service = false, class = false, attribute = false;
    struct shown_number n, next;
    for (size_t i = 0; s && i + sizeof n <= s->len; i += sizeof n) {
        memcpy(&n, &s->data[i], sizeof n);
        service |= n.kind == SHOWN_CIP_SERVICE && n.value == cip->service;
        class |= n.kind == SHOWN_ENIP_CIP_CLASS && (n.value == cip->class_id) != cip->negated_class;
        attribute |= n.kind == SHOWN_ENIP_CIP_ATTRIBUTE && n.value == cip->attribute;
        bool last = i + 2 * sizeof n > s->len;
        if (!last)
            memcpy(&next, &s->data[i + sizeof n], sizeof next);
        if (!last && next.id == n.id)
            continue;
        if (service && (class || cip->class_id < 0) && (attribute || cip->attribute < 0))
            return true;
        service = class = attribute = false;
    }
    return false;
}

struct ranges_at {
    const struct rule_condition *condition;
    bool there, holds;
};

static bool in_ranges(const struct rule_ranges *ranges, int64_t number)
{
    for (uint16_t i = 0; i < ranges->count; i++)
        if (number >= ranges->ranges[i].low && number <= ranges->ranges[i].high)
            return true;
    return false;
}

static bool range_seen(void *context, const void *value, enum shape_kind kind)
{
    struct ranges_at *at = context;
    int64_t number = kind == SHAPE_TEXT ? 0 : value_number(value, kind);
    if (kind == SHAPE_TEXT) {
        struct bytes text = *(const struct bytes *)value; // lint: the kind tells what stands there
        if (!text.data || (!rule_number_word(at->condition->on, text, &number) &&
                              !trailing_number(text, &number)))
            return false;
    }
    at->there = true;
    at->holds |= in_ranges(&at->condition->is.ranges, number);
    return false;
}

static bool ranges_condition(const struct inspection *in, const struct rule_condition *c)
{
    const struct rule_number_source *source = &rule_number_sources[c->on];
    struct ranges_at at = {.condition = c};
    for (uint8_t i = 0; i < source->paths_count; i++)
        if (record_path_here(in, &source->paths[i]))
            record_path_each(&source->paths[i], in->record->body, range_seen, &at);
    return at.there && at.holds != c->negated;
}

static bool word_is(struct bytes text, const char *word)
{
    return bytes_equal_nocase(text, bytes_from_text(word));
}

static uint32_t tls_version_bits(struct bytes version)
{
    static const char *const names[][2] = {[TLS_SSL2] = {"SSLv2", "SSL 2.0"},
        [TLS_SSL3] = {"SSLv3", "SSL 3.0"},
        [TLS_10] = {"TLSv1", "TLS 1.0"},
        [TLS_11] = {"TLS 1.1", "1.1"},
        [TLS_12] = {"TLS 1.2", "1.2"},
        [TLS_13] = {"TLS 1.3", "1.3"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (word_is(version, names[i][0]) || word_is(version, names[i][1]))
            return 1U << i;
    return 0;
}

// "2026-11-22T08:00:00" in seconds since 1970.
static bool text_time(struct bytes text, int64_t *seconds)
{
    char buffer[32];
    struct tm tm = {0};
    if (text.len < 10 || text.len >= sizeof buffer)
        return false;
    memcpy(buffer, text.data, text.len);
    buffer[text.len] = 0;
    if (!strptime(buffer, "%Y-%m-%dT%H:%M:%S", &tm))
        return false;
    *seconds = timegm(&tm);
    return true;
}

static bool validity_holds(
    const struct inspection *in, const struct record_tls *tls, enum rule_on on)
{
    int64_t before, after, now = in->time_us / 1'000'000;
    if (!text_time(tls->notbefore, &before) || !text_time(tls->notafter, &after))
        return false;
    return on == RULE_ON_tls_cert_expired ? now > after : now >= before && now <= after;
}

static bool tls_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type != RECORD_TLS)
        return false;
    const struct record_tls *tls = in->record->body;
    int64_t seconds;
    if (c->on != RULE_ON_tls_version && in->side != FLOW_SERVER)
        return false; // the certificates are the server's
    switch (c->on) {
    case RULE_ON_tls_version: {
        uint32_t bits = tls_version_bits(tls->version);
        return (bits & c->is.set.bits) && !(bits & c->is.set.not_bits);
    }
    case RULE_ON_tls_cert_chain_len:
        return tls->fingerprint.data &&
               rule_number_is(&c->is.number.number, (int64_t)tls->chain_count + 1);
    case RULE_ON_tls_cert_not_before:
        return text_time(tls->notbefore, &seconds) && rule_number_is(&c->is.number.number, seconds);
    case RULE_ON_tls_cert_not_after:
        return text_time(tls->notafter, &seconds) && rule_number_is(&c->is.number.number, seconds);
    default: return validity_holds(in, tls, c->on) != c->negated;
    }
}

static bool hex_equal(struct bytes text, const uint8_t uuid[16])
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < 32; i++) {
        uint8_t ch = text.data[i], digit;
        if (ch == '-')
            continue;
        digit = ch >= '0' && ch <= '9'   ? (uint8_t)(ch - '0')
                : ch >= 'a' && ch <= 'f' ? (uint8_t)(ch - 'a' + 10)
                : ch >= 'A' && ch <= 'F' ? (uint8_t)(ch - 'A' + 10)
                                         : 16;
        if (digit != (n & 1 ? uuid[n / 2] & 15 : uuid[n / 2] >> 4))
            return false;
        n++;
    }
    return n == 32;
}

static bool iface_holds(
    const struct record_dcerpc_interface *list, size_t count, const struct rule_dcerpc_iface *iface)
{
    for (size_t i = 0; i < count; i++) {
        int64_t major;
        struct bytes version = list[i].version;
        struct bytes head = bytes_sub(version, 0, bytes_find_byte(version, '.'));
        if (!hex_equal(list[i].uuid, iface->uuid))
            continue;
        if (!iface->has_version)
            return true;
        if (trailing_number(head, &major) && rule_number_is(&iface->version, major))
            return true;
    }
    return false;
}

static bool dcerpc_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type == RECORD_DCERPC) {
        const struct record_dcerpc *r = in->record->body;
        return r->has_req && iface_holds(r->interfaces, r->interfaces_count, c->is.dcerpc_iface);
    }
    if (in->record->type != RECORD_SMB)
        return false;
    const struct record_smb *r = in->record->body;
    return r->dcerpc.has_req &&
           iface_holds(r->dcerpc.interfaces, r->dcerpc.interfaces_count, c->is.dcerpc_iface);
}

static uint32_t mqtt_flag_bits(bool retain, bool dup)
{
    return (retain ? 1U : 0) | (dup ? 8U : 0);
}

static bool mqtt_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type != RECORD_MQTT)
        return false;
    const struct record_mqtt *r = in->record->body;
    const struct rule_number *number = &c->is.number.number;
    if (c->on == RULE_ON_mqtt_connect_flags) {
        uint32_t bits =
            (r->connect.flags.username ? 0x80U : 0) | (r->connect.flags.password ? 0x40U : 0) |
            (r->connect.flags.will_retain ? 0x20U : 0) | (r->connect.flags.will ? 4U : 0) |
            (r->connect.flags.clean_session ? 2U : 0);
        return r->has_connect && rule_number_is(number, bits);
    }
    if (r->has_publish)
        return rule_number_is(number, mqtt_flag_bits(r->publish.retain, r->publish.dup));
    if (r->has_subscribe)
        return rule_number_is(number, mqtt_flag_bits(r->subscribe.retain, r->subscribe.dup));
    return rule_number_is(number, mqtt_flag_bits(r->connect.retain, r->connect.dup));
}

static bool websocket_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type != RECORD_WEBSOCKET)
        return false;
    const struct record_websocket *r = in->record->body;
    return rule_number_is(&c->is.number.number, (r->fin ? 0x80 : 0) | (r->compressed ? 0x40 : 0));
}

// What the responder chose (RFC 2409 appendix A numbers the attributes).
static bool ike_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type != RECORD_IKE || in->side != FLOW_SERVER)
        return false;
    const struct record_ike *r = in->record->body;
    if (r->payload_count == 0 || !bytes_equal(r->payload[0], BYTES("SecurityAssociation")))
        return false;
    const struct rule_number *number = &c->is.number.number;
    switch (c->is.number.at) {
    case 1: return r->has_alg_enc_raw && rule_number_is(number, r->alg_enc_raw);
    case 2: return r->has_alg_hash_raw && rule_number_is(number, r->alg_hash_raw);
    case 3: return r->has_alg_auth_raw && rule_number_is(number, r->alg_auth_raw);
    case 4: return r->has_alg_dh_raw && rule_number_is(number, r->alg_dh_raw);
    case 11: return r->has_sa_life_type_raw && rule_number_is(number, r->sa_life_type_raw);
    case 12: return r->has_sa_life_duration_raw && rule_number_is(number, r->sa_life_duration_raw);
    case 14: return r->has_sa_key_length_raw && rule_number_is(number, r->sa_key_length_raw);
    default: return false;
    }
}

static bool dnp3_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type != RECORD_DNP3)
        return false;
    const struct record_dnp3 *r = in->record->body;
    if (c->on == RULE_ON_dnp3_ind)
        return r->has_iin && rule_mask_holds(&c->is.mask, r->iin.raw);
    for (size_t i = 0; i < r->application.objects_count; i++) {
        const struct record_dnp3_object *o = &r->application.objects[i];
        if ((c->is.pair.first < 0 || o->group == c->is.pair.first) &&
            (c->is.pair.second < 0 || o->variation == c->is.pair.second))
            return true;
    }
    return false;
}

static bool smb_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type != RECORD_SMB)
        return false;
    const struct record_smb *r = in->record->body;
    int64_t version = bytes_start_with(r->command, BYTES("SMB1")) ? 1 : 2;
    return rule_number_is(&c->is.number.number, version) != c->negated;
}

static bool ldap_count_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (in->record->type != RECORD_LDAP || (in->side != FLOW_SERVER && !in->both_sides))
        return false;
    const struct record_ldap *r = in->record->body;
    return rule_number_is(&c->is.number.number, (int64_t)r->responses_count);
}

static bool word_condition(const struct inspection *in, const struct rule_condition *c)
{
    const struct record_ftp *ftp = in->record->type == RECORD_FTP ? in->record->body : NULL;
    const struct record_ssh *ssh = in->record->type == RECORD_SSH ? in->record->body : NULL;
    if (c->on == RULE_ON_ftpbounce)
        return ftp && ftp->bounce;
    return ssh && (bytes_equal_nocase(ssh->client.proto_version, c->is.word) ||
                      bytes_equal_nocase(ssh->server.proto_version, c->is.word));
}

static bool file_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (!in->file || in->file->event != FILE_CLOSED)
        return false;
    const struct record_fileinfo *info = in->file->info;
    if (c->on == RULE_ON_filesize)
        return rule_number_is(&c->is.number.number, (int64_t)info->size) != c->negated;
    const struct rule_file_hash *hash = c->is.file_hash;
    struct bytes digest = hash->length == 16   ? info->md5
                          : hash->length == 32 ? info->sha256
                                               : (struct bytes){NULL, 0};
    size_t low = 0, high = hash->count;
    while (digest.len == hash->length && low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(&hash->sorted[middle * hash->length], digest.data, digest.len);
        if (order == 0)
            return !c->negated;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return digest.len == hash->length && c->negated;
}

bool rule_record_condition(const struct inspection *in, const struct rule_condition *c)
{
    if (c->on == RULE_ON_filesize || c->on == RULE_ON_file_hash)
        return file_condition(in, c);
    if (c->on == RULE_ON_cip_service)
        return cip_condition(in, c);
    if (rule_number_sources[c->on].shown)
        return field_condition(in, c);
    if (!in->record)
        return false;
    switch (c->on) {
    case RULE_ON_tls_version:
    case RULE_ON_tls_cert_chain_len:
    case RULE_ON_tls_cert_not_before:
    case RULE_ON_tls_cert_not_after:
    case RULE_ON_tls_cert_expired:
    case RULE_ON_tls_cert_valid: return tls_condition(in, c);
    case RULE_ON_dcerpc_iface: return dcerpc_condition(in, c);
    case RULE_ON_mqtt_flags:
    case RULE_ON_mqtt_connect_flags: return mqtt_condition(in, c);
    case RULE_ON_websocket_flags: return websocket_condition(in, c);
    case RULE_ON_ike_chosen_sa_attribute: return ike_condition(in, c);
    case RULE_ON_dnp3_ind:
    case RULE_ON_dnp3_obj: return dnp3_condition(in, c);
    case RULE_ON_smb_version: return smb_condition(in, c);
    case RULE_ON_ldap_responses_count: return ldap_count_condition(in, c);
    case RULE_ON_ssh_protoversion:
    case RULE_ON_ftpbounce: return word_condition(in, c);
    case RULE_ON_dcerpc_opnum:
    case RULE_ON_krb5_ticket_encryption: return ranges_condition(in, c);
    default: return rule_number_sources[c->on].paths && field_condition(in, c);
    }
}
