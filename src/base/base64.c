// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

void base64_encode(struct bytes in, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t o = 0;
    for (size_t i = 0; i < in.len; i += 3) {
        size_t there = in.len - i < 3 ? in.len - i : 3;
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < there ? in.data[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            out[o++] = k <= there ? digits[v >> (18 - 6 * k) & 63] : '=';
    }
}
