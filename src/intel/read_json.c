// SPDX-License-Identifier: Apache-2.0
// JSON whose first bytes do not say whose it is: its outermost names do.
#include "intel/document.h"

extern const struct intel_format intel_format_stix, intel_format_misp;

static bool likely(const struct intel_file *file)
{
    struct bytes head = file->head;
    size_t at = bytes_start_with(head, BYTES("\xef\xbb\xbf")) ? 3 : 0;
    while (at < head.len && strchr(" \t\r\n", head.data[at]))
        at++;
    uint8_t c = bytes_at(head, at), next = bytes_at(head, at + 1);
    return c == '{' || (c == '[' && next && strchr(" \t\r\n{\"]", next)); // not [2001:db8::1]:80
}

// NULL: none that is known.
static const struct intel_format *format_of(struct feed *feed)
{
    static const char *const misp[] = {"Event", "response", "Attribute", "Object"};
    static const char *const stix[] = {"objects", "spec_version", "pattern"};
    char name[FEED_TEXT_BYTES];
    bool list = feed_open(feed, '[');
    if ((list && !feed_element(feed)) || !feed_open(feed, '{'))
        return NULL;
    while (feed_member(feed, name)) {
        for (size_t i = 0; i < sizeof misp / sizeof *misp; i++)
            if (strcmp(name, misp[i]) == 0)
                return &intel_format_misp;
        for (size_t i = 0; i < sizeof stix / sizeof *stix; i++)
            if (strcmp(name, stix[i]) == 0)
                return &intel_format_stix;
        json_decref(feed_json(feed));
    }
    return NULL;
}

static bool read_json(struct intel_builder *builder, const struct intel_file *file)
{
    struct document d;
    if (!document_open(&d, builder, file))
        return false;
    const struct intel_format *format = format_of(d.feed);
    bool fine = d.feed->trouble == FEED_FINE;
    if (format || fine)
        document_abandon(&d);
    else
        return document_close(&d);
    if (!format)
        return document_fail(builder, 0, TEXT_STIX_UNKNOWN_JSON, BYTES(""), BYTES(""));
    builder->file->format = bytes_from_text(format->name);
    return format->read(builder, file);
}

const struct intel_format intel_format_json = {"json", likely, read_json};
