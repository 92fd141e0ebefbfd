// SPDX-License-Identifier: Apache-2.0
// SMTP: envelope, pipelining, BDAT, AUTH, STARTTLS, smuggling, and mails of all shapes.
#include "proto/parse_test.h"

static const size_t pieces[] = {1, 5, 1 << 20};

enum { PIECES = sizeof pieces / sizeof *pieces };

// One line of a session: S or C and what it says.
struct line {
    char who;
    struct bytes says;
};

static void session(const struct line *lines, size_t count, const char *const *wanted)
{
    for (size_t p = 0; p < PIECES; p++) {
        struct parse_test t;
        parse_test_begin(&t, NULL, 6, 40000, 2500);
        for (size_t i = 0; i < count; i++)
            parse_test_split(
                &t, lines[i].who == 'S' ? FLOW_SERVER : FLOW_CLIENT, lines[i].says, pieces[p]);
        struct bytes out = parse_test_end(&t);
        for (size_t i = 0; wanted[i]; i++)
            CHECK(wanted[i][0] == '!' ? parse_test_count(out, &wanted[i][1]) == 0
                                      : parse_test_has(out, wanted[i]));
        parse_test_finish(&t);
    }
}

#define S(text)                                                                                    \
    {                                                                                              \
        'S',                                                                                       \
        {                                                                                          \
            (const uint8_t *)(text), sizeof(text) - 1                                              \
        }                                                                                          \
    }
#define C(text)                                                                                    \
    {                                                                                              \
        'C',                                                                                       \
        {                                                                                          \
            (const uint8_t *)(text), sizeof(text) - 1                                              \
        }                                                                                          \
    }
#define LINES(...)                                                                                 \
    ((const struct line[]){__VA_ARGS__}),                                                          \
        sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line)
#define WANT(...) ((const char *const[]){__VA_ARGS__, NULL})
#define HELLO     S("220 mx ESMTP\r\n"), C("EHLO me\r\n"), S("250-mx\r\n250 PIPELINING\r\n")
#define ENVELOPE                                                                                   \
    C("MAIL FROM:<a@x> SIZE=9\r\n"), S("250 ok\r\n"), C("RCPT TO:<b@y>\r\n"), S("250 ok\r\n"),     \
        C("RCPT TO:<c@y>\r\n"), S("550 no\r\n"), C("DATA\r\n"), S("354 go\r\n")
#define MAIL(text)                                                                                 \
    HELLO, ENVELOPE, C(text "\r\n.\r\n"), S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")

TEST(envelope)
{
    session(LINES(MAIL("Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\r\nFrom: \"A, b\" <a@x>\r\n"
                       "To: b@y, \"C, d\"\r\n <c@y>\r\n\r\nline\r\n..dot")),
        WANT("\"helo\":\"me\",\"mail_from\":\"<a@x>\",\"rcpt_to\":[\"<b@y>\",\"<c@y>\"],"
             "\"rcpt_rejected\":[\"<c@y>\"],\"banner\":\"mx ESMTP\",\"reply_code\":250,"
             "\"reply\":\"queued\"",
            "\"subject\":\"日本\"", "\"to\":[\"b@y\",\"\\\"C, d\\\" <c@y>\"]", "\"size\":12,",
            "\"status\":\"PARSE_DONE\"", "!anomaly"));
}

TEST(parts)
{
#define MULTI                                                                                      \
    "Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\npre\r\n--b1\r\n"                        \
    "Content-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\n\r\nsee "                     \
    "https://x.example/a?b "                                                                       \
    "now\r\n--b2--\r\n--b1\r\nContent-Type: application/pdf;\r\n name*0*=utf-8''%E8%AB%8B;\r\n"    \
    " name*1=.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--b1\r\n"            \
    "Content-Disposition: attachment; filename=\"=?utf-8?Q?=E5=80=89?=\"\r\n"                      \
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nhel=\r\nl=6F\r\n--b1--\r\nepilogue"
    session(LINES(MAIL(MULTI)),
        WANT("\"attachment\":[\"請.pdf\",\"倉\"]", "\"url\":[\"https://x.example/a?b\"]",
            "\"filename\":\"請.pdf\"", "\"md5\":\"5d41402abc4b2a76b9719d911017c592\"",
            "\"filename\":\"倉\",\"magic\":\"ASCII text, with no line terminators\"", "!anomaly"));
}

TEST(message_in_message)
{
    session(LINES(MAIL(
                "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                "Subject: inner\r\nContent-Disposition: attachment; filename=x.exe\r\n\r\nhello")),
        WANT("\"attachment\":[\"x.exe\"]", "smtp.mime_parse_failed", "\"size\":7,"));
}

TEST(nesting_is_bounded)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 6, 40000, 2500);
    const struct line begin[] = {HELLO, ENVELOPE};
    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
        parse_test_send(&t, begin[i].who == 'S' ? FLOW_SERVER : FLOW_CLIENT, begin[i].says);
    for (int i = 0; i < 2000; i++)
        parse_test_send(&t, FLOW_CLIENT, BYTES("Content-Type: message/rfc822\r\n\r\n"));
    for (int i = 0; i < 2000; i++)
        parse_test_send(
            &t, FLOW_CLIENT, BYTES("Content-Type: multipart/a; boundary=b\r\n\r\n--b\r\n"));
    CHECK(t.pool.used_bytes < 2 * 1024 * 1024);
    CHECK(parse_test_has(parse_test_end(&t), "smtp.mime_too_deep"));
    parse_test_finish(&t);
}

TEST(bdat)
{
    session(LINES(HELLO, C("MAIL FROM:<a@x>\r\n"), S("250 ok\r\n"), C("BDAT 9\r\nSubject: "),
                S("250 ok\r\n"), C("BDAT 14 LAST\r\nx\r\n\r\nhello\r\n.\r\n"), S("250 done\r\n")),
        WANT("\"message_length\":23", "\"subject\":\"x\"", "\"reply\":\"done\"", "!anomaly"));
    session(LINES(HELLO, C("BDAT x\r\n")), WANT("smtp.bdat_chunk_len_exceeded"));
    session(LINES(HELLO, C("BDAT 5 X\r\n"), S("501 no\r\n")), WANT("smtp.invalid_bdat"));
}

TEST(auth)
{
    session(LINES(HELLO, C("AUTH PLAIN AHVzZXIAc2VjcmV0\r\n"), S("235 ok\r\n")),
        WANT("\"auth\":{\"mechanism\":\"PLAIN\",\"user\":\"user\",\"success\":true}", "!secret"));
    session(LINES(HELLO, C("AUTH LOGIN\r\n"), S("334 VXNlcg==\r\n"), C("dXNlcg==\r\n"),
                S("334 UGFzcw==\r\n"), C("c2VjcmV0\r\n"), S("535 no\r\n")),
        WANT("\"auth\":{\"mechanism\":\"LOGIN\",\"user\":\"user\",\"failures\":1}", "!secret"));
}

TEST(starttls)
{
    session(LINES(HELLO, C("STARTTLS\r\n"), S("454 no\r\n"), C("EHLO again\r\n"), S("250 ok\r\n")),
        WANT("smtp.tls_rejected", "\"helo\":\"again\"", "!\"starttls\""));
    session(LINES(HELLO, C("STARTTLS\r\nMAIL FROM:<evil@x>\r\n"), S("220 go\r\n")),
        WANT("smtp.data_after_starttls", "\"starttls\":true", "!evil"));
}

TEST(smuggling)
{
    session(LINES(MAIL("Subject: s\r\n\r\nbody\n.\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<b@y>\r\nDATA")),
        WANT("smtp.bare_line_feed", "!\"mail_from\":\"<evil@x>\"", "\"PARSE_DONE\""));
    session(LINES(HELLO, ENVELOPE, C("Subject: s\n\nbody\n.\n"), S("250 queued\r\n")),
        WANT("smtp.bare_line_feed", "\"subject\":\"s\"", "\"PARSE_DONE\""));
}

TEST(pipelining)
{
    session(
        LINES(S("220 mx ESMTP\r\n"), C("EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"),
            S("250 mx\r\n250 ok\r\n550 no\r\n554 none\r\n"), C("RSET\r\nMAIL FROM:<c@x>\r\n"),
            S("250 ok\r\n250 ok\r\n")),
        WANT("\"mail_from\":\"<a@x>\",\"rcpt_to\":[\"<b@y>\"],\"rcpt_rejected\":[\"<b@y>\"]",
            "\"mail_from\":\"<c@x>\"", "smtp.data_command_rejected", "!duplicate_fields"));
}

TEST(odd_replies)
{
    session(LINES(HELLO, S("250 what\r\n"), S("hello\r\n")),
        WANT("smtp.unable_to_match_reply_with_request", "smtp.invalid_reply"));
}

TEST(not_ftp)
{
    session(LINES(S("220 FTP server\r\n"), C("USER a\r\n")), WANT("!smtp"));
    session(LINES(S("220 welcome\r\n"), C("EHLO a\r\n"), S("250 b\r\n")),
        WANT("\"helo\":\"a\",\"banner\":\"welcome\""));
}

TEST_MAIN(T(envelope), T(parts), T(message_in_message), T(nesting_is_bounded), T(bdat), T(auth),
    T(starttls), T(smuggling), T(pipelining), T(odd_replies), T(not_ftp))
