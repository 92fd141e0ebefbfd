// SPDX-License-Identifier: Apache-2.0
// YARA on files: what loads and what does not, what a match says, what happens to a rule that runs
// away; bytes kept as they pass. All rules and files are made here.
#include "base/test.h"
#include "file/file.h"
#include "file/scan_bytes.h"
#include "file/scan_text.h"
#include "schema/write.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTES = 32 };

// A folder of rules, and what loading it told.
struct place {
    char folder[64];
    char names[16][80];
    size_t names_count;
    struct file_rules_report report;
    struct file_rules_note notes[NOTES];
    char texts[NOTES][600];
    size_t notes_count;
};

static void tell(void *context, const struct file_rules_note *note)
{
    struct place *place = context;
    if (place->notes_count == NOTES)
        return;
    snprintf(place->texts[place->notes_count], sizeof *place->texts, "%s:%u: %.*s: %s", note->file,
        note->line, (int)note->rule.len, note->rule.data ? (const char *)note->rule.data : "",
        note->what);
    place->notes[place->notes_count++] = *note;
}

static void place_make(struct place *place)
{
    *place = (struct place){.folder = "/tmp/yagura-scan-XXXXXX"};
    CHECK(mkdtemp(place->folder) != NULL);
    place->report = (struct file_rules_report){.tell = tell, .context = place};
}

static void put_bytes(struct place *place, const char *name, struct bytes data)
{
    char *path = place->names[place->names_count++];
    char folder[sizeof place->folder];
    memcpy(folder, place->folder, sizeof folder);
    snprintf(path, sizeof *place->names, "%.50s/%.25s", folder, name);
    FILE *out = fopen(path, "w");
    CHECK(out != NULL);
    if (!out)
        return;
    CHECK_EQ(fwrite(data.data, 1, data.len, out), data.len);
    fclose(out);
}

static void put(struct place *place, const char *name, const char *text)
{
    put_bytes(place, name, bytes_from_text(text));
}

static struct file_rules *load(struct place *place)
{
    const char *path = place->folder;
    return file_rules_load(&path, 1, &place->report);
}

static void place_remove(struct place *place)
{
    for (size_t i = place->names_count; i > 0; i--)
        unlink(place->names[i - 1]);
    rmdir(place->folder);
}

static bool told(const struct place *place, enum file_rules_trouble trouble, const char *ending)
{
    struct bytes wanted = bytes_from_text(ending);
    for (size_t i = 0; i < place->notes_count; i++) {
        struct bytes text = bytes_from_text(place->texts[i]);
        if (place->notes[i].trouble == trouble && bytes_find(text, wanted) != BYTES_NOT_FOUND)
            return true;
    }
    printf("# nobody told: %s\n", ending);
    for (size_t i = 0; i < place->notes_count; i++)
        printf("#   %s\n", place->texts[i]);
    return false;
}

// A worker's scanner, and the last verdict's hits as text.
struct bench {
    struct config config;
    struct metrics metrics;
    struct file_rules *rules;
    struct file_scan *scan;
    struct file_kinds *kinds;
    struct pool pool;
    struct file_result result;
    char hits[2048];
    bool dest;
};

static void bench_make(struct bench *bench, struct file_rules *rules)
{
    memset(bench, 0, sizeof *bench);
    pool_init(&bench->pool, 0);
    bench->rules = rules;
    bench->kinds = file_kinds_create();
    bench->config = config_defaults;
    bench->config.yara.timeout_us = 400'000;
    bench->config.yara.max_file_bytes = 1024 * 1024;
    bench->scan = file_scan_create(rules, &bench->config, 1, &bench->metrics);
    CHECK(bench->scan != NULL);
}

static void bench_finish(struct bench *bench)
{
    file_scan_destroy(bench->scan);
    file_rules_destroy(bench->rules);
    file_kinds_destroy(bench->kinds);
    CHECK_EQ(bench->pool.used_bytes, 0);
    pool_finish(&bench->pool);
}

static void take(void *context, const struct hit *hit)
{
    struct bench *bench = context;
    size_t len = strlen(bench->hits);
    struct hit_match first = hit->matches_count ? hit->matches[0] : (struct hit_match){0};
    bench->dest = hit->subject_is_dest;
    snprintf(&bench->hits[len], sizeof bench->hits - len, "%s %.*s|%.*s|%d %d|%.*s|%.*s;",
        hit->detector, (int)hit->rule.len, (const char *)hit->rule.data, (int)hit->title.len,
        hit->title.data ? (const char *)hit->title.data : "", hit->severity, hit->certainty,
        (int)first.where.len, first.where.data ? (const char *)first.where.data : "",
        (int)first.len, first.data.data ? (const char *)&first.data.data[first.at] : "");
}

static void finish_file(struct bench *bench, struct file *file, bool complete)
{
    struct record record = {.type = RECORD_FILEINFO};
    record.head.src_ip = addr_v4((const uint8_t[]){1, 2, 3, 4});
    record.head.dest_ip = addr_v4((const uint8_t[]){10, 0, 0, 1});
    bench->hits[0] = '\0';
    file_close(file, complete, bench->kinds, &bench->result);
    file_scan_tell(bench->scan, &record, take, bench);
}

static const char *scan_pieces(
    struct bench *bench, const char *name, struct bytes data, size_t piece, bool complete)
{
    struct arena arena;
    arena_init(&arena, &bench->pool, 8192);
    struct file *file = file_open(&arena, NULL, bench->scan, bytes_from_text(name));
    CHECK(file != NULL);
    for (size_t at = 0; file && at < data.len; at += piece)
        file_append(file, bytes_sub(data, at, piece));
    if (file)
        finish_file(bench, file, complete);
    arena_reset(&arena);
    return bench->hits;
}

static const char *scan(struct bench *bench, const char *name, const char *text)
{
    return scan_pieces(bench, name, bytes_from_text(text), SIZE_MAX / 2, true);
}

static bool same(const char *got, const char *want)
{
    if (strcmp(got, want) == 0)
        return true;
    printf("# got:  %s\n# want: %s\n", got, want);
    return false;
}

TEST(items)
{
    const char text[] = "import \"pe\"\n"
                        "// rule no { }\n/* rule no2 { */\n"
                        "private rule a : tag1 tag2 { strings: $a = \"}\\\"{\" $b = /[{}]\\/\"/i\n"
                        " $c = { 41 [2-4] ( 42 | 43 ) } condition: any of them }\n"
                        "include \"other.yar\" stray words\n"
                        "global rule b { condition: true }\n"
                        "rule open { condition: (true\n"
                        "rule last { condition: a and \"x\" contains \"rule\" }";
    static const struct {
        enum yara_item_kind kind;
        const char *name;
        uint32_t line, last_line;
    } wanted[] = {{YARA_IMPORT, "pe", 1, 1}, {YARA_RULE, "a", 4, 5},
        {YARA_INCLUDE, "other.yar", 6, 6}, {YARA_BROKEN, "", 6, 6}, {YARA_RULE, "b", 7, 7},
        {YARA_BROKEN, "open", 8, 8}, {YARA_RULE, "last", 9, 9}};
    struct yara_items items;
    CHECK(yara_items_find(BYTES(text), &items));
    CHECK_EQ(items.count, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < items.count && i < sizeof wanted / sizeof *wanted; i++) {
        CHECK_EQ(items.items[i].kind, wanted[i].kind);
        CHECK_TEXT(items.items[i].name, wanted[i].name);
        CHECK_EQ(items.items[i].line, wanted[i].line);
        CHECK_EQ(items.items[i].last_line, wanted[i].last_line);
    }
    CHECK(items.count > 4 && items.items[4].global && !items.items[1].global);
    yara_items_finish(&items);
    CHECK(yara_items_find(BYTES("rule \"\n/* open"), &items));
    yara_items_finish(&items);
    CHECK(yara_items_find(BYTES(""), &items));
    CHECK_EQ(items.count, 0);
    yara_items_finish(&items);
}

TEST(broken_rules_are_named_and_left_out)
{
    struct place place;
    place_make(&place);
    put(&place, "a.yar",
        "import \"nothing\"\n"
        "rule good { strings: $a = \"good\" condition: $a }\n"
        "rule unused { strings: $a = \"x\" condition: true }\n"
        "rule missing {\n  condition:\n    nowhere\n}\n"
        "rule expression { strings: $a = /a{5,2}/ condition: $a }\n"
        "rule good { condition: true }\n"
        "rule open { condition: true\n"
        "rule module { condition: nothing.x == 1 }\n"
        "rule after { strings: $a = \"after\" condition: $a and not good }\n");
    put(&place, "b.yara", "rule good { strings: $a = \"good\" condition: $a }\n");
    put(&place, "c.txt", "not a rule at all");
    put_bytes(&place, "d.yar", BYTES("rule z { condition: true }\n\0"));
    put(&place, "e.yar", "only words");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    CHECK_EQ(file_rules_count(rules), 3);
    CHECK_EQ(place.report.files, 3);
    CHECK_EQ(place.report.loaded, 3);
    CHECK_EQ(place.report.unreadable, 1);
    CHECK(told(&place, FILE_RULES_FAILED, "a.yar:1: nothing: "));
    CHECK(told(&place, FILE_RULES_FAILED, "a.yar:3: unused: unreferenced string"));
    CHECK(told(&place, FILE_RULES_FAILED, "a.yar:6: missing: undefined identifier \"nowhere\""));
    CHECK(told(&place, FILE_RULES_FAILED, "a.yar:8: expression: "));
    CHECK(told(&place, FILE_RULES_FAILED, "a.yar:9: good: duplicated identifier"));
    CHECK(told(&place, FILE_RULES_FAILED, "a.yar:10: open: "));
    CHECK(told(&place, FILE_RULES_FAILED, "a.yar:11: module: "));
    CHECK(told(&place, FILE_RULES_UNREADABLE, "d.yar:2: : a zero byte"));
    CHECK(told(&place, FILE_RULES_FAILED, "e.yar:1: : syntax error"));
    struct bench bench;
    bench_make(&bench, rules);
    CHECK(same(scan(&bench, "x", "a good file"),
        "file.yara a/good|a/good|2 70|file.data $a at 2|good;file.yara b/good|b/good|2 "
        "70|file.data $a at "
        "2|good;"));
    CHECK(same(
        scan(&bench, "x", "and after"), "file.yara a/after|a/after|2 70|file.data $a at 4|after;"));
    bench_finish(&bench);
    place_remove(&place);
}

TEST(what_a_rule_says)
{
    struct place place;
    place_make(&place);
    put(&place, "meta.yar",
        "rule high { meta: description = \"Says much\" score = 80 author = \"us\" reference = "
        "\"here\" "
        "tlp = \"amber\" mitre_attack = \"T1059.001, T1105\" strings: $a = \"one\" condition: $a "
        "}\n"
        "rule words { meta: severity = \"low\" confidence = \"high\" strings: $a = \"two\" "
        "condition: $a }\n"
        "rule zero { meta: score = 0 strings: $a = \"three\" condition: $a }\n"
        "private rule helper { strings: $a = \"one\" condition: $a }\n"
        "rule many { meta: score = 300 strings: $a = \"one\" private $b = { 6f 6e } condition: "
        "helper and all of them }\n");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    struct bench bench;
    bench_make(&bench, rules);
    CHECK(same(scan(&bench, "x", "one"), "file.yara meta/high|Says much|3 80|file.data $a at "
                                         "0|one;file.yara meta/many|meta/many|3 100|"
                                         "file.data $b at 0|on;"));
    const struct file_verdict *verdict = bench.result.verdict;
    CHECK(verdict && verdict->matches_count == 2);
    if (verdict && verdict->matches_count == 2) {
        const struct file_match *match = &verdict->matches[0];
        CHECK_TEXT(bytes_from_text(verdict->state), "complete");
        CHECK_EQ(match->techniques_count, 2);
        CHECK_TEXT(match->techniques[0], "T1059.001");
        CHECK_TEXT(match->techniques[1], "T1105");
        CHECK_TEXT(match->source.says, "us; here");
        CHECK_TEXT(match->source.tlp, "amber");
    }
    CHECK(bench.dest); // the receiver is inside
    CHECK(same(
        scan(&bench, "x", "two"), "file.yara meta/words|meta/words|1 85|file.data $a at 0|two;"));
    CHECK(same(
        scan(&bench, "x", "three"), "file.yara meta/zero|meta/zero|0 0|file.data $a at 0|three;"));
    bench_finish(&bench);
    place_remove(&place);
}

TEST(names_sizes_and_modules)
{
    struct place place;
    place_make(&place);
    put(&place, "n.yar",
        "import \"hash\"\nimport \"math\"\nimport \"pe\"\nimport \"elf\"\nimport \"dotnet\"\n"
        "rule name { condition: filename == \"evil.exe\" and filepath == \"/get/it\" and extension "
        "== "
        "\".exe\" and owner == \"\" }\n"
        "rule pdf { condition: filetype == \"PDF\" }\n"
        "rule size { condition: filesize == 3000000 and uint8(0) == 0x7a }\n"
        "rule digest { condition: hash.md5(0, filesize) == \"5d41402abc4b2a76b9719d911017c592\" }\n"
        "rule noise { condition: filesize == 4 and math.entropy(0, 4) == 2.0 and not pe.is_pe }\n");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    CHECK_EQ(place.report.failed, 0);
    struct bench bench;
    bench_make(&bench, rules);
    CHECK(same(scan(&bench, "/get/it/evil.exe", "some text"), "file.yara n/name|n/name|2 70||;"));
    CHECK(same(scan(&bench, "/get/it/evil.txt", "some text"), "")); // not from the cache
    CHECK(same(scan(&bench, "\\a\\b", "%PDF-1.4\n"), "file.yara n/pdf|n/pdf|2 70||;"));
    CHECK(same(scan(&bench, "", "hello"), "file.yara n/digest|n/digest|2 70||;"));
    CHECK(same(scan(&bench, "", "abcd"), "file.yara n/noise|n/noise|2 70||;"));
    static uint8_t large[3'000'000];
    memset(large, 'z', sizeof large);
    CHECK(same(scan_pieces(&bench, "", bytes_make(large, sizeof large), 1460, true),
        "file.yara n/size|n/size|2 70||;"));
    CHECK_TEXT(bytes_from_text(bench.result.verdict->state), "partial"); // max_file is 1 MiB
    CHECK_EQ(bench.metrics.file_scan_partial, 1);
    bench_finish(&bench);
    place_remove(&place);
}

TEST(pieces_gaps_and_the_cache)
{
    struct place place;
    place_make(&place);
    put(&place, "p.yar",
        "rule apart { strings: $a = \"beginning\" $b = \"ending\" condition: $a and $b and @b > "
        "5000 }");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    struct bench bench;
    bench_make(&bench, rules);
    static uint8_t data[300'000];
    memcpy(data, "beginning", 9);
    memcpy(&data[299'990], "ending", 6);
    const char *want = "file.yara p/apart|p/apart|2 70|file.data $a at 0|beginning;";
    const size_t pieces[] = {sizeof data, 1, 7, 2048, 65'536};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        CHECK(same(scan_pieces(&bench, "", bytes_make(data, sizeof data), pieces[i], true), want));
    CHECK_EQ(bench.metrics.file_scanned, 1);
    CHECK_EQ(bench.metrics.file_scan_cached, 4);
    CHECK(same(scan_pieces(&bench, "", bytes_make(data, sizeof data), 999, false), want));
    CHECK_EQ(bench.metrics.file_scanned, 2);
    CHECK_TEXT(bytes_from_text(bench.result.verdict->state), "partial");
    struct arena arena; // what is lost keeps its room
    arena_init(&arena, &bench.pool, 8192);
    struct file *file = file_open(&arena, NULL, bench.scan, BYTES(""));
    file_append(file, BYTES("beginning"));
    file_gap(file, 6000);
    file_append(file, BYTES("ending"));
    finish_file(&bench, file, true);
    CHECK(same(bench.hits, want));
    arena_reset(&arena);
    CHECK(same(scan(&bench, "", ""), "")); // nothing to scan
    CHECK(bench.result.verdict == NULL);
    bench_finish(&bench);
    place_remove(&place);
}

TEST(memory_for_bytes_is_bounded)
{
    struct place place;
    place_make(&place);
    put(&place, "p.yar", "rule a { strings: $a = \"needle\" condition: $a }");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    struct bench bench;
    bench_make(&bench, rules);
    file_scan_destroy(bench.scan);
    bench.config.yara.memory_bytes = 256 * 1024;
    bench.scan = file_scan_create(rules, &bench.config, 1, &bench.metrics);
    static uint8_t data[600'000];
    memcpy(data, "needle", 6);
    CHECK(same(scan_pieces(&bench, "", bytes_make(data, sizeof data), 5000, true),
        "file.yara p/a|p/a|2 70|file.data $a at 0|needle;"));
    CHECK_TEXT(bytes_from_text(bench.result.verdict->state), "partial");
    CHECK_EQ(bench.metrics.file_scan_memcap, 1);
    CHECK_EQ(file_scan_pool(bench.scan)->used_bytes, 0);
    bench_finish(&bench);
    place_remove(&place);
}

// Each in its own way: a loop, an expression, matches without end, functions over the whole file.
TEST(runaways_are_switched_off_at_load)
{
    struct place place;
    place_make(&place);
    put(&place, "slow.yar",
        "import \"math\"\n"
        "rule before { strings: $a = \"before\" condition: $a }\n"
        "rule loop { condition: for all i in (0..filesize) : ( for all j in (0..filesize) : "
        "( uint8(i) == uint8(j) or uint8(i) != uint8(j) ) ) }\n"
        "rule expression { strings: $a = /aa(a|aa|a.|.a|..|...|a..)*(a|aa|..|.a)*(a|.|..)*b/ "
        "condition: $a }\n"
        "rule functions { condition: for all i in (0..filesize) : ( math.entropy(0, filesize) < "
        "100.0 ) }\n"
        "rule after { strings: $a = \"after\" condition: $a }\n");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    CHECK_EQ(place.report.off, 3);
    CHECK(told(&place, FILE_RULES_OFF, "slow.yar:3: slow/loop: it ran away"));
    CHECK(told(&place, FILE_RULES_OFF, "slow.yar:4: slow/expression: it ran away"));
    CHECK(told(&place, FILE_RULES_OFF, "slow.yar:5: slow/functions: it ran away"));
    struct bench bench;
    bench_make(&bench, rules);
    CHECK(same(scan(&bench, "", "before and after"),
        "file.yara slow/before|slow/before|2 70|file.data $a at 0|before;"
        "file.yara slow/after|slow/after|2 70|file.data $a at 11|after;"));
    bench_finish(&bench);
    place_remove(&place);
}

// They behave until a certain file comes.
TEST(runaways_are_switched_off_when_they_do)
{
    struct place place;
    place_make(&place);
    put(&place, "trap.yar",
        "rule before { strings: $a = \"before\" condition: $a }\n"
        "rule trap { strings: $a = \"trap\" condition: $a and for all i in (0..filesize) : ( for "
        "all "
        "j in (0..filesize) : ( uint8(i) < 255 or uint8(j) < 255 ) ) }\n"
        "rule matches { strings: $a = /trap/ $b = { 6? } condition: #a > 0 and #b > 100000000 }\n"
        "rule after { strings: $a = \"after\" condition: $a }\n");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    CHECK_EQ(place.report.off, 0);
    struct bench bench;
    bench_make(&bench, rules);
    static char data[200'001];
    memset(data, 'a', sizeof data - 1);
    memcpy(data, "before trap after", 17);
    CHECK(same(scan(&bench, "", data),
        "file.yara trap/before|trap/before|2 70|file.data $a at 0|before;"
        "file.yara trap/after|trap/after|2 70|file.data $a at 12|after;"));
    const struct file_verdict *verdict = bench.result.verdict;
    CHECK_EQ(verdict->stopped_count, 1);
    CHECK_TEXT(verdict->stopped[0], "trap/trap");
    CHECK_TEXT(bytes_from_text(verdict->state), "complete");
    CHECK_EQ(bench.metrics.file_yara_stopped, 1);
    data[17] = '!'; // another file: it is off, and costs nothing
    CHECK(same(scan(&bench, "", data),
        "file.yara trap/before|trap/before|2 70|file.data $a at 0|before;"
        "file.yara trap/after|trap/after|2 70|file.data $a at 12|after;"));
    CHECK_EQ(bench.result.verdict->stopped_count, 0);
    CHECK_EQ(bench.metrics.file_yara_stopped, 1);
    bench_finish(&bench);
    place_remove(&place);
}

TEST(includes_stay_in_their_folder)
{
    struct place place;
    char sub[80];
    place_make(&place);
    snprintf(sub, sizeof sub, "%s/sub", place.folder);
    CHECK_EQ(mkdir(sub, 0700), 0);
    put(&place, "index.yar",
        "include \"./sub/one.yar\"\n"
        "rule top { strings: $a = \"top\" condition: $a or one }\n");
    put(&place, "sub/one.yar",
        "include \"two.yar\"\nrule one { strings: $a = \"one\" condition: $a }\n"
        "rule bad { condition: nowhere }\n");
    put(&place, "sub/two.yar", "rule two { strings: $a = \"two\" condition: $a }\n");
    put(&place, "out.yar",
        "include \"/etc/passwd\"\ninclude \"../../etc/passwd\"\n"
        "rule out { strings: $a = \"one\" condition: $a }\n");
    struct file_rules *rules = load(&place);
    CHECK(rules != NULL);
    if (!rules)
        return;
    CHECK_EQ(file_rules_count(rules), 4); // two and one only once
    CHECK(told(&place, FILE_RULES_FAILED, "sub/one.yar:3: bad: undefined identifier"));
    CHECK(told(&place, FILE_RULES_FAILED, "out.yar:1: /etc/passwd: it is not there"));
    CHECK(told(&place, FILE_RULES_FAILED, "out.yar:2: ../../etc/passwd: it is not there"));
    struct bench bench;
    bench_make(&bench, rules);
    CHECK(same(scan(&bench, "", "one"),
        "file.yara one/one|one/one|2 70|file.data $a at 0|one;file.yara index/top|index/top|2 70||;"
        "file.yara out/out|out/out|2 70|file.data $a at 0|one;"));
    bench_finish(&bench);
    place_remove(&place);
    rmdir(sub);
    rmdir(place.folder);
}

TEST(what_cannot_be_read)
{
    struct place place;
    place_make(&place);
    char missing[80];
    const char *path = missing;
    snprintf(missing, sizeof missing, "%s/missing.yar", place.folder);
    CHECK(file_rules_load(&path, 1, &place.report) == NULL);
    CHECK(told(&place, FILE_RULES_UNREADABLE, "missing.yar:0: : No such file"));
    CHECK(load(&place) == NULL); // an empty folder
    static char line[1'200'000];
    memset(line, 'a', sizeof line - 1);
    memcpy(line, "rule a {\n", 9);
    put(&place, "long.yar", line);
    CHECK(load(&place) == NULL);
    CHECK(told(&place, FILE_RULES_UNREADABLE, "long.yar:2: : a line of more than 1 MiB"));
    put_bytes(&place, "long.yar", BYTES("YARA\x12\0\0\0"));
    CHECK(load(&place) == NULL);
    CHECK(told(&place, FILE_RULES_UNREADABLE, "these are compiled rules"));
    put(&place, "long.yar", "\xef\xbb\xbfrule with_mark { condition: true }");
    struct file_rules *rules = load(&place);
    CHECK(rules && file_rules_count(rules) == 1);
    file_rules_destroy(rules);
    place_remove(&place);
}

TEST(record)
{
    const struct bytes rules[] = {BYTES("a/b"), BYTES("a/c")}, stopped[] = {BYTES("a/d")};
    struct record_fileinfo info = {.scan = {.state = BYTES("partial"),
                                       .yara = rules,
                                       .yara_count = 2,
                                       .stopped = stopped,
                                       .stopped_count = 1,
                                       .clamd = BYTES("found"),
                                       .signature = BYTES("Name")}};
    struct record record = {.type = RECORD_FILEINFO, .body = &info};
    struct json out;
    json_init(&out);
    record_write_json(&out, &record);
    struct bytes text = bytes_make(out.data, out.len);
    CHECK(bytes_find(text, BYTES("\"scan\":{\"state\":\"partial\",\"yara\":[\"a/b\",\"a/c\"],"
                                 "\"stopped\":[\"a/d\"],\"clamd\":\"found\","
                                 "\"signature\":\"Name\"}")) != BYTES_NOT_FOUND);
    json_finish(&out);
}

TEST_MAIN(T(items), T(record), T(broken_rules_are_named_and_left_out), T(what_a_rule_says),
    T(names_sizes_and_modules), T(pieces_gaps_and_the_cache), T(memory_for_bytes_is_bounded),
    T(runaways_are_switched_off_at_load), T(runaways_are_switched_off_when_they_do),
    T(includes_stay_in_their_folder), T(what_cannot_be_read))
