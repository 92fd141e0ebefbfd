// SPDX-License-Identifier: Apache-2.0
// JSON whose first bytes do not say whose it is: its outermost names do.
#include "intel/document.h"

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

// Walks the names of the first object, up to one that tells.
static int begin(void *context, int mode, struct bytes name, char bracket)
{
    const struct intel_format **format = context;
    if (mode == FEED_OUTERMOST && bracket == '[')
        return LIST;
    if (mode == NAMES)
        *format = format_of(name);
    else if (bracket == '{')
        return NAMES;
    return *format ? FEED_STOP : FEED_SKIP;
}

static bool value(void *context, int mode, const struct json_node *value)
{
    const struct intel_format **format = context;
    if (mode == NAMES)
        *format = format_of(value->name);
    return !*format;
}

static bool read_json(struct intel_builder *builder, const struct intel_file *file)
{
    static const struct feed_reader reader = {.begin = begin, .value = value};
    const struct intel_format *format = NULL;
    if (!document_read(builder, file, &reader, &format) && !format)
        return false;
    if (!format)
        return document_fail(builder, 0, TEXT_STIX_UNKNOWN_JSON, BYTES(""), BYTES(""));
    builder->file->format = bytes_from_text(format->name);
    return format->read(builder, file);
}

const struct intel_format intel_format_json = {"json", document_likely, read_json};
