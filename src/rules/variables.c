// SPDX-License-Identifier: Apache-2.0
// $HOME_NET and its like: our segments, what Suricata's configuration comes with, and over both
// what the section `rules` of the configuration says.
#include "rules/parse.h"
#include <stdio.h>

static const char *const defaults[][2] = {
    {"EXTERNAL_NET", "!$HOME_NET"},
    {"HTTP_SERVERS", "$HOME_NET"},
    {"SMTP_SERVERS", "$HOME_NET"},
    {"SQL_SERVERS", "$HOME_NET"},
    {"DNS_SERVERS", "$HOME_NET"},
    {"TELNET_SERVERS", "$HOME_NET"},
    {"FTP_SERVERS", "$HOME_NET"},
    {"SSH_SERVERS", "$HOME_NET"},
    {"SIP_SERVERS", "$HOME_NET"},
    {"AIM_SERVERS", "$EXTERNAL_NET"},
    {"DC_SERVERS", "$HOME_NET"},
    {"DNP3_SERVER", "$HOME_NET"},
    {"DNP3_CLIENT", "$HOME_NET"},
    {"MODBUS_CLIENT", "$HOME_NET"},
    {"MODBUS_SERVER", "$HOME_NET"},
    {"ENIP_CLIENT", "$HOME_NET"},
    {"ENIP_SERVER", "$HOME_NET"},
    {"HTTP_PORTS", "80"},
    {"SHELLCODE_PORTS", "!80"},
    {"ORACLE_PORTS", "1521"},
    {"SSH_PORTS", "22"},
    {"DNP3_PORTS", "20000"},
    {"MODBUS_PORTS", "502"},
    {"FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"},
    {"FTP_PORTS", "21"},
    {"GENEVE_PORTS", "6081"},
    {"VXLAN_PORTS", "4789"},
    {"TEREDO_PORTS", "3544"},
    {"SIP_PORTS", "[5060,5061]"},
    {"SMTP_PORTS", "[25,465,587]"},
    {"RDP_PORTS", "3389"},
};

static bool add(struct loader *loader, struct bytes name, struct bytes value)
{
    struct bytes *kept = map_add(&loader->variables, name);
    struct bytes copy = arena_copy(&loader->memory->arena, value);
    if (!kept || (!copy.data && value.len))
        return false;
    *kept = copy;
    return true;
}

// "[10.0.0.0/8,192.168.0.0/16]" of all segments.
static bool add_home(struct loader *loader, const struct config *config)
{
    char text[64];
    size_t len = 0, room = 2, ranges = 0;
    for (size_t i = 0; i < config->segments_count; i++)
        ranges += config->segments[i].networks_count;
    room += ranges * sizeof text;
    char *list = arena_alloc(&loader->scratch, room);
    if (!list)
        return false;
    for (size_t i = 0; i < config->segments_count; i++)
        for (size_t k = 0; k < config->segments[i].networks_count; k++) {
            const struct addr_range *range = &config->segments[i].networks[k];
            size_t n = addr_write(&range->base, text);
            list[len] = len ? ',' : '[';
            len++;
            memcpy(list + len, text, n);
            len += n;
            len += (size_t)snprintf(list + len, room - len, "/%u", range->bits);
        }
    list[len++] = ']';
    bool good = add(loader, BYTES("HOME_NET"), bytes_make(list, len));
    arena_reset(&loader->scratch);
    return good;
}

bool loader_variables(struct loader *loader)
{
    bool good = true;
    const struct config *config = loader->options->config;
    map_init(&loader->variables, sizeof(struct bytes), 4096, 1 << 22);
    if (config && config->segments_count)
        good = add_home(loader, config);
    else
        good = add(loader, BYTES("HOME_NET"),
            BYTES("[10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,"
                  "127.0.0.0/8,fc00::/7,fe80::/10,::1/128]"));
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        good =
            good && add(loader, bytes_from_text(defaults[i][0]), bytes_from_text(defaults[i][1]));
    for (size_t i = 0; config && i < config->rules.variables_count; i++)
        good = good && add(loader, bytes_from_text(config->rules.variables[i].name),
                           bytes_from_text(config->rules.variables[i].value));
    return good;
}

bool loader_variable(const struct loader *loader, struct bytes name, struct bytes *value)
{
    const struct bytes *found = map_find(&loader->variables, name);
    if (found)
        *value = *found;
    return found != NULL;
}
