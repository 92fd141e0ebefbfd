// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: documents on their way to rules.
#pragma once
#include "sigma/compile.h"
#include "sigma/correlation.h"

// A correlation or filter waits, as the document it is, until all rules are there.
struct sigma_later {
    const struct yaml_node *root;
    struct bytes file;
    struct sigma_later *next;
};

struct sigma_builder {
    struct sigma *sigma;
    const struct config *config;
    struct sigma_report *report;
    struct map ids;     // ids and names of rules and correlations → struct sigma_target
    struct map waiting; // log sources without records → uint64_t
    struct map unknown; // fields that records lack → uint64_t
    struct sigma_later *correlations, **correlations_end;
    struct sigma_later *filters, **filters_end;
};

// What an id or name means: one of both.
struct sigma_target {
    struct sigma_rule *rule;
    struct sigma_correlation *correlation;
};

// ---- meta.c
// Title, level, status, tags and the like. False: told in c.
bool sigma_about_read(struct sigma_compile *c, const struct yaml_node *root, struct bytes file,
    struct sigma_about *about);

// ---- logsource.c
// The maps that a log source means; 0: it gives no records yet. `out` holds SIGMA_MAPS_MOST.
size_t sigma_maps_of(
    struct bytes category, struct bytes product, struct bytes service, uint16_t *out);

// ---- rule.c
void sigma_rule_load(struct sigma_builder *b, const struct yaml_node *root, struct bytes file);

// Remember what an id or name means. False: it means something else already.
bool sigma_target_add(struct sigma_builder *b, struct bytes name, struct sigma_target target);

// ---- filter.c
void sigma_filter_load(struct sigma_builder *b, const struct sigma_later *later);

// ---- correlation.c
void sigma_correlation_load(struct sigma_builder *b, const struct sigma_later *later);
bool sigma_correlation_of_aggregate(struct sigma_compile *c, struct sigma_builder *b,
    struct sigma_rule *rule, const struct sigma_aggregate *aggregate, const struct yaml_node *root);

// Connect correlations with what they count. Those that count what is not there are told and left
// out.
void sigma_correlations_link(struct sigma_builder *b);

// ---- report.c
void sigma_report_problem(
    struct sigma_report *report, const struct sigma_problem *problem, struct bytes file);
[[nodiscard]] bool sigma_report_begin(struct sigma_report *report);
void sigma_report_lists(struct sigma_builder *b);
