// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "intel/internal.h"

// What a bare text is taken for, and how it is shown once kept.
static void shape(const char *text, enum intel_kind kind, const char *want)
{
    uint8_t room[INTEL_VALUE_BYTES];
    char shown[KEY_TEXT_BYTES];
    struct bytes value;
    struct key key;
    enum intel_kind got = intel_guess(bytes_from_text(text), room, &value);
    if (got != kind) {
        TEST_SAY("%s is kind %d, not %d", text, (int)got, (int)kind);
        return;
    }
    if (got >= INTEL_UNSEEN)
        return;
    CHECK(key_make(&key, got, value));
    struct bytes written = key_text(key.kind, bytes_make(key.data, key.len), shown);
    if (!bytes_equal(written, bytes_from_text(want)))
        TEST_SAY(
            "%s becomes %.*s, not %s", text, (int)written.len, (const char *)written.data, want);
}

TEST(addresses)
{
    shape("192.0.2.1", INTEL_ADDRESS, "192.0.2.1");
    shape("192[.]0[.]2[.]1", INTEL_ADDRESS, "192.0.2.1");
    shape("2001:DB8::1", INTEL_ADDRESS, "2001:db8::1");
    shape("::ffff:192.0.2.1", INTEL_ADDRESS, "192.0.2.1");
    shape("192.0.2.0/24", INTEL_RANGE, "192.0.2.0/24");
    shape("192.0.2.77/24", INTEL_RANGE, "192.0.2.0/24");
    shape("192.0.2.0/255.255.255.0", INTEL_RANGE, "192.0.2.0/24");
    shape("192.0.2.1/32", INTEL_RANGE, "192.0.2.1");
    shape("192.0.2.3-192.0.2.9", INTEL_RANGE, "192.0.2.3-192.0.2.9");
    shape("192.0.2.0 - 192.0.2.255", INTEL_RANGE, "192.0.2.0/24");
    shape("192.0.2.9-192.0.2.3", INTEL_KINDS, "");
    shape("2001:db8::/32", INTEL_RANGE, "2001:db8::/32");
    shape("192.0.2.1:8080", INTEL_ADDRESS_PORT, "192.0.2.1:8080");
    shape("[2001:db8::1]:443", INTEL_ADDRESS_PORT, "[2001:db8::1]:443");
    shape("192.0.2.1:99999", INTEL_KINDS, "");
    shape("192.0.2.256", INTEL_KINDS, "");
    shape("192.0.2.0/33", INTEL_KINDS, "");
}

TEST(names)
{
    shape("Evil.Example", INTEL_DOMAIN, "evil.example");
    shape("evil.example.", INTEL_DOMAIN, "evil.example");
    shape("*.evil.example", INTEL_DOMAIN, "evil.example");
    shape("evil(dot)example", INTEL_DOMAIN, "evil.example");
    shape("b\xc3\xbc"
          "cher.example",
        INTEL_DOMAIN, "xn--bcher-kva.example");
    shape("evil.example:8080", INTEL_HOST, "evil.example");
    shape("a_b.evil.example", INTEL_DOMAIN, "a_b.evil.example");
    shape("localhost", INTEL_KINDS, "");
    shape("evil..example", INTEL_KINDS, "");
    shape("two words.example", INTEL_KINDS, "");
    shape("1.2", INTEL_KINDS, "");
}

TEST(urls)
{
    shape("hxxp://Evil[.]Example/A/b.php?x=1#top", INTEL_URL, "evil.example/A/b.php?x=1");
    shape("https://evil.example:443/", INTEL_URL, "evil.example/");
    shape("https://evil.example:8443/x", INTEL_URL, "evil.example:8443/x");
    shape("evil.example/a/./b/../c", INTEL_URL, "evil.example/a/c");
    shape("http://evil.example/a/../../..", INTEL_URL, "evil.example/");
    shape("http://evil.example/%7euser/%2F%c3%a9", INTEL_URL, "evil.example/~user/%2F%C3%A9");
    shape("http://evil.example/\xc3\xa9 x", INTEL_URL, "evil.example/%C3%A9%20x");
    shape("http://user:pass@evil.example/x?", INTEL_URL, "evil.example/x");
    shape("http://[2001:DB8::1]:8080/x", INTEL_URL, "[2001:db8::1]:8080/x");
    shape("192.0.2.1/gate.php", INTEL_URL, "192.0.2.1/gate.php");
    shape("http://evil.example", INTEL_URL, "evil.example/");
    shape("http://evil.example:port/", INTEL_KINDS, "");
    shape("http://intranet/x", INTEL_KINDS, "");
    shape("://evil.example/x", INTEL_KINDS, "");
    shape("/panel/gate.php", INTEL_URL_PATH, "/panel/gate.php");
    shape("/", INTEL_KINDS, "");
}

TEST(digests_and_others)
{
    shape("0123456789ABCDEF0123456789abcdef", INTEL_MD5, "0123456789abcdef0123456789abcdef");
    shape("0123456789abcdef0123456789abcdef01234567", INTEL_SHA1,
        "0123456789abcdef0123456789abcdef01234567");
    shape("01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67", INTEL_CERT_SHA1,
        "0123456789abcdef0123456789abcdef01234567");
    shape(
        "t13d1516h2_8daaf6152771_e5627efa2ab1", INTEL_JA4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    shape("bad.guy[at]evil.example", INTEL_MAIL, "bad.guy@evil.example");
    shape("Bad Guy <bad@evil.example>", INTEL_KINDS, "");
    shape("C:\\temp\\Invoice.EXE", INTEL_FILE_NAME, "invoice.exe");
    shape("0123456789abcdef0123456789abcde", INTEL_KINDS, "");
    shape("", INTEL_KINDS, "");
}

static void same_key(enum intel_kind kind, const char *left, const char *right, bool want)
{
    struct key a, b;
    CHECK(key_make(&a, kind, bytes_from_text(left)));
    CHECK(key_make(&b, kind, bytes_from_text(right)));
    bool same = bytes_equal(bytes_make(a.data, a.len), bytes_make(b.data, b.len));
    if (same != want)
        TEST_SAY("%s and %s are %sthe same", left, right, same ? "" : "not ");
}

TEST(certificates)
{
    same_key(INTEL_CERT_SERIAL, "01:72:72:38:74", "0x172723874", true);
    same_key(INTEL_CERT_SERIAL, "00A1", "a1", true);
    same_key(INTEL_CERT_SUBJECT, "C=JP, O=Sample City, CN=x", "CN=x,O=Sample City,C=JP", true);
    same_key(INTEL_CERT_SUBJECT, "/C=JP/O=Sample City/CN=x", "cn = X, o=sample city, c=jp", true);
    same_key(INTEL_CERT_SUBJECT, "O=a\\, b, CN=x", "CN=x, O=\"a, b\"", false);
    same_key(INTEL_MAIL, "Bad Guy <Bad@Evil.Example>", "mailto:bad@evil.example", true);
}

TEST(long_values_are_refused)
{
    static char text[INTEL_VALUE_BYTES * 2];
    static uint8_t room[INTEL_VALUE_BYTES];
    struct bytes value;
    struct key key;
    memset(text, 'a', sizeof text - 1);
    CHECK_EQ(intel_guess(bytes_from_text(text), room, &value), INTEL_KINDS);
    for (int kind = 0; kind < INTEL_KINDS; kind++)
        CHECK(!key_make(&key, (enum intel_kind)kind, bytes_from_text(text)));
    memcpy(text, "http://a.example/", 17);
    CHECK(!key_make(&key, INTEL_URL, bytes_from_text(text)));
}

TEST(words)
{
    int64_t us;
    bool day;
    CHECK_EQ(intel_word_kind(BYTES("IP-Dst")), INTEL_ADDRESS);
    CHECK_EQ(intel_word_kind(BYTES("file_hash_sha256")), INTEL_SHA256);
    CHECK_EQ(intel_word_kind(BYTES("nonsense")), INTEL_KINDS);
    CHECK_EQ(intel_word_tlp(BYTES("TLP:AMBER+STRICT")), INTEL_TLP_AMBER_STRICT);
    CHECK_EQ(intel_word_tlp(BYTES("White")), INTEL_TLP_CLEAR);
    CHECK_EQ(intel_word_confidence(BYTES("75 %")), INTEL_CONFIDENCE_UNSAID);
    CHECK_EQ(intel_word_confidence(BYTES("75%")), 75);
    CHECK_EQ(intel_word_confidence(BYTES("0.75")), 75);
    CHECK_EQ(intel_word_confidence(BYTES("High")), 85);
    CHECK_EQ(intel_word_confidence(BYTES("nan")), INTEL_CONFIDENCE_UNSAID);
    CHECK_EQ(intel_word_confidence(BYTES("101")), INTEL_CONFIDENCE_UNSAID);
    CHECK_EQ(intel_word_severity(BYTES("Critical")), SEVERITY_HIGH);
    CHECK(intel_word_time(BYTES("2026-11-22"), &us, &day) && day);
    CHECK_EQ(us, 1'795'305'600'000'000);
    CHECK(intel_word_time(BYTES("2026-11-22T09:00:00.25+09:00"), &us, &day) && !day);
    CHECK_EQ(us, 1'795'305'600'250'000);
    CHECK(intel_word_time(BYTES("1795305600"), &us, &day));
    CHECK_EQ(us, 1'795'305'600'000'000);
    CHECK(intel_word_time(BYTES("2026/11/22 00:00 UTC"), &us, &day));
    CHECK(!intel_word_time(BYTES("2026-13-22"), &us, &day));
    CHECK(!intel_word_time(BYTES("yesterday"), &us, &day));
    CHECK(!intel_word_time(BYTES("2026-11-22T"), &us, &day));
}

TEST_MAIN(T(addresses), T(names), T(urls), T(digests_and_others), T(certificates),
    T(long_values_are_refused), T(words))
