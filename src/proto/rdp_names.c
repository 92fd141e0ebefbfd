// SPDX-License-Identifier: Apache-2.0
// Keyboard layouts and builds of an RDP client in words, as EVE and as Zeek have them.
#include "proto/rdp.h"
#include "proto/text_out.h"

static const struct {
    uint32_t layout;
    const char *tag, *name;
} layouts[] = {
#define LAYOUT(layout, tag, name) {layout, tag, name},
#include "proto/rdp_layouts.def"
#undef LAYOUT
};

static const struct {
    uint32_t build;
    const char *system, *version;
} builds[] = {
    {419, NULL, "RDP 4.0"},
    {1381, "Windows NT 4.0", NULL},
    {2195, "Windows 2000", "RDP 5.0"},
    {2221, NULL, "RDP 5.0"},
    {2600, "Windows XP", "RDP 5.1"},
    {3790, "Windows Server 2003", "RDP 5.2"},
    {6000, "Windows Vista RTM", "RDP 6.0"},
    {6001, "Windows Vista SP1", "RDP 6.1"},
    {6002, "Windows Vista SP2", "RDP 6.2"},
    {7600, "Windows 7 RTM", "RDP 7.0"},
    {7601, "Windows 7 SP1", "RDP 7.1"},
    {9200, "Windows 8", "RDP 8.0"},
    {9600, "Windows 8.1", "RDP 8.1"},
    {10240, "Windows 10 TH1", NULL},
    {10586, "Windows 10 TH2", NULL},
    {14393, "Windows 10 RS1", NULL},
    {15063, "Windows 10 RS2", NULL},
    {16299, "Windows 10 RS3", NULL},
    {17134, "Windows 10 RS4", NULL},
    {17763, "Windows 10 RS5", NULL},
    {25189, NULL, "RDP 8.0 (Mac)"},
    {25282, NULL, "RDP 8.0 (Mac)"},
};

static const char *name_of(uint32_t layout)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].layout == layout)
            return layouts[i].name;
    return NULL;
}

struct bytes rdp_layout_tag(uint32_t layout)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].layout == layout && layouts[i].tag[0])
            return bytes_from_text(layouts[i].tag);
    return BYTES("unknown");
}

struct bytes rdp_layout_name(uint32_t layout, struct arena *arena)
{
    char text[128];
    struct text_out out = TEXT_OUT(text);
    const char *name = name_of(layout), *guess = name_of(layout & 0xffff);
    if (name)
        return bytes_from_text(name);
    if (guess) {
        text_out_text(&out, guess);
        text_out_text(&out, " (Best Guess for ");
        text_out_u64(&out, layout);
        text_out_char(&out, ')');
    } else {
        text_out_text(&out, "keyboard-");
        text_out_u64(&out, layout);
    }
    return text_out_keep(&out, arena);
}

struct bytes rdp_build_system(uint32_t build)
{
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        if (builds[i].build == build && builds[i].system)
            return bytes_from_text(builds[i].system);
    return BYTES("unknown");
}

struct bytes rdp_build_version(uint32_t build, struct arena *arena)
{
    char text[32];
    struct text_out out = TEXT_OUT(text);
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        if (builds[i].build == build && builds[i].version)
            return bytes_from_text(builds[i].version);
    text_out_text(&out, "client_build-");
    text_out_u64(&out, build);
    return text_out_keep(&out, arena);
}

struct bytes rdp_serial(struct arena *arena, struct bytes serial)
{
    char text[64];
    struct text_out out = TEXT_OUT(text);
    while (serial.len > 1 && serial.data[0] == 0)
        serial = bytes_from(serial, 1);
    text_out_hex(&out, serial);
    struct bytes hex = text_out_bytes(&out);
    if (hex.len > 1 && hex.data[0] == '0')
        hex = bytes_from(hex, 1);
    return arena_copy(arena, hex);
}
