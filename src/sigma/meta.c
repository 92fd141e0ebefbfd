// SPDX-License-Identifier: Apache-2.0
// What a rule says of itself: title, id, level, status, tags, author.
#include "sigma/load.h"

// Tactics of ATT&CK as phases; where a rule names several the last of them counts.
static const struct {
    const char *tactic;
    enum phase phase;
} tactics[] = {{"reconnaissance", PHASE_INTELLIGENCE_GATHERING},
    {"resource-development", PHASE_INTELLIGENCE_GATHERING},
    {"initial-access", PHASE_POINT_OF_ENTRY}, {"execution", PHASE_POINT_OF_ENTRY},
    {"persistence", PHASE_POINT_OF_ENTRY}, {"privilege-escalation", PHASE_POINT_OF_ENTRY},
    {"defense-evasion", PHASE_POINT_OF_ENTRY}, {"stealth", PHASE_POINT_OF_ENTRY},
    {"defense-impairment", PHASE_POINT_OF_ENTRY},
    {"command-and-control", PHASE_COMMAND_AND_CONTROL},
    {"lateral-movement", PHASE_LATERAL_MOVEMENT}, {"credential-access", PHASE_LATERAL_MOVEMENT},
    {"discovery", PHASE_ASSET_DISCOVERY}, {"collection", PHASE_ASSET_DISCOVERY},
    {"exfiltration", PHASE_DATA_EXFILTRATION}, {"impact", PHASE_DATA_EXFILTRATION}};

static const struct {
    const char *level;
    enum severity severity;
    uint8_t more; // certainty
} levels[] = {{"informational", SEVERITY_INFO, 0}, {"low", SEVERITY_LOW, 0},
    {"medium", SEVERITY_MEDIUM, 0}, {"high", SEVERITY_HIGH, 0}, {"critical", SEVERITY_HIGH, 10}};

static const struct {
    const char *status;
    uint8_t certainty;
} statuses[] = {
    {"stable", 80}, {"test", 60}, {"experimental", 40}, {"deprecated", 30}, {"unsupported", 20}};

static const struct yaml_node *scalar(const struct yaml_node *root, const char *key)
{
    const struct yaml_node *node = yaml_get(root, key);
    return node && node->kind == YAML_TEXT && !yaml_is_null(node) ? node : NULL;
}

static struct bytes text_at(const struct yaml_node *root, const char *key)
{
    return bytes_sub(bytes_trim(yaml_text(scalar(root, key))), 0, SIGMA_TEXT_BYTES);
}

// "attack.command_and_control" and "attack.command-and-control" are one.
static bool same_tactic(struct bytes a, const char *tactic)
{
    struct bytes b = bytes_from_text(tactic);
    for (size_t i = 0; i < a.len && a.len == b.len; i++)
        if (a.data[i] != b.data[i] && !(a.data[i] == '_' && b.data[i] == '-'))
            return false;
    return a.len == b.len;
}

// "t1059.001" → "T1059.001"
static void add_technique(struct sigma_compile *c, struct sigma_about *about, struct bytes tag)
{
    uint64_t number;
    bool is = tag.len >= 5 && (tag.data[0] == 't' || tag.data[0] == 'T') &&
              bytes_to_u64(bytes_sub(tag, 1, 4), &number) && (tag.len == 5 || tag.data[5] == '.');
    uint8_t *text = is && about->techniques_count < HIT_TECHNIQUES
                        ? arena_alloc(sigma_arena(c), tag.len)
                        : NULL;
    if (!text)
        return;
    memcpy(text, tag.data, tag.len);
    text[0] = 'T';
    about->techniques[about->techniques_count++] = bytes_make(text, tag.len);
}

static void read_tags(
    struct sigma_compile *c, const struct yaml_node *tags, struct sigma_about *about)
{
    for (size_t i = 0; tags && tags->kind == YAML_LIST && i < tags->count; i++) {
        struct bytes tag = yaml_text(tags->pairs[i].value);
        if (!bytes_start_with_nocase(tag, BYTES("attack.")))
            continue;
        tag = bytes_from(tag, 7);
        add_technique(c, about, tag);
        for (size_t t = 0; t < sizeof tactics / sizeof *tactics; t++)
            if (same_tactic(tag, tactics[t].tactic) && tactics[t].phase > about->phase)
                about->phase = tactics[t].phase;
    }
}

static bool read_level(
    struct sigma_compile *c, const struct yaml_node *root, struct sigma_about *about)
{
    const struct yaml_node *level = scalar(root, "level"), *status = scalar(root, "status");
    size_t l = 0, s = 0;
    about->severity = SEVERITY_MEDIUM;
    about->certainty = 50;
    while (level && l < 5 && !bytes_equal_nocase(level->text, bytes_from_text(levels[l].level)))
        l++;
    while (
        status && s < 5 && !bytes_equal_nocase(status->text, bytes_from_text(statuses[s].status)))
        s++;
    if (l == 5)
        return sigma_fail(c, level->line, TEXT_SIGMA_BAD_LEVEL, level->text);
    if (s == 5)
        return sigma_fail(c, status->line, TEXT_SIGMA_BAD_STATUS, status->text);
    if (status)
        about->certainty = statuses[s].certainty;
    if (level) {
        about->severity = levels[l].severity;
        about->certainty = (uint8_t)(about->certainty + levels[l].more);
    }
    return true;
}

bool sigma_about_read(struct sigma_compile *c, const struct yaml_node *root, struct bytes file,
    struct sigma_about *about)
{
    const struct yaml_node *author = yaml_get(root, "author");
    about->file = about->source = file;
    for (size_t slash; (slash = bytes_find_byte(about->source, '/')) != BYTES_NOT_FOUND;)
        about->source = bytes_from(about->source, slash + 1);
    about->line = root->line;
    about->title = text_at(root, "title");
    about->name = text_at(root, "name");
    about->author = text_at(root, "author");
    if (author && author->kind == YAML_LIST && author->count)
        about->author = bytes_sub(yaml_text(author->pairs[0].value), 0, SIGMA_TEXT_BYTES);
    about->id = text_at(root, "id");
    c->key = BYTES("title");
    if (about->title.len == 0)
        return sigma_fail(c, root->line, TEXT_SIGMA_NO_TITLE, BYTES(""));
    if (about->id.len == 0)
        about->id = about->name.len ? about->name : about->title;
    read_tags(c, yaml_get(root, "tags"), about);
    c->key = BYTES("level");
    return read_level(c, root, about);
}
