// SPDX-License-Identifier: Apache-2.0
#include "intel/misp_word.h"

static const struct misp_type types[] = {
    {"ip-src", MISP_VALUE, INTEL_ADDRESS, 0, NULL},
    {"ip-dst", MISP_VALUE, INTEL_ADDRESS, 0, NULL},
    {"ip-src|port", MISP_PORT, INTEL_ADDRESS_PORT, 0, NULL},
    {"ip-dst|port", MISP_PORT, INTEL_ADDRESS_PORT, 0, NULL},
    {"domain", MISP_VALUE, INTEL_DOMAIN, 0, NULL},
    {"hostname", MISP_VALUE, INTEL_HOST, 0, NULL},
    {"hostname|port", MISP_FIRST, INTEL_HOST, 0, NULL},
    {"domain|ip", MISP_BOTH, INTEL_DOMAIN, INTEL_ADDRESS, NULL},
    {"url", MISP_VALUE, INTEL_URL, 0, NULL},
    {"uri", MISP_PATH, 0, 0, "network-traffic:extensions.'http-request-ext'.request_value"},
    {"user-agent", MISP_VALUE, INTEL_USER_AGENT, 0, NULL},
    {"md5", MISP_VALUE, INTEL_MD5, 0, NULL},
    {"sha1", MISP_VALUE, INTEL_SHA1, 0, NULL},
    {"sha256", MISP_VALUE, INTEL_SHA256, 0, NULL},
    {"filename", MISP_VALUE, INTEL_FILE_NAME, 0, NULL},
    {"filename|md5", MISP_SECOND, INTEL_MD5, 0, NULL},
    {"filename|sha1", MISP_SECOND, INTEL_SHA1, 0, NULL},
    {"filename|sha256", MISP_SECOND, INTEL_SHA256, 0, NULL},
    {"malware-sample", MISP_SECOND, INTEL_MD5, 0, NULL},
    {"email", MISP_VALUE, INTEL_MAIL, 0, NULL},
    {"email-src", MISP_VALUE, INTEL_MAIL_FROM, 0, NULL},
    {"email-dst", MISP_VALUE, INTEL_MAIL_TO, 0, NULL},
    {"email-reply-to", MISP_VALUE, INTEL_MAIL_REPLY_TO, 0, NULL},
    {"email-subject", MISP_VALUE, INTEL_MAIL_SUBJECT, 0, NULL},
    {"email-attachment", MISP_VALUE, INTEL_FILE_NAME, 0, NULL},
    {"email-src-display-name", MISP_PATH, 0, 0, "email-message:from_ref.display_name"},
    {"email-message-id", MISP_PATH, 0, 0, "email-message:message_id"},
    {"email-x-mailer", MISP_PATH, 0, 0, "email-message:additional_header_fields.'X-Mailer'"},
    {"mac-address", MISP_PATH, 0, 0, "mac-addr:value"},
    {"ja3-fingerprint-md5", MISP_VALUE, INTEL_JA3, 0, NULL},
    {"hassh-md5", MISP_VALUE, INTEL_HASSH, 0, NULL},
    {"hasshserver-md5", MISP_VALUE, INTEL_HASSH_SERVER, 0, NULL},
    {"x509-fingerprint-md5", MISP_VALUE, INTEL_CERT_MD5, 0, NULL},
    {"x509-fingerprint-sha1", MISP_VALUE, INTEL_CERT_SHA1, 0, NULL},
    {"x509-fingerprint-sha256", MISP_VALUE, INTEL_CERT_SHA256, 0, NULL},
    {"stix2-pattern", MISP_PATTERN, 0, 0, NULL},
    {"snort", MISP_RULE, 0, 0, NULL},
    {"yara", MISP_RULE, 0, 0, NULL},
    {"sigma", MISP_RULE, 0, 0, NULL},
    {"bro", MISP_RULE, 0, 0, NULL},
    {"zeek", MISP_RULE, 0, 0, NULL},
};

// Texts of objects whose place says what they are.
static const struct misp_type relations[] = {
    {"ja4-fingerprint", MISP_VALUE, INTEL_JA4, 0, NULL},
    {"ja4", MISP_VALUE, INTEL_JA4, 0, NULL},
    {"ja3s-fingerprint-md5", MISP_VALUE, INTEL_JA3S, 0, NULL},
    {"ja3s", MISP_VALUE, INTEL_JA3S, 0, NULL},
    {"serial-number", MISP_VALUE, INTEL_CERT_SERIAL, 0, NULL},
    {"issuer", MISP_VALUE, INTEL_CERT_ISSUER, 0, NULL},
    {"subject", MISP_VALUE, INTEL_CERT_SUBJECT, 0, NULL},
};

const struct misp_type *misp_type_find(struct bytes name, struct bytes relation)
{
    static const struct misp_type unseen = {"", MISP_UNSEEN, INTEL_UNSEEN, 0, NULL};
    bool text = bytes_equal(name, BYTES("text")) || bytes_equal(name, BYTES("other"));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bytes_equal(name, bytes_from_text(types[i].name)))
            return &types[i];
    for (size_t i = 0; text && i < sizeof relations / sizeof *relations; i++)
        if (bytes_equal(relation, bytes_from_text(relations[i].name)))
            return &relations[i];
    return &unseen;
}

// ---- Tags: namespace:predicate="value"

// What stands between the quotes, or behind the last colon.
static struct bytes value_of(struct bytes tag)
{
    size_t quote = bytes_find_byte(tag, '"');
    if (quote != BYTES_NOT_FOUND) {
        struct bytes rest = bytes_from(tag, quote + 1);
        return bytes_sub(rest, 0, bytes_find_byte(rest, '"'));
    }
    size_t at = tag.len;
    while (at > 0 && tag.data[at - 1] != ':')
        at--;
    return bytes_trim(bytes_from(tag, at));
}

struct word_value {
    const char *word;
    uint8_t value;
};

static uint8_t look_up(const struct word_value *words, size_t count, struct bytes word)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_nocase(bytes_from_text(words[i].word), word))
            return words[i].value;
    return INTEL_CONFIDENCE_UNSAID;
}

#define LOOK_UP(words, word) look_up(words, sizeof words / sizeof *(words), word)

// STIX 2.1, appendix A, gives the scales their numbers.
static uint8_t confidence_of(struct bytes tag)
{
    static const struct word_value misp[] = {{"completely-confident", 95},
        {"usually-confident", 75}, {"fairly-confident", 50}, {"rarely-confident", 25},
        {"unconfident", 5}};
    static const struct word_value likelihood[] = {{"almost-certain", 95}, {"very-likely", 85},
        {"likely", 70}, {"roughly-even-chance", 50}, {"unlikely", 30}, {"very-unlikely", 15},
        {"almost-no-chance", 5}};
    static const struct word_value credibility[] = {
        {"1", 90}, {"2", 70}, {"3", 50}, {"4", 30}, {"5", 10}};
    struct bytes value = value_of(tag);
    uint64_t number;
    if (bytes_start_with_nocase(tag, BYTES("misp:confidence-level=")))
        return LOOK_UP(misp, value);
    if (bytes_start_with_nocase(tag, BYTES("estimative-language:likelihood-probability=")))
        return LOOK_UP(likelihood, value);
    if (bytes_start_with_nocase(tag, BYTES("estimative-language:confidence-in-analytic")))
        return intel_word_confidence(value);
    if (bytes_start_with_nocase(tag, BYTES("admiralty-scale:information-credibility=")))
        return LOOK_UP(credibility, value);
    bool osint = bytes_start_with_nocase(tag, BYTES("osint:certainty="));
    return osint && bytes_to_u64(value, &number) && number <= 100 ? (uint8_t)number
                                                                  : INTEL_CONFIDENCE_UNSAID;
}

static void add_name(struct misp_tags *tags, struct bytes name)
{
    struct bytes names = composing_bytes(&tags->names);
    struct bytes technique = technique_in(name);
    if (technique.len &&
        bytes_find(composing_bytes(&tags->techniques), technique) == BYTES_NOT_FOUND)
        composing_add(&tags->techniques, " ", technique);
    if (name.len && bytes_find(names, name) == BYTES_NOT_FOUND)
        composing_add(&tags->names, ", ", name);
}

static void take_tag(struct misp_tags *tags, struct bytes tag)
{
    enum intel_tlp tlp = INTEL_TLP_NONE;
    uint8_t confidence = confidence_of(tag);
    if (bytes_start_with_nocase(tag, BYTES("tlp:")))
        tlp = intel_word_tlp(tag);
    tags->tlp = tlp > tags->tlp ? tlp : tags->tlp; // the strictest
    if (confidence != INTEL_CONFIDENCE_UNSAID)
        tags->confidence = confidence;
    if (bytes_start_with_nocase(tag, BYTES("kill-chain:")) && tags->phase == PHASE_NONE)
        tags->phase = phase_of_word(value_of(tag));
    if (bytes_start_with_nocase(tag, BYTES("misp-galaxy:")) ||
        bytes_start_with_nocase(tag, BYTES("malware_classification:")) ||
        bytes_start_with_nocase(tag, BYTES("malware:")) ||
        bytes_start_with_nocase(tag, BYTES("veris:actor:")))
        add_name(tags, value_of(tag));
}

static void take_cluster(struct misp_tags *tags, const struct json_node *cluster)
{
    add_name(tags, json_bytes(cluster, "value"));
    const struct json_node *chain = json_list(json_member(cluster, "meta"), "kill_chain");
    for (; chain && tags->phase == PHASE_NONE; chain = chain->next)
        tags->phase = phase_of_word(value_of(chain->text));
}

void misp_tags_take(struct misp_tags *tags, const struct json_node *object)
{
    for (const struct json_node *tag = json_list(object, "Tag"); tag; tag = tag->next)
        take_tag(tags, json_bytes(tag, "name"));
    for (const struct json_node *g = json_list(object, "Galaxy"); g; g = g->next)
        for (const struct json_node *c = json_list(g, "GalaxyCluster"); c; c = c->next)
            take_cluster(tags, c);
}
