// SPDX-License-Identifier: Apache-2.0
// How long a set of indicators takes to load, what memory it takes, and how long a look-up is.
//   intel_bench make N FILE [stix|misp]   write N made-up indicators of mixed kinds, as a list or
//   so intel_bench load FILE...              load them intel_bench look FILE...              and
//   look up values that are there and values that are not
#include "base/hash.h"
#include "intel/find.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { LOOKUPS = 2'000'000, ROUND = 80'000, TOGETHER_MOST = 8, NAME_BYTES = 64 };

// Processor time: a machine that does other things too makes no difference but to the caches.
static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

// The n-th made-up name: two labels and a top-level domain, of the length such names have.
static int name_of(uint64_t n, char out[NAME_BYTES])
{
    static const char *const tops[] = {"com", "net", "top", "xyz", "info", "ru", "cn", "org"};
    uint64_t h = hash_mix(n + 1);
    return snprintf(out, NAME_BYTES, "%c%llx-%llu.%s", 'g' + (char)(h % 20),
        (unsigned long long)(h >> 40), (unsigned long long)n, tops[h % 8]);
}

// A value, how a STIX pattern names its kind, and how MISP does.
struct made {
    char text[160];
    const char *path, *type;
};

static struct made value_of(uint64_t n)
{
    uint64_t h = hash_mix(n * 7 + 3), g = hash_mix(h), k = hash_mix(g), l = hash_mix(k);
    struct made m = {.path = "domain-name:value", .type = "domain"};
    char name[NAME_BYTES], *to = m.text;
    size_t room = sizeof m.text;
    name_of(n, name);
    unsigned a = (unsigned)(h % 200) + 11, b = h >> 8 & 255, c = h >> 16 & 255, d = h >> 24 & 255;
    typedef unsigned long long u;
    snprintf(to, room, "%s", name);
    if (n % 20 < 7) {
        m.path = "ipv4-addr:value";
        m.type = "ip-dst";
    }
    switch (n % 20) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: snprintf(to, room, "%u.%u.%u.%u", a, b, c, d); break;
    case 5: snprintf(to, room, "%u.%u.%u.%u:%u", a, b, c, d, (unsigned)(g % 60'000) + 1); break;
    case 6: snprintf(to, room, "%u.%u.%u.0/%u", a, b, c, 20 + (unsigned)(g % 5)); break;
    case 7:
    case 8:
        m.path = "url:value";
        m.type = "url";
        snprintf(to, room, "http://%s/%llx/%llx.php?id=%u", name, (u)(g >> 40), (u)(k >> 44), b);
        break;
    case 9:
        m.path = "file:hashes.MD5";
        m.type = "md5";
        snprintf(to, room, "%016llx%016llx", (u)h, (u)g);
        break;
    case 10:
    case 11:
        m.path = "file:hashes.'SHA-256'";
        m.type = "sha256";
        snprintf(to, room, "%016llx%016llx%016llx%016llx", (u)h, (u)g, (u)k, (u)l);
        break;
    case 12:
        m.path = "file:hashes.'SHA-1'";
        m.type = "sha1";
        snprintf(to, room, "%016llx%016llx%08llx", (u)h, (u)g, (u)(k >> 32));
        break;
    case 13:
        m.path = "email-addr:value";
        m.type = "email";
        snprintf(to, room, "user%u@%s", b, name);
        break;
    }
    return m;
}

struct id {
    char text[40];
};

static struct id id_of(uint64_t n)
{
    struct id id;
    uint64_t h = hash_mix(n * 11 + 5), g = hash_mix(h);
    snprintf(id.text, sizeof id.text, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)h,
        (unsigned)(h >> 32 & 0xffff), (unsigned)(h >> 48 & 0xfff), (unsigned)(g & 0xfff),
        (unsigned long long)(g >> 16));
    return id;
}

#define AUTHOR "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"

static void stix_write(FILE *to, uint64_t n)
{
    struct made m = value_of(n - (n % 20 == 5)); // a pattern has no port
    uint64_t h = hash_mix(n + 77);
    char when[40];
    snprintf(when, sizeof when, "2026-%02u-%02uT%02u:%02u:%02u.000Z", (unsigned)(h % 10) + 1,
        (unsigned)(h >> 8) % 28 + 1, (unsigned)(h >> 16) % 24, (unsigned)(h >> 24) % 60,
        (unsigned)(h >> 32) % 60);
    fprintf(to,
        ",\n{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--%s\","
        "\"created_by_ref\":\"" AUTHOR "\",\"created\":\"%s\",\"modified\":\"%s\","
        "\"name\":\"Malicious host %s\",\"indicator_types\":[\"malicious-activity\"],"
        "\"pattern\":\"[%s = '%s']\",\"pattern_type\":\"stix\",\"pattern_version\":\"2.1\","
        "\"valid_from\":\"%s\",\"confidence\":%u,\"labels\":[\"phishing\",\"c2\"],"
        "\"object_marking_refs\":[\"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9\"]}",
        id_of(n).text, when, when, m.text, m.path, m.text, when, (unsigned)(h >> 40) % 50 + 50);
}

enum { EVENT_VALUES = 1000 };

static void misp_write(FILE *to, uint64_t n)
{
    struct made m = value_of(n - (n % 20 == 5));
    uint64_t event = n / EVENT_VALUES;
    if (n % EVENT_VALUES == 0)
        fprintf(to,
            "%s{\"Event\":{\"id\":\"%llu\",\"date\":\"2026-05-01\",\"threat_level_id\":\"2\","
            "\"info\":\"Campaign %llu\",\"uuid\":\"%s\",\"Orgc\":{\"name\":\"CERT\"},"
            "\"Tag\":[{\"name\":\"tlp:amber\"}],\"Attribute\":[",
            event ? "]}},\n" : "", (unsigned long long)event, (unsigned long long)event,
            id_of(event).text);
    fprintf(to,
        "%s\n{\"id\":\"%llu\",\"type\":\"%s\",\"category\":\"Network activity\",\"to_ids\":true,"
        "\"uuid\":\"%s\",\"event_id\":\"%llu\",\"distribution\":\"5\",\"timestamp\":\"%llu\","
        "\"comment\":\"\",\"sharing_group_id\":\"0\",\"deleted\":false,\"object_id\":\"0\","
        "\"object_relation\":null,\"first_seen\":null,\"last_seen\":null,\"value\":\"%s\"}",
        n % EVENT_VALUES ? "," : "", (unsigned long long)n, m.type, id_of(n).text,
        (unsigned long long)event, (unsigned long long)(1'767'225'600 + hash_mix(n) % 10'000'000),
        m.text);
}

static int make(uint64_t count, const char *path, const char *format)
{
    FILE *to = fopen(path, "w");
    bool stix = strcmp(format, "stix") == 0, misp = strcmp(format, "misp") == 0;
    if (!to)
        return 1;
    fputs(stix ? "{\"type\":\"bundle\",\"objects\":[{\"type\":\"identity\",\"id\":\"" AUTHOR
                 "\",\"name\":\"Example CERT\"}"
          : misp ? "{\"response\":["
                 : "",
        to);
    for (uint64_t n = 0; n < count; n++) {
        if (stix)
            stix_write(to, n);
        else if (misp)
            misp_write(to, n);
        else
            fprintf(to, "%s\n", value_of(n).text);
    }
    fputs(stix ? "]}\n" : misp ? "]}}]}\n" : "", to);
    return fclose(to) == 0 ? 0 : 1;
}

// ---- Look-ups. Each of these makes the keys of the i-th value.

static bool listed;
static char names[LOOKUPS][NAME_BYTES + 8];

static void look_up_name(struct found *found, uint64_t i)
{
    find_host(found, bytes_from_text(names[i]), 0);
}

static void look_up_address(struct found *found, uint64_t i)
{
    uint64_t n = hash_mix(i) % 4'000'000 / 20 * 20 + i % 5,
             h = listed ? hash_mix(n * 7 + 3) : hash_mix(i);
    const uint8_t raw[4] = {listed ? (uint8_t)(h % 200 + 11) : (uint8_t)(224 + h % 32),
        (uint8_t)(h >> 8), (uint8_t)(h >> 16), (uint8_t)(h >> 24)};
    struct addr a = addr_v4(raw);
    find_address(found, &a, 443);
}

static void look_up_digest(struct found *found, uint64_t i)
{
    static uint64_t words[TOGETHER_MOST][4];
    uint64_t n = hash_mix(i) % 4'000'000 / 20 * 20 + 10 + !listed;
    uint64_t h = hash_mix(n * 7 + 3 + !listed), *digest = words[i % TOGETHER_MOST];
    for (size_t w = 0; w < 4; w++) {
        digest[w] = __builtin_bswap64(h);
        h = hash_mix(h);
    }
    find_digest(found, INTEL_SHA256, bytes_make(digest, sizeof words[0]), true);
}

typedef void look_up(struct found *found, uint64_t i);

enum way { FOUND, COMPARED, TOGETHER, WAYS };

// Values whose entries were read and are what was looked for, as for a hit.
static uint64_t compared(const struct found *found)
{
    uint64_t hits = 0, last = STORE_NONE;
    for (size_t i = 0; i < found->count; i++) {
        const struct candidate *c = &found->list[i];
        bool is = c->kind == INTEL_RANGE ||
                  store_is(found->store, c->ref, (enum intel_kind)c->kind, c->key);
        hits += is && last != c->value;
        last = is ? c->value : last;
    }
    return hits;
}

static uint64_t look(
    const struct store *store, look_up *one, uint64_t from, size_t together, enum way way)
{
    static struct found found;
    found_begin(&found, store);
    for (uint64_t i = from; i < from + together; i++) {
        found.value = (uint8_t)(i - from);
        one(&found, i);
    }
    found_run(&found);
    return way == FOUND ? found.count > 0 : compared(&found);
}

// Nanoseconds for each value: over all, and in the best round, for others share the machine.
static void measure(const struct store *store, const char *what, look_up *one)
{
    printf("%-24s", what);
    uint64_t hits = 0;
    for (enum way way = FOUND; way < WAYS; way++) {
        size_t together = way == TOGETHER ? TOGETHER_MOST : 1;
        double all = 0, best = 1;
        hits = 0;
        for (uint64_t i = 0; i < LOOKUPS;) {
            double begin = now_s(), took;
            for (uint64_t end = i + ROUND; i < end; i += together)
                hits += look(store, one, i, together, way);
            took = now_s() - begin;
            all += took;
            best = took < best ? took : best;
        }
        printf("  %4.0f ns (best %4.0f)", all * 1e9 / LOOKUPS, best * 1e9 / ROUND);
    }
    printf("  %llu of %d\n", (unsigned long long)hits, LOOKUPS);
}

static void measure_names(
    const struct store *store, const char *what, const char *before, uint64_t from)
{
    for (uint64_t i = 0; i < LOOKUPS; i++) {
        char name[NAME_BYTES];
        uint64_t n = from + hash_mix(i) % 4'000'000 / 20 * 20 + 14 + i % 6;
        name_of(n, name);
        snprintf(names[i], sizeof names[i], "%s%s", before, name);
    }
    measure(store, what, look_up_name);
}

static void measure_all(const struct store *store)
{
    printf("%-24s  %-19s  %-19s  %s\n", "a look-up", "found", "and compared", "eight together");
    measure_names(store, "name, listed", "", 0);
    measure_names(store, "name below a listed one", "www.", 0);
    measure_names(store, "name, not listed", "www.", 1ULL << 40);
    for (int there = 1; there >= 0; there--) {
        listed = there;
        measure(store, there ? "address, listed" : "address, not listed", look_up_address);
        measure(store, there ? "SHA-256, listed" : "SHA-256, not listed", look_up_digest);
    }
}

static int load(const char *const *paths, size_t count, bool looking)
{
    struct config config = config_defaults;
    struct intel_report report;
    struct intel_options options = {.config = &config, .paths = paths, .paths_count = count};
    double begin = now_s();
    struct intel *intel = intel_load(&options, &report);
    if (!intel)
        return 1;
    double seconds = now_s() - begin;
    uint64_t values = intel_count(intel);
    printf("%llu indicators, loaded in %.1f s of processor time, %.1f bytes each, process at most "
           "%ld MB\n",
        (unsigned long long)values, seconds, (double)report.bytes / (double)values,
        peak_kb() / 1024);
    if (looking)
        measure_all(&intel->store);
    intel_report_finish(&report);
    intel_destroy(intel);
    return 0;
}

int main(int argc, char **argv)
{
    const char *verb = argc >= 3 ? argv[1] : "";
    bool looking = strcmp(verb, "look") == 0;
    if ((argc == 4 || argc == 5) && strcmp(verb, "make") == 0)
        return make(strtoull(argv[2], NULL, 10), argv[3], argc == 5 ? argv[4] : "list");
    if (looking || strcmp(verb, "load") == 0)
        return load((const char *const *)&argv[2], (size_t)argc - 2, looking);
    fputs("usage: intel_bench make N FILE [stix|misp] | intel_bench load|look FILE...\n", stderr);
    return 2;
}
