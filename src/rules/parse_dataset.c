// SPDX-License-Identifier: Apache-2.0
// dataset:COMMAND,NAME,OPTIONS and datarep:NAME,OPERATOR,VALUE,OPTIONS.
#include "rules/keywords.h"

static const struct keyword_word commands[] = {
    {"set", DATASET_SET},
    {"unset", DATASET_UNSET},
    {"isset", DATASET_ISSET},
    {"isnotset", DATASET_ISNOTSET},
    {NULL, 0},
};

static const struct keyword_word types[] = {
    {"string", DATASET_STRING},
    {"md5", DATASET_MD5},
    {"sha256", DATASET_SHA256},
    {"ipv4", DATASET_IPV4},
    {"ip", DATASET_IP},
    {NULL, 0},
};

static const struct keyword_word formats[] = {
    {"csv", DATASET_CSV},
    {"json", DATASET_JSON},
    {"jsonline", DATASET_NDJSON},
    {"ndjson", DATASET_NDJSON},
    {NULL, 0},
};

enum { DATASET_NAME_BYTES = 63 };

static const char *terminated(struct draft *draft, struct bytes text)
{
    char *copy = draft_alloc(draft, text.len + 1);
    if (copy && text.len)
        memcpy(copy, text.data, text.len);
    return copy;
}

static bool a_word(
    struct draft *draft, struct bytes what, const struct keyword_word *words, int64_t *out)
{
    return text_to_word(words, what, out) || draft_fail_at(draft, what, "is not known here");
}

static bool path_option(
    struct draft *draft, struct bytes name, struct bytes what, struct rule_dataset *set)
{
    if (!what.len)
        return draft_fail_at(draft, name, "has no file");
    if (bytes_equal(name, BYTES("load")))
        return (set->load = draft_path(draft, what)) != NULL;
    const char *path = terminated(draft, what);
    if (bytes_equal(name, BYTES("state")))
        set->state = path;
    else
        set->save = path;
    return path != NULL;
}

static bool json_option(struct bytes name, struct bytes what, struct rule_dataset *set)
{
    if (bytes_equal(name, BYTES("value_key")))
        set->value_key = what;
    else if (bytes_equal(name, BYTES("array_key")))
        set->array_key = what;
    else if (bytes_equal(name, BYTES("enrichment_key")))
        set->enrichment_key = what;
    else if (bytes_equal(name, BYTES("remove_key")))
        set->remove_key = true;
    else
        return false;
    return true;
}

static bool option(struct draft *draft, struct bytes word, struct rule_dataset *set)
{
    size_t space = bytes_find_byte(word, ' ');
    struct bytes name = bytes_sub(word, 0, space);
    struct bytes what =
        space == BYTES_NOT_FOUND ? (struct bytes){0} : text_trim(bytes_from(word, space));
    int64_t value;
    uint64_t number;
    if (bytes_equal(name, BYTES("type"))) {
        if (!a_word(draft, what, types, &value))
            return false;
        set->type = (enum rule_dataset_type)value;
    } else if (bytes_equal(name, BYTES("format"))) {
        if (!a_word(draft, what, formats, &value))
            return false;
        set->format = (enum rule_dataset_format)value;
    } else if (bytes_equal(name, BYTES("load")) || bytes_equal(name, BYTES("state")) ||
               bytes_equal(name, BYTES("save")))
        return path_option(draft, name, what, set);
    else if (bytes_equal(name, BYTES("memcap")) || bytes_equal(name, BYTES("hashsize"))) {
        if (!text_to_number(what, INT64_MAX, &number) || number == 0)
            return draft_fail_at(draft, word, "is a size above 0");
        if (name.data[0] == 'm')
            set->memory_bytes = number;
    } else if (!json_option(name, what, set))
        return draft_fail_at(draft, word, "is no option of a dataset");
    return true;
}

static struct rule_dataset *begin(struct draft *draft)
{
    if (draft->group < 0) {
        draft_fail(draft, "has to stand behind a sticky buffer");
        return NULL;
    }
    struct rule_dataset *set = draft_alloc(draft, sizeof *set);
    if (set)
        *set = (struct rule_dataset){.file = draft->file, .line = draft->line};
    return set;
}

static bool finish(struct draft *draft, struct bytes rest, struct rule_dataset *set)
{
    struct bytes word;
    while (text_next(&rest, ',', &word))
        if (!option(draft, word, set))
            return false;
    if (!set->name.len || set->name.len > DATASET_NAME_BYTES)
        return draft_fail(draft, "its name has 1 to 63 bytes");
    if (set->state && (set->load || set->save))
        return draft_fail(draft, "state excludes load and save");
    struct draft_test *test = draft_test(draft, TEST_DATASET);
    if (!test)
        return false;
    test->test.is.dataset = set;
    return true;
}

bool keyword_dataset(struct draft *draft, struct bytes value, bool)
{
    struct bytes command, rest = value;
    int64_t which;
    struct rule_dataset *set = begin(draft);
    if (!set || !text_next(&rest, ',', &command) || !a_word(draft, command, commands, &which))
        return false;
    set->command = (enum rule_dataset_command)which;
    if (!text_next(&rest, ',', &set->name))
        return draft_fail(draft, "has no name");
    return finish(draft, rest, set);
}

bool keyword_datarep(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word signs[] = {
        {"<", RULE_LT}, {">", RULE_GT}, {"==", RULE_EQ}, {"!=", RULE_NE}, {NULL, 0}};
    struct bytes sign, number, rest = value;
    int64_t compare;
    uint64_t reputation;
    struct rule_dataset *set = begin(draft);
    if (!set)
        return false;
    if (!text_next(&rest, ',', &set->name) || !text_next(&rest, ',', &sign) ||
        !text_next(&rest, ',', &number))
        return draft_fail(draft, "is NAME,OPERATOR,VALUE");
    if (!a_word(draft, sign, signs, &compare))
        return false;
    if (!text_to_number(number, UINT16_MAX, &reputation))
        return draft_fail_at(draft, number, "is a number up to 65535");
    set->command = DATASET_REPUTATION;
    set->compare = (enum rule_compare)compare;
    set->reputation = (uint16_t)reputation;
    return finish(draft, rest, set);
}
