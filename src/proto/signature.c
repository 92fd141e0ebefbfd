// SPDX-License-Identifier: Apache-2.0
// The first byte leaves a few dozen ways, which are gone through in order. Only flows that no
// parser claims come here, once a side.
#include "proto/signature.h"

enum { FIND_BYTES = 512 };

static bool masked_equal(struct bytes data, const struct signature_test *test)
{
    for (size_t i = 0; i < test->len; i++)
        if ((data.data[i] ^ (uint8_t)test->bytes[i]) & (uint8_t)test->mask[i])
            return false;
    return true;
}

static int64_t number_at(struct bytes data, const struct signature_test *test)
{
    int64_t value = 0;
    for (size_t i = 0; i < test->width; i++)
        value = value << 8 | data.data[test->little ? test->width - 1U - i : i];
    return value;
}

static bool compares(int64_t left, const struct signature_test *test, size_t size)
{
    int64_t right = test->value + (test->relative ? (int64_t)size : 0);
    switch ((enum signature_compare)test->compare) {
    case SIGNATURE_EQUAL: return left == right;
    case SIGNATURE_AT_MOST: return left <= right;
    case SIGNATURE_AT_LEAST: return left >= right;
    }
    return false;
}

static bool test_holds(const struct signature_test *test, const struct proto_first *first)
{
    struct bytes there = bytes_from(first->data, test->at);
    struct bytes wanted = bytes_make(test->bytes, test->len);
    switch ((enum signature_kind)test->kind) {
    case SIGNATURE_BYTES:
        return there.len >= wanted.len && memcmp(there.data, wanted.data, wanted.len) == 0;
    case SIGNATURE_MASKED: return there.len >= wanted.len && masked_equal(there, test);
    case SIGNATURE_FIND:
        return bytes_find(bytes_sub(first->data, 0, FIND_BYTES), wanted) != BYTES_NOT_FOUND;
    case SIGNATURE_NUMBER:
        return there.len >= test->width && compares(number_at(there, test), test, first->data.len);
    case SIGNATURE_SIZE: return compares((int64_t)first->data.len, test, first->data.len);
    case SIGNATURE_PORT: return first->src_port == test->value || first->dst_port == test->value;
    case SIGNATURE_PROTO: return first->ip_proto == test->value;
    }
    return false;
}

static bool way_holds(const struct signature_way *way, const struct proto_first *first)
{
    for (size_t i = 0; i < way->count; i++)
        if (!test_holds(&signature_tests[way->first + i], first))
            return false;
    return true;
}

const char *signature_find(const struct proto_first *first)
{
    size_t carrier = first->carrier == OVER_TCP ? 0 : first->carrier == OVER_UDP ? 1 : 2;
    bool known =
        first->carrier == OVER_TCP || first->carrier == OVER_UDP || first->carrier == OVER_IP;
    if (!known || first->data.len == 0)
        return NULL;
    size_t list = carrier * 256 + first->data.data[0];
    for (size_t i = signature_starts[list]; i < signature_starts[list + 1]; i++) {
        const struct signature_way *way = &signature_ways[signature_lists[i]];
        if (way_holds(way, first))
            return signature_names[way->name].name;
    }
    return NULL;
}

void proto_signatures(proto_each *each, void *context)
{
    for (size_t i = 0; i < signature_name_count; i++)
        each(context, signature_names[i].name, signature_names[i].title);
}
