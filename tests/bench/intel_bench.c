// SPDX-License-Identifier: Apache-2.0
// How long a set of indicators takes to load, what memory it takes, and how long a look-up is.
//   intel_bench make N FILE    write N made-up indicators of mixed kinds
//   intel_bench load FILE...   load them; look up values that are there and values that are not
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

static void value_write(FILE *to, uint64_t n)
{
    uint64_t h = hash_mix(n * 7 + 3), g = hash_mix(h), k = hash_mix(g), l = hash_mix(k);
    char name[NAME_BYTES];
    name_of(n, name);
    unsigned a = (unsigned)(h % 200) + 11, b = h >> 8 & 255, c = h >> 16 & 255, d = h >> 24 & 255;
    typedef unsigned long long u;
    switch (n % 20) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: fprintf(to, "%u.%u.%u.%u\n", a, b, c, d); break;
    case 5: fprintf(to, "%u.%u.%u.%u:%u\n", a, b, c, d, (unsigned)(g % 60'000) + 1); break;
    case 6: fprintf(to, "%u.%u.%u.0/%u\n", a, b, c, 20 + (unsigned)(g % 5)); break;
    case 7:
    case 8:
        fprintf(to, "http://%s/%llx/%llx.php?id=%u\n", name, (u)(g >> 40), (u)(k >> 44), b);
        break;
    case 9: fprintf(to, "%016llx%016llx\n", (u)h, (u)g); break;
    case 10:
    case 11: fprintf(to, "%016llx%016llx%016llx%016llx\n", (u)h, (u)g, (u)k, (u)l); break;
    case 12: fprintf(to, "%016llx%016llx%08llx\n", (u)h, (u)g, (u)(k >> 32)); break;
    case 13: fprintf(to, "user%u@%s\n", b, name); break;
    default: fprintf(to, "%s\n", name);
    }
}

static int make(uint64_t count, const char *path)
{
    FILE *to = fopen(path, "w");
    for (uint64_t n = 0; to && n < count; n++)
        value_write(to, n);
    return to && fclose(to) == 0 ? 0 : 1;
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

static int load(const char *const *paths, size_t count)
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
    measure_all(&intel->store);
    intel_report_finish(&report);
    intel_destroy(intel);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(strtoull(argv[2], NULL, 10), argv[3]);
    if (argc >= 3 && strcmp(argv[1], "load") == 0)
        return load((const char *const *)&argv[2], (size_t)argc - 2);
    fputs("usage: intel_bench make N FILE | intel_bench load FILE...\n", stderr);
    return 2;
}
