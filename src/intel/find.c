// SPDX-License-Identifier: Apache-2.0
// Values in the forms in which a list may have them. What is looked up together is fetched
// together: all hashes first, then the buckets, so that their misses of the cache overlap.
#include "intel/find.h"
#include "base/hash.h"

enum { PROBES = 48, FOLDERS = 24, PORT_TEXT = 6 };

struct probe {
    enum intel_kind kind;
    struct bytes key;
    uint64_t hash;
};

struct probes {
    const struct store *store;
    struct probe list[PROBES];
    size_t count;
};

static void probes_begin(struct probes *probes, const struct store *store)
{
    probes->store = store; // the rest is written before it is read
    probes->count = 0;
}

static void probe_add(struct probes *probes, enum intel_kind kind, struct bytes key)
{
    if (probes->count == PROBES || key.len == 0 || !store_has(probes->store, kind))
        return;
    uint64_t hash = store_hash(probes->store, kind, key);
    if (!store_maybe(probes->store, hash))
        return;
    probes->list[probes->count++] = (struct probe){kind, key, hash};
    store_prefetch(probes->store, hash);
}

static void found_add(struct found *found, uint32_t ref)
{
    for (size_t i = 0; i < found->count; i++) {
        if (found->refs[i] == ref)
            return;
    }
    if (ref != STORE_NONE && found->count < FOUND_MOST)
        found->refs[found->count++] = ref;
}

static void probes_run(struct found *found, const struct probes *probes)
{
    for (size_t i = 0; i < probes->count; i++) {
        const struct probe *p = &probes->list[i];
        found_add(found, store_find_hash(probes->store, p->kind, p->key, p->hash));
    }
    found->lookups += probes->count;
}

// ---- Addresses.

void find_address(struct found *found, const struct addr *a, uint16_t port)
{
    struct probes probes;
    probes_begin(&probes, found->store);
    const struct ranges *ranges = found->store->ranges;
    size_t len = a->version == 4 ? 4 : 16;
    uint8_t with_port[18];
    if (a->version == 0)
        return;
    memcpy(with_port, a->bytes, len);
    with_port[len] = (uint8_t)(port >> 8);
    with_port[len + 1] = (uint8_t)port;
    if (port)
        probe_add(&probes, INTEL_ADDRESS_PORT, bytes_make(with_port, len + 2));
    probe_add(&probes, INTEL_ADDRESS, bytes_make(a->bytes, len));
    probes_run(found, &probes);
    if (!store_has(found->store, INTEL_RANGE))
        return;
    found->lookups++;
    for (uint32_t piece = ranges_find(ranges, a); piece != STORE_NONE;
         piece = ranges_wider(ranges, a, piece))
        found_add(found, ranges_ref(ranges, a, piece));
}

// ---- Names.

// The name as a host, as a URL of all it has, and as each domain it lies in.
static void find_name(struct found *found, const uint8_t *name, size_t len)
{
    uint8_t root[256];
    struct probes probes;
    probes_begin(&probes, found->store);
    struct bytes rest = bytes_make(name, len);
    probe_add(&probes, INTEL_HOST, rest);
    if (len < sizeof root) {
        memcpy(root, name, len);
        root[len] = '/';
        probe_add(&probes, INTEL_URL, bytes_make(root, len + 1));
    }
    for (size_t dot; (dot = bytes_find_byte(rest, '.')) != BYTES_NOT_FOUND;) {
        probe_add(&probes, INTEL_DOMAIN, rest); // no indicator is a top-level domain
        rest = bytes_from(rest, dot + 1);
    }
    probes_run(found, &probes);
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
    uint8_t name[256];
    text = port_cut(text, &port);
    uint8_t last = text.len ? text.data[text.len - 1] : 0;
    bool digits = (last >= '0' && last <= '9') || bytes_find_byte(text, ':') != BYTES_NOT_FOUND ||
                  (text.len && text.data[0] == ':');
    if (digits && addr_parse(text, &a)) {
        find_address(found, &a, port);
        return;
    }
    size_t len = name_fold(text, name, sizeof name);
    if (len > 0)
        find_name(found, name, len);
}

// ---- URLs.

// Whole, without the query, and each folder it lies in.
static void probe_path(struct probes *probes, struct bytes key, size_t query_at)
{
    size_t folders = 0;
    probe_add(probes, INTEL_URL, key);
    if (query_at < key.len)
        probe_add(probes, INTEL_URL, bytes_sub(key, 0, query_at));
    for (size_t at = query_at; at > 0 && folders < FOLDERS; at--) {
        if (key.data[at - 1] != '/' || at == key.len)
            continue;
        probe_add(probes, INTEL_URL, bytes_sub(key, 0, at));
        folders++;
    }
}

static void probe_bare_path(struct probes *probes, struct bytes key, size_t query_at)
{
    size_t slash = bytes_find_byte(key, '/');
    if (slash == BYTES_NOT_FOUND)
        return;
    probe_add(probes, INTEL_URL_PATH, bytes_from(key, slash));
    if (query_at < key.len)
        probe_add(probes, INTEL_URL_PATH, bytes_sub(key, slash, query_at - slash));
}

static void find_url_form(struct found *found, const struct url *url, bool bare)
{
    uint8_t key[INTEL_VALUE_BYTES];
    size_t query_at, len = url_key(url, key, sizeof key, &query_at);
    struct probes probes;
    probes_begin(&probes, found->store);
    if (len == 0)
        return;
    probe_path(&probes, bytes_make(key, len), query_at);
    if (bare)
        probe_bare_path(&probes, bytes_make(key, len), query_at);
    probes_run(found, &probes);
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

void find_value(struct found *found, enum intel_kind kind, struct bytes text)
{
    struct key key;
    if (!store_has(found->store, kind) || !key_make(&key, kind, text))
        return;
    found->lookups++;
    found_add(found, store_find(found->store, kind, bytes_make(key.data, key.len)));
}

// What is a digest of that length, where a list did not say of what.
static enum intel_kind digest_of_anything(size_t len)
{
    return len == MD5_BYTES ? INTEL_MD5 : len == SHA1_BYTES ? INTEL_SHA1 : INTEL_SHA256;
}

void find_digest(struct found *found, enum intel_kind kind, struct bytes digest, bool raw)
{
    struct key key;
    if (!raw) {
        if (!key_make(&key, kind, digest))
            return;
        digest = bytes_make(key.data, key.len);
    }
    enum intel_kind any = digest_of_anything(digest.len);
    struct probes probes;
    probes_begin(&probes, found->store);
    probe_add(&probes, kind, digest);
    if (any != kind)
        probe_add(&probes, any, digest);
    probes_run(found, &probes);
}
