// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "logs/logs.h"

// Lines through a reader; what became records comes out as JSON, one a line.
static struct json read_all(enum log_format format, const char *path, const char *const *lines,
    size_t count, enum log_line *last)
{
    struct json out;
    struct record record;
    json_init(&out);
    struct log_reader *reader = log_reader_create(format, path);
    for (size_t i = 0; i < count; i++) {
        enum log_line what = log_read_line(reader, bytes_from_text(lines[i]), &record);
        for (*last = what; what != LOG_SILENT; what = log_read_more(reader, &record)) {
            *last = what;
            if (what != LOG_RECORD)
                continue;
            record_write_json(&out, &record);
            json_raw(&out, "\n", 1);
            out.comma = false;
        }
    }
    if (log_read_end(reader) == LOG_DAMAGED)
        *last = LOG_DAMAGED;
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

TEST(sniffed)
{
    CHECK_EQ(log_sniff(BYTES("#separator \\x09\n#fields")), LOG_FORMAT_ZEEK_TSV);
    CHECK_EQ(log_sniff(BYTES("{\"ts\":1}")), LOG_FORMAT_JSON);
    CHECK_EQ(log_sniff(BYTES("  \n{\"timestamp\": \"2026\"}")), LOG_FORMAT_JSON);
    CHECK_EQ(log_sniff(BYTES("\xd4\xc3\xb2\xa1")), LOG_FORMAT_NONE);
    CHECK_EQ(log_sniff(BYTES("")), LOG_FORMAT_NONE);
    CHECK_EQ(log_sniff(BYTES("{}")), LOG_FORMAT_NONE);
}

static const char *const conn[] = {"#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)",
    "#unset_field\t-", "#path\tconn",
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
    "conn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tnobody_knows",
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tstring\tcount\tcount\t"
    "count\tcount\tstring",
    "1795294657.421342\tCabc\t10.10.1.11\t48958\t10.10.1.53\t443\ttcp\tssl,http\t2.500000\tSF\t"
    "7\t700\t5\t5000\tx"};

TEST(zeek_tsv)
{
    enum log_line last;
    struct json out = read_all(LOG_FORMAT_ZEEK_TSV, "x", conn, 8, &last);
    CHECK_EQ(last, LOG_RECORD);
    CHECK(has(&out, "\"timestamp\":\"2026-11-21T20:57:39.921342+0000\""));
    CHECK(has(&out, "\"src_ip\":\"10.10.1.11\",\"src_port\":48958,\"dest_ip\":\"10.10.1.53\","
                    "\"dest_port\":443,\"proto\":\"TCP\""));
    CHECK(has(&out, "\"app_proto\":\"tls\""));
    CHECK(has(&out, "\"pkts_toserver\":7,\"pkts_toclient\":5,\"bytes_toserver\":700,"
                    "\"bytes_toclient\":5000"));
    CHECK(has(&out, "\"age\":2,\"state\":\"closed\""));
    json_finish(&out);
}

TEST(zeek_sets_and_escapes)
{
    static const char *const lines[] = {"#separator \\x09", "#path\tsmtp",
        "#fields\tts\tid.orig_h\thelo\trcptto\tsubject",
        "1795294657.0\t2001:db8::1\t(empty)\ta@b.example,c@d.example\t\\xe4\\xb8\\x80\\x09tab"};
    enum log_line last;
    struct json out = read_all(LOG_FORMAT_ZEEK_TSV, "x", lines, 4, &last);
    CHECK(has(&out, "\"rcpt_to\":[\"a@b.example\",\"c@d.example\"]"));
    CHECK(has(&out, "\"helo\":\"\""));
    CHECK(has(&out, "\"subject\":\"一\\ttab\""));
    json_finish(&out);
}

TEST(zeek_damage)
{
    static const char *const few[] = {
        "#separator \\x09", "#path\tdns", "#fields\tts\tquery", "1795294657.0"};
    static const char *const no_time[] = {
        "#separator \\x09", "#path\tdns", "#fields\tts\tquery", "yesterday\ta.example"};
    static const char *const other[] = {
        "#separator \\x09", "#path\tloaded_scripts", "#fields\tname", "x"};
    enum log_line last;
    struct json out = read_all(LOG_FORMAT_ZEEK_TSV, "x", few, 4, &last);
    CHECK_EQ(last, LOG_DAMAGED);
    json_finish(&out);
    out = read_all(LOG_FORMAT_ZEEK_TSV, "x", no_time, 4, &last);
    CHECK_EQ(last, LOG_DAMAGED);
    json_finish(&out);
    out = read_all(LOG_FORMAT_ZEEK_TSV, "x", other, 4, &last);
    CHECK_EQ(last, LOG_OTHER);
    json_finish(&out);
}

TEST(zeek_json)
{
    static const char *const lines[] = {
        "{\"ts\":1795294657.25,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":5353,"
        "\"query\":\"a.example\",\"qtype_name\":\"A\",\"rcode_name\":\"NOERROR\",\"RD\":true,"
        "\"answers\":[\"10.0.0.2\",\"10.0.0.3\"],\"TTLs\":[60.0,61.0],\"trans_id\":7}"};
    enum log_line last;
    struct json out = read_all(LOG_FORMAT_JSON, "logs/dns.2026-11-21.log.gz", lines, 1, &last);
    CHECK(has(&out, "\"timestamp\":\"2026-11-21T20:57:37.250000+0000\""));
    CHECK(has(&out, "\"queries\":[{\"rrname\":\"a.example\",\"rrtype\":\"A\"}]"));
    CHECK(has(&out, "\"ttl\":61,\"rdata\":\"10.0.0.3\""));
    CHECK(has(&out, "\"rd\":true"));
    json_finish(&out);
    static const char *const flat[] = {"{\"ts\":1795294657.25,\"id_orig_h\":\"10.0.0.1\"}"};
    out = read_all(LOG_FORMAT_JSON, "dns.log", flat, 1, &last);
    CHECK(has(&out, "\"src_ip\":\"10.0.0.1\""));
    json_finish(&out);
    out = read_all(LOG_FORMAT_JSON, "unknown.log", lines, 1, &last);
    CHECK_EQ(last, LOG_OTHER);
    json_finish(&out);
}

TEST(eve)
{
    static const char *const lines[] = {
        "{\"timestamp\":\"2026-11-21T20:57:37.5+0900\",\"flow_id\":12,\"event_type\":\"tls\","
        "\"src_ip\":\"10.0.0.1\",\"src_port\":1,\"dest_ip\":\"10.0.0.2\",\"dest_port\":443,"
        "\"proto\":\"TCP\",\"tls\":{\"sni\":\"a.example\",\"ja3\":{\"hash\":\"00\"},"
        "\"version\":\"TLS 1.3\",\"unheard_of\":{\"x\":1}}}"};
    enum log_line last;
    struct json out = read_all(LOG_FORMAT_JSON, "eve.json", lines, 1, &last);
    CHECK(has(&out, "\"timestamp\":\"2026-11-21T11:57:37.500000+0000\",\"flow_id\":12"));
    CHECK(has(&out, "\"tls\":{\"sni\":\"a.example\",\"version\":\"TLS 1.3\""));
    json_finish(&out);
}

TEST(eve_damage)
{
    static const char *const bad[] = {"{\"event_type\":\"dns\"", "[1]", "nothing",
        "{\"event_type\":\"dns\"}", "{\"event_type\":5}"};
    static const char *const other[] = {
        "{\"timestamp\":\"2026-11-21T20:57:37.5Z\",\"event_type\":\"drop\"}"};
    enum log_line last;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json out = read_all(LOG_FORMAT_JSON, "eve.json", &bad[i], 1, &last);
        CHECK_EQ(last, LOG_DAMAGED);
        CHECK_EQ(out.len, 0);
        json_finish(&out);
    }
    struct json out = read_all(LOG_FORMAT_JSON, "eve.json", other, 1, &last);
    CHECK_EQ(last, LOG_OTHER);
    json_finish(&out);
}

// What is written as Zeek's log is read back.
TEST(there_and_back)
{
    struct bytes rcpts[] = {BYTES("a@b.example"), BYTES("x,y@z.example")};
    struct record_smtp body = {.helo = BYTES("-"), .rcpt_to = rcpts, .rcpt_to_count = 2};
    struct record record = {.type = RECORD_SMTP, .body = &body};
    record.head.timestamp = 1'795'294'657'421'342;
    record.head.flow_id = 5;
    record.head.has_flow_id = true;
    struct json log, out;
    json_init(&log);
    json_init(&out);
    zeek_write(&log, &record);
    size_t number = (size_t)log.data[0] - 1;
    struct json head;
    json_init(&head);
    zeek_write_head(&head, number, record.head.timestamp);
    json_raw(&head, &log.data[1], log.len - 1);
    struct log_reader *reader = log_reader_create(LOG_FORMAT_ZEEK_TSV, "x");
    struct bytes rest = bytes_make(head.data, head.len);
    enum log_line last = LOG_SILENT;
    struct record again;
    while (rest.len) {
        size_t end = bytes_find_byte(rest, '\n');
        last = log_read_line(reader, bytes_sub(rest, 0, end), &again);
        rest = bytes_from(rest, end + 1);
    }
    CHECK_EQ(last, LOG_RECORD);
    record_write_json(&out, &again);
    CHECK(has(&out, "\"rcpt_to\":[\"a@b.example\",\"x,y@z.example\"]"));
    CHECK(has(&out, "\"helo\":\"-\""));
    CHECK(has(&out, "\"timestamp\":\"2026-11-21T20:57:37.421342+0000\""));
    log_reader_destroy(reader);
    json_finish(&head);
    json_finish(&log);
    json_finish(&out);
}

static const char *const argus[] = {"StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,"
                                    "sTos,dTos,TotPkts,TotBytes,SrcBytes,Label",
    "2026/11/21 08:00:00.250000,2.500000,tcp,10.30.1.10,50001,   "
    "->,203.0.113.7,443,CON,0,0,20,9000,1500,",
    "2026/11/21 08:00:01.000000,0.000000,tcp,10.30.1.10,50002,   ->,10.30.1.80,81,REQ,0,,1,70,70,",
    "2026/11/21 08:00:02.000000,0.000000,icmp,10.30.1.10,0x0008,   "
    "->,10.30.1.80,0x0000,ECO,0,,1,98,98,",
    "2026/11/21 08:00:03.000000,0.000000,arp,10.30.1.10,,  who,10.30.1.80,,INT,,,1,60,60,"};

TEST(flows_of_argus)
{
    enum log_line last;
    CHECK_EQ(log_sniff(bytes_from_text(argus[0])), LOG_FORMAT_FLOW_CSV);
    struct json out = read_all(LOG_FORMAT_FLOW_CSV, "x.binetflow", argus, 5, &last);
    CHECK_EQ(last, LOG_OTHER);
    CHECK(has(&out, "\"timestamp\":\"2026-11-21T08:00:02.750000+0000\""));
    CHECK(has(&out, "\"bytes_toserver\":1500,\"bytes_toclient\":7500"));
    CHECK(has(&out, "\"pkts_toserver\":3,\"pkts_toclient\":17"));
    CHECK(has(&out, "\"dest_port\":81,\"proto\":\"TCP\""));
    CHECK(has(&out, "\"proto\":\"ICMP\",\"icmp_type\":8"));
    json_finish(&out);
}

TEST(flows_of_nfdump)
{
    static const char *const lines[] = {"ts,te,td,sa,da,sp,dp,pr,fwd,stos,ipkt,ibyt,opkt,obyt",
        "2026-11-21 08:00:00,2026-11-21 08:00:04,4,10.30.1.10,10.9.9.9,53000,53,UDP,0,0,2,9,2,8",
        "Summary", "flows,bytes,packets,avg_bps,avg_pps,avg_bpp", "1,440,4,880,1,110"};
    enum log_line last;
    struct json out = read_all(LOG_FORMAT_FLOW_CSV, "nfdump.csv", lines, 5, &last);
    CHECK_EQ(last, LOG_SILENT);
    CHECK(has(&out, "\"pkts_toserver\":2,\"pkts_toclient\":2"));
    CHECK(has(&out, "\"age\":4"));
    json_finish(&out);
}

TEST(flows_damaged)
{
    static const char *const lines[] = {
        "2026/11/21 08:00:00,1,tcp,10.30.1.10,1,->,10.30.1.80", // too short
        "2026/11/21 08:00:00,1,tcp,10.30.1.10,99999,->,10.30.1.80,81,REQ,0,,1,70,70,",
        "yesterday,1,tcp,10.30.1.10,1,->,10.30.1.80,81,REQ,0,,1,70,70,",
        "2026/11/21 08:00:00,1,tcp,nobody,1,->,10.30.1.80,81,REQ,0,,1,70,70,",
        "2026/11/21 08:00:00,1,tcp,10.30.1.10,1,->,10.30.1.80,81,REQ,0,,1,-70,70,"};
    struct record record;
    struct log_reader *reader = log_reader_create(LOG_FORMAT_FLOW_CSV, "x");
    CHECK_EQ(log_read_line(reader, bytes_from_text(argus[0]), &record), LOG_SILENT);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK_EQ(log_read_line(reader, bytes_from_text(lines[i]), &record), LOG_DAMAGED);
    log_reader_destroy(reader);
}

TEST_MAIN(T(sniffed), T(zeek_tsv), T(zeek_sets_and_escapes), T(zeek_damage), T(zeek_json), T(eve),
    T(eve_damage), T(there_and_back), T(flows_of_argus), T(flows_of_nfdump), T(flows_damaged))
