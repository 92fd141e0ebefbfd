// SPDX-License-Identifier: Apache-2.0
// What a rule asks of an application's transaction beyond plain numbers and buffers.
#include "rules/keywords.h"

static const struct keyword_word tls_versions[] = {
    {"1.0", TLS_10},
    {"1.1", TLS_11},
    {"1.2", TLS_12},
    {"1.3", TLS_13},
    {NULL, 0},
};

bool keyword_tls_version(struct draft *draft, struct bytes value, bool)
{
    struct rule_condition *c = draft_condition(draft, RULE_ON_tls_version);
    int64_t version;
    uint64_t raw;
    if (!c)
        return false;
    if (text_to_word(tls_versions, value, &version))
        c->is.set.bits = UINT32_C(1) << version;
    else if (bytes_start_with_nocase(value, BYTES("0x")) && text_to_number(value, UINT16_MAX, &raw))
        c->is.set.raw = (uint16_t)raw;
    else
        return draft_fail(draft, "is 1.0, 1.1, 1.2, 1.3 or 0x and four digits");
    return true;
}

// Words, some with a ! before them, by any of the separators.
static bool set_of(
    struct draft *draft, struct bytes value, uint8_t separator, const struct keyword_word *words)
{
    struct rule_condition *c = draft_condition(draft, draft->keyword->on);
    struct bytes word, rest = value;
    int64_t bit;
    while (c && text_next(&rest, separator, &word)) {
        bool negated = word.len && word.data[0] == '!';
        if (!text_to_word(words, text_trim(bytes_from(word, negated)), &bit))
            return draft_fail_at(draft, word, "is not known here");
        uint32_t *bits = negated ? &c->is.set.not_bits : &c->is.set.bits;
        if (*bits & UINT32_C(1) << bit)
            return draft_fail_at(draft, word, "stands twice");
        *bits |= UINT32_C(1) << bit;
    }
    return c != NULL;
}

bool keyword_ssl_version(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word versions[] = {{"sslv2", TLS_SSL2}, {"sslv3", TLS_SSL3},
        {"tls1.0", TLS_10}, {"tls1.1", TLS_11}, {"tls1.2", TLS_12}, {"tls1.3", TLS_13}, {NULL, 0}};
    return set_of(draft, value, ',', versions);
}

bool keyword_ssl_state(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word states[] = {{"client_hello", SSL_CLIENT_HELLO},
        {"server_hello", SSL_SERVER_HELLO}, {"client_keyx", SSL_CLIENT_KEYX},
        {"server_keyx", SSL_SERVER_KEYX}, {"unknown", SSL_UNKNOWN}, {NULL, 0}};
    uint8_t by = bytes_find_byte(value, '|') == BYTES_NOT_FOUND ? ',' : '|';
    return set_of(draft, value, by, states);
}

static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400, year = y - era * 400;
    int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146'097 + year * 365 + year / 4 - year / 100 + day - 719'468;
}

// "2015", "2015-10", "2015-10-22", with " 08", ":30", ":00" or a T between. Seconds since 1970,
// UTC.
static bool read_date(struct bytes text, int64_t *out)
{
    static const char separators[] = "--T::";
    static const int64_t least[] = {1950, 1, 1, 0, 0, 0}, most[] = {9999, 12, 31, 23, 59, 60};
    int64_t part[6] = {0, 1, 1, 0, 0, 0};
    size_t at = 0;
    for (size_t i = 0; i < 6; i++) {
        uint64_t number;
        size_t digits = i ? 2 : 4;
        if (!bytes_to_u64(bytes_sub(text, at, digits), &number) || at + digits > text.len)
            return false;
        part[i] = (int64_t)number;
        if (part[i] < least[i] || part[i] > most[i])
            return false;
        at += digits;
        if (at == text.len) {
            *out = days_from_civil(part[0], part[1], part[2]) * 86'400 + part[3] * 3600 +
                   part[4] * 60 + part[5];
            return true;
        }
        if (i == 5 || (text.data[at] != separators[i] && !(i == 2 && text.data[at] == ' ')))
            return false;
        at++;
    }
    return false;
}

bool keyword_tls_date(struct draft *draft, struct bytes value, bool)
{
    struct rule_number n = {.compare = RULE_EQ};
    struct rule_condition *c = draft_condition(draft, draft->keyword->on);
    if (!c)
        return false;
    struct bytes from = text_trim(value), to = {0};
    size_t range = bytes_find(from, BYTES("<>"));
    if (range != BYTES_NOT_FOUND) {
        n.compare = RULE_RANGE;
        to = text_trim(bytes_from(from, range + 2));
        from = text_trim(bytes_sub(from, 0, range));
    } else if (from.len && (from.data[0] == '<' || from.data[0] == '>')) {
        n.compare = from.data[0] == '<' ? RULE_LT : RULE_GT;
        from = text_trim(bytes_from(from, 1));
    }
    if (!read_date(from, &n.low) || (range != BYTES_NOT_FOUND && !read_date(to, &n.high)))
        return draft_fail(draft, "is a date as 2015, 2015-10 or 2015-10-22 08:00:00");
    if (range != BYTES_NOT_FOUND && n.low >= n.high)
        return draft_fail(draft, "ends before it begins");
    c->is.number.number = n;
    return true;
}

bool keyword_ssh_protoversion(struct draft *draft, struct bytes value, bool)
{
    static const char *const known[] = {"1", "1.3", "1.5", "1.99", "2", "2.0", "2_compat"};
    struct rule_condition *c = draft_condition(draft, RULE_ON_ssh_protoversion);
    for (size_t i = 0; c && i < sizeof known / sizeof *known; i++)
        if (bytes_equal(value, bytes_from_text(known[i]))) {
            c->is.word = value;
            return true;
        }
    return draft_fail(draft, "is a version as 2.0, or 2_compat");
}

// SETTINGS_ENABLE_PUSH=0 (RFC 9113 6.5.2)
bool keyword_http2_settings(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word settings[] = {{"SETTINGS_HEADER_TABLE_SIZE", 1},
        {"SETTINGS_ENABLE_PUSH", 2}, {"SETTINGS_MAX_CONCURRENT_STREAMS", 3},
        {"SETTINGS_INITIAL_WINDOW_SIZE", 4}, {"SETTINGS_MAX_FRAME_SIZE", 5},
        {"SETTINGS_MAX_HEADER_LIST_SIZE", 6}, {NULL, 0}};
    size_t end = 0;
    int64_t id;
    while (end < value.len &&
           ((value.data[end] >= 'A' && value.data[end] <= 'Z') ||
               (value.data[end] >= 'a' && value.data[end] <= 'z') || value.data[end] == '_'))
        end++;
    struct rule_condition *c = draft_condition(draft, RULE_ON_http2_settings);
    if (!c)
        return false;
    if (!text_to_word(settings, bytes_sub(value, 0, end), &id))
        return draft_fail(draft, "is no setting of HTTP/2");
    c->is.number.at = (int32_t)id;
    struct bytes number = text_trim(bytes_from(value, end));
    if (!number.len) {
        c->is.number.number = (struct rule_number){.compare = RULE_GE};
        return true;
    }
    return parse_number(draft, number, UINT32_MAX, NULL, &c->is.number.number);
}

// "fin,!comp": names of bits that are set, or not; or a number.
bool keyword_bits(struct draft *draft, struct bytes value, bool)
{
    const struct keyword *k = draft->keyword;
    struct bytes word, rest = value;
    struct rule_number n = {.compare = RULE_BITS};
    int64_t bit;
    bool named = true;
    while (named && text_next(&rest, ',', &word)) {
        bool negated = word.len && word.data[0] == '!';
        named = text_to_word(k->words, text_trim(bytes_from(word, negated)), &bit);
        if (named && n.low & bit)
            return draft_fail_at(draft, word, "stands twice");
        n.low |= named ? bit : 0;
        n.high |= named && !negated ? bit : 0;
    }
    if (!named)
        return keyword_number(draft, value, false);
    struct rule_condition *c = draft_condition(draft, k->on);
    if (!c)
        return false;
    c->is.number.number = n;
    return true;
}

static bool read_uuid(struct bytes text, uint8_t out[16])
{
    size_t nibbles = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = bytes_hex_digit(text.data[i]);
        if (dash ? text.data[i] != '-' : digit < 0)
            return false;
        if (dash)
            continue;
        if (nibbles == 32)
            return false;
        out[nibbles / 2] = (uint8_t)(nibbles % 2 ? out[nibbles / 2] | digit : digit << 4);
        nibbles++;
    }
    return nibbles == 32 && text.len == 36;
}

// dcerpc.iface:UUID[,OPERATOR VERSION][,any_frag]
bool keyword_dcerpc_iface(struct draft *draft, struct bytes value, bool)
{
    struct bytes word, rest = value;
    struct rule_condition *c = draft_condition(draft, RULE_ON_dcerpc_iface);
    struct rule_dcerpc_iface *iface = draft_alloc(draft, sizeof *iface);
    if (!c || !iface)
        return false;
    if (!text_next(&rest, ',', &word) || !read_uuid(word, iface->uuid))
        return draft_fail(draft, "is no UUID");
    while (text_next(&rest, ',', &word)) {
        if (bytes_equal(word, BYTES("any_frag")))
            iface->any_frag = true;
        else if (iface->has_version || !word.len ||
                 bytes_find_byte(BYTES("<>=!"), word.data[0]) == BYTES_NOT_FOUND)
            return draft_fail_at(draft, word, "is an operator and a version, or any_frag");
        else if (!parse_number(draft, word, UINT16_MAX, NULL, &iface->version))
            return false;
        else
            iface->has_version = true;
    }
    c->is.dcerpc_iface = iface;
    return true;
}

enum { RANGES_MOST = 256 };

static bool keep_ranges(struct draft *draft, struct rule_condition *c,
    const struct rule_number_range *list, uint16_t count)
{
    struct rule_number_range *kept = draft_alloc(draft, count * sizeof *kept);
    if (!kept)
        return false;
    memcpy(kept, list, count * sizeof *kept);
    c->is.ranges = (struct rule_ranges){kept, count};
    return true;
}

// "15", "1-3,7"
bool keyword_ranges(struct draft *draft, struct bytes value, bool)
{
    struct rule_number_range list[RANGES_MOST];
    struct rule_condition *c = draft_condition(draft, draft->keyword->on);
    struct bytes word, rest = value;
    uint16_t count = 0;
    if (!c)
        return false;
    while (text_next(&rest, ',', &word)) {
        uint64_t low, high;
        size_t dash = bytes_find_byte(word, '-');
        struct bytes right = dash == BYTES_NOT_FOUND ? word : text_trim(bytes_from(word, dash + 1));
        if (!text_to_number(text_trim(bytes_sub(word, 0, dash)), draft->keyword->max, &low) ||
            !text_to_number(right, draft->keyword->max, &high) || low > high ||
            count == RANGES_MOST)
            return draft_fail_at(draft, word, "is a number or LOW-HIGH");
        list[count++] = (struct rule_number_range){(int64_t)low, (int64_t)high};
    }
    return keep_ranges(draft, c, list, count);
}

// Encryption types of Kerberos (RFC 3961 and IANA); weak: all but AES and Camellia.
bool keyword_ticket(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word types[] = {{"des-cbc-crc", 1}, {"des-cbc-md4", 2},
        {"des-cbc-md5", 3}, {"des-cbc-raw", 4}, {"des3-cbc-md5", 5}, {"des3-cbc-raw", 6},
        {"des3-cbc-sha1", 7}, {"des-hmac-sha1", 8}, {"dsa-sha1-env", 9}, {"rsa-md5-env", 10},
        {"rsa-sha1-env", 11}, {"rc2-cbc-env", 12}, {"rsa-env", 13}, {"rsa-es-oeap-env", 14},
        {"des-ede3-cbc-env", 15}, {"des3-cbc-sha1-kd", 16}, {"aes128-cts-hmac-sha1-96", 17},
        {"aes256-cts-hmac-sha1-96", 18}, {"aes128-cts-hmac-sha256-128", 19},
        {"aes256-cts-hmac-sha384-192", 20}, {"rc4-hmac", 23}, {"rc4-hmac-exp", 24},
        {"camellia128-cts-cmac", 25}, {"camellia256-cts-cmac", 26}, {"subkey-keymaterial", 65},
        {"rc4-md4", -128}, {"rc4-plain2", -129}, {"rc4-lm", -130}, {"rc4-sha", -131},
        {"des-plain", -132}, {"rc4-hmac-old", -133}, {"rc4-plain-old", -134},
        {"rc4-hmac-old-exp", -135}, {"rc4-plain-old-exp", -136}, {"rc4-plain", -140},
        {"rc4-plain-exp", -141}, {NULL, 0}};
    static const struct rule_number_range weak[] = {{INT32_MIN, 16}, {21, 24}, {27, INT32_MAX}};
    static const struct rule_number_range strong[] = {{17, 20}, {25, 26}};
    struct rule_number_range list[RANGES_MOST];
    struct rule_condition *c = draft_condition(draft, RULE_ON_krb5_ticket_encryption);
    struct bytes word, rest = value;
    uint16_t count = 0;
    if (!c)
        return false;
    if (bytes_equal_nocase(value, BYTES("weak")))
        return keep_ranges(draft, c, weak, 3);
    if (bytes_equal_nocase(value, BYTES("strong")))
        return keep_ranges(draft, c, strong, 2);
    while (text_next(&rest, ',', &word)) {
        int64_t type;
        if (count == RANGES_MOST || (!text_to_word(types, word, &type) &&
                                        !text_to_signed(word, INT32_MIN, INT32_MAX, &type)))
            return draft_fail_at(draft, word, "is no encryption of Kerberos");
        list[count++] = (struct rule_number_range){type, type};
    }
    return keep_ranges(draft, c, list, count);
}

// rpc:PROGRAM,VERSION,PROCEDURE, each but the first may be *.
bool keyword_rpc(struct draft *draft, struct bytes value, bool)
{
    int64_t parts[3] = {-1, -1, -1};
    struct bytes word, rest = value;
    struct rule_condition *c = draft_condition(draft, RULE_ON_rpc);
    for (int i = 0; i < 3 && text_next(&rest, ',', &word); i++) {
        uint64_t number;
        if (i && bytes_equal(word, BYTES("*")))
            continue;
        if (!text_to_number(word, UINT32_MAX, &number))
            return draft_fail(draft, "is PROGRAM,VERSION,PROCEDURE");
        parts[i] = (int64_t)number;
    }
    if (!c || rest.data)
        return draft_fail(draft, "is PROGRAM,VERSION,PROCEDURE");
    c->is.rpc = (struct rule_rpc){parts[0], parts[1], parts[2]};
    return true;
}

// ike.chosen_sa_attribute:NAME=VALUE; numbers as in RFC 2409, Appendix A.
bool keyword_ike_attribute(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word attributes[] = {{"alg_enc", 1}, {"alg_hash", 2},
        {"alg_auth", 3}, {"alg_dh", 4}, {"sa_group_type", 5}, {"sa_life_type", 11},
        {"sa_life_duration", 12}, {"alg_prf", 13}, {"sa_key_length", 14}, {"sa_field_size", 15},
        {NULL, 0}};
    struct rule_condition *c = draft_condition(draft, RULE_ON_ike_chosen_sa_attribute);
    size_t equals = bytes_find_byte(value, '=');
    int64_t id;
    if (!c || equals == BYTES_NOT_FOUND ||
        !text_to_word(attributes, text_trim(bytes_sub(value, 0, equals)), &id))
        return draft_fail(draft, "is ATTRIBUTE=VALUE");
    c->is.number.at = (int32_t)id;
    return parse_number(
        draft, bytes_from(value, equals + 1), UINT32_MAX, NULL, &c->is.number.number);
}

bool keyword_yes_no(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word words[] = {
        {"yes", 1}, {"true", 1}, {"on", 1}, {"no", 0}, {"false", 0}, {"off", 0}, {NULL, 0}};
    int64_t which;
    if (!text_to_word(words, value, &which))
        return draft_fail(draft, "is yes or no");
    if (draft->keyword->buffer != BUFFER_PAYLOAD)
        return keyword_exact(draft, which ? BYTES("yes") : BYTES("no"), false);
    struct rule_condition *c = draft_condition(draft, draft->keyword->on);
    if (!c)
        return false;
    c->is.number.number = (struct rule_number){.compare = RULE_EQ, .low = which, .high = which};
    return true;
}
