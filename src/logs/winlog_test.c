// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "logs/logs.h"

// Lines through a reader; records come out as JSON, one a line. *damaged: how often it said so.
static struct json read_all(const char *const *lines, size_t count, int *damaged)
{
    struct json out;
    struct record record;
    json_init(&out);
    *damaged = 0;
    struct log_reader *reader = log_reader_create(LOG_FORMAT_JSON, "events.json");
    for (size_t i = 0; i < count; i++) {
        enum log_line what = log_read_line(reader, bytes_from_text(lines[i]), &record);
        for (; what != LOG_SILENT; what = log_read_more(reader, &record)) {
            *damaged += what == LOG_DAMAGED;
            if (what != LOG_RECORD)
                continue;
            record_write_json(&out, &record);
            json_raw(&out, "\n", 1);
            out.comma = false;
        }
    }
    *damaged += log_read_end(reader) == LOG_DAMAGED;
    log_reader_destroy(reader);
    return out;
}

static bool has(const struct json *out, const char *text)
{
    bool found =
        bytes_find(bytes_make(out->data, out->len), bytes_from_text(text)) != BYTES_NOT_FOUND;
    if (!found)
        printf("# no %s in: %.*s\n", text, (int)out->len, out->data);
    return found;
}

static int records(const struct json *out)
{
    int count = 0;
    for (size_t i = 0; i < out->len; i++)
        count += out->data[i] == '\n';
    return count;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

// An event as readers of .evtx write its XML, over several lines, and another behind it.
TEST(xml)
{
    static const char *const lines[] = {"{", " \"Event\": {", "  \"System\": {",
        "   \"Provider\": {\"#attributes\": {\"Name\": \"Microsoft-Windows-Sysmon\"}},",
        "   \"EventID\": 1, \"Level\": 4, \"EventRecordID\": 77,",
        "   \"TimeCreated\": {\"#attributes\": {\"SystemTime\": \"2026-11-21T20:57:37.25Z\"}},",
        "   \"Execution\": {\"#attributes\": {\"ProcessID\": 4}},",
        "   \"Channel\": \"Microsoft-Windows-Sysmon/Operational\", \"Computer\": \"pc1.example\"},",
        "  \"EventData\": {\"Image\": \"C:\\\\a{b\\\".exe\", \"Empty\": \"\", \"Nothing\": null,",
        "   \"Data\": [\"x\", \"y\"]", "  } } }",
        "{\"Event\":{\"System\":{\"EventID\":{\"#text\":5},",
        "  \"TimeCreated\":{\"@attributes\":{\"SystemTime\":\"2026-11-21T20:57:38Z\"}}}}}"};
    int damaged;
    struct json out = read_all(lines, COUNT(lines), &damaged);
    CHECK_EQ(damaged, 0);
    CHECK_EQ(records(&out), 2);
    CHECK(has(&out, "{\"timestamp\":\"2026-11-21T20:57:37.250000+0000\","
                    "\"event_type\":\"log_event\",\"log_event\":{\"product\":\"windows\","
                    "\"channel\":\"Microsoft-Windows-Sysmon/Operational\","
                    "\"provider\":\"Microsoft-Windows-Sysmon\",\"event_id\":1,\"record_id\":77,"
                    "\"computer\":\"pc1.example\",\"event_data\":{"));
    CHECK(has(
        &out, "\"Image\":\"C:\\\\a{b\\\".exe\",\"Empty\":\"\",\"Data\":\"x\",\"Data[1]\":\"y\""));
    CHECK(has(&out, "\"Execution_ProcessID\":\"4\""));
    CHECK(!has(&out, "Nothing"));
    CHECK(has(&out, "\"event_id\":5"));
    json_finish(&out);
}

// Data elements with their names beside them, UserData with its one element.
TEST(named_data)
{
    static const char *const lines[] = {
        "{\"Event\":{\"System\":{\"EventID\":4624,\"Channel\":\"Security\",\"TimeCreated\":"
        "{\"#attributes\":{\"SystemTime\":\"2026-11-21T20:57:37Z\"}}},\"EventData\":{\"Data\":["
        "{\"#attributes\":{\"Name\":\"LogonType\"},\"#text\":\"3\"},"
        "{\"Name\":\"TargetUserName\",\"#text\":\"hanako\"}]},"
        "\"UserData\":{\"LogFileCleared\":{\"SubjectUserName\":\"taro\"}}}}"};
    int damaged;
    struct json out = read_all(lines, COUNT(lines), &damaged);
    CHECK(has(
        &out, "\"LogonType\":\"3\",\"TargetUserName\":\"hanako\",\"SubjectUserName\":\"taro\""));
    json_finish(&out);
}

TEST(flat_and_beat)
{
    static const char *const lines[] = {
        "[{\"EventID\":\"4688\",\"Channel\":\"Security\",\"Hostname\":\"pc2\",\"EventTime\":"
        "\"2026-11-21 20:57:37\",\"NewProcessName\":\"C:\\\\a.exe\"},",
        "{\"@timestamp\":\"2026-11-21T20:57:39.5Z\",\"message\":\"m\",\"winlog\":{\"channel\":"
        "\"System\",\"event_id\":7045,\"computer_name\":\"pc3\",\"event_data\":{\"ServiceName\":"
        "\"s\"}}}]"};
    int damaged;
    struct json out = read_all(lines, COUNT(lines), &damaged);
    CHECK_EQ(damaged, 0);
    CHECK_EQ(records(&out), 2);
    CHECK(has(&out, "2026-11-21T20:57:37.000000+0000"));
    CHECK(has(&out, "\"NewProcessName\":\"C:\\\\a.exe\""));
    CHECK(has(&out, "\"event_id\":7045,\"computer\":\"pc3\",\"event_data\":{\"ServiceName\":\"s\","
                    "\"Message\":\"m\"}"));
    json_finish(&out);
}

// A value that breaks off costs itself only; so does a line that is none.
TEST(damage)
{
    static const char *const lines[] = {"{\"EventID\":1,\"Channel\":\"System\",", "oops",
        "{\"EventID\":2,\"Channel\":\"System\",\"EventTime\":\"2026-11-21 20:57:37\"}", "oops",
        "{\"EventID\":3,\"Channel\":\"System\"}", "{\"EventID\":4,"};
    int damaged;
    struct json out = read_all(lines, COUNT(lines), &damaged);
    CHECK_EQ(records(&out), 1);
    CHECK_EQ(damaged, 4); // the first with its second line, a line, one without a time, the last
    CHECK(has(&out, "\"event_id\":2"));
    json_finish(&out);
}

TEST(deep)
{
    char line[1200] = "{\"EventID\":1,\"Channel\":\"x\",\"a\":";
    memset(&line[strlen(line)], '[', 600);
    const char *lines[] = {line};
    int damaged;
    struct json out = read_all(lines, 1, &damaged);
    CHECK_EQ(damaged, 1);
    json_finish(&out);
}

TEST_MAIN(T(xml), T(named_data), T(flat_and_beat), T(damage), T(deep))
