// SPDX-License-Identifier: Apache-2.0
// A file of JSON being walked, and what its readers share.
#pragma once
#include "capture/capture.h"
#include "intel/composed.h"
#include "intel/internal.h"
#include "intel/json_feed.h"

struct document {
    struct intel_builder *builder;
    const struct intel_file *file;
    struct lines *lines;
    struct feed *feed;
};

// False: out of memory.
[[nodiscard]] bool document_open(
    struct document *d, struct intel_builder *builder, const struct intel_file *file);

// True: it was read to its end and is whole. Else the reason has been told.
[[nodiscard]] bool document_close(struct document *d);

// Stop reading; nothing is told.
void document_abandon(struct document *d);

// Something about the whole file; false, for readers to answer.
bool document_fail(struct intel_builder *builder, uint64_t line, enum text_id why,
    struct bytes what, struct bytes allowed);

// Members of an object. Empty: not there, or of another type.
struct bytes json_bytes(const json_t *object, const char *key);
bool json_yes(const json_t *object, const char *key); // true, 1, "1"
double json_double_of(
    const json_t *object, const char *key, double otherwise); // numbers in quotes too

// Texts put together, cut at its end.
struct composing {
    char text[INTEL_TEXT_BYTES];
    size_t len;
};
void composing_add(struct composing *to, const char *before, struct bytes text);
static inline struct bytes composing_bytes(const struct composing *c)
{
    return bytes_make(c->text, c->len);
}

// "Phishing - T1566.002" → "T1566.002"; {NULL, 0}: no technique of ATT&CK in it.
struct bytes technique_in(struct bytes text);

// An attack phase by its name in a kill chain, of Lockheed Martin's or ATT&CK's; PHASE_NONE.
enum phase phase_of_word(struct bytes word);
