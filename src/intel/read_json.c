// SPDX-License-Identifier: Apache-2.0
// JSON whose first bytes do not say whose it is: its outermost names do. What is nobody's is read
// as rows.
#include "intel/document.h"
#include "intel/readers.h"

extern const struct intel_format intel_format_stix, intel_format_misp;

enum { LIST = 1, NAMES };

// NULL: the name says nothing.
static const struct intel_format *format_of(struct bytes name)
{
    static const char *const misp[] = {"Event", "response", "Attribute", "Object"};
    static const char *const stix[] = {"objects", "spec_version", "pattern"};
    for (size_t i = 0; i < sizeof misp / sizeof *misp; i++)
        if (bytes_equal(name, bytes_from_text(misp[i])))
            return &intel_format_misp;
    for (size_t i = 0; i < sizeof stix / sizeof *stix; i++)
        if (bytes_equal(name, bytes_from_text(stix[i])))
            return &intel_format_stix;
    return NULL;
}

struct detecting {
    const struct intel_format *format;
    bool seen; // the names of an object
};

// Walks the names of the first object, up to one that tells.
static int begin(void *context, int mode, struct bytes name, char bracket)
{
    struct detecting *d = context;
    if (mode == NAMES)
        d->format = format_of(name);
    if (d->format || (mode != NAMES && d->seen))
        return FEED_STOP;
    if (mode == FEED_OUTERMOST && bracket == '[')
        return LIST;
    d->seen |= bracket == '{';
    return mode != NAMES && bracket == '{' ? NAMES : FEED_SKIP;
}

static bool value(void *context, int mode, const struct json_node *value)
{
    struct detecting *d = context;
    if (mode == NAMES)
        d->format = format_of(value->name);
    return !d->format && mode != LIST;
}

static bool read_json(struct intel_builder *builder, const struct intel_file *file)
{
    static const struct feed_reader reader = {.begin = begin, .value = value, .many = true};
    struct detecting d = {.format = NULL};
    size_t problems = builder->report->problems_count;
    (void)document_read(builder, file, &reader, &d);
    if (builder->report->problems_count > problems)
        return false;
    if (!d.format)
        return read_json_rows(builder, file);
    builder->file->format = bytes_from_text(d.format->name);
    return d.format->read(builder, file);
}

const struct intel_format intel_format_json = {"json", document_likely, read_json};
