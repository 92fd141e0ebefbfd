// SPDX-License-Identifier: Apache-2.0
// Rules as texts, held against events made here.
#include "base/test.h"
#include "sigma/sigma.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUT_BYTES = 8192, PAIRS = 16 };

// ids of rules that found something, with a space behind each.
struct found {
    char ids[OUT_BYTES];
    struct sigma_state *state;
    const struct hit *last;
};

static void take(void *context, const struct hit *hit)
{
    struct found *f = context;
    if (hit->settle) {
        sigma_settle(f->state, hit, take, f);
        return;
    }
    size_t len = strlen(f->ids);
    snprintf(&f->ids[len], sizeof f->ids - len, "%.*s ", (int)hit->rule.len,
        (const char *)hit->rule.data);
}

static struct sigma *load_text(const char *yaml, struct sigma_report *report)
{
    char path[] = "/tmp/sigma_test_XXXXXX";
    int fd = mkstemp(path);
    const char *paths[] = {path};
    if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml))
        abort();
    close(fd);
    static const char *const admins[] = {"taro", "root*"};
    static struct config_sigma_variable variables[] = {
        {.name = "admins", .values = admins, .values_count = 2}};
    static struct config config;
    config = config_defaults;
    config.sigma.variables = variables;
    config.sigma.variables_count = 1;
    struct sigma *sigma = sigma_load(
        &(struct sigma_options){.config = &config, .paths = paths, .paths_count = 1}, report);
    unlink(path);
    return sigma;
}

// "Image=C:\a.exe;CommandLine=x" as an event of Sysmon's process creation at a second.
static void event_make(const char *text, int64_t second, struct record *record,
    struct record_log_event *event, struct json_pair *pairs)
{
    struct bytes rest = bytes_from_text(text);
    *event = (struct record_log_event){.product = BYTES("windows"),
        .channel = BYTES("Microsoft-Windows-Sysmon/Operational"),
        .computer = BYTES("pc1"),
        .has_event_id = true,
        .event_id = 1};
    event->event_data.pairs = pairs;
    while (rest.len) {
        size_t end = bytes_find_byte(rest, ';'), equals = bytes_find_byte(rest, '=');
        struct bytes name = bytes_sub(rest, 0, equals);
        struct bytes value =
            bytes_sub(rest, equals + 1, end == BYTES_NOT_FOUND ? SIZE_MAX : end - equals - 1);
        pairs[event->event_data.pairs_count++] = (struct json_pair){name, value};
        rest = end == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(rest, end + 1);
    }
    *record = (struct record){.type = RECORD_LOG_EVENT, .body = event};
    record->head.timestamp = second * 1000'000;
}

static void run(struct sigma_worker *worker, const char *text, int64_t second, struct found *found)
{
    struct record record;
    struct record_log_event event;
    struct json_pair pairs[PAIRS];
    event_make(text, second, &record, &event, pairs);
    sigma_record(worker, &record, take, found);
}

// Whether a selection, as YAML with four spaces before each line, finds the event.
static bool finds(const char *selection, const char *event)
{
    char yaml[4096];
    struct sigma_report report;
    struct found found = {.ids = ""};
    snprintf(yaml, sizeof yaml,
        "title: T\nid: r\nstatus: test\nlevel: high\nlogsource: {category: process_creation, "
        "product: windows}\ndetection:\n%s\n    condition: s\n",
        selection);
    struct sigma *sigma = load_text(yaml, &report);
    for (size_t i = 0; i < report.problems_count; i++) {
        char text[512];
        sigma_problem_text(&report.problems[i], LANG_EN, text, sizeof text);
        printf("# %s\n", text);
    }
    struct sigma_worker *worker = sigma_worker_create(sigma);
    run(worker, event, 1000, &found);
    sigma_worker_destroy(worker);
    sigma_destroy(sigma);
    sigma_report_finish(&report);
    return found.ids[0] != '\0';
}

struct one {
    const char *selection, *event;
    bool finds;
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void check_all(const struct one *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (finds(list[i].selection, list[i].event) != list[i].finds)
            TEST_SAY("%s %s %s", list[i].selection, list[i].finds ? "must find" : "must not find",
                list[i].event);
}

TEST(values)
{
    static const struct one list[] = {
        {"    s: {Image: 'C:\\A.exe'}", "Image=c:\\a.EXE", true},
        {"    s: {Image: 'C:\\A.exe'}", "Image=c:\\a.exe.bak", false},
        {"    s: {Image: '*\\a.exe'}", "Image=c:\\b\\a.exe", true},
        {"    s: {Image: 'c:\\\\*\\a.exe'}", "Image=c:\\b\\a.exe", true},
        {"    s: {Image: 'c:\\*'}", "Image=c:*", true},
        {"    s: {Image: 'c:\\*'}", "Image=c:\\x", false},
        {"    s: {Image: 'a?c'}", "Image=abc", true},
        {"    s: {Image: 'a?c'}", "Image=ac", false},
        {"    s: {Image: 'a?c'}", "Image=aéc", true},
        {"    s: {Image: 'a\\?c'}", "Image=abc", false},
        {"    s: {Image: 'a\\?c'}", "Image=a?c", true},
        {"    s: {Image: '*a*b*'}", "Image=xbxaxbx", true},
        {"    s: {Image: '*a*b*'}", "Image=xbxax", false},
        {"    s: {Image: 'ab*ab'}", "Image=ab", false},
        {"    s: {Image: 'ab*ab'}", "Image=abab", true},
        {"    s: {Image: 'ÉÀ'}", "Image=éà", true},
        {"    s: {Image: 'ＡＢ'}", "Image=ａｂ", true},
        {"    s: {Image: ''}", "Image=", true},
        {"    s: {Image: ''}", "Image=x", false},
        {"    s: {Image: ''}", "Other=x", false},
        {"    s: {Image: null}", "Other=x", true},
        {"    s: {Image: null}", "Image=x", false},
        {"    s: {Image: '*'}", "Image=x", true},
        {"    s: {Image: '*'}", "Other=x", false},
        {"    s: {Id: 17}", "Id=17", true},
        {"    s: {Id: 0x11}", "Id=17", true},
        {"    s: {Id: '0x11'}", "Id=17", false},
        {"    s: {Id: '0x11'}", "Id=0x11", true},
        {"    s: {EventID: 1}", "Image=x", true},
        {"    s: {EventID: 2}", "Image=x", false},
        {"    s: {Flag: true}", "Flag=True", true},
        {"    s: {ThreatName: x}", "Threat Name=x", true},
        {"    s: {Data: y}", "Data=x;Data[1]=y", true},
    };
    check_all(list, COUNT(list));
}

TEST(modifiers)
{
    static const struct one list[] = {
        {"    s: {Image|contains: 'b'}", "Image=abc", true},
        {"    s: {Image|startswith: 'ab'}", "Image=ABC", true},
        {"    s: {Image|startswith: 'bc'}", "Image=abc", false},
        {"    s: {Image|endswith: 'bc'}", "Image=abc", true},
        {"    s: {Image|endswith: ['x', 'bc']}", "Image=abc", true},
        {"    s: {Image|contains|all: ['a', 'c']}", "Image=abc", true},
        {"    s: {Image|contains|all: ['a', 'd']}", "Image=abc", false},
        {"    s: {Image|contains|cased: 'B'}", "Image=abc", false},
        {"    s: {Image|contains|cased: 'B'}", "Image=aBc", true},
        {"    s: {Image|neq: 'abc'}", "Image=abc", false},
        {"    s: {Image|neq: 'abc'}", "Image=abd", true},
        {"    s: {Image|base64|contains: 'foo'}", "Image=xZm9vx", true},
        {"    s: {Image|base64offset|contains: 'foobar'}", "Image=xZm9vYmFyx", true},
        {"    s: {Image|base64offset|contains: 'foobar'}", "Image=x bGlmb29iYXI= x", true},
        {"    s: {Image|base64offset|contains: 'foobar'}", "Image=aWZvb2Jhcg==", true},
        {"    s: {Image|base64offset|contains: 'foobar'}", "Image=bm90aGluZw==", false},
        {"    s: {Image|wide|base64offset|contains: 'ab'}", "Image=YQBiAA==", true},
        {"    s: {Image|utf16be|base64offset|contains: 'ab'}", "Image=AGEAYg==", true},
        {"    s: {Image|utf16|base64offset|contains: 'a'}", "Image=//5hAA==", true},
        {"    s: {Image|re: '^a.c$'}", "Image=abc", true},
        {"    s: {Image|re: '^A.c$'}", "Image=abc", false},
        {"    s: {Image|re|i: '^A.c$'}", "Image=abc", true},
        {"    s: {Image|re: 'a.c'}", "Image=a\nc", false},
        {"    s: {Image|re|s: 'a.c'}", "Image=a\nc", true},
        {"    s: {Image|re|m: '^c'}", "Image=a\nc", true},
        {"    s: {Image|re: '^c'}", "Image=a\nc", false},
    };
    check_all(list, COUNT(list));
}

TEST(modifiers_of_values)
{
    static const struct one list[] = {
        {"    s: {Ip|cidr: 10.0.0.0/8}", "Ip=10.1.2.3", true},
        {"    s: {Ip|cidr: [192.0.2.0/24, '2001:db8::/32']}", "Ip=2001:db8::1", true},
        {"    s: {Ip|cidr: 10.0.0.0/8}", "Ip=11.1.2.3", false},
        {"    s: {Ip|cidr: 10.1.2.3/8}", "Ip=10.9.9.9", true},
        {"    s: {N|lt: 5}", "N=4", true},
        {"    s: {N|lt: 5}", "N=5", false},
        {"    s: {N|lte: 5}", "N=5", true},
        {"    s: {N|gt: 5}", "N=5.5", true},
        {"    s: {N|gte: 5}", "N=five", false},
        {"    s: {N|exists: true}", "N=", true},
        {"    s: {N|exists: false}", "N=", false},
        {"    s: {N|exists: false}", "M=1", true},
        {"    s: {C|windash|contains: ' -enc '}", "C=x /ENC y", true},
        {"    s: {C|windash|contains: ' -enc '}",
            "C=x \xe2\x80\x94"
            "enc y",
            true},
        {"    s: {C|windash|contains: ' -enc '}", "C=x +enc y", false},
        {"    s: {C|windash|contains: ' a-b'}", "C=x a/b y", false},
        {"    s: {U|expand: '%admins%'}", "U=Taro", true},
        {"    s: {U|expand: '%admins%'}", "U=rootkit", true},
        {"    s: {U|expand: '%admins%'}", "U=hanako", false},
        {"    s: {U|contains|expand: '\\%admins%'}", "U=taro", false},
        {"    s: {U|contains|expand: '\\%admins%'}", "U=%admins%", true},
        {"    s: {U|expand: '\\%a-%admins%'}", "U=%a-taro", true},
        {"    s: {A|fieldref: B}", "A=x;B=X", true},
        {"    s: {A|fieldref: B}", "A=x;B=y", false},
        {"    s: {A|fieldref: B}", "A=x", false},
        {"    s: {A|fieldref|endswith: B}", "A=yx;B=x", true},
        {"    s: {A|neq|fieldref: B}", "A=x;B=y", true},
        {"    s: {T|hour|gte: 18}", "T=2026-11-21T20:57:37Z", true},
        {"    s: {T|hour: 20}", "T=2026-11-21 20:57:37.5", true},
        {"    s: {T|minute: 58}", "T=2026-11-21T20:57:37Z", false},
        {"    s: {T|day: 21}", "T=2026-11-21T20:57:37Z", true},
        {"    s: {T|week: 47}", "T=2026-11-21T20:57:37Z", true},
        {"    s: {T|month: 11}", "T=2026-11-21", true},
        {"    s: {T|year|lt: 2027}", "T=2026-11-21", true},
    };
    check_all(list, COUNT(list));
}

TEST(selections)
{
    static const struct one list[] = {
        {"    s:\n      A: 1\n      B: 2", "A=1;B=2", true},
        {"    s:\n      A: 1\n      B: 2", "A=1;B=3", false},
        {"    s:\n      - A: 1\n      - B: 2", "A=0;B=2", true},
        {"    s:\n      - A: 1\n        B: 2\n      - C: 3", "A=1;B=0", false},
        {"    s: ['needle', 'other']", "A=hay NEEDLE stack", true},
        {"    s: ['needle']", "A=hay", false},
        {"    s: needle", "A=a needle", true},
        {"    s: {'|all': ['hay', 'stack']}", "A=haystack", true},
        {"    s: {'|all': ['hay', 'stick']}", "A=haystack", false},
        {"    s: {'|re': 'h.y'}", "A=haystack", true},
        {"    s: {A: [1, 2, null]}", "A=2", true},
        {"    s: {A: [1, 2, null]}", "B=2", true},
    };
    check_all(list, COUNT(list));
}

// A condition over a: A=1, b: B=1, c1: C=1, c2: D=1.
static bool holds(const char *condition, const char *event)
{
    char selections[1024];
    snprintf(selections, sizeof selections,
        "    a: {A: 1}\n    b: {B: 1}\n    c1: {C: 1}\n    c2: {D: 1}\n    _x: {X: 1}\n    "
        "condition: "
        "%s",
        condition);
    char yaml[2048];
    struct sigma_report report;
    struct found found = {.ids = ""};
    snprintf(yaml, sizeof yaml,
        "title: T\nlogsource: {category: process_creation, product: windows}\ndetection:\n%s\n",
        selections);
    struct sigma *sigma = load_text(yaml, &report);
    struct sigma_worker *worker = sigma_worker_create(sigma);
    run(worker, event, 1000, &found);
    bool refused = report.refused > 0;
    sigma_worker_destroy(worker);
    sigma_destroy(sigma);
    sigma_report_finish(&report);
    if (refused)
        printf("# refused: %s\n", condition);
    return found.ids[0] != '\0';
}

TEST(conditions)
{
    static const struct {
        const char *condition, *event;
        bool holds;
    } list[] = {
        {"a and b", "A=1;B=1", true},
        {"a and b", "A=1", false},
        {"a or b", "B=1", true},
        {"a and not b", "A=1", true},
        {"a and not b", "A=1;B=1", false},
        {"not a", "B=1", true},
        {"not not a", "A=1", true},
        {"a or b and c1", "A=1", true}, // and binds closer
        {"(a or b) and c1", "A=1", false},
        {"NOT a AND b", "B=1", true},
        {"1 of c*", "D=1", true},
        {"all of c*", "D=1", false},
        {"all of c*", "C=1;D=1", true},
        {"any of c*", "C=1", true},
        {"2 of them", "A=1;C=1", true},
        {"2 of them", "A=1;X=1", false}, // _x is none of them
        {"1 of them", "X=1", false},
        {"a and not 1 of c*", "A=1;C=1", false},
        {"a and not all of c*", "A=1;C=1", true},
        {"1 of *1", "C=1", true},
        {"[a, b]", "B=1", true},
        {"a and b and c1 and c2 and not _x", "A=1;B=1;C=1;D=1", true},
        {"a or b or c1 or c2 or _x", "X=1", true},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        if (holds(list[i].condition, list[i].event) != list[i].holds)
            TEST_SAY("%s with %s", list[i].condition, list[i].event);
}

// A document that must be refused, and what the message must hold.
static void refused(const char *yaml, const char *says)
{
    char text[1024] = "nothing";
    struct sigma_report report;
    struct sigma *sigma = load_text(yaml, &report);
    CHECK(sigma != NULL);
    if (report.problems_count)
        sigma_problem_text(&report.problems[0], LANG_EN, text, sizeof text);
    if (!strstr(text, says) || report.rules)
        TEST_SAY("\"%s\" has no \"%s\"", text, says);
    sigma_destroy(sigma);
    sigma_report_finish(&report);
}

#define HEAD "title: T\nlogsource: {category: process_creation, product: windows}\ndetection:\n"

TEST(messages)
{
    refused(HEAD "  s: {A|nonsense: 1}\n  condition: s\n", ":4: s.A|nonsense: unknown modifier");
    refused(HEAD "  s: {A: 1}\n  condition: s and\n", ":5: condition: ");
    refused(HEAD "  s: {A: 1}\n  condition: t\n", "no selection is called \"t\"");
    refused(HEAD "  s: {A: 1}\n  condition: 1 of t*\n", "no selection");
    refused(HEAD "  s: {A: 1}\n", "has no condition");
    refused(HEAD "  s: {A|re: '('}\n  condition: s\n", "no regular expression");
    refused(HEAD "  s: {A|cidr: x}\n  condition: s\n", "no network");
    refused(HEAD "  s: {A|lt: x}\n  condition: s\n", "no number");
    refused(HEAD "  s: {A|base64: 'a*'}\n  condition: s\n", "wildcards");
    refused(HEAD "  s: {A|re|cidr: 'a'}\n  condition: s\n", "cannot stand together");
    refused(HEAD "  s: {A|i: 'a'}\n  condition: s\n", "behind re");
    refused(HEAD "  s: {}\n  condition: s\n", "is empty");
    refused(HEAD "  s: {A: {B: 1}}\n  condition: s\n", "a value must be");
    refused(HEAD "  s: {A: 1}\n  condition: s | near t\n", "near is not supported");
    refused(HEAD "  s: {A: 1}\n  condition: s | count() by\n", "aggregation");
    refused(HEAD "  s: {A: 1, A: 2}\n  condition: s\n", ":4: \"A\" stands there twice");
    refused("title: T\ndetection: {s: {A: 1}, condition: s}\n", "logsource");
    refused("logsource: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n", "no title");
    refused("title: T\nlevel: awful\n", "level: \"awful\"");
    refused("- a\n- b\n", "no Sigma rule");
    refused("a: [\n", "no valid YAML");
    refused("title: \"a\x01\"\n", "no valid YAML");
    refused("a: *b\n", "refers to nothing");
    refused("action: global\ntitle: T\n", "given up");
    refused("title: T\ncorrelation: {type: sum}\n", "allowed: event_count");
    refused(
        "title: T\ncorrelation: {type: event_count, rules: x, timespan: 1m, condition: {gte: 1}}\n",
        "no rule has the id");
    refused(
        "title: T\nlogsource: {}\nfilter: {rules: [x], selection: {A: 1}, condition: selection}\n",
        "no rule has the id");
}

TEST(hostile)
{
    size_t size = 2 << 20;
    char *text = malloc(size + 64);
    memset(text, '[', 100'000);
    text[100'000] = '\0';
    refused(text, "nested too deeply");
    strcpy(text, "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                 "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                 "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n");
    refused(text, "100,000 values");
    strcpy(text, "title: ");
    memset(&text[7], 'x', size - 7);
    text[size] = '\0';
    refused(text, "256 KiB");
    strcpy(text, HEAD "  s: {A: 1}\n  condition: ");
    size_t at = strlen(text);
    memset(&text[at], '(', 1000);
    strcpy(&text[at + 1000], "s\n");
    refused(text, "nested too deeply");
    free(text);
}

#define BASE(name, value)                                                                          \
    "title: Base " name "\nname: " name "\nid: " name                                              \
    "\nlogsource: {category: process_creation, product: windows}\n"                                \
    "detection: {s: {A: " value "}, condition: s}\n---\n"

// A file of rules, then events one a second: "A=x;U=y" with '|' between them; what is told.
static void correlates(const char *yaml, const char *events, const char *told)
{
    struct sigma_report report;
    struct found found = {.ids = ""};
    struct sigma *sigma = load_text(yaml, &report);
    for (size_t i = 0; i < report.problems_count; i++) {
        char text[512];
        sigma_problem_text(&report.problems[i], LANG_EN, text, sizeof text);
        TEST_SAY("%s", text);
    }
    struct sigma_worker *workers[2] = {sigma_worker_create(sigma), sigma_worker_create(sigma)};
    found.state = sigma_state_create(sigma, NULL);
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", events);
    int64_t second = 1000;
    for (char *event = strtok(copy, "|"); event; event = strtok(NULL, "|"), second++) {
        if (event[0] == '+') // a pause of so many seconds
            second += atoi(&event[1]) - 1;
        else
            run(workers[second % 2], event, second, &found);
    }
    sigma_settle_end(found.state, take, &found);
    if (strcmp(found.ids, told) != 0)
        TEST_SAY("%s: told \"%s\", not \"%s\"", events, found.ids, told);
    CHECK_EQ(sigma_state_dropped(found.state), 0);
    sigma_state_destroy(found.state);
    sigma_worker_destroy(workers[0]);
    sigma_worker_destroy(workers[1]);
    sigma_destroy(sigma);
    sigma_report_finish(&report);
}

#define CORRELATION(type, rules, more)                                                             \
    "title: K\nid: k\ncorrelation:\n  type: " type "\n  rules: " rules                             \
    "\n  group-by: [U]\n  timespan: 10s\n" more

TEST(event_count)
{
    static const char rules[] =
        BASE("b", "1") CORRELATION("event_count", "[b]", "  condition: {gte: 3}\n");
    correlates(rules, "A=1;U=x|A=1;U=x|A=1;U=x", "k ");
    correlates(rules, "A=1;U=x|A=1;U=y|A=1;U=x", "");
    correlates(rules, "A=1;U=x|A=1;U=x|+20|A=1;U=x", "");
    correlates(rules, "A=1;U=x|A=1;U=x|A=1;U=x|A=1;U=x|A=1;U=x|A=1;U=x", "k k ");
    correlates(rules, "A=1|A=1|A=1", ""); // nothing to group by
    static const char few[] =
        BASE("b", "1") CORRELATION("event_count", "[b]", "  condition: {lt: 2}\n");
    correlates(few, "A=1;U=x|A=1;U=x|A=1;U=y", "k ");
    static const char range[] =
        BASE("b", "1") CORRELATION("event_count", "[b]", "  condition: {gt: 1, lte: 3}\n");
    correlates(range, "A=1;U=x|A=1;U=x", "k ");
    static const char shown[] = BASE("b", "1")
        CORRELATION("event_count", "[b]", "  condition: {gte: 2}\n  generate: true\n");
    correlates(shown, "A=1;U=x|A=1;U=x", "b k b ");
}

TEST(value_count)
{
    static const char rules[] =
        BASE("b", "1") CORRELATION("value_count", "[b]", "  condition: {gte: 2, field: V}\n");
    correlates(rules, "A=1;U=x;V=1|A=1;U=x;V=1|A=1;U=x;V=1", "");
    correlates(rules, "A=1;U=x;V=1|A=1;U=x|A=1;U=x;V=2", "k ");
    static const char sum[] =
        BASE("b", "1") CORRELATION("value_sum", "[b]", "  condition: {gt: 9, field: V}\n");
    correlates(sum, "A=1;U=x;V=5|A=1;U=x;V=4", "");
    correlates(sum, "A=1;U=x;V=5|A=1;U=x;V=5", "k ");
    static const char avg[] =
        BASE("b", "1") CORRELATION("value_avg", "[b]", "  condition: {gte: 4, field: V}\n");
    correlates(avg, "A=1;U=x;V=9|A=1;U=x;V=1|A=1;U=x;V=1", "");
    correlates(avg, "A=1;U=x;V=6|A=1;U=x;V=2", "k ");
    static const char high[] = BASE("b", "1")
        CORRELATION("value_percentile", "[b]", "  condition: {gte: 4, field: V, percentile: 50}\n");
    correlates(high, "A=1;U=x;V=1|A=1;U=x;V=2|A=1;U=x;V=9", "");
    correlates(high, "A=1;U=x;V=1|A=1;U=x;V=5|A=1;U=x;V=9", "k ");
}

TEST(temporal)
{
    static const char any[] = BASE("b", "1") BASE("c", "2") CORRELATION("temporal", "[b, c]", "");
    correlates(any, "A=2;U=x|A=1;U=x", "k ");
    correlates(any, "A=2;U=x|A=1;U=y", "");
    correlates(any, "A=2;U=x|+10|A=1;U=x", "");
    correlates(any, "A=2;U=x|+9|A=1;U=x", "k ");
    static const char ordered[] =
        BASE("b", "1") BASE("c", "2") CORRELATION("temporal_ordered", "[b, c]", "");
    correlates(ordered, "A=2;U=x|A=1;U=x", "");
    correlates(ordered, "A=1;U=x|A=2;U=x", "k ");
    correlates(ordered, "A=1;U=x|+8|A=1;U=x|+8|A=2;U=x", "k ");
    static const char words[] = BASE("b", "1") BASE("c", "2")
        CORRELATION("temporal", "[b, c]", "  condition: b and not c\n");
    correlates(words, "A=1;U=x", "k ");
    correlates(words, "A=1;U=x|A=2;U=x", "");
    static const char aliases[] = BASE("b", "1") BASE("c", "2")
        CORRELATION("temporal", "[b, c]", "  aliases: {U: {b: From, c: To}}\n");
    correlates(aliases, "A=1;From=x|A=2;To=x", "k ");
    correlates(aliases, "A=1;From=x|A=2;To=y", "");
}

TEST(chained)
{
    static const char rules[] =
        BASE("b", "1") BASE("c", "2") "title: Many\nname: many\nid: m\ncorrelation: {type: "
                                      "event_count, rules: [b], group-by: [U], "
                                      "timespan: 10s, condition: {gte: 2}}\n---\n" CORRELATION(
                                          "temporal_ordered", "[many, c]", "");
    correlates(rules, "A=1;U=x|A=1;U=x|A=2;U=x", "k ");
    correlates(rules, "A=1;U=x|A=2;U=x|A=1;U=x", "");
    correlates(rules, "A=1;U=x|A=1;U=x|A=2;U=y", "");
}

TEST(older_aggregation)
{
    static const char rules[] =
        HEAD "  s: {A: 1}\n  timeframe: 10s\n  condition: s | count() by U > 1\n";
    correlates(rules, "A=1;U=x|A=1;U=x", "T ");
    correlates(rules, "A=1;U=x|A=1;U=y", "");
    static const char values[] =
        HEAD "  s: {A: 1}\n  timeframe: 10s\n  condition: s | count(V) by U >= 2\n";
    correlates(values, "A=1;U=x;V=1|A=1;U=x;V=1", "");
    correlates(values, "A=1;U=x;V=1|A=1;U=x;V=2", "T ");
}

TEST(filters)
{
    static const char positive[] = BASE(
        "b", "1") "title: F\nlogsource: {category: process_creation, product: windows}\n"
                  "filter: {rules: [b], selection: {U|startswith: 'adm_'}, condition: selection}\n";
    correlates(positive, "A=1;U=adm_x|A=1;U=x", "b ");
    static const char negative[] = BASE("b",
        "1") "title: F\nlogsource: {category: process_creation}\n"
             "filter: {rules: any, selection: {U|startswith: 'adm_'}, condition: not selection}\n";
    correlates(negative, "A=1;U=adm_x|A=1;U=x", "b ");
    static const char other[] = BASE("b",
        "1") "title: F\nlogsource: {category: file_event}\n"
             "filter: {rules: any, selection: {U|startswith: 'adm_'}, condition: not selection}\n";
    correlates(other, "A=1;U=adm_x", "b ");
}

// Memory for correlations is bounded: the groups longest silent go.
TEST(bounded)
{
    static const char rules[] =
        BASE("b", "1") CORRELATION("event_count", "[b]", "  condition: {gte: 3}\n");
    struct sigma_report report;
    struct found found = {.ids = ""};
    struct sigma *sigma = load_text(rules, &report);
    struct sigma_worker *worker = sigma_worker_create(sigma);
    struct config config = config_defaults;
    config.sigma.correlation_memory_bytes = 64 * 1024;
    found.state = sigma_state_create(sigma, &config);
    for (int i = 0; i < 2000; i++) {
        char event[64];
        snprintf(event, sizeof event, "A=1;U=u%d", i);
        run(worker, event, 1000, &found);
    }
    CHECK(sigma_state_dropped(found.state) > 1000);
    sigma_state_destroy(found.state);
    sigma_worker_destroy(worker);
    sigma_destroy(sigma);
    sigma_report_finish(&report);
}

TEST_MAIN(T(values), T(modifiers), T(modifiers_of_values), T(selections), T(conditions),
    T(messages), T(hostile), T(event_count), T(value_count), T(temporal), T(chained),
    T(older_aggregation), T(filters), T(bounded))
