// SPDX-License-Identifier: Apache-2.0
#include "cmd/finding_groups.h"
#include "base/alloc.h"
#include "base/utf8.h"
#include <stdio.h>

enum {
    GROUPS_MOST = 4096,
    HOSTS_MOST = 1024 * 1024,
    INDEX_BYTES = 8 * 1024 * 1024,
    HOSTS_BYTES = 64 * 1024 * 1024,
    KEY_BYTES = 2048,
};

static void put(char *out, size_t room, struct bytes text)
{
    size_t len = utf8_print(text, out, room - 1);
    out[len] = '\0';
}

void finding_entity_text(const struct finding_entity *entity, char *out, size_t room)
{
    char address[ADDR_TEXT_BYTES];
    if (entity->address.version)
        put(out, room, bytes_make(address, addr_write(&entity->address, address)));
    else
        put(out, room, entity->name);
}

static struct bytes key_of(const struct finding *f, char room[KEY_BYTES])
{
    int len = snprintf(room, KEY_BYTES, "%.*s\n%.*s", (int)f->detector.len,
        (const char *)f->detector.data, (int)f->rule.len, (const char *)f->rule.data);
    return bytes_make(room, len < KEY_BYTES ? (size_t)len : KEY_BYTES - 1);
}

size_t finding_group_of(struct finding_groups *groups, const struct finding *finding)
{
    char room[KEY_BYTES];
    const size_t *index = map_find(&groups->index, key_of(finding, room));
    return index ? *index : SIZE_MAX;
}

static bool groups_grow(struct finding_groups *g)
{
    if (g->count < g->room)
        return true;
    size_t room = g->room ? 2 * g->room : 64;
    struct finding_group *list = base_realloc(g->list, room * sizeof *list);
    if (!list)
        return false;
    g->list = list;
    g->room = room;
    return true;
}

// A new group; its first finding is the worst of it.
static struct finding_group *group_begin(struct finding_groups *g, const struct finding *f)
{
    char room[KEY_BYTES];
    if (g->count == GROUPS_MOST || !groups_grow(g))
        return NULL;
    size_t *index = map_add(&g->index, key_of(f, room));
    if (!index)
        return NULL;
    *index = g->count;
    struct finding_group *group = &g->list[g->count++];
    memset(group, 0, sizeof *group);
    put(group->title[LANG_EN], GROUP_TITLE, f->title.en);
    put(group->title[LANG_JA], GROUP_TITLE, f->title.ja);
    put(group->phase[LANG_EN], sizeof group->phase[0], f->phase_name.en);
    put(group->phase[LANG_JA], sizeof group->phase[0], f->phase_name.ja);
    put(group->severity, GROUP_WORD, f->severity);
    group->certainty = f->certainty;
    group->first_us = f->first;
    group->last_us = f->last;
    return group;
}

static void add_host(struct finding_groups *g, struct finding_group *group, const struct finding *f)
{
    char host[sizeof group->hosts[0]], key[sizeof host + 32];
    finding_entity_text(&f->subject, host, sizeof host);
    int len =
        snprintf(key, sizeof key, "%zu %s", (size_t)(group - g->list), host); // lint: an index
    bool *seen = map_add(&g->hosts, bytes_make(key, (size_t)len));
    if (seen && *seen)
        return;
    if (seen)
        *seen = true;
    if (group->hosts_count < GROUP_HOSTS)
        memcpy(group->hosts[group->hosts_count], host, sizeof host);
    group->hosts_count++;
}

static void add(void *context, const struct finding *f)
{
    struct finding_groups *g = context;
    if (f->exception.len)
        return; // told with the incidents
    size_t index = finding_group_of(g, f);
    struct finding_group *group = index != SIZE_MAX ? &g->list[index] : group_begin(g, f);
    if (!group) {
        g->refused++;
        return;
    }
    group->findings++;
    group->count += f->count;
    group->first_us = f->first < group->first_us ? f->first : group->first_us;
    group->last_us = f->last > group->last_us ? f->last : group->last_us;
    add_host(g, group, f);
}

bool finding_groups_make(struct finding_groups *groups, struct findings *findings)
{
    memset(groups, 0, sizeof *groups);
    map_init(&groups->index, sizeof(size_t), GROUPS_MOST, INDEX_BYTES);
    map_init(&groups->hosts, sizeof(bool), HOSTS_MOST, HOSTS_BYTES);
    return findings_each(findings, FINDINGS_BY_WEIGHT, add, groups);
}

void finding_groups_finish(struct finding_groups *groups)
{
    base_free(groups->list);
    map_finish(&groups->index);
    map_finish(&groups->hosts);
}
