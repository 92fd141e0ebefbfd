// SPDX-License-Identifier: Apache-2.0
// What the detectors find, all together: for lists and for ATT&CK's Navigator.
#include "detect/detect.h"
#include "detect/detector.h"
#include <stdlib.h>

enum { TACTICS_MOST = 32 };

static void add_phase(struct detector_view *out, enum phase phase)
{
    if (phase == PHASE_NONE)
        return;
    for (size_t i = 0; i < out->phases_count; i++)
        if (out->phases[i][LANG_EN] == phase_words[phase].name[LANG_EN])
            return;
    for (int lang = 0; lang < LANGS; lang++)
        out->phases[out->phases_count][lang] = phase_words[phase].name[lang];
    out->phases_count++;
}

static void add_techniques(struct detector_view *out, const char *const *ids)
{
    for (; *ids; ids++) {
        size_t i = 0;
        while (i < out->techniques_count && strcmp(out->techniques[i], *ids) != 0)
            i++;
        if (i == out->techniques_count && i < DETECTOR_TECHNIQUES)
            out->techniques[out->techniques_count++] = *ids;
    }
}

static void add_severity(struct detector_view *out, enum severity severity)
{
    out->least = severity < out->least ? severity : out->least;
    out->worst = severity > out->worst ? severity : out->worst;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Phases in the order of an attack.
static void add_phases(struct detector_view *out, const struct detector *d)
{
    for (int phase = PHASE_INTELLIGENCE_GATHERING; phase <= PHASE_DATA_EXFILTRATION; phase++) {
        bool has = d->phase == (enum phase)phase;
        for (size_t i = 0; i < d->cases_count; i++)
            has |= d->cases[i].phase == (enum phase)phase;
        if (has)
            add_phase(out, (enum phase)phase);
    }
}

void detector_view(size_t index, struct detector_view *out)
{
    const struct detector *d = &detectors[index];
    *out = (struct detector_view){.id = d->id,
        .engine = d->engine,
        .since = d->since,
        .least = d->severity,
        .worst = d->severity};
    for (int lang = 0; lang < LANGS; lang++)
        out->name[lang] = d->texts[DETECTOR_NAME][lang];
    add_phases(out, d);
    add_techniques(out, d->techniques);
    for (size_t i = 0; i < d->cases_count; i++) {
        add_techniques(out, d->cases[i].techniques);
        if (d->cases[i].has_severity)
            add_severity(out, d->cases[i].severity);
    }
    qsort(out->techniques, out->techniques_count, sizeof *out->techniques, by_name);
}

size_t detectors_known(void)
{
    return detectors_count;
}

static bool any_finds(const char *technique)
{
    for (size_t i = 0; i < detectors_count; i++) {
        struct detector_view view;
        detector_view(i, &view);
        for (size_t k = 0; k < view.techniques_count; k++)
            if (strcmp(view.techniques[k], technique) == 0)
                return true;
    }
    return false;
}

struct attack_coverage attack_coverage(void)
{
    struct attack_coverage c = {.version = attack_version, .all_tactics = attack_tactics_count};
    bool seen[TACTICS_MOST] = {false};
    for (size_t i = 0; i < attack_techniques_count; i++) {
        if (!any_finds(attack_techniques[i].id))
            continue;
        c.techniques++;
        for (const char *const *t = attack_techniques[i].tactics; *t; t++)
            for (size_t k = 0; k < attack_tactics_count && k < TACTICS_MOST; k++)
                seen[k] |= strcmp(attack_tactics[k].name, *t) == 0;
    }
    for (size_t k = 0; k < TACTICS_MOST; k++)
        c.tactics += seen[k];
    return c;
}

static void member(struct json *out, const char *name, const char *value)
{
    json_next(out);
    json_text(out, bytes_from_text(name));
    json_raw(out, ":", 1);
    json_text(out, bytes_from_text(value));
}

static void write_list(struct json *out, const char *const *values)
{
    json_open(out, '[');
    for (; *values; values++) {
        json_next(out);
        json_text(out, bytes_from_text(*values));
    }
    json_close(out, ']');
}

static void write_both(struct json *out, const char *const words[LANGS])
{
    json_open(out, '{');
    member(out, "ja", words[LANG_JA]);
    member(out, "en", words[LANG_EN]);
    json_close(out, '}');
}

static void write_case(struct json *out, const struct detector *d, const struct detector_case *c)
{
    enum phase phase = c->phase ? c->phase : d->phase;
    json_next(out);
    json_open(out, '{');
    member(out, "kind", c->key);
    member(out, "phase", phase_words[phase].id);
    member(out, "severity", severity_ids[c->has_severity ? c->severity : d->severity]);
    JSON_KEY(out, "certainty");
    json_u64(out, c->certainty ? c->certainty : d->certainty);
    JSON_KEY(out, "techniques");
    write_list(out, *c->techniques ? c->techniques : d->techniques);
    json_close(out, '}');
}

static void write_texts(struct json *out, const struct detector *d)
{
    static const char *const names[DETECTOR_TEXTS] = {
        "name", "title", "seen", "means", "sure", "do", "innocent"};
    for (size_t i = 0; i < DETECTOR_TEXTS; i++) {
        json_next(out);
        json_text(out, bytes_from_text(names[i]));
        json_raw(out, ":", 1);
        write_both(out, d->texts[i]);
    }
}

static void write_detector(struct json *out, const struct detector *d)
{
    json_next(out);
    json_open(out, '{');
    member(out, "id", d->id);
    member(out, "since", d->since);
    member(out, "engine", d->engine);
    member(out, "phase", phase_words[d->phase].id);
    member(out, "severity", severity_ids[d->severity]);
    JSON_KEY(out, "certainty");
    json_u64(out, d->certainty);
    JSON_KEY(out, "techniques");
    write_list(out, d->techniques);
    write_texts(out, d);
    JSON_KEY(out, "references");
    write_list(out, d->references);
    JSON_KEY(out, "cases");
    json_open(out, '[');
    for (size_t i = 0; i < d->cases_count; i++)
        write_case(out, d, &d->cases[i]);
    json_close(out, ']');
    json_close(out, '}');
}

void detectors_write_json(struct json *out)
{
    json_open(out, '[');
    for (size_t i = 0; i < detectors_count; i++)
        write_detector(out, &detectors[i]);
    json_close(out, ']');
}

const char *detectors_navigator(void)
{
    return attack_layer;
}
