// SPDX-License-Identifier: Apache-2.0
// Texts about inputs: what was noted while reading, put into words of content/text/capture.yaml.
#include "capture/internal.h"
#include "schema/reason.h"

#include <stdio.h>

enum { NUMBER_BYTES = 24 };

static struct bytes note_number(char room[NUMBER_BYTES], uint64_t n)
{
    snprintf(room, NUMBER_BYTES, "%llu", (unsigned long long)n);
    return bytes_from_text(room);
}

size_t note_format(char *out, size_t room, const struct note *note, enum lang lang)
{
    char at[NUMBER_BYTES], have[NUMBER_BYTES], size[NUMBER_BYTES], value[NUMBER_BYTES];
    char type[NUMBER_BYTES];
    snprintf(type, sizeof type, "0x%llx", (unsigned long long)note->value);
    const struct text_arg args[] = {
        {"at", note_number(at, note->at)},
        {"have", note_number(have, note->have)},
        {"size", note_number(size, note->size)},
        {"value", note_number(value, note->value)},
        {"type", bytes_from_text(type)},
        {"what", bytes_from_text(text(note->what, lang))},
        {"packing", bytes_from_text(text(note->packing, lang))},
        {"reason", bytes_from_text(reason_of_errno(note->error, lang))},
    };
    return text_format(out, room, note->id, lang, args, sizeof args / sizeof *args);
}

size_t source_damage_text(const struct source *s, enum lang lang, char *out, size_t room)
{
    uint64_t damages = s->report.damages;
    size_t len = 0;
    out[0] = '\0';
    if (damages > 0)
        len += note_format(out, room, &s->damage, lang);
    if (damages > 0 && s->has_after)
        len += note_format(&out[len], room - len, &s->after, lang);
    if (damages > 1) {
        struct note more = {
            .id = damages > 2 ? TEXT_CAPTURE_MORE : TEXT_CAPTURE_ONE_MORE, .size = damages - 1};
        len += note_format(&out[len], room - len, &more, lang);
    }
    return len;
}
