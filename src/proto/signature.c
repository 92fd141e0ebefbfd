// SPDX-License-Identifier: Apache-2.0
// Goes through the ways one by one: most fail at their first test, and only flows that no parser
// claims come here, once a side.
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
    if (way->carrier != first->carrier)
        return false;
    for (size_t i = 0; i < way->count; i++)
        if (!test_holds(&signature_tests[way->first + i], first))
            return false;
    return true;
}

const char *signature_find(const struct proto_first *first)
{
    for (size_t i = 0; i < signature_way_count; i++)
        if (way_holds(&signature_ways[i], first))
            return signature_names[signature_ways[i].name].name;
    return NULL;
}

void proto_signatures(proto_each *each, void *context)
{
    for (size_t i = 0; i < signature_name_count; i++)
        each(context, signature_names[i].name, signature_names[i].title);
}
