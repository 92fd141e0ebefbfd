// SPDX-License-Identifier: Apache-2.0
// Tokens of a STIX pattern.
#pragma once
#include "intel/pattern.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,    // AND, file, hashes
    TOKEN_LITERAL, // literal
    TOKEN_SIGN,    // op is set for comparisons; else the character in sign
    TOKEN_BROKEN,
};

struct token {
    enum token_kind kind;
    struct bytes text; // as it stands
    size_t at;
    struct literal literal;
    char sign; // '[' ']' '(' ')' ':' '.' ',' '*', or '=' with op
    enum pattern_op op;
    enum text_id why; // of TOKEN_BROKEN
};

struct lexer {
    struct bytes text;
    size_t pos;
    struct arena *arena; // for texts with escapes
};

struct token lexer_next(struct lexer *lexer);
