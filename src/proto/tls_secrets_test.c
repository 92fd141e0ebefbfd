// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "proto/tls_secrets.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RANDOM_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_HEX "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct tls_secrets_trouble why;

static struct tls_secrets *load(const char *text, bool *good)
{
    char path[] = "/tmp/key_log_XXXXXX";
    int fd = mkstemp(path);
    struct tls_secrets *secrets = tls_secrets_create();
    CHECK(fd >= 0 && secrets);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(fd);
    *good = tls_secrets_key_log(secrets, path, &why);
    (void)unlink(path);
    return secrets;
}

TEST(lines)
{
    bool good;
    uint8_t random[32];
    struct tls_secrets *secrets =
        load("# a comment\n\n"
             "EXPORTER_SECRET not even hexadecimal\r\n"
             "CLIENT_TRAFFIC_SECRET_0 " RANDOM_HEX " " SECRET_HEX "\r\n"
             "CLIENT_RANDOM " RANDOM_HEX " " SECRET_HEX "00000000000000000000000000000000",
            &good);
    CHECK(good);
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)i;
    struct bytes which = bytes_make(random, sizeof random);
    const struct tls_secret *found = tls_secrets_find(secrets, which, SECRET_CLIENT_TRAFFIC);
    CHECK(found && found->len == 32 && found->value[0] == 0xff && found->value[31] == 0x1f);
    found = tls_secrets_find(secrets, which, SECRET_MASTER);
    CHECK(found && found->len == 48);
    CHECK(!tls_secrets_find(secrets, which, SECRET_SERVER_TRAFFIC));
    random[0] = 1;
    CHECK(!tls_secrets_find(secrets, which, SECRET_MASTER));
    tls_secrets_destroy(secrets);
}

TEST(damaged_lines)
{
    static const char *const texts[] = {
        "\nCLIENT_RANDOM\n",
        "\nCLIENT_RANDOM " RANDOM_HEX "\n",
        "\nCLIENT_RANDOM " RANDOM_HEX " " SECRET_HEX "\n", // a master secret has 48 bytes
        "\nCLIENT_TRAFFIC_SECRET_0 " RANDOM_HEX "00 " SECRET_HEX "\n",
        "\nCLIENT_TRAFFIC_SECRET_0 " RANDOM_HEX " " SECRET_HEX "0\n",
        "\nSERVER_TRAFFIC_SECRET_0 " RANDOM_HEX " x" SECRET_HEX "\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool good;
        tls_secrets_destroy(load(texts[i], &good));
        CHECK(!good && why.problem == SECRETS_DAMAGED && why.line == 2);
    }
}

TEST(unreadable)
{
    struct tls_secrets *secrets = tls_secrets_create();
    CHECK(!tls_secrets_key_log(secrets, "/nowhere/keys", &why));
    CHECK(why.problem == SECRETS_UNREADABLE && why.error != 0);
    CHECK(!tls_secrets_key_log(secrets, "/tmp", &why) && why.problem == SECRETS_UNREADABLE);
    CHECK(!tls_secrets_private_key(secrets, "/tmp", &why) && why.problem == SECRETS_UNREADABLE);
    CHECK(!tls_secrets_private_key(secrets, "/dev/null", &why));
    CHECK(why.problem == SECRETS_NO_KEY && !tls_secrets_have_keys(secrets));
    tls_secrets_destroy(secrets);
}

TEST_MAIN(T(lines), T(damaged_lines), T(unreadable))
