// SPDX-License-Identifier: Apache-2.0
// Rules as text: which load, and what is said of those that do not. Each case is a line of a file;
// a case of options alone stands behind "alert tcp any any -> any any".
#include "base/test.h"
#include "rules/rule.h"
#include "rules/rules.h"
#include <stdlib.h>
#include <unistd.h>

enum { CASES_MOST = 400, WHAT_BYTES = 160 };

struct parse_case {
    const char *rule;
    const char *what; // NULL: it loads
};

static char said[CASES_MOST + 1][WHAT_BYTES]; // by line
static char folder[] = "/tmp/rules-XXXXXX";
static char path[64];

static void keep(void *context, const struct rule_note *note)
{
    bool *warned = context;
    if (note->trouble == RULE_WARNING && warned)
        *warned = true;
    if (note->trouble != RULE_WARNING && note->line <= CASES_MOST)
        snprintf(said[note->line], WHAT_BYTES, "%s", note->what);
}

static struct rule_set *load_text(const char *text, size_t len, struct rule_report *report)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0)
        abort();
    const char *paths[] = {path};
    struct rule_options options = {.for_check = true};
    memset(said, 0, sizeof said);
    report->tell = keep;
    return rules_load(paths, 1, &options, report);
}

static void check_cases(const struct parse_case *cases, size_t count)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    for (size_t i = 0; i < count; i++) {
        bool whole = strstr(cases[i].rule, "alert ") || strstr(cases[i].rule, " any any");
        if (whole)
            fprintf(to, "%s\n", cases[i].rule);
        else
            fprintf(to, "alert tcp any any -> any any (%s sid:%zu;)\n", cases[i].rule, i + 1);
    }
    fclose(to);
    struct rule_report report = {0};
    struct rule_set *set = load_text(text, len, &report);
    CHECK(set != NULL);
    CHECK_EQ(report.rules, count);
    for (size_t i = 0; i < count; i++) {
        const char *want = cases[i].what ? cases[i].what : "";
        if (strstr(said[i + 1], want) == NULL || (!cases[i].what && said[i + 1][0]))
            TEST_SAY("%s: \"%s\", not \"%s\"", cases[i].rule, said[i + 1], want);
    }
    rules_release(set);
    free(text);
}

#define CASES(name, ...)                                                                           \
    TEST(name)                                                                                     \
    {                                                                                              \
        static const struct parse_case cases[] = {__VA_ARGS__};                                    \
        check_cases(cases, sizeof cases / sizeof *cases);                                          \
    }
// clang-format off
CASES(headers,
    {"alert tcp any any -> any any (sid:1;)", NULL},
    {"  alert udp [10.0.0.0/8, !10.1.0.0/16] 53 <> ![192.0.2.1-192.0.2.9,2001:db8::/32] :1024 (sid:2;)", NULL},
    {"alert ip $HOME_NET any -> $EXTERNAL_NET any (sid:3;)", NULL},
    {"alert http any $HTTP_PORTS => any [80,!443,8000:] (sid:4;)", NULL},
    {"drop tls any any -> any any (sid:5;)", NULL},
    {"rejectsrc tcp-pkt any any -> any any (sid:6;)", NULL},
    {"pass icmpv6 any any -> any any (sid:7;)", NULL},
    {"alert pkthdr any any -> any any (sid:8;)", NULL},
    {"alert dns:request_started any any -> any any (sid:9;)", NULL},
    {"alert tcp 10.0.0.7/255.0.0.0 any -> 10.0.0.7/8 any (sid:10;)", NULL},
    {"shout tcp any any -> any any (sid:20;)", "no such action"},
    {"accept:hook,alert dns:<request_complete any any -> any any (sid:11;)", NULL},
    {"drop:flow tcp:flow_start any any -> any any (alert; sid:12;)", NULL},
    {"accept:hook tcp any any -> any any (sid:21;)", "needs a hook"},
    {"accept tcp:all any any -> any any (sid:38;)", "how far it reaches"},
    {"drop:street tcp:all any any -> any any (sid:39;)", "reaches packet, flow"},
    {"drop:flow,pass tcp:all any any -> any any (sid:40;)", "can only be alert"},
    {"alert tcp:tea any any -> any any (sid:41;)", "no such hook"},
    {"alert dns:request_line any any -> any any (sid:42;)", "no such hook"},
    {"alert gopher any any -> any any (sid:22;)", "no such protocol"},
    {"alert tcp any any <- any any (sid:23;)", "has to be ->"},
    {"alert tcp any any -> any (sid:24;)", "a rule is ACTION"},
    {"alert tcp 10.0.0 any -> any any (sid:25;)", "is no address"},
    {"alert tcp 10.0.0.0/33 any -> any any (sid:26;)", "is no network"},
    {"alert tcp 10.0.0.9-10.0.0.1 any -> any any (sid:27;)", "range of addresses"},
    {"alert tcp !any any -> any any (sid:28;)", "leaves nothing"},
    {"alert tcp [$HOME_NET,!$HOME_NET] any -> any any (sid:29;)", "leaves nothing"},
    {"alert tcp $NOBODY any -> any any (sid:30;)", "no such variable"},
    {"alert tcp any 65536 -> any any (sid:31;)", "is no port"},
    {"alert tcp any 9:1 -> any any (sid:32;)", "is no port"},
    {"alert tcp any !any -> any any (sid:33;)", "leaves nothing"},
    {"alert tcp [10.0.0.1,] any -> any any (sid:34;)", "empty element"},
    {"alert tcp any any -> any any (sid:35;", "does not end in ')'"},
    {"alert tcp any any -> any any sid:36;)", "no (options)"},
    {"alert tcp any any -> any any (sid:37)", "no ';'"},
    {"alert tcp any any -> any any (msg:\"no number\";)", "no sid"})

CASES(meta,
    {"msg:\"a \\\"b\\\" \\; c\"; rev:3; gid:2; classtype:trojan-activity; priority:2;", NULL},
    {"reference:url,example.org/a; reference:cve,2024-1; metadata:a b, c d; target:src_ip;", NULL},
    {"classtype:no-such-class;", NULL},
    {"noalert; bypass;", NULL},
    {"msg:bare;", "double quotes"},
    {"msg:\"open;", "closing quote"},
    {"msg;", "has no value"},
    {"nocase:1;", "takes no value"},
    {"sid:5;", "stands twice"},
    {"rev:0;", "above 0"},
    {"rev:1; rev:2;", "stands twice"},
    {"priority:0;", "1 to 255"},
    {"priority:256;", "1 to 255"},
    {"reference:url;", "KIND,WHERE"},
    {"target:both;", "src_ip or dest_ip"},
    {"no.such.keyword;", "unknown keyword"},
    {"lua:script.lua;", "Lua"},
    {":5;", "no keyword before"})

CASES(contents,
    {"content:\"abc\"; nocase; offset:1; depth:5;", NULL},
    {"content:\"a|0d 0a|b\\;\\\"\\\\\\:\"; content:!\"x\"; distance:-3; within:10;", NULL},
    {"content:\"abc\"; startswith; endswith; fast_pattern;", NULL},
    {"content:\"abcdef\"; fast_pattern:2,3;", NULL},
    {"content:\"abc\"; fast_pattern:only;", NULL},
    {"content:\"abc\"; isdataat:10,relative; isdataat:!1,relative;", NULL},
    {"content:\"\";", "is empty"},
    {"content:\"a|0g|\";", "no hexadecimal digit"},
    {"content:\"|0|\";", "half a byte"},
    {"content:\"a|00\";", "'|' without"},
    {"content:\"a\\x\";", "backslash"},
    {"content:abc;", "double quotes"},
    {"nocase;", "behind no content"},
    {"content:\"a\"; nocase; nocase;", "stands twice"},
    {"content:\"abc\"; depth:2;", "less than the content"},
    {"content:\"abc\"; within:2;", "less than the content"},
    {"content:\"abc\"; offset:1; distance:1;", "both absolutely and relative"},
    {"content:\"abc\"; offset:70000;", "no number it may have"},
    {"content:\"abc\"; offset:name;", "variable"},
    {"content:\"abc\"; startswith; offset:1;", "together with startswith"},
    {"content:\"abc\"; depth:9; startswith;", "cannot be used together"},
    {"content:!\"abc\"; distance:1; fast_pattern;", "negated"},
    {"content:\"abc\"; distance:1; fast_pattern:only;", "cannot be negated or have a place"},
    {"content:\"abc\"; fast_pattern; content:\"def\"; fast_pattern;", "one fast_pattern"},
    {"content:\"abc\"; fast_pattern:2,3;", "does not have"},
    {"dsize:3; content:\"abcd\";", "more bytes than dsize"},
    {"dsize:6; content:\"boom\"; content:\"loom\"; distance:2;", "more bytes than dsize"},
    {"dsize:10; content:\"boom\"; content:\"loom\"; distance:-10;", NULL},
    {"dsize:1; dsize:2;", "stands twice"})

CASES(buffers,
    {"http.uri; content:\"/a\"; http.method; content:\"GET\";", NULL},
    {"content:\"/a\"; http_uri; content:\"b\"; distance:0; http_uri;", NULL},
    {"content:\"x\"; http_header; pcre:\"/a/H\"; uricontent:\"c\";", NULL},
    {"http.uri; content:\"a\"; pkt_data; content:\"b\";", NULL},
    {"http.uri; to_md5; content:\"a\";", NULL},
    {"http.uri; content:\"/\"; from_base64: offset 6, mode strict; content:\"a\";", NULL},
    {"dns.query; content:\"a\"; dns.query; content:\"b\"; bsize:1<>9;", NULL},
    {"file.data; content:\"MZ\"; startswith;", NULL},
    {"http.user_agent; absent;", NULL},
    {"http.user_agent; absent: or_else; content:\"x\";", NULL},
    {"frame:smb.smb2.hdr; content:\"x\";", NULL},
    {"content:\"x\"; base64_decode:bytes 9, offset 1, relative; base64_data; content:\"y\";", NULL},
    {"urilen:>5,raw; http.uri; content:\"a\";", NULL},
    {"fileext:\"pdf\"; filename:\"a\"; filemagic:\"PDF\"; filesize:1MB<>2MB; filestore;", NULL},
    {"http.uri; http.method; content:\"GET\";", "nothing asks"},
    {"http.uri;", "nothing asks"},
    {"http.uri; content:\"a\"; http_uri;", "behind a sticky buffer"},
    {"http_uri;", "still without a buffer"},
    {"content:\"a\"; rawbytes; http_uri;", "rawbytes"},
    {"to_md5; content:\"a\";", "behind a sticky buffer"},
    {"http.uri; to_md5; http.method; content:\"a\";", "transformation that nothing used"},
    {"http.uri; dns.query; content:\"a\";", "nothing asks"},
    {"http.uri; content:\"a\"; tls.sni; content:\"b\";", "another protocol"},
    {"http.uri; content:\"a\"; http.stat_code; content:\"200\";", "other side"},
    {"flow:to_client; http.uri; content:\"a\";", "other side"},
    {"http.uri; pcre:\"/a/P\";", "another buffer"},
    {"bsize:3; content:\"a\";", "behind a sticky buffer"},
    {"http.uri; bsize:3; content:\"abcd\";", "more bytes than bsize"},
    {"http.user_agent; absent; content:\"x\";", "no bytes to ask for"},
    {"http.user_agent; absent: or_else;", "needs something else"},
    {"base64_data; content:\"y\";", "before any base64_decode"},
    {"frame:smtp.no_such;", "no such frame"},
    {"http.uri; xor:\"0g\"; content:\"a\";", "hexadecimal"},
    {"alert dns any any -> any any (filestore; sid:90;)", "carries no files"})

CASES(expressions,
    {"pcre:\"/a(b)c/i\";", NULL},
    {"pcre:\"/a/Ri\"; pcre:!\"/b/\";", NULL},
    {"pcre:\"/(?P<flow_name>a)/\";", NULL},
    {"pcre:\"/(a)(b)/,flow:x,pkt:y\";", NULL},
    {"http.uri; pcrexform:\"/(.*)/\"; content:\"a\";", NULL},
    {"pcre:\"a\";", "/EXPRESSION/"},
    {"pcre:\"/a(/\";", "parenthes"},
    {"pcre:\"/a/q\";", "flag"},
    {"pcre:\"/a/UP\";", "two buffers"},
    {"pcre:\"/A/W\";", "upper-case"},
    {"pcre:\"/a/,here:x\";", "a capture is"})

CASES(numbers_in_bytes,
    {"byte_test:4,>,100,0,relative,little;", NULL},
    {"byte_test:2,!&,0x10,1; byte_test:10,=,5,0,string,dec;", NULL},
    {"byte_jump:2,0,relative,align,multiplier 2,post_offset -1;", NULL},
    {"byte_extract:1,0,len; content:\"a\"; within:len; byte_jump:1,len;", NULL},
    {"byte_math:bytes 2, offset 0, oper +, rvalue 5, result x, endian little; isdataat:x;", NULL},
    {"asn1:oversize_length 10, relative_offset 1; asn1:bitstring_overflow;", NULL},
    {"byte_test:0,<=,30000,0,string,dec;", NULL},
    {"byte_test:9,>,1,0;", "that many bytes"},
    {"byte_test:0,>,1,0;", "that many bytes"},
    {"byte_test:1,~,1,0;", "compares with"},
    {"byte_test:1,>,1;", "COUNT,OPERATOR"},
    {"byte_test:1,>,1,0,sideways;", "does not know"},
    {"byte_test:1,>,1,0,dec;", "need string"},
    {"byte_jump:1,0,from_end,from_beginning;", "exclude"},
    {"byte_extract:1,0,7up;", "no name"},
    {"byte_extract:1,0,a,align 3;", "2 or 4"},
    {"byte_math:bytes 1, offset 0, oper /, rvalue 0, result x;", "divides by zero"},
    {"byte_math:bytes 1, offset 0, oper ?, rvalue 1, result x;", "calculates with"},
    {"byte_math:bytes 1, offset 0, oper +;", "needs bytes"},
    {"entropy:bytes 4, offset 2, value >= 7.5; entropy:value 3-4.5;", NULL},
    {"entropy:bytes 4;", "no value"}, {"entropy:value 9;", "no value"},
    {"entropy:size 4, value 3;", "no part"}, {"asn1:odd;", "no number"})

CASES(flows,
    {"flow:established,to_server; flowbits:set,a; flowbits:isset,b|c; flowbits:noalert;", NULL},
    {"xbits:set,x,track ip_pair,expire 60; hostbits:isset,h,dst,10;", NULL},
    {"flowint:n,+,1; flowint:n,>,m; flowint:n,isnotset;", NULL},
    {"stream_size:both,>,5000; flow.age:>10; flow.pkts:toclient,3; flow.bytes_toserver:<5;", NULL},
    {"app-layer-protocol:!tls; app-layer-protocol:!ssh;", NULL},
    {"app-layer-event:http.missing_host; threshold:type limit,track by_src,count 1,seconds 60;", NULL},
    {"detection_filter:track by_dst, count 5, seconds 2; tag:session,10,seconds;", NULL},
    {"decode-event:ipv4.trunc_pkt; stream-event:pkt_invalid_ack;", NULL},
    {"dsize:>5; prefilter;", NULL},
    {"flow:to_server,to_client;", "contradicts"},
    {"flow:established,stateless;", "contradicts"},
    {"flow:sideways;", "does not know"},
    {"flow:established; flow:to_server;", "stands twice"},
    {"flowbits:set;", "has no name"},
    {"flowbits:set,a|b;", "several names"},
    {"flowbits:set,a b;", "one word"},
    {"flowbits:flip,a;", "is set, unset"},
    {"xbits:set,x;", "tracks by"},
    {"flowint:n,?,1;", "no operator"},
    {"stream_size:mine,>,5;", "server, client"},
    {"app-layer-protocol:gopher;", "no protocol"},
    {"app-layer-protocol:tls; app-layer-protocol:ssh;", "stands twice"},
    {"threshold:type limit,track by_src,count 1;", "needs type"},
    {"threshold:type often,track by_src,count 1,seconds 1;", "no value it may have"},
    {"threshold:type backoff,track by_src,count 1,multiplier 10;", "by_flow only"},
    {"detection_filter:track by_src,count 0,seconds 1;", "above 0"},
    {"tag:host,5,packets;", "src or dst"},
    {"prefilter;", "behind nothing"})

CASES(packets,
    {"ttl:<5; tos:!8; id:5; fragbits:M+; fragoffset:>0; ipopts:lsrr; sameip; ip_proto:!6;", NULL},
    {"flags:S,12; flags:+SA; flags:!F; flags:0; seq:0; ack:0; window:!55; tcp.mss:<536;", NULL},
    {"itype:8<>10; icode:0; icmp_id:0; icmp_seq:0; icmpv6.mtu:<1280; igmp.type:0x11;", NULL},
    {"ipv4-csum:invalid; vlan.id:!10; vlan.layers:2; geoip:src,JP; tos:x10;", NULL},
    {"tcp.hdr; content:\"|02 04|\"; offset:20;", NULL},
    {"ttl:256;", "no number"},
    {"ttl:5-6;", "nothing is between"},
    {"ttl:<0;", "always or never"},
    {"window:&0xf0=0x0f;", "can never hold"},
    {"fragbits:X;", "no flag"},
    {"flags:SZ;", "no flag"},
    {"ipopts:odd;", "no option"},
    {"ip_proto:nothing;", "no protocol of IP"},
    {"ipv4-csum:maybe;", "valid or invalid"},
    {"geoip:src,Japan;", "two letters"})

CASES(applications,
    {"tls.version:1.2; ssl_state:client_hello|!server_hello; tls_cert_notafter:2020-01-01<>2021;", NULL},
    {"tls.cert_chain_len:>3; tls_cert_expired; tls.subject:\"CN=a\"; tls.store;", NULL},
    {"ssh.protoversion:2_compat; ssh.softwareversion:\"openssh\";", NULL},
    {"dns.opcode:4; dns.rrtype:AAAA; dns.rcode:!NXDOMAIN;", NULL},
    {"http2.frametype:GOAWAY; http2.settings:SETTINGS_ENABLE_PUSH=0; http2.window:count >5;", NULL},
    {"smb.version:2; smb.named_pipe; content:\"lsass\";", NULL},
    {"dcerpc.iface:367abb81-9844-35f1-ad32-98f038001003,>1,any_frag; dcerpc.opnum:1-3,5;", NULL},
    {"krb5_msg_type:10; krb5.ticket_encryption:weak;", NULL},
    {"ldap.responses.operation:search_result_done,-1; ldap.responses.count:>2;", NULL},
    {"snmp.version:2; snmp.pdu_type:get_request;", NULL},
    {"mqtt.type:CONNECT,0; mqtt.flags:retain,!dup; mqtt.connack.session_present:yes;", NULL},
    {"ike.exchtype:2; ike.chosen_sa_attribute:alg_hash=2;", NULL},
    {"modbus:unit 10, function 4, subfunction 4;", NULL},
    {"modbus:access write coils, address 500, value >200;", NULL},
    {"dnp3_func:cold_restart; dnp3_ind:need_time|class_1_events; dnp3_obj:99,99;", NULL},
    {"cip_service:16,!246,6; enip_command:list_identity;", NULL},
    {"nfs_procedure:WRITE; nfs_version:2<>4;", NULL},
    {"rpc:100000,*,3;", NULL},
    {"websocket.flags:fin,!comp; websocket.opcode:!ping;", NULL},
    {"rfb.secresult:fail; ftpdata_command:stor;", "another protocol"},
    {"tls.version:9;", "1.3"},
    {"tls_cert_notafter:soon;", "is a date"},
    {"ssh.protoversion:7;", "2.0"},
    {"dns.rrtype:NOSUCH;", "neither a number nor a name"},
    {"dcerpc.iface:123;", "no UUID"},
    {"dcerpc.opnum:5-1;", "LOW-HIGH"},
    {"smb.version:1; smb.version:2;", "stands twice"},
    {"http2.settings:NO_SUCH=1;", "no setting"},
    {"mqtt.flags:loud;", "neither a number nor a name"},
    {"modbus:access write input;", "cannot be written"},
    {"modbus:dance;", "is unit, function"},
    {"dnp3_obj:1;", "GROUP,VARIATION"},
    {"rpc:a;", "PROGRAM,VERSION"},
    {"tls.version:1.2; dns.opcode:1;", "another protocol"})

CASES(data_sets,
    {"http.uri; dataset:set,urls,type string,state urls.lst;", NULL},
    {"dataset:isset,x,type string;", "behind a sticky buffer"},
    {"http.uri; dataset:find,x;", "not known here"},
    {"http.uri; dataset:isset,y,type odd;", "not known here"},
    {"http.uri; datarep:z,~,5;", "not known here"})
// clang-format on

TEST(requirements_skip_rules)
{
    static const char text[] =
        "alert vxlan any any -> any any (requires: version >= 99; nonsense; sid:1;)\n"
        "alert tcp any any -> any any (requires: version >= 7 < 8 | >= 8.0.1; sid:2;)\n"
        "alert tcp any any -> any any (requires: keyword no.such; sid:3;)\n"
        "alert tcp any any -> any any (requires: something new; sid:4;)\n"
        "alert tcp any any -> any any (requires: version >= 8, keyword content; sid:5;)\n"
        "alert tcp any any -> any any (requires: version >= 8, version < 9; sid:6;)\n";
    struct rule_report report = {0};
    struct rule_set *set = load_text(text, sizeof text - 1, &report);
    CHECK_EQ(report.skipped, 3);
    CHECK_EQ(report.loaded, 2);
    CHECK_EQ(report.failed, 1);
    rules_release(set);
}

TEST(newer_revisions_take_the_place_of_older_ones)
{
    static const char text[] = "alert tcp any any -> any any (sid:1; rev:2; msg:\"old\";)\n"
                               "alert tcp any any -> any any (sid:1; rev:3; msg:\"new\";)\n"
                               "alert tcp any any -> any any (sid:1; rev:3;)\n"
                               "alert tcp any any -> any any (sid:1; gid:7;)\n";
    struct rule_report report = {0};
    struct rule_set *set = load_text(text, sizeof text - 1, &report);
    CHECK_EQ(rules_count(set), 2);
    CHECK_EQ(report.loaded, 2);
    CHECK_EQ(report.failed, 1);
    struct rule_told told = {0};
    CHECK(rules_told(set, 0, &told));
    CHECK_TEXT(told.msg, "new");
    CHECK(!rules_told(set, 2, &told));
    rules_release(set);
}

TEST(lines_go_on_and_places_are_told)
{
    static const char text[] = "\xef\xbb\xbf# a remark \\\n"
                               "alert tcp any any \\\r\n  -> any any \\  \n (content:\"a\"; \\\n"
                               "  bad:1; sid:1;)\r\n"
                               "#alert tcp any any -> any any (sid:2;)\n"
                               "alert tcp any any -> any any (sid:3;)";
    struct rule_report report = {0};
    struct rule_set *set = load_text(text, sizeof text - 1, &report);
    CHECK_EQ(report.rules, 2);
    CHECK_EQ(report.disabled, 1);
    CHECK_EQ(report.loaded, 1);
    CHECK_TEXT(bytes_from_text(said[5]), "unknown keyword");
    rules_release(set);
}

TEST(hostile_files_end_in_messages)
{
    size_t len = 3 << 20;
    char *text = malloc(len);
    struct rule_report report = {0};
    if (!text)
        abort();
    memset(text, 'a', len);
    struct rule_set *set = load_text(text, len, &report);
    CHECK_TEXT(bytes_from_text(said[1]), "the rule is longer than 65536 bytes");
    rules_release(set);
    memset(text, '[', 60'000);
    memcpy(text, "alert tcp ", 10);
    memcpy(text + 60'000, " any -> any any (sid:1;)\n", 26);
    report = (struct rule_report){0};
    set = load_text(text, 60'025, &report);
    CHECK_EQ(report.failed, 1);
    rules_release(set);
    char *at = stpcpy(text, "alert tcp any any -> any any (");
    for (int i = 0; i < 3000; i++)
        at = stpcpy(at, "content:\"aaaa\";");
    at = stpcpy(at, "sid:1;)\nalert tcp any any -> any any (sid:2; msg:\"");
    *at++ = '\0';
    at = stpcpy(at, "\";)\n");
    report = (struct rule_report){0};
    set = load_text(text, (size_t)(at - text), &report);
    CHECK_TEXT(bytes_from_text(said[1]), "the rule has too many contents");
    CHECK_TEXT(bytes_from_text(said[2]), "the rule has a byte of value 0");
    rules_release(set);
    free(text);
}

// What the parser makes of a rule, as the matcher gets it.
TEST(a_rule_as_it_is_kept)
{
    static const char text[] =
        "alert http $HOME_NET any -> any [80,81,8000:8080] (msg:\"m\"; flow:to_server; "
        "content:\"ABC\"; nocase; http_uri; content:\"d\"; distance:1; http_uri; content:\"raw\"; "
        "ttl:>5; threshold:type limit,track by_src,count 2,seconds 3; sid:7; rev:2;)\n";
    struct rule_report report = {0};
    struct rule_set *set = load_text(text, sizeof text - 1, &report);
    CHECK_EQ(report.loaded, 1);
    const struct rule *rule = &set->rules[0];
    CHECK_EQ(rule->groups_count, 2);
    CHECK_EQ(rule->conditions_count, 1);
    CHECK_EQ(rule->header->dport->count, 2);
    CHECK(rule->header->src && !rule->header->dst);
    CHECK(rule->threshold && rule->threshold->count == 2);
    for (size_t i = 0; i < rule->groups_count; i++) {
        const struct rule_group *g = &rule->groups[i];
        CHECK_EQ(g->tests_count, g->buffer == BUFFER_HTTP_URI ? 2 : 1);
        if (g->buffer == BUFFER_HTTP_URI)
            CHECK_TEXT(g->tests[0].is.content.pattern, "abc");
    }
    rules_hold(set);
    rules_release(set);
    CHECK_EQ(rules_count(set), 1);
    rules_release(set);
}

int main(void)
{
    static const struct test_case cases[] = {T(headers), T(meta), T(contents), T(buffers),
        T(expressions), T(numbers_in_bytes), T(flows), T(packets), T(applications), T(data_sets),
        T(requirements_skip_rules), T(newer_revisions_take_the_place_of_older_ones),
        T(lines_go_on_and_places_are_told), T(hostile_files_end_in_messages),
        T(a_rule_as_it_is_kept)};
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/a.rules", folder);
    int failed = test_run(cases, (int)(sizeof cases / sizeof *cases));
    unlink(path);
    rmdir(folder);
    return failed;
}
