// SPDX-License-Identifier: Apache-2.0
// Loads key logs (draft-ietf-tls-keylogfile) and RSA keys (PEM), finds secrets by the random bytes
// of a ClientHello and keys by the certificate they belong to. Labels of other uses are left out.
// Limits: TLS_KEY_LOG_MAX, TLS_PRIVATE_KEYS_MAX.
#include "proto/tls_secrets.h"
#include "base/alloc.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

struct tls_secrets {
    struct tls_secret *list; // sorted by random and kind
    size_t count, room;
    EVP_PKEY *keys[TLS_PRIVATE_KEYS_MAX];
    size_t key_count;
};

struct tls_secrets *tls_secrets_create(void)
{
    return base_calloc(1, sizeof(struct tls_secrets));
}

void tls_secrets_destroy(struct tls_secrets *secrets)
{
    if (!secrets)
        return;
    if (secrets->list)
        OPENSSL_cleanse(secrets->list, secrets->count * sizeof *secrets->list);
    base_free(secrets->list);
    for (size_t i = 0; i < secrets->key_count; i++)
        EVP_PKEY_free(secrets->keys[i]);
    base_free(secrets);
}

static int secret_compare(const void *a, const void *b)
{
    return memcmp(a, b, TLS_RANDOM_BYTES + 1); // the kind stands behind the random
}

static bool fail(
    struct tls_secrets_trouble *why, enum tls_secrets_problem problem, int error, uint64_t line)
{
    *why = (struct tls_secrets_trouble){problem, error, line};
    return false;
}

// --- key log ----------------------------------------------------------------------------------

static const struct {
    struct bytes label;
    enum tls_secret_kind kind;
} labels[] = {
    {BYTES("CLIENT_RANDOM"), SECRET_MASTER},
    {BYTES("CLIENT_HANDSHAKE_TRAFFIC_SECRET"), SECRET_CLIENT_HANDSHAKE},
    {BYTES("SERVER_HANDSHAKE_TRAFFIC_SECRET"), SECRET_SERVER_HANDSHAKE},
    {BYTES("CLIENT_TRAFFIC_SECRET_0"), SECRET_CLIENT_TRAFFIC},
    {BYTES("SERVER_TRAFFIC_SECRET_0"), SECRET_SERVER_TRAFFIC},
};

static bool secret_add(struct tls_secrets *secrets, const struct tls_secret *secret)
{
    if (secrets->count == secrets->room) {
        size_t room = secrets->room ? secrets->room * 2 : 64;
        struct tls_secret *list = base_realloc(secrets->list, room * sizeof *list);
        if (!list)
            return false;
        secrets->list = list;
        secrets->room = room;
    }
    secrets->list[secrets->count++] = *secret;
    return true;
}

// Hexadecimal digits that fill `text`; no more than `most` bytes. 0: they are none.
static size_t hex_read(struct bytes text, uint8_t *out, size_t most)
{
    if (text.len == 0 || text.len % 2 != 0 || text.len / 2 > most)
        return 0;
    for (size_t i = 0; i < text.len / 2; i++) {
        uint64_t byte;
        if (!bytes_hex_to_u64(bytes_sub(text, 2 * i, 2), &byte))
            return 0;
        out[i] = (uint8_t)byte;
    }
    return text.len / 2;
}

static struct bytes word_take(struct bytes *line)
{
    size_t end = bytes_find_byte(*line, ' ');
    struct bytes word = bytes_sub(*line, 0, end);
    *line = end == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(*line, end + 1);
    return word;
}

enum line_answer { LINE_OTHER, LINE_SECRET, LINE_DAMAGED };

static enum line_answer line_read(struct bytes line, struct tls_secret *out)
{
    struct bytes label = word_take(&line);
    size_t which = 0;
    while (which < sizeof labels / sizeof *labels && !bytes_equal(label, labels[which].label))
        which++;
    if (which == sizeof labels / sizeof *labels)
        return LINE_OTHER;
    struct bytes random = word_take(&line);
    memset(out, 0, sizeof *out);
    out->kind = (uint8_t)labels[which].kind;
    out->len = (uint8_t)hex_read(line, out->value, sizeof out->value);
    bool right_size = out->len == 48 || (out->len == 32 && out->kind != SECRET_MASTER);
    bool good =
        right_size && hex_read(random, out->random, sizeof out->random) == sizeof out->random;
    return good ? LINE_SECRET : LINE_DAMAGED;
}

static bool line_add(
    struct tls_secrets *secrets, struct bytes text, uint64_t line, struct tls_secrets_trouble *why)
{
    struct tls_secret secret;
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    enum line_answer answer = line_read(bytes_trim(text), &secret);
    if (answer == LINE_DAMAGED)
        return fail(why, SECRETS_DAMAGED, 0, line);
    if (answer == LINE_OTHER)
        return true;
    bool full = secrets->count == TLS_KEY_LOG_MAX;
    bool added = !full && secret_add(secrets, &secret);
    OPENSSL_cleanse(&secret, sizeof secret);
    if (full)
        return fail(why, SECRETS_TOO_MANY, 0, line);
    return added || fail(why, SECRETS_UNREADABLE, ENOMEM, line);
}

bool tls_secrets_key_log(
    struct tls_secrets *secrets, const char *path, struct tls_secrets_trouble *why)
{
    char *text = NULL;
    size_t room = 0;
    bool good = true;
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(why, SECRETS_UNREADABLE, errno, 0);
    ssize_t len;
    errno = 0;
    for (uint64_t line = 1; good && (len = getline(&text, &room, file)) >= 0; line++)
        good = line_add(secrets, bytes_make(text, (size_t)len), line, why);
    if (good && !feof(file))
        good = fail(why, SECRETS_UNREADABLE, errno ? errno : EIO, 0);
    if (text)
        OPENSSL_cleanse(text, room);
    free(text); // NOLINT: getline's
    (void)fclose(file);
    if (secrets->count > 0)
        qsort(secrets->list, secrets->count, sizeof *secrets->list, secret_compare);
    return good;
}

const struct tls_secret *tls_secrets_find(
    const struct tls_secrets *secrets, struct bytes random, enum tls_secret_kind kind)
{
    struct tls_secret wanted = {.kind = (uint8_t)kind};
    if (random.len != sizeof wanted.random || secrets->count == 0)
        return NULL;
    memcpy(wanted.random, random.data, sizeof wanted.random);
    return bsearch(&wanted, secrets->list, secrets->count, sizeof *secrets->list, secret_compare);
}

// --- private keys -----------------------------------------------------------------------------

// Never ask at the terminal: a locked key is refused.
static int no_password(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

bool tls_secrets_private_key(
    struct tls_secrets *secrets, const char *path, struct tls_secrets_trouble *why)
{
    if (secrets->key_count == TLS_PRIVATE_KEYS_MAX)
        return fail(why, SECRETS_TOO_MANY, 0, 0);
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(why, SECRETS_UNREADABLE, errno, 0);
    errno = 0;
    int first = fgetc(file); // a folder opens, but cannot be read
    int error = first == EOF ? errno : 0;
    rewind(file);
    EVP_PKEY *key = error ? NULL : PEM_read_PrivateKey(file, NULL, no_password, NULL);
    (void)fclose(file);
    if (error)
        return fail(why, SECRETS_UNREADABLE, error, 0);
    if (!key || !EVP_PKEY_is_a(key, "RSA")) {
        EVP_PKEY_free(key);
        return fail(why, SECRETS_NO_KEY, 0, 0);
    }
    secrets->keys[secrets->key_count++] = key;
    return true;
}

bool tls_secrets_have_keys(const struct tls_secrets *secrets)
{
    return secrets->key_count > 0;
}

static EVP_PKEY *key_of(const struct tls_secrets *secrets, struct bytes certificate)
{
    const uint8_t *at = certificate.data;
    EVP_PKEY *found = NULL;
    X509 *x509 = at ? d2i_X509(NULL, &at, (long)certificate.len) : NULL;
    const EVP_PKEY *theirs = x509 ? X509_get0_pubkey(x509) : NULL;
    for (size_t i = 0; theirs && !found && i < secrets->key_count; i++)
        if (EVP_PKEY_eq(theirs, secrets->keys[i]) == 1)
            found = secrets->keys[i];
    X509_free(x509);
    return found;
}

// RFC 5246 7.4.7.1: the version within is that of the ClientHello; both checks are OpenSSL's.
bool tls_secrets_premaster(const struct tls_secrets *secrets, struct bytes certificate,
    struct bytes encrypted, uint16_t offered, uint16_t agreed, uint8_t out[TLS_PREMASTER_BYTES])
{
    EVP_PKEY *key = key_of(secrets, certificate);
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    unsigned client = offered, chosen = agreed;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &client),
        OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, &chosen),
        OSSL_PARAM_construct_end(),
    };
    size_t len = TLS_PREMASTER_BYTES;
    bool good = ctx && EVP_PKEY_decrypt_init(ctx) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_WITH_TLS_PADDING) > 0 &&
                EVP_PKEY_CTX_set_params(ctx, params) > 0 &&
                EVP_PKEY_decrypt(ctx, out, &len, encrypted.data, encrypted.len) > 0;
    EVP_PKEY_CTX_free(ctx);
    return good && len == TLS_PREMASTER_BYTES;
}
