// SPDX-License-Identifier: Apache-2.0
// Each case is a rule's options, a buffer, and whether all tests of the rule's first group hold.
#include "base/alloc.h"
#include "base/test.h"
#include "rules/match_run.h"
#include "rules/rules.h"
#include <stdlib.h>
#include <unistd.h>

static struct metrics metrics;

struct match_case {
    const char *options;
    struct bytes data;
    bool match;
};

// clang-format off
#define YES(options, data) {options, {(const uint8_t *)(data), sizeof(data) - 1}, true}
#define NO(options, data) {options, {(const uint8_t *)(data), sizeof(data) - 1}, false}

static const struct match_case contents[] = {
    YES("content:\"abc\";", "abc"),
    YES("content:\"abc\";", "xxabcxx"),
    NO("content:\"abc\";", "ab"),
    NO("content:\"abc\";", "aBc"),
    NO("content:\"abc\";", ""),
    YES("content:\"abc\"; nocase;", "xAbC"),
    YES("content:\"ABC\"; nocase;", "xabc"),
    NO("content:\"abc\"; nocase;", "a-bc"),
    YES("content:\"a1-Z\"; nocase;", "..A1-z"),
    YES("content:\"|61 62|c\";", "abc"),
    YES("content:\"|00 ff|\";", "x\x00\xff"),
    NO("content:\"|00 ff|\";", "x\x00\xfe"),
    YES("content:\"a\\;b\";", "a;b"),
    YES("content:\"a\\\"b\";", "a\"b"),
    YES("content:!\"abc\";", "ab"),
    NO("content:!\"abc\";", "xabc"),
    NO("content:!\"abc\"; nocase;", "xABC"),
    YES("content:\"a\"; content:\"b\";", "ba"),
    NO("content:\"a\"; content:\"b\";", "aa"),
    YES("content:\"a\"; content:!\"b\";", "aa"),
    // offset and depth
    YES("content:\"abc\"; offset:2;", "xxabc"),
    NO("content:\"abc\"; offset:3;", "xxabc"),
    YES("content:\"abc\"; offset:2;", "abcabc"),
    YES("content:\"abc\"; depth:3;", "abc"),
    NO("content:\"abc\"; depth:3;", "xabc"),
    YES("content:\"abc\"; depth:4;", "xabc"),
    YES("content:\"abc\"; offset:1; depth:3;", "xabc"),
    NO("content:\"abc\"; offset:1; depth:3;", "xxabc"),
    YES("content:\"abc\"; offset:1; depth:4;", "xxabc"),
    NO("content:\"abc\"; offset:9;", "abc"),
    YES("content:!\"abc\"; offset:9;", "abc"),
    YES("content:!\"abc\"; depth:3;", "xabc"),
    NO("content:!\"abc\"; depth:4;", "xabc"),
    YES("content:!\"abc\"; offset:1;", "abc"),
    YES("content:\"abc\"; depth:300;", "abc"),
    // startswith, endswith
    YES("content:\"abc\"; startswith;", "abcd"),
    NO("content:\"abc\"; startswith;", "xabc"),
    YES("content:\"abc\"; startswith; nocase;", "ABCd"),
    YES("content:!\"abc\"; startswith;", "xabc"),
    NO("content:!\"abc\"; startswith;", "abc"),
    YES("content:\"abc\"; endswith;", "xabc"),
    NO("content:\"abc\"; endswith;", "abcx"),
    YES("content:\"abc\"; endswith;", "abcabc"),
    YES("content:\"aa\"; endswith;", "aaa"),
    YES("content:!\"abc\"; endswith;", "abcx"),
    NO("content:!\"abc\"; endswith;", "xabc"),
    YES("content:\"abc\"; startswith; endswith;", "abc"),
    NO("content:\"abc\"; startswith; endswith;", "abcabc"),
    YES("content:\"ABC\"; endswith; nocase;", "xaBc"),
    NO("content:\"abc\"; endswith;", "bc"),
    // distance
    YES("content:\"a\"; content:\"b\"; distance:0;", "ab"),
    NO("content:\"a\"; content:\"b\"; distance:0;", "ba"),
    YES("content:\"a\"; content:\"b\"; distance:1;", "axb"),
    NO("content:\"a\"; content:\"b\"; distance:1;", "ab"),
    YES("content:\"a\"; content:\"b\"; distance:1;", "abb"),
    YES("content:\"ab\"; content:\"ab\"; distance:-2;", "ab"),
    YES("content:\"bc\"; content:\"ab\"; distance:-3;", "abc"),
    NO("content:\"bc\"; content:\"ab\"; distance:-2;", "abc"),
    YES("content:\"c\"; content:\"a\"; distance:-100;", "abc"),
    YES("content:\"a\"; content:!\"b\"; distance:0;", "ba"),
    NO("content:\"a\"; content:!\"b\"; distance:0;", "ab"),
    YES("content:\"a\"; content:!\"b\"; distance:1;", "ab"),
    YES("content:\"a\"; content:!\"b\"; distance:9;", "ab"),
    // within
    YES("content:\"a\"; content:\"b\"; within:1;", "ab"),
    NO("content:\"a\"; content:\"b\"; within:1;", "axb"),
    YES("content:\"a\"; content:\"b\"; within:2;", "axb"),
    YES("content:\"a\"; content:\"bc\"; within:2;", "abc"),
    YES("content:\"a\"; content:\"b\"; distance:1; within:1;", "axb"),
    NO("content:\"a\"; content:\"b\"; distance:1; within:1;", "axxb"),
    YES("content:\"a\"; content:\"b\"; distance:1; within:2;", "axxb"),
    YES("content:\"a\"; content:!\"b\"; within:1;", "axb"),
    NO("content:\"a\"; content:!\"b\"; within:2;", "axb"),
    YES("content:\"ab\"; content:\"b\"; distance:-1; within:1;", "ab"),
    NO("content:\"ab\"; content:\"c\"; distance:-1; within:1;", "abc"),
    YES("content:\"a\"; content:\"b\"; within:100;", "axxxxb"),
    // the next occurrence is tried
    YES("content:\"a\"; content:\"b\"; within:1;", "axab"),
    YES("content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;", "abxabc"),
    YES("content:\"a\"; content:\"b\"; distance:0; content:\"c\"; within:1;", "abxbc"),
    NO("content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;", "abxbc"),
    YES("content:\"aa\"; content:\"b\"; within:1;", "aaab"),
    YES("content:\"a\"; depth:1; content:\"b\"; distance:0; content:\"c\"; within:1;", "axbxbc"),
    NO("content:\"a\"; depth:1; content:\"b\"; within:1;", "axab"),
    YES("content:\"a\"; content:!\"b\"; within:1;", "abac"),
    NO("content:\"a\"; content:!\"b\"; within:1;", "abab"),
    YES("content:\"a\"; content:!\"b\"; within:1; content:\"d\"; distance:1; within:1;", "abdacd"),
    NO("content:\"a\"; content:\"b\"; within:1; content:\"z\";", "abab"),
    YES("content:\"key=\"; content:\"&\"; distance:32; within:1;", "key=1&key=0123456789abcdef0123456789abcdef&"),
    NO("content:\"key=\"; content:\"&\"; distance:32; within:1;", "key=1&key=0123456789abcdef0123456789abcde&"),
    YES("content:\"a\"; content:\"b\"; distance:0; content:\"a\"; distance:0; content:\"c\"; within:1;", "abxaabac"),
};

static const struct match_case numbers[] = {
    // isdataat
    YES("content:\"a\"; isdataat:1,relative;", "ab"),
    NO("content:\"a\"; isdataat:1,relative;", "a"),
    NO("content:\"a\"; isdataat:2,relative;", "ab"),
    YES("content:\"a\"; isdataat:!1,relative;", "xa"),
    YES("content:\"a\"; isdataat:!1,relative;", "axa"),
    NO("content:\"a\"; isdataat:!1,relative;", "ax"),
    YES("isdataat:2; content:\"a\";", "abc"),
    NO("isdataat:3; content:\"a\";", "abc"),
    YES("isdataat:!3; content:\"a\";", "abc"),
    NO("isdataat:!2; content:\"a\";", "abc"),
    YES("content:\"a\"; isdataat:3,relative; content:!\"|0a|\"; within:3;", "abcd"),
    NO("content:\"a\"; isdataat:3,relative; content:!\"|0a|\"; within:3;", "ab\nd"),
    YES("content:\"a\"; isdataat:3,relative; content:!\"|0a|\"; within:3;", "ab\ndabcd"),
    // byte_test
    YES("byte_test:1,=,5,0;", "\x05"),
    NO("byte_test:1,=,5,0;", "\x06"),
    YES("byte_test:1,!=,5,0;", "\x06"),
    NO("byte_test:1,!=,5,0;", "\x05"),
    YES("byte_test:2,>,255,0;", "\x01\x00"),
    NO("byte_test:2,>,256,0;", "\x01\x00"),
    YES("byte_test:2,>=,256,0;", "\x01\x00"),
    YES("byte_test:2,<,2,0,little;", "\x01\x00"),
    YES("byte_test:2,<=,1,0,little;", "\x01\x00"),
    YES("byte_test:4,=,0x01020304,0;", "\x01\x02\x03\x04"),
    YES("byte_test:4,=,0x04030201,0,little;", "\x01\x02\x03\x04"),
    YES("byte_test:1,&,0x80,1;", "x\x81"),
    NO("byte_test:1,&,0x80,1;", "x\x7f"),
    YES("byte_test:1,!&,0x80,1;", "x\x7f"),
    NO("byte_test:1,^,5,0;", "\x05"),
    YES("byte_test:1,^,5,0;", "\x06"),
    NO("byte_test:2,=,5,0;", "\x05"),
    NO("byte_test:1,=,5,9;", "\x05"),
    YES("byte_test:3,=,123,0,string,dec;", "123"),
    YES("byte_test:3,=,255,1,string,hex;", "x0ff"),
    YES("byte_test:3,=,8,0,string,oct;", "010"),
    NO("byte_test:3,=,123,0,string,dec;", "abc"),
    YES("byte_test:4,>,12,0,string,dec;", "13\r\n"),
    YES("content:\"len=\"; byte_test:3,>,100,0,relative,string,dec;", "len=101"),
    NO("content:\"len=\"; byte_test:3,>,100,0,relative,string,dec;", "len=100"),
    YES("content:\"len=\"; byte_test:3,>,100,0,relative,string,dec;", "len=100len=200"),
    YES("content:\"a\"; byte_test:1,=,1,-2,relative;", "\x01" "a."),
    YES("byte_test:2,=,0x0f,0,bitmask 0x0ff0;", "\x00\xf0"),
    YES("byte_test:1,=,3,0,bitmask 0x18;", "\x18"),
    // byte_jump
    YES("byte_jump:1,0; content:\"c\"; within:1;", "\x02xxc"),
    NO("byte_jump:1,0; content:\"c\"; within:1;", "\x01xxc"),
    YES("content:\"a\"; byte_jump:1,0,relative; content:\"c\"; within:1;", "a\x01xc"),
    YES("byte_jump:2,0,little; content:\"c\"; within:1;", "\x01\x00xc"),
    YES("byte_jump:1,0,align; content:\"c\"; within:1;", "\x01xxxxc"),
    YES("byte_jump:1,0,multiplier 2; content:\"c\"; within:1;", "\x01xxc"),
    YES("byte_jump:1,0,from_beginning; content:\"c\"; within:1;", "\x02xc"),
    YES("byte_jump:1,0,post_offset -1; content:\"c\"; within:1;", "\x02xc"),
    YES("byte_jump:1,0,post_offset 1; content:\"c\"; within:1;", "\x01xxc"),
    NO("byte_jump:1,0; content:\"c\"; distance:0;", "\x7fxxc"),
    NO("byte_jump:1,0;", "\x02xx"),
    YES("byte_jump:1,0;", "\x01xx"),
    YES("byte_jump:2,0,string,dec; content:\"c\"; within:1;", "02xxc"),
    YES("byte_jump:1,0,from_end,post_offset -2; content:\"bc\"; within:2;", "\x00" "abc"),
    YES("content:\"a\"; byte_jump:1,0,relative; content:\"c\"; within:1;", "a\x09xa\x01xc"),
    // byte_extract
    YES("byte_extract:1,0,n; content:\"c\"; offset:n;", "\x02xc"),
    NO("byte_extract:1,0,n; content:\"c\"; offset:n;", "\x02" "cx"),
    YES("byte_extract:1,0,n; content:\"x\"; depth:n;", "\x02x"),
    NO("byte_extract:1,0,n; content:\"x\"; depth:n;", "\x02.x"),
    YES("byte_extract:1,0,n; content:\"x\"; offset:2; depth:n;", "\x02..x"),
    NO("byte_extract:1,0,n; content:\"x\"; offset:2; depth:n;", "\x02...x"),
    YES("byte_extract:1,0,n; content:\"a\"; content:\"b\"; distance:n;", "\x01" "axb"),
    NO("byte_extract:1,0,n; content:\"a\"; content:\"b\"; distance:n;", "\x02" "axb"),
    YES("byte_extract:1,0,n; content:\"a\"; content:\"b\"; within:n;", "\x02" "axb"),
    NO("byte_extract:1,0,n; content:\"a\"; content:\"b\"; within:n;", "\x01" "axb"),
    YES("byte_extract:1,0,n; byte_test:1,=,n,1;", "\x07\x07"),
    NO("byte_extract:1,0,n; byte_test:1,=,n,1;", "\x07\x08"),
    YES("byte_extract:1,0,n,multiplier 2; byte_test:1,=,n,1;", "\x03\x06"),
    YES("byte_extract:1,0,n,align 4; byte_test:1,=,n,1;", "\x03\x04"),
    YES("byte_extract:2,0,n,string,dec; byte_test:1,=,n,2;", "12\x0c"),
    YES("content:\"L\"; byte_extract:1,0,n,relative; isdataat:n,relative;", "L\x02xx"),
    NO("content:\"L\"; byte_extract:1,0,n,relative; isdataat:n,relative;", "L\x03xx"),
    YES("content:\"L\"; byte_extract:1,0,n,relative; content:\"e\"; distance:n; within:1;", "L\x09L\x01xe"),
    YES("byte_extract:1,0,a; byte_extract:1,1,b; byte_test:1,>,a,2; byte_test:1,<,b,2;", "\x01\x05\x03"),
    // byte_math
    YES("byte_math:bytes 1,offset 0,oper +,rvalue 2,result r; byte_test:1,=,r,1;", "\x03\x05"),
    YES("byte_math:bytes 1,offset 0,oper -,rvalue 2,result r; byte_test:1,=,r,1;", "\x03\x01"),
    YES("byte_math:bytes 1,offset 0,oper *,rvalue 3,result r; byte_test:1,=,r,1;", "\x03\x09"),
    YES("byte_math:bytes 1,offset 0,oper /,rvalue 2,result r; byte_test:1,=,r,1;", "\x08\x04"),
    YES("byte_math:bytes 1,offset 0,oper <<,rvalue 2,result r; byte_test:1,=,r,1;", "\x03\x0c"),
    YES("byte_math:bytes 1,offset 0,oper >>,rvalue 1,result r; byte_test:1,=,r,1;", "\x04\x02"),
    NO("byte_math:bytes 1,offset 0,oper +,rvalue 2,result r; byte_test:1,=,r,1;", "\x03\x06"),
    YES("byte_extract:1,0,n; byte_math:bytes 1,offset 1,oper +,rvalue n,result r; byte_test:1,=,r,2;", "\x01\x02\x03"),
    YES("content:\"M\"; byte_math:bytes 1,offset 0,oper +,rvalue 1,result r,relative; content:\"e\"; offset:r;", "M\x03xxe"),
};

static const struct match_case expressions[] = {
    YES("pcre:\"/a.c/\";", "xabc"),
    NO("pcre:\"/a.c/\";", "ac"),
    YES("pcre:\"/A.C/i\";", "xabc"),
    YES("pcre:!\"/a.c/\";", "ac"),
    NO("pcre:!\"/a.c/\";", "abc"),
    YES("pcre:\"/^abc$/\";", "abc"),
    NO("pcre:\"/^bc/\";", "abc"),
    YES("pcre:\"/^bc/m\";", "a\nbc"),
    NO("pcre:\"/a.c/\";", "a\nc"),
    YES("pcre:\"/a.c/s\";", "a\nc"),
    YES("pcre:\"/a b c/x\";", "abc"),
    YES("content:\"ab\"; pcre:\"/^c/R\";", "abc"),
    NO("content:\"ab\"; pcre:\"/^c/R\";", "abxc"),
    YES("content:\"ab\"; pcre:\"/^c/R\";", "abxabc"),
    YES("content:\"ab\"; pcre:!\"/^c/R\";", "abx"),
    NO("content:\"ab\"; pcre:!\"/^c/R\";", "abc"),
    YES("pcre:\"/a\\d/\"; content:\"z\"; within:1;", "a1xa2z"),
    NO("pcre:\"/a\\d/\"; content:\"z\"; within:1;", "a1xa2xz"),
    YES("pcre:\"/a\\d/\"; content:\"z\"; distance:0;", "a1xz"),
    NO("pcre:\"/a\\d/\"; content:\"z\"; distance:0;", "za1x"),
    YES("content:\"x\"; pcre:\"/^\\d+/R\"; content:\"y\"; within:1;", "xx12y"),
    YES("pcre:\"/\\x00\\xff/\";", "\x00\xff"),
    YES("content:\"id=\"; pcre:\"/^[0-9a-f]{8}$/R\";", "id=0badcafe"),
    NO("content:\"id=\"; pcre:\"/^[0-9a-f]{8}$/R\";", "id=0badcafe1"),
    YES("content:\"id=\"; pcre:\"/^[0-9a-f]{8}(?:&|$)/R\";", "id=1&id=0badcafe&"),
    YES("pcre:\"/(a)(?=b)/\";", "ab"),
    YES("pcre:\"/(.)\\1/\";", "abb"),
};

static const struct match_case sticky[] = {
    YES("http.uri; content:\"/a\"; startswith;", "/a/b"),
    YES("http.uri; bsize:3; content:\"abc\";", "abc"),
    NO("http.uri; bsize:3; content:\"abc\";", "abcd"),
    YES("http.uri; bsize:<4; content:\"abc\";", "abc"),
    NO("http.uri; bsize:<4; content:\"abc\";", "abcd"),
    YES("http.uri; bsize:>2; content:\"abc\";", "abc"),
    YES("http.uri; bsize:2<>4; content:\"abc\";", "abc"),
    NO("http.uri; bsize:3<>6; content:\"abc\";", "abc"),
    YES("dns.query; content:\"evil.test\"; bsize:9;", "evil.test"),
    YES("dns.query; content:\".evil.test\"; endswith;", "a.evil.test"),
    NO("dns.query; content:\".evil.test\"; endswith;", "evil.test"),
    YES("dns.query; dotprefix; content:\".evil.test\"; endswith;", "evil.test"),
    YES("dns.query; dotprefix; content:\".evil.test\"; endswith;", "www.evil.test"),
    NO("dns.query; dotprefix; content:\".evil.test\"; endswith;", "notevil.test"),
    YES("http.uri; to_lowercase; content:\"abc\";", "ABC"),
    YES("http.uri; to_uppercase; content:\"ABC\";", "abc"),
    YES("http.uri; url_decode; content:\"a b\";", "a%20b"),
    YES("http.uri; url_decode; content:\"a b\";", "a+b"),
    YES("http.uri; url_decode; content:\"a%2\";", "a%2"),
    YES("http.uri; url_decode; content:\"%zz\";", "%zz"),
    YES("http.uri; strip_whitespace; content:\"abc\";", "a b\tc"),
    YES("http.uri; compress_whitespace; content:\"a b\";", "a  \t b"),
    YES("http.uri; to_md5; content:\"|90 01 50 98 3c d2 4f b0 d6 96 3f 7d 28 e1 7f 72|\";", "abc"),
    YES("http.uri; to_sha1; content:\"|a9 99 3e 36 47 06 81 6a ba 3e 25 71 78 50 c2 6c 9c d0 d8 9d|\";", "abc"),
    YES("http.uri; to_sha256; content:\"|ba 78 16 bf 8f 01 cf ea|\"; startswith;", "abc"),
    YES("http.uri; xor:\"01\"; content:\"abc\";", "`cb"),
    YES("http.header; header_lowercase; content:\"host|3a| AbC\";", "Host: AbC\r\n"),
    YES("http.header; strip_pseudo_headers; content:\"a|3a| b\"; startswith;", ":method: GET\r\na: b\r\n"),
    YES("http.uri; from_base64; content:\"hello\";", "aGVsbG8="),
    YES("http.uri; from_base64: bytes 4, offset 1; content:\"hel\"; bsize:3;", "xaGVsbG8="),
    NO("http.uri; from_base64; content:\"aGVs\";", "aGVsbG8="),
    YES("http.host; domain; content:\"example.co.jp\"; startswith; endswith;", "www.example.co.jp"),
    YES("http.host; tld; content:\"co.jp\"; startswith; endswith;", "www.example.co.jp"),
    YES("http.uri; pcrexform:\"a(.*)c\"; content:\"b\"; startswith; endswith;", "abc"),
    NO("http.uri; pcrexform:\"a(.*)c\"; content:\"a\";", "abc"),
    YES("http.uri; url_decode; to_lowercase; content:\"a b\";", "A%20B"),
    YES("http.request_body; base64_decode; base64_data; content:\"hello\";", "aGVsbG8="),
    YES("http.request_body; base64_decode:bytes 8, offset 2; base64_data; content:\"hello\";", "xxaGVsbG8="),
    YES("http.request_body; content:\"d=\"; base64_decode:relative; base64_data; content:\"hello\"; startswith;", "d=aGVsbG8="),
    NO("http.request_body; content:\"d=\"; base64_decode:relative; base64_data; content:\"help\";", "d=aGVsbG8="),
    NO("http.request_body; base64_decode; base64_data; content:\"hello\";", "!!!!"),
    YES("http.request_body; content:\"d=\"; base64_decode:bytes 8,relative; base64_data; content:\"hello\";", "d=!d=aGVsbG8="),
};

static const struct match_case encodings[] = {
    YES("entropy: value < 1;", "aaaa"),
    NO("entropy: value < 1;", "ab"),
    YES("http.uri; entropy: bytes 4, offset 1, value 2;", "aabcd"),
    YES("http.uri; entropy: value 1-2; content:\"b\";", "aabbc"),
    NO("entropy: value !1-2;", "aabbc"),
    NO("entropy: offset 9, value >= 0;", "aabbc"),
    YES("asn1:oversize_length 500;", "\x04\x82\x02\x00" "abc"),
    NO("asn1:oversize_length 600;", "\x04\x82\x02\x00" "abc"),
    YES("asn1:oversize_length 500;", "\x30\x06\x04\x82\x02\x00" "ab"),
    YES("asn1:bitstring_overflow;", "\x03\x02\x09\x00"),
    NO("asn1:bitstring_overflow;", "\x03\x02\x07\x00"),
    YES("asn1:oversize_length 500, absolute_offset 1;", "x\x04\x82\x02\x00" "abc"),
    YES("content:\"x\"; asn1:oversize_length 500, relative_offset 0;", "x\x04\x82\x02\x00" "abc"),
    NO("asn1:oversize_length 500, absolute_offset 9;", "x"),
};
// clang-format on

struct loaded {
    struct rule_set *set;
    struct rule_scratch *scratch;
    char path[32];
};

static void tell(void *, const struct rule_note *note)
{
    if (note->trouble == RULE_WARNING)
        return;
    printf("# %s:%u: %.*s: %s\n", note->file, note->line, (int)note->keyword.len,
        (const char *)note->keyword.data, note->what);
}

static void load(struct loaded *l, const struct match_case *cases, size_t count)
{
    strcpy(l->path, "/tmp/match_test_XXXXXX");
    int fd = mkstemp(l->path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    CHECK(file != NULL);
    for (size_t i = 0; file && i < count; i++)
        fprintf(file, "alert ip any any -> any any (msg:\"t\"; %s sid:%zu;)\n", cases[i].options,
            i + 1);
    if (file)
        fclose(file);
    const char *paths[] = {l->path};
    struct rule_report report = {.tell = tell};
    l->set = rules_load(paths, 1, &(struct rule_options){.for_check = true}, &report);
    l->scratch = l->set ? rule_scratch_create(l->set, &config_defaults, &metrics) : NULL;
    CHECK(l->scratch != NULL);
}

static void unload(struct loaded *l)
{
    rule_scratch_destroy(l->scratch);
    if (l->set)
        rules_release(l->set);
    unlink(l->path);
}

static const struct rule *rule_of(const struct loaded *l, size_t sid)
{
    for (uint32_t i = 0; i < l->set->rules_count; i++)
        if (l->set->rules[i].sid == sid)
            return &l->set->rules[i];
    return NULL;
}

static bool holds(const struct loaded *l, const struct rule *rule, struct bytes data)
{
    struct rule_view view = {.data = data, .ends = true};
    rule_match_begin(l->scratch, rule);
    for (uint16_t g = 0; g < rule->groups_count; g++)
        if (!rule_match_group(l->scratch, &rule->groups[g], &view))
            return false;
    return true;
}

static void run(const struct match_case *cases, size_t count)
{
    struct loaded l;
    load(&l, cases, count);
    for (size_t i = 0; l.scratch && i < count; i++) {
        const struct rule *rule = rule_of(&l, i + 1);
        if (!rule)
            TEST_SAY("does not load: %s", cases[i].options);
        else if (holds(&l, rule, cases[i].data) != cases[i].match)
            TEST_SAY("should %smatch: %s on \"%.*s\"", cases[i].match ? "" : "not ",
                cases[i].options, (int)cases[i].data.len, (const char *)cases[i].data.data);
    }
    unload(&l);
}

#define RUN(cases) run(cases, sizeof cases / sizeof *cases)

TEST(contents)
{
    RUN(contents);
}

TEST(numbers)
{
    RUN(numbers);
}

TEST(expressions)
{
    RUN(expressions);
}

TEST(sticky)
{
    RUN(sticky);
}

TEST(encodings)
{
    RUN(encodings);
}

// Parts of a stream: offsets count from its beginning, sizes wait for its end.
TEST(parts)
{
    static const struct match_case cases[] = {
        YES("content:\"b\"; offset:5; depth:1;", ""),
        YES("http.request_body; bsize:8; content:\"b\";", ""),
        YES("http.request_body; bsize:>3; content:\"b\";", ""),
        YES("http.request_body; content:\"b\"; endswith;", ""),
    };
    struct loaded l;
    load(&l, cases, 4);
    struct rule_view open = {.data = BYTES("ab"), .start = 4};
    struct rule_view ended = {.data = BYTES("ab"), .start = 6, .ends = true};
    bool want[4][2] = {{true, false}, {false, true}, {true, true}, {false, true}};
    for (size_t i = 0; l.scratch && i < 4; i++) {
        const struct rule *rule = rule_of(&l, i + 1);
        if (!rule)
            continue;
        rule_match_begin(l.scratch, rule);
        CHECK_EQ(rule_match_group(l.scratch, rule->groups, &open), want[i][0]);
        rule_match_begin(l.scratch, rule);
        CHECK_EQ(rule_match_group(l.scratch, rule->groups, &ended), want[i][1]);
    }
    unload(&l);
}

TEST(said)
{
    static const struct match_case cases[] = {YES("content:\"a\"; content:\"bc\"; within:2;", "")};
    struct loaded l;
    load(&l, cases, 1);
    struct hit_match matches[4];
    if (l.scratch && holds(&l, rule_of(&l, 1), BYTES("axabc"))) {
        CHECK_EQ(rule_match_said(l.scratch, matches, 4), 2);
        CHECK_EQ(matches[0].at, 2);
        CHECK_EQ(matches[1].at, 3);
        CHECK_EQ(matches[1].len, 2);
        CHECK_TEXT(matches[0].where, "payload");
        CHECK_EQ(rule_match_end(l.scratch), 5);
    } else {
        CHECK(false);
    }
    unload(&l);
}

// A hostile buffer makes the search start over at each byte: the budget ends that, and says so.
TEST(budget)
{
    static const struct match_case cases[] = {
        YES("content:\"a\"; content:\"a\"; distance:0; content:\"a\"; distance:0; "
            "content:\"b\"; distance:0; within:1;",
            ""),
        YES("pcre:\"/(a+)+$/\"; content:\"b\"; within:1;", ""),
    };
    struct loaded l;
    load(&l, cases, 2);
    enum { MANY = 100'000 };
    uint8_t *data = base_malloc(MANY);
    for (size_t i = 1; data && l.scratch && i <= 2; i++) {
        memset(data, 'a', MANY);
        data[MANY - 1] = 'c';
        CHECK(!holds(&l, rule_of(&l, i), bytes_make(data, MANY)));
    }
    if (l.scratch) {
        CHECK(metrics.rules_budget > 0);
        CHECK(metrics.rules_budget + metrics.rules_pcre_limit > 1);
    }
    base_free(data);
    unload(&l);
}

TEST_MAIN(
    T(contents), T(numbers), T(expressions), T(sticky), T(encodings), T(parts), T(said), T(budget))
