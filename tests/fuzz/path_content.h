// SPDX-License-Identifier: Apache-2.0
// What fuzz_path looks for: of each kind of test one that small captures of ours match now and
// then.
#pragma once
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char path_rules[] = // clang-format off
    "alert tcp any any -> any any (msg:\"stream\"; content:\"e\"; content:\"t\"; distance:0; within:40; sid:1;)\n"
    "alert tcp any any -> any any (msg:\"place\"; content:\"|16 03|\"; depth:2; byte_test:2,<,2000,1,relative; sid:2;)\n"
    "alert udp any any -> any any (msg:\"jump\"; byte_extract:1,12,n; byte_jump:1,12; isdataat:n,relative; sid:3;)\n"
    "alert ip any any -> any any (msg:\"math\"; dsize:>8; byte_math:bytes 1,offset 2,oper +,rvalue 7,result r; byte_test:1,<,r,3; sid:4;)\n"
    "alert ip any any -> any any (msg:\"pcre\"; pcre:\"/[a-z]{3,8}\\.(com|example|lan)/i\"; sid:5;)\n"
    "alert tcp any any -> any any (msg:\"flags\"; flags:S,CE; threshold:type limit,track by_src,count 2,seconds 10; sid:6;)\n"
    "alert tcp any any -> any any (msg:\"never ends\"; content:\"a\"; content:\"a\"; distance:0; pcre:\"/(a+)+b/R\"; sid:7;)\n"
    "alert http any any -> any any (msg:\"uri\"; flow:to_server; http.uri; content:\"/\"; startswith; urilen:>0; flowbits:set,asked; sid:10;)\n"
    "alert http any any -> any any (msg:\"answer\"; flowbits:isset,asked; http.stat_code; content:\"2\"; sid:11;)\n"
    "alert http any any -> any any (msg:\"set\"; http.user_agent; dataset:set,agents,type string; sid:12;)\n"
    "alert http any any -> any any (msg:\"is set\"; http.user_agent; dataset:isset,agents; sid:13;)\n"
    "alert http any any -> any any (msg:\"transforms\"; http.host; to_uppercase; dotprefix; content:\".EXAMPLE\"; endswith; sid:14;)\n"
    "alert http any any -> any any (msg:\"hash\"; http.host; to_sha256; content:\"|00|\"; sid:15;)\n"
    "alert http any any => any any (msg:\"both\"; http.method; content:\"GET\"; http.stat_code; content:\"200\"; sid:16;)\n"
    "alert http any any -> any any (msg:\"header\"; http.header_names; content:\"Host\"; http.header; pcre:\"/^Host/m\"; sid:17;)\n"
    "alert dns any any -> any any (msg:\"name\"; dns.query; content:\"example\"; nocase; detection_filter:track by_dst,count 1,seconds 60; sid:20;)\n"
    "alert dns any any -> any any (msg:\"number\"; dns.opcode:0; dns.rcode:>0; sid:21;)\n"
    "alert tls any any -> any any (msg:\"sni\"; tls.sni; content:\"example\"; xbits:set,seen,track ip_src,expire 60; sid:22;)\n"
    "alert tls any any -> any any (msg:\"seen\"; xbits:isset,seen,track ip_src; tls.version:1.2; sid:23;)\n"
    "alert tls any any -> any any (msg:\"cert\"; tls.cert_subject; content:\"CN=\"; sid:24;)\n"
    "alert ssh any any -> any any (msg:\"software\"; ssh.software; content:\"OpenSSH\"; sid:25;)\n"
    "alert smtp any any -> any any (msg:\"base64\"; base64_decode:bytes 64; base64_data; content:\"e\"; sid:26;)\n"
    "alert smb any any -> any any (msg:\"share\"; smb.share; content:\"IPC\"; sid:27;)\n"
    "alert http any any -> any any (msg:\"file\"; file.data; content:\"html\"; nocase; filesize:>4; sid:30;)\n"
    "alert ip any any -> any any (msg:\"file name\"; fileext:\"pdf\"; sid:31;)\n"
    "alert http any any -> any any (msg:\"count\"; http.method; content:\"T\"; flowint:requests,+,1; sid:32;)\n"
    "alert http any any -> any any (msg:\"many\"; flowint:requests,>,2; http.method; content:\"T\"; sid:33;)\n"
    "alert modbus any any -> any any (msg:\"modbus\"; modbus:function 3; sid:34;)\n"
    "alert icmp any any -> any any (msg:\"ping\"; itype:8; icode:0; sid:35;)\n"
    "alert pkthdr any any -> any any (msg:\"event\"; decode-event:ipv4.trunc_pkt; sid:36;)\n"
    "alert http any any -> any any (msg:\"app event\"; app-layer-event:http.missing_host_header; sid:37;)\n"
    "alert tcp any any -> any any (msg:\"stream event\"; stream-event:pkt_out_of_window; sid:38;)\n"
    "alert ip [10.0.0.0/8,192.168.0.0/16,!10.9.9.9] any -> any any (msg:\"addresses\"; sid:39;)\n"
    "alert tcp any any -> any any (msg:\"asn1\"; asn1:oversize_length 20,relative_offset 0; content:\"|30|\"; sid:40;)\n"
    "pass tcp any any -> any 4444 (msg:\"pass\"; content:\"pass\"; sid:41;)\n"; // clang-format on

static const char path_indicators[] = "10.0.0.0/8\nexample.com\nwww.example\nhttp://www.example/\n"
                                      "user@mail.example\n"
                                      "00000000000000000000000000000000\n";

static const char path_sigma[] = "title: a request\nid: 6f1f6d4c-6d0b-4e52-8a1e-0d9f0c8a5b11\n"
                                 "logsource:\n  category: proxy\n"
                                 "detection:\n  sel:\n    c-uri|contains: '/'\n"
                                 "  names:\n    cs-host|re: '[a-z]+\\.example'\n"
                                 "  condition: sel and not names\n"
                                 "---\ntitle: a name\nid: 6f1f6d4c-6d0b-4e52-8a1e-0d9f0c8a5b12\n"
                                 "name: asked\nlogsource:\n  category: dns\n"
                                 "detection:\n  sel:\n    query|endswith: '.example'\n"
                                 "  condition: sel\n"
                                 "---\ntitle: names\nid: 6f1f6d4c-6d0b-4e52-8a1e-0d9f0c8a5b13\n"
                                 "correlation:\n  type: value_count\n  rules: [asked]\n"
                                 "  group-by: [src_ip]\n  timespan: 1m\n"
                                 "  condition: {gte: 2, field: query}\n";

static const char path_yara[] = "rule markup { strings: $a = \"<html\" nocase $b = /[a-z]{4,9}=/ "
                                "condition: any of them }\n"
                                "rule small { condition: filesize < 64 and uint16(0) == 0x5a4d }\n";

// The text in a file of its own, for loaders that take paths; the caller removes it.
static inline const char *path_file(const char *text, const char *suffix)
{
    static char name[64];
    snprintf(name, sizeof name, "/tmp/yagura-fuzz-XXXXXX%s", suffix);
    int fd = mkstemps(name, (int)strlen(suffix));
    ssize_t len = (ssize_t)strlen(text);
    assert(fd >= 0 && write(fd, text, (size_t)len) == len && close(fd) == 0);
    return name;
}
