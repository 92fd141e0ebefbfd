// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: Sigma's log sources as tables, made from content/sigma/logsources.yaml.
#pragma once
#include "schema/shape.h"

struct sigma_values;

// What a name means that is no field as it stands.
typedef void sigma_derive(struct sigma_values *values, const struct record *record);

struct sigma_field {
    const char *name; // in rules
    bool has_path;
    struct shape_path path;
    sigma_derive *derive;
};

struct sigma_rename {
    const char *from, *to;
};

// One type of records under Sigma's names.
struct sigma_map {
    const char *name;
    enum record_type record;
    const char *zeek; // the log whose columns are names too; NULL
    const struct sigma_field *fields;
    size_t fields_count;
    // Of log_event: only those of a product, channel and id. No channels, no ids: all of them.
    const char *product;
    const char *const *channels;
    size_t channels_count;
    const uint32_t *ids;
    size_t ids_count;
    const struct sigma_rename *renames;
    size_t renames_count;
    bool part; // fields it lacks stand in another map of the log source
};

struct sigma_source {
    const char *category, *product, *service; // NULL: not said
    const uint16_t *maps;
    size_t maps_count;
};

enum { SIGMA_MAPS_MOST = 512 };

extern const struct sigma_map sigma_maps[];
extern const size_t sigma_maps_count;
extern const struct sigma_source sigma_sources[];
extern const size_t sigma_sources_count;

#define DERIVE(name) void sigma_derive_##name(struct sigma_values *, const struct record *);
#include "sigma/derive.def"
#undef DERIVE
