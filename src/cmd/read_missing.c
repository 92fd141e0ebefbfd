// SPDX-License-Identifier: Apache-2.0
// What the summary of `yagura read` owns up to: what was lost, and what came but could not be read.
#include "base/utf8.h"
#include "cmd/layout.h"
#include "cmd/read_print.h"
#include "cmd/read_summary.h"
#include "decode/decode.h"

enum { LINKS_TEXT = 256 };

// A further line under a label.
static void next_line(bool *first)
{
    if (!*first)
        printf("\n%*s", LABEL, "");
    *first = false;
}

static void line_count(
    const struct printer *p, bool *first, enum text_id id, enum text_id one, uint64_t n)
{
    if (n == 0)
        return;
    next_line(first);
    print_count(p, n == 1 ? one : id, n);
}

static void line_gaps(const struct printer *p, bool *first)
{
    const struct metrics *m = &p->result->metrics;
    char count[LAYOUT_NUMBER], bytes[LAYOUT_NUMBER];
    if (m->tcp_reassembly_gap == 0)
        return;
    layout_number(m->tcp_reassembly_gap, count);
    layout_bytes(m->tcp_gap_bytes, bytes);
    struct text_arg args[] = {{"count", bytes_from_text(count)}, {"bytes", bytes_from_text(bytes)}};
    next_line(first);
    cmd_print(stdout, COUNTED(TEXT_READ_GAPS, m->tcp_reassembly_gap), p->lang, args, 2);
}

// What limits of memory left out, each thing by its name.
static void lines_of_memory(const struct printer *p, bool *first)
{
    const struct metrics *m = &p->result->metrics;
    line_count(p, first, BOTH(TEXT_READ_FLOW_MEMCAP), m->flow_memcap);
    line_count(p, first, BOTH(TEXT_READ_FLOW_EVICTED), m->flow_evicted);
    line_count(p, first, BOTH(TEXT_READ_TCP_MEMCAP), m->tcp_memcap);
    line_count(p, first, BOTH(TEXT_READ_SEGMENT_MEMCAP), m->tcp_segment_memcap_drop);
    line_count(p, first, BOTH(TEXT_READ_APP_MEMCAP), m->app_layer_memcap);
    line_count(p, first, BOTH(TEXT_READ_APP_UNNAMED), m->app_layer_unnamed);
    line_count(p, first, BOTH(TEXT_READ_FILE_MEMCAP), m->file_memcap);
}

// What limits kept rules from looking at, or from deciding.
static void lines_of_rules(const struct printer *p, bool *first)
{
    const struct metrics *m = &p->result->metrics;
    line_count(p, first, BOTH(TEXT_READ_RULES_BUDGET), m->rules_budget + m->rules_pcre_limit);
    line_count(p, first, BOTH(TEXT_READ_RULES_MEMCAP),
        m->rules_memcap + m->rules_tx_dropped + m->rules_transform_memcap);
    line_count(p, first, BOTH(TEXT_READ_RULES_DATASET), m->rules_dataset_memcap);
    line_count(p, first, BOTH(TEXT_READ_YARA_STOPPED), m->file_yara_stopped);
}

bool print_losses(const struct printer *p)
{
    const struct metrics *m = &p->result->metrics;
    uint64_t cut = 0, bad = 0;
    size_t sources = capture_sources(p->result->capture);
    for (size_t i = 0; i < sources; i++) {
        struct capture_report report;
        capture_report(p->result->capture, i, &report);
        cut += report.cut_packets;
        bad += report.damages > 0;
    }
    bool first = true;
    print_heading(p, TEXT_READ_COMPLETE);
    if (bad) {
        next_line(&first);
        print_two(p, TEXT_READ_DAMAGED_FILES, "count", bad, "total", sources);
    }
    line_count(p, &first, BOTH(TEXT_READ_CUT_PACKETS), cut);
    line_count(p, &first, BOTH(TEXT_READ_DROPPED_PACKETS), m->capture_dropped);
    line_gaps(p, &first);
    line_count(p, &first, BOTH(TEXT_READ_FRAGMENTS_LOST), m->defrag_timeouts);
    line_count(p, &first, BOTH(TEXT_READ_INVALID_PACKETS), m->decoder_invalid);
    lines_of_memory(p, &first);
    lines_of_rules(p, &first);
    if (first)
        cmd_put(stdout, TEXT_READ_COMPLETE_NONE, p->lang);
    return !first;
}

// decode/ alone knows which link types it decodes.
static bool link_decoded(uint16_t link)
{
    struct packet nothing = {.link = link};
    struct decoded decoded;
    decode_packet(&nothing, &decoded);
    return decoded.kind != DECODE_NOTHING || decoded.reason != DECODE_LINK;
}

// "220 (USB)"; returns the length it has or would have.
static size_t link_write(uint16_t link, bool more, char *out, size_t room)
{
    const char *name = capture_link_name(link);
    return (size_t)snprintf(out, room, name ? "%s%u (%s)" : "%s%u%s", more ? ", " : "",
        (unsigned)link, name ? name : "");
}

size_t read_links_text(const struct capture_report *report, enum lang lang, char *out, size_t room)
{
    char list[LINKS_TEXT] = "";
    size_t len = 0;
    for (uint8_t i = 0; i < report->links_count; i++) {
        uint16_t link = report->links[i];
        if (!link_decoded(link) && len < sizeof list)
            len += link_write(link, len > 0, &list[len], sizeof list - len);
    }
    struct text_arg arg = {"links", bytes_from_text(list)};
    out[0] = '\0';
    return len ? text_format(out, room, TEXT_READ_LINKS, lang, &arg, 1) : 0;
}

static void line_file(bool *first, const char *path, const char *what)
{
    next_line(first);
    cmd_safe(stdout, bytes_from_text(path));
    printf(": ");
    cmd_safe(stdout, bytes_from_text(what));
}

static void lines_of_inputs(const struct printer *p, bool *first)
{
    struct capture_report report;
    char what[CAPTURE_TEXT_BYTES];
    for (size_t i = 0; i < capture_sources(p->result->capture); i++) {
        capture_report(p->result->capture, i, &report);
        if (capture_damage_text(p->result->capture, i, p->lang, what, sizeof what))
            line_file(first, report.path, what);
        if (read_links_text(&report, p->lang, what, sizeof what))
            line_file(first, report.path, what);
    }
}

void print_not_read(const struct printer *p, bool losses)
{
    const struct summary *s = &p->result->summary;
    const struct metrics *m = &p->result->metrics;
    const struct summary_pair *unnamed = map_find(&s->protocols, BYTES("failed"));
    bool first = true;
    printf("\n");
    print_heading(p, TEXT_READ_NOT_READ);
    lines_of_inputs(p, &first);
    line_count(p, &first, BOTH(TEXT_READ_UNKNOWN_LINK), m->decoder_unknown_link);
    line_count(p, &first, BOTH(TEXT_READ_PROTECTED), m->decoder_protected);
    line_count(p, &first, BOTH(TEXT_READ_NOT_DECODED),
        m->decoder_not_ip - m->decoder_unknown_link - m->decoder_protected);
    line_count(p, &first, BOTH(TEXT_READ_NOT_NAMED), unnamed ? unnamed->count : 0);
    line_count(p, &first, BOTH(TEXT_READ_BROKEN), m->app_layer_broken);
    line_count(p, &first, BOTH(TEXT_READ_REFUSED),
        s->hosts.refused + s->names.refused + s->files.refused + s->protocols.refused);
    if (first)
        cmd_put(stdout, losses ? TEXT_READ_READ_REST : TEXT_READ_READ_ALL, p->lang);
}
