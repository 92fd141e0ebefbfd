// SPDX-License-Identifier: Apache-2.0
// byte_test, byte_jump, byte_extract, byte_math, isdataat.
#include "base/cursor.h"
#include "rules/match_run.h"

enum { NUMBER_BYTES = 8, DIGITS = 24, SHIFT_MOST = 64 };

struct number_read {
    uint64_t value;
    int64_t at, taken; // where it stands in the buffer, bytes it takes
};

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static size_t skip_spaces(struct bytes text)
{
    size_t at = 0;
    while (at < text.len && (text.data[at] == ' ' || (text.data[at] >= 9 && text.data[at] <= 13)))
        at++;
    return at;
}

// A number in text as strtoull() reads one. False: no digits, or too large.
static bool read_text(struct bytes text, unsigned base, struct number_read *out)
{
    size_t at = skip_spaces(text);
    bool minus = bytes_at(text, at) == '-';
    at += minus || bytes_at(text, at) == '+';
    bool prefix = bytes_at(text, at) == '0' && (bytes_at(text, at + 1) | 0x20) == 'x' &&
                  digit_of(bytes_at(text, at + 2)) < 16;
    if (base == 0)
        base = prefix ? 16 : bytes_at(text, at) == '0' ? 8 : 10;
    if (base == 16 && prefix)
        at += 2;
    size_t first = at;
    uint64_t value = 0;
    for (; at < text.len && digit_of(text.data[at]) < (int)base; at++)
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit_of(text.data[at]), &value))
            return false;
    out->value = minus ? 0 - value : value;
    out->taken = (int64_t)at;
    return at > first;
}

static bool read_binary(struct bytes raw, bool little, uint64_t *out)
{
    if (raw.len > NUMBER_BYTES)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < raw.len; i++)
        value = value << 8 | raw.data[little ? raw.len - 1 - i : i];
    *out = value;
    return true;
}

// The number an operation reads. False: it does not lie in the buffer, or is none.
static bool read_number(
    const struct match_run *run, const struct rule_bytes_op *op, struct number_read *out)
{
    int64_t len = match_len(run), count = match_value(run, &op->count);
    out->at = (op->relative ? run->behind : -(int64_t)run->start) + match_value(run, &op->offset);
    if (out->at < 0 || count < 0 || out->at > len || count > len - out->at)
        return false;
    if (op->relative && out->at >= len)
        return false;
    struct bytes raw = bytes_sub(run->data, (size_t)out->at, (size_t)count);
    if (op->string)
        return raw.len < DIGITS && read_text(raw, op->base, out);
    out->taken = count;
    bool little = op->order == BYTES_LITTLE || (op->order == BYTES_DCE && run->s->dce_little);
    return read_binary(raw, little, &out->value);
}

// The bits of the mask, moved down to the lowest of them.
static uint64_t masked(uint64_t value, uint32_t mask)
{
    return mask ? (value & mask) >> __builtin_ctz(mask) : value;
}

static bool compare(char op, uint64_t value, uint64_t with)
{
    switch (op) {
    case '<': return value < with;
    case '>': return value > with;
    case '=': return value == with;
    case '&': return (value & with) != 0;
    case '^': return (value ^ with) != 0;
    case 'l': return value <= with;
    case 'g': return value >= with;
    default: return false;
    }
}

bool match_byte_test(struct match_run *run, const struct rule_bytes_op *op)
{
    struct number_read number;
    if (!read_number(run, op, &number))
        return false;
    uint64_t value = masked(number.value, op->bitmask);
    return compare(op->op, value, (uint64_t)match_value(run, &op->value)) != op->negated;
}

static uint64_t aligned(uint64_t value, uint8_t align)
{
    return align && value % align ? value + align - value % align : value;
}

static uint64_t times(uint64_t value, int64_t multiplier)
{
    return multiplier ? value * (uint64_t)multiplier : value;
}

bool match_byte_jump(struct match_run *run, const struct rule_bytes_op *op)
{
    struct number_read number;
    if (!read_number(run, op, &number))
        return false;
    uint64_t value = times(masked(number.value, op->bitmask), op->multiplier);
    int64_t jump = (int64_t)aligned(value, op->align);
    int64_t from = number.taken + number.at;
    if (op->from_beginning)
        from = -(int64_t)run->start;
    else if (op->from_end)
        from = match_len(run);
    if (__builtin_add_overflow(jump, op->post_offset, &jump) ||
        __builtin_add_overflow(jump, from, &jump))
        return false;
    if (jump < 0 || jump >= match_len(run))
        return false;
    run->behind = jump;
    return true;
}

static void set_var(struct match_run *run, uint8_t result, uint64_t value)
{
    if (result)
        run->s->vars[(result - 1) % RULE_VARS] = (int64_t)value;
}

bool match_byte_extract(struct match_run *run, const struct rule_bytes_op *op)
{
    struct number_read number;
    if (!read_number(run, op, &number))
        return false;
    set_var(run, op->result, aligned(times(number.value, op->multiplier), op->align));
    run->behind = number.taken + number.at;
    return true;
}

bool match_byte_math(struct match_run *run, const struct rule_bytes_op *op)
{
    struct number_read number;
    if (!read_number(run, op, &number))
        return false;
    uint64_t value = number.value, with = (uint64_t)match_value(run, &op->value);
    switch (op->op) {
    case '+': value += with; break;
    case '-': value -= with; break;
    case '*': value *= with; break;
    case '/':
        if (with == 0)
            return false;
        value /= with;
        break;
    case '<': value = with < SHIFT_MOST ? value << with : 0; break;
    case '>': value = with < SHIFT_MOST ? value >> with : 0; break;
    default: return false;
    }
    set_var(run, op->result, masked(value, op->bitmask));
    run->behind = number.taken + number.at;
    return true;
}

bool match_isdataat(const struct match_run *run, const struct rule_bytes_op *op)
{
    int64_t at = match_value(run, &op->value);
    bool there = op->relative ? run->behind + at <= match_len(run)
                              : at < (int64_t)run->start + match_len(run);
    if (!there && !run->ends) // what is to come decides
        return false;
    return there != op->negated;
}
