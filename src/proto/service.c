// SPDX-License-Identifier: Apache-2.0
#include "proto/service.h"
#include <string.h>

enum { HOST_BYTES = 255 };

static int compare(const struct service_entry *entry, struct bytes domain)
{
    size_t len = strlen(entry->match), least = len < domain.len ? len : domain.len;
    int order = memcmp(entry->match, domain.data, least);
    return order ? order : (len > domain.len) - (len < domain.len);
}

static const char *find(struct bytes domain)
{
    size_t low = 0, high = service_domain_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(&service_domains[middle], domain);
        if (order == 0)
            return service_domains[middle].name;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

// The name, then what is left without its first label, and so on.
static const char *by_host(struct bytes host)
{
    uint8_t lower[HOST_BYTES];
    if (host.len == 0 || host.len > sizeof lower)
        return NULL;
    for (size_t i = 0; i < host.len; i++)
        lower[i] = host.data[i] >= 'A' && host.data[i] <= 'Z' ? host.data[i] | 0x20 : host.data[i];
    struct bytes rest = bytes_make(lower, host.len);
    while (rest.len) {
        const char *name = find(rest);
        if (name)
            return name;
        size_t dot = bytes_find_byte(rest, '.');
        rest = dot == BYTES_NOT_FOUND ? bytes_sub(rest, 0, 0) : bytes_from(rest, dot + 1);
    }
    return NULL;
}

const char *service_name(struct bytes host, struct bytes subject)
{
    const char *name = host.data ? by_host(host) : NULL;
    for (size_t i = 0; !name && subject.len && i < service_subject_count; i++)
        if (bytes_find(subject, bytes_from_text(service_subjects[i].match)) != BYTES_NOT_FOUND)
            name = service_subjects[i].name;
    return name;
}
