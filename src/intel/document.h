// SPDX-License-Identifier: Apache-2.0
// What readers of JSON share.
#pragma once
#include "intel/composed.h"
#include "intel/internal.h"
#include "intel/json_feed.h"

// Its first byte that is no white space opens an object or a list, and no [2001:db8::1]:80.
bool document_likely(const struct intel_file *file);

// Is this among its first bytes?
bool document_has(const struct intel_file *file, const char *text);

// True: it was read to its end and is whole. Else the reason has been told, unless the reader
// stopped.
[[nodiscard]] bool document_read(struct intel_builder *builder, const struct intel_file *file,
    const struct feed_reader *reader, void *context);

// A large file is read `once` if that does, else again, in a way that needs two readings.
typedef bool document_reader(
    struct intel_builder *builder, const struct intel_file *file, bool once);
[[nodiscard]] bool document_read_best(
    struct intel_builder *builder, const struct intel_file *file, document_reader *read);

// Something about the whole file; false, for readers to answer.
bool document_fail(struct intel_builder *builder, uint64_t line, enum text_id why,
    struct bytes what, struct bytes allowed);

// "Phishing - T1566.002" → "T1566.002"; {NULL, 0}: no technique of ATT&CK in it.
struct bytes technique_in(struct bytes text);

// An attack phase by its name in a kill chain, of Lockheed Martin's or ATT&CK's; PHASE_NONE.
enum phase phase_of_word(struct bytes word);
