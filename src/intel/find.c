// SPDX-License-Identifier: Apache-2.0
// Values in the forms in which a list may have them.
#include "intel/find.h"
#include "base/hash.h"

enum { FOLDERS = 24, DOMAINS = 32, NAME_BYTES = 255, PORT_TEXT = 6, KEY_ASIDE = 16 };

void found_begin(struct found *found, const struct store *store)
{
    found->store = store; // the rest is written before it is read
    found->lookups = 0;
    found->value = 0;
    found->probes_count = found->count = found->bytes_len = 0;
}

// Room for a key; what of it is used is taken by key_take().
static uint8_t *key_room(struct found *found, size_t len)
{
    return found->bytes_len + len <= sizeof found->bytes ? &found->bytes[found->bytes_len] : NULL;
}

static struct bytes key_take(struct found *found, size_t len)
{
    struct bytes key = bytes_make(&found->bytes[found->bytes_len], len);
    found->bytes_len += len;
    return key;
}

static void probe_push(struct found *found, enum intel_kind kind, struct bytes key, uint64_t hash)
{
    if (found->probes_count == FOUND_PROBES)
        found_run(found);
    found->probes[found->probes_count++] = (struct probe){key, hash, (uint8_t)kind, found->value};
    found->lookups++;
}

static void probe_range(struct found *found, struct bytes key, const struct addr *a)
{
    ranges_prefetch(found->store->ranges, a);
    probe_push(found, INTEL_RANGE, key, 0);
}

static void probe_put(struct found *found, enum intel_kind kind, struct bytes key, uint64_t hash)
{
    if (key.len == 0 || !store_has(found->store, kind))
        return;
    store_prefetch(found->store, hash);
    probe_push(found, kind, key, hash);
}

static void probe_add(struct found *found, enum intel_kind kind, struct bytes key)
{
    if (key.len > 0 && store_has(found->store, kind))
        probe_put(found, kind, key, store_hash(found->store, kind, key));
}

static void candidate_add(struct found *found, const struct probe *p, uint32_t ref)
{
    for (size_t i = found->count; i > 0 && found->list[i - 1].value == p->value; i--) {
        if (found->list[i - 1].ref == ref)
            return;
    }
    if (found->count == FOUND_MOST)
        return;
    found->list[found->count++] = (struct candidate){p->key, ref, p->kind, p->value};
    store_prefetch_entry(found->store, ref);
}

static void run_hashed(struct found *found, const struct probe *p)
{
    uint32_t refs[BUCKET_ALIKE];
    size_t count = store_candidates(found->store, (enum intel_kind)p->kind, p->hash, refs);
    for (size_t i = 0; i < count; i++)
        candidate_add(found, p, refs[i]);
}

static void run_range(struct found *found, const struct probe *p)
{
    const struct ranges *ranges = found->store->ranges;
    struct addr a = p->key.len == 4 ? addr_v4(p->key.data) : addr_v6(p->key.data);
    for (uint32_t piece = ranges_find(ranges, &a); piece != STORE_NONE;
         piece = ranges_wider(ranges, &a, piece))
        candidate_add(found, p, ranges_ref(ranges, &a, piece));
}

void found_run(struct found *found)
{
    for (size_t i = 0; i < found->probes_count; i++) {
        if (found->probes[i].kind == INTEL_RANGE)
            run_range(found, &found->probes[i]);
        else
            run_hashed(found, &found->probes[i]);
    }
    found->probes_count = 0;
}

// ---- Addresses.

void find_address(struct found *found, const struct addr *a, uint16_t port)
{
    size_t len = a->version == 4 ? 4 : 16;
    uint8_t *key = key_room(found, len + 2);
    if (a->version == 0 || !key)
        return;
    memcpy(key, a->bytes, len);
    key[len] = (uint8_t)(port >> 8);
    key[len + 1] = (uint8_t)port;
    struct bytes with_port = key_take(found, len + 2), address = bytes_sub(with_port, 0, len);
    if (port)
        probe_add(found, INTEL_ADDRESS_PORT, with_port);
    probe_add(found, INTEL_ADDRESS, address);
    if (store_has(found->store, INTEL_RANGE))
        probe_range(found, address, a);
}

// ---- Names.

// Domains the name lies in, itself too: the last of them, if somebody made up very many.
static void find_domains(struct found *found, struct bytes name, uint64_t hash)
{
    size_t dots = 0;
    for (size_t i = 0; i < name.len; i++)
        dots += name.data[i] == '.';
    if (dots > 0) // no indicator is a top-level domain
        probe_put(found, INTEL_DOMAIN, name, hash);
    for (; dots > 1; dots--) {
        name = bytes_from(name, bytes_find_byte(name, '.') + 1);
        if (dots - 1 <= DOMAINS)
            probe_add(found, INTEL_DOMAIN, name);
    }
}

// The name as a host, as a URL of all it has, and as each domain it lies in. What is told first is
// the host.
static void find_name(struct found *found, size_t len)
{
    found->bytes[found->bytes_len + len] = '/';
    struct bytes url = key_take(found, len + 1), name = bytes_sub(url, 0, len);
    uint64_t hash = store_hash(found->store, INTEL_HOST, name);
    probe_put(found, INTEL_HOST, name, hash);
    probe_put(found, INTEL_URL, url, hash);
    find_domains(found, name, hash);
}

// "host:port", "[address]:port": the port is taken off.
static struct bytes port_cut(struct bytes text, uint16_t *port)
{
    uint64_t value;
    size_t colon = bytes_find_byte(text, ':');
    if (bytes_at(text, 0) == '[') {
        size_t end = bytes_find_byte(text, ']');
        struct bytes after =
            end == BYTES_NOT_FOUND ? bytes_make(NULL, 0) : bytes_from(text, end + 1);
        if (bytes_at(after, 0) == ':' && bytes_to_u64(bytes_from(after, 1), &value) &&
            value <= UINT16_MAX)
            *port = (uint16_t)value;
        return bytes_sub(text, 1, end == BYTES_NOT_FOUND ? 0 : end - 1);
    }
    if (colon == BYTES_NOT_FOUND || text.len - colon > PORT_TEXT ||
        !bytes_to_u64(bytes_from(text, colon + 1), &value) || value > UINT16_MAX)
        return text;
    *port = (uint16_t)value;
    return bytes_sub(text, 0, colon);
}

void find_host(struct found *found, struct bytes text, uint16_t port)
{
    struct addr a;
    text = port_cut(text, &port);
    uint8_t last = text.len ? text.data[text.len - 1] : 0;
    bool digits = (last >= '0' && last <= '9') || bytes_find_byte(text, ':') != BYTES_NOT_FOUND ||
                  (text.len && text.data[0] == ':');
    if (digits && addr_parse(text, &a)) {
        find_address(found, &a, port);
        return;
    }
    uint8_t *name = key_room(found, NAME_BYTES + 1);
    size_t len = name ? name_fold(text, name, NAME_BYTES) : 0;
    if (len > 0)
        find_name(found, len);
}

// ---- URLs.

// Whole, without the query, and each folder it lies in.
static void find_folders(struct found *found, struct bytes key, size_t query_at)
{
    size_t folders = 0;
    probe_add(found, INTEL_URL, key);
    if (query_at < key.len)
        probe_add(found, INTEL_URL, bytes_sub(key, 0, query_at));
    for (size_t at = query_at; at > 0 && folders < FOLDERS; at--) {
        if (key.data[at - 1] != '/' || at == key.len)
            continue;
        probe_add(found, INTEL_URL, bytes_sub(key, 0, at));
        folders++;
    }
}

static void find_path(struct found *found, struct bytes key, size_t query_at)
{
    size_t slash = bytes_find_byte(key, '/');
    if (slash == BYTES_NOT_FOUND)
        return;
    probe_add(found, INTEL_URL_PATH, bytes_from(key, slash));
    if (query_at < key.len)
        probe_add(found, INTEL_URL_PATH, bytes_sub(key, slash, query_at - slash));
}

static void find_url_form(struct found *found, const struct url *url, bool bare)
{
    size_t query_at;
    uint8_t *room = key_room(found, INTEL_VALUE_BYTES);
    size_t len = room ? url_key(url, room, INTEL_VALUE_BYTES, &query_at) : 0;
    if (len == 0)
        return;
    struct bytes key = key_take(found, len);
    find_folders(found, key, query_at);
    if (bare)
        find_path(found, key, query_at);
}

void find_url(struct found *found, const struct url *url, uint16_t port)
{
    if (!store_has(found->store, INTEL_URL) && !store_has(found->store, INTEL_URL_PATH))
        return;
    find_url_form(found, url, true);
    struct url other = *url;
    other.port = port;
    if (port && url->port == 0 && port != 80 && port != 443)
        find_url_form(found, &other, false);
}

// ---- Others.

// The value in the form of its kind, kept; empty: it has none.
static struct bytes key_make_kept(struct found *found, enum intel_kind kind, struct bytes text)
{
    struct key key;
    uint8_t *room = key_make(&key, kind, text) ? key_room(found, key.len) : NULL;
    if (!room)
        return bytes_make(NULL, 0);
    memcpy(room, key.data, key.len);
    return key_take(found, key.len);
}

void find_value(struct found *found, enum intel_kind kind, struct bytes text)
{
    if (store_has(found->store, kind))
        probe_add(found, kind, key_make_kept(found, kind, text));
}

void find_mail(struct found *found, enum intel_kind kind, struct bytes text)
{
    struct bytes mail = key_make_kept(found, INTEL_MAIL, text);
    if (mail.len == 0)
        return;
    uint64_t hash = store_hash(found->store, kind, mail);
    probe_put(found, INTEL_MAIL, mail, hash);
    probe_put(found, kind, mail, hash);
    find_host(found, bytes_from(mail, bytes_find_byte(mail, '@') + 1), 0);
}

// What is a digest of that length, where a list did not say of what.
static enum intel_kind digest_of_anything(size_t len)
{
    return len == MD5_BYTES ? INTEL_MD5 : len == SHA1_BYTES ? INTEL_SHA1 : INTEL_SHA256;
}

void find_digest(struct found *found, enum intel_kind kind, struct bytes digest, bool raw)
{
    if (!raw)
        digest = key_make_kept(found, kind, digest);
    enum intel_kind any = digest_of_anything(digest.len);
    uint64_t hash = store_hash(found->store, kind, digest);
    probe_put(found, kind, digest, hash);
    if (any != kind)
        probe_put(found, any, digest, hash);
}
