// SPDX-License-Identifier: Apache-2.0
// yagura read FILE...: captures in, records and a summary out.
#include "base/gate.h"
#include "base/stop.h"
#include "behaviour/behaviour.h"
#include "cmd/analysis.h"
#include "cmd/cmd.h"
#include "cmd/detection.h"
#include "cmd/layout.h"
#include "cmd/progress.h"
#include "cmd/read_explain.h"
#include "cmd/read_output.h"
#include "cmd/read_secrets.h"
#include "cmd/read_summary.h"
#include "cmd/voice.h"
#include "schema/reason.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct read_options {
    const char *folder; // NULL: no records are written
    const char *config;
    bool quiet, log_json;
    bool keep_files;
    const char *key_log; // NULL: none
    const char *private_keys[TLS_PRIVATE_KEYS_MAX];
    size_t private_keys_count;
    struct detection_options detection;
    const char *explain; // number or id of what is to be shown whole; NULL: nothing
    bool zeek;           // write Zeek's logs instead of events.jsonl
    unsigned workers;    // 0: as configured
    int first_path;      // its index in argv
};

// Where the run's output goes.
struct outputs {
    struct events_file events, findings, incidents, separation;
    struct zeek_folder *zeek; // NULL: records go to events
    FILE *explained;          // the records, to be read again for --explain; NULL: without
    int files_fd;
    char files_path[PATH_MAX];
};

static bool parse_workers(const char *word, unsigned *out)
{
    uint64_t n;
    if (!bytes_to_u64(bytes_from_text(word), &n) || n < 1 || n > 64)
        return false;
    *out = (unsigned)n;
    return true;
}

static bool parse_format(const char *word, bool *zeek)
{
    *zeek = strcmp(word, "zeek") == 0;
    return *zeek || strcmp(word, "eve") == 0;
}

static int standard_inputs(int argc, char **argv)
{
    int count = 0;
    for (int i = optind; i < argc; i++)
        count += strcmp(argv[i], "-") == 0;
    return count;
}

enum { OPTION_RULES = 256, OPTION_INTEL, OPTION_SIGMA, OPTION_YARA, OPTION_EXPLAIN };

static enum cmd_exit add_path(struct detection_paths *paths, const char *path, enum lang lang)
{
    if (paths->count == DETECTION_PATHS)
        return cmd_usage("read", TEXT_DETECT_TOO_MANY_PATHS, lang, path);
    paths->paths[paths->count++] = path;
    return CMD_DONE;
}

// What to look for, and which of the findings to show.
static enum cmd_exit parse_detection(int option, struct read_options *o, enum lang lang)
{
    switch (option) {
    case OPTION_RULES: return add_path(&o->detection.rules, optarg, lang);
    case OPTION_INTEL: return add_path(&o->detection.intel, optarg, lang);
    case OPTION_SIGMA: return add_path(&o->detection.sigma, optarg, lang);
    case OPTION_YARA: return add_path(&o->detection.yara, optarg, lang);
    case OPTION_EXPLAIN:
        o->explain = optarg;
        return read_explain_is_one(optarg) ? CMD_DONE
                                           : cmd_usage("read", TEXT_READ_BAD_EXPLAIN, lang, optarg);
    default: return CMD_USAGE;
    }
}

// Options that do not go together.
static enum cmd_exit check_options(
    int argc, char **argv, const struct read_options *o, enum lang lang)
{
    if (o->keep_files && !o->folder)
        return cmd_usage("read", TEXT_READ_FILES_NEED_OUTPUT, lang, "");
    if (o->zeek && !o->folder)
        return cmd_usage("read", TEXT_READ_FORMAT_NEEDS_OUTPUT, lang, "");
    if (o->zeek && o->explain)
        return cmd_usage("read", TEXT_READ_EXPLAIN_NOT_ZEEK, lang, "");
    if (o->quiet && o->explain)
        return cmd_usage("read", TEXT_READ_EXPLAIN_NOT_QUIET, lang, "");
    if (standard_inputs(argc, argv) > 1)
        return cmd_usage("read", TEXT_READ_ONE_STANDARD_INPUT, lang, "");
    return optind < argc ? CMD_DONE : cmd_usage("read", TEXT_CMD_NO_FILES, lang, "");
}

// Returns CMD_DONE to go on; *finished: help was printed.
static enum cmd_exit parse(int argc, char **argv, struct read_options *o, bool *finished)
{
    static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
        {"config", required_argument, NULL, 'c'}, {"quiet", no_argument, NULL, 'q'},
        {"workers", required_argument, NULL, 'w'}, {"log-json", no_argument, NULL, 'j'},
        {"files", no_argument, NULL, 'f'}, {"format", required_argument, NULL, 'F'},
        {"key-log", required_argument, NULL, 'K'}, {"private-key", required_argument, NULL, 'P'},
        {"rules", required_argument, NULL, OPTION_RULES},
        {"intel", required_argument, NULL, OPTION_INTEL},
        {"sigma", required_argument, NULL, OPTION_SIGMA},
        {"yara", required_argument, NULL, OPTION_YARA},
        {"explain", required_argument, NULL, OPTION_EXPLAIN}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    *finished = false;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":o:c:qh", longs, NULL)) != -1;) {
        switch (c) {
        case 'o': o->folder = optarg; break;
        case 'c': o->config = optarg; break;
        case 'q': o->quiet = true; break;
        case 'j': o->log_json = true; break;
        case 'f': o->keep_files = true; break;
        case 'K': o->key_log = optarg; break;
        case 'P':
            if (o->private_keys_count == TLS_PRIVATE_KEYS_MAX)
                return cmd_usage("read", TEXT_READ_TOO_MANY_KEYS, lang, optarg);
            o->private_keys[o->private_keys_count++] = optarg;
            break;
        case 'w':
            if (!parse_workers(optarg, &o->workers))
                return cmd_usage("read", TEXT_CMD_BAD_WORKERS, lang, optarg);
            break;
        case 'F':
            if (!parse_format(optarg, &o->zeek))
                return cmd_usage("read", TEXT_READ_BAD_FORMAT, lang, optarg);
            break;
        case 'h':
            cmd_put(stdout, TEXT_READ_HELP, lang);
            putchar('\n');
            *finished = true;
            return CMD_DONE;
        case OPTION_RULES:
        case OPTION_INTEL:
        case OPTION_SIGMA:
        case OPTION_YARA:
        case OPTION_EXPLAIN:
            if (parse_detection(c, o, lang) != CMD_DONE)
                return CMD_USAGE;
            break;
        case ':': return cmd_usage("read", TEXT_CMD_OPTION_NEEDS_VALUE, lang, argv[optind - 1]);
        default: return cmd_usage("read", TEXT_CMD_UNKNOWN_OPTION, lang, argv[optind - 1]);
        }
    }
    o->first_path = optind;
    return check_options(argc, argv, o, lang);
}

// One message on standard error.
static void tell(
    struct voice voice, enum log_level level, enum text_id id, const char *file, const char *reason)
{
    struct text_arg arg = {"reason", bytes_from_text(reason)};
    voice_tell(voice, level, id, file, &arg, 1);
}

static void complain(struct voice voice, const struct trouble *why)
{
    tell(voice, LOG_LEVEL_ERROR, why->id, why->path, reason_of_errno(why->error, voice.lang));
}

void read_warn_of_inputs(const struct analysis_result *result, bool summary, struct voice voice)
{
    char reason[CAPTURE_TEXT_BYTES];
    for (size_t i = 0; i < capture_sources(result->capture); i++) {
        struct capture_report report;
        capture_report(result->capture, i, &report);
        size_t len = capture_damage_text(result->capture, i, voice.lang, reason, sizeof reason);
        if (report.unreadable || (len && !summary))
            tell(voice, LOG_LEVEL_WARNING, TEXT_READ_UNREADABLE, report.path, reason);
        if (!summary && read_links_text(&report, voice.lang, reason, sizeof reason))
            tell(voice, LOG_LEVEL_WARNING, TEXT_READ_UNREADABLE, report.path, reason);
    }
}

// What is wrong with logs is said in either case: the summary tells of captures only.
static void warn_of_logs(const struct analysis_result *result, struct voice voice)
{
    char line[LAYOUT_NUMBER], count[LAYOUT_NUMBER];
    for (size_t i = 0; i < result->imported.count; i++) {
        const struct import_report *report = &result->imported.reports[i];
        if (report->trouble[0])
            tell(voice, LOG_LEVEL_WARNING, TEXT_READ_UNREADABLE, report->path, report->trouble);
        layout_number(report->first_damaged, line);
        layout_number(report->damaged, count);
        struct text_arg args[] = {
            {"line", bytes_from_text(line)}, {"count", bytes_from_text(count)}};
        if (report->damaged)
            voice_tell(voice, LOG_LEVEL_WARNING, COUNTED(TEXT_READ_LOG_DAMAGED, report->damaged),
                report->path, args, 2);
        layout_number(report->others, count);
        if (report->others)
            voice_tell(voice, LOG_LEVEL_WARNING, COUNTED(TEXT_READ_LOG_OTHERS, report->others),
                report->path, &args[1], 1);
    }
}

// Whether anything came of it: a packet understood, or one found to break the rules, or a record
// another product wrote.
static bool was_analysed(const struct analysis_result *result)
{
    const struct metrics *m = &result->metrics;
    if (result->imported.records > 0)
        return true;
    return m->decoder_pkts > m->decoder_not_ip + m->decoder_invalid || m->decoder_anomalies > 0;
}

static enum cmd_exit finish(
    const struct analysis_result *result, struct outputs *out, struct voice voice)
{
    struct events_file *events = &out->events;
    bool analysed = was_analysed(result);
    enum events_fate fate = result->write_error ? EVENTS_STAY_PART
                            : analysed          ? EVENTS_WHOLE
                                                : EVENTS_NOTHING;
    int error = out->zeek ? zeek_folder_close(out->zeek, fate) : events_close(&out->events, fate);
    int more = events_close(&out->findings, fate);
    if (more && !error)
        events = &out->findings;
    error = error ? error : more;
    struct events_file *others[] = {&out->incidents, &out->separation};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        more = events_close(others[i], fate);
        if (more && !error)
            events = others[i];
        error = error ? error : more;
    }
    out->zeek = NULL;
    if (result->write_error)
        error = result->write_error;
    if (error) {
        enum text_id id = events->in_place ? TEXT_READ_CANNOT_WRITE : TEXT_READ_WRITE_FAILED;
        complain(voice, &(struct trouble){id, error, events->path});
    } else if (result->interrupted) {
        tell(voice, LOG_LEVEL_ERROR, TEXT_READ_INTERRUPTED, NULL, NULL);
    } else if (!analysed) {
        tell(voice, LOG_LEVEL_ERROR, TEXT_READ_NOTHING, NULL, NULL);
    } else {
        return CMD_DONE;
    }
    return CMD_FAILED;
}

static unsigned workers_of(const struct read_options *o, const struct config *config)
{
    return o->workers ? o->workers : config->workers ? (unsigned)config->workers : thread_cores();
}

// Gone when it is closed. NULL: errno says why.
static FILE *nameless_file(void)
{
    char name[PATH_MAX];
    const char *folder = getenv("TMPDIR");
    snprintf(name, sizeof name, "%s/yagura.XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return NULL;
    (void)unlink(name);
    return fdopen(fd, "w+");
}

// Records to be read again: the file they are written to, or one without a name.
static bool keep_records(struct outputs *out, struct trouble *why)
{
    const char *name = out->events.in_place ? out->events.target : out->events.part;
    if (out->events.fd >= 0) {
        out->explained = fopen(name, "re");
    } else if ((out->explained = nameless_file())) {
        out->events.fd = fileno(out->explained);
        out->events.nameless = true;
    }
    *why = (struct trouble){TEXT_READ_CANNOT_KEEP_RECORDS, errno, "--explain"};
    return out->explained != NULL;
}

// Anything but CMD_DONE: told on standard error, and nothing has been touched.
static enum cmd_exit outputs_open(struct outputs *out, const struct read_options *o,
    const char *const *paths, size_t count, bool separate, struct voice voice)
{
    struct trouble why;
    out->files_fd = out->events.fd = out->findings.fd = -1;
    out->incidents.fd = out->separation.fd = -1;
    out->zeek = NULL;
    out->explained = NULL;
    out->events.path[0] = '\0';
    if (!o->folder && (!o->explain || keep_records(out, &why)))
        return CMD_DONE;
    if (!o->folder) {
        complain(voice, &why);
        return CMD_FAILED;
    }
    bool ok = events_name(&out->events, o->folder, "events.jsonl", &why) &&
              events_name(&out->findings, o->folder, "findings.jsonl", &why) &&
              events_name(&out->incidents, o->folder, "incidents.jsonl", &why) &&
              events_name(&out->separation, o->folder, "separation.jsonl", &why);
    for (size_t i = 0; ok && i < count; i++)
        if (events_is_input(&out->events, paths[i])) {
            tell(voice, LOG_LEVEL_ERROR, TEXT_READ_INPUT_IS_OUTPUT, paths[i], NULL);
            return CMD_USAGE;
        }
    if (ok && o->keep_files)
        ok = (out->files_fd = files_open(o->folder, out->files_path, &why)) >= 0;
    if (ok && o->zeek) {
        out->zeek = zeek_folder_open(o->folder);
        why = (struct trouble){TEXT_READ_CANNOT_MAKE_FOLDER, ENOMEM, o->folder};
        ok = out->zeek != NULL;
    } else {
        ok = ok && events_open(&out->events, &why);
    }
    ok = ok && events_open(&out->findings, &why) && events_open(&out->incidents, &why);
    if (ok && separate)
        ok = events_open(&out->separation, &why);
    if (ok && o->explain)
        ok = keep_records(out, &why);
    if (!ok)
        complain(voice, &why);
    return ok ? CMD_DONE : CMD_FAILED;
}

// Tell what became of a run.
static enum cmd_exit conclude(const struct analysis_result *result, const struct read_options *o,
    const struct config *config, struct outputs *out, struct voice voice)
{
    bool summary = !o->quiet && (result->packets > 0 || result->imported.records > 0);
    read_warn_of_inputs(result, summary && was_analysed(result), voice);
    warn_of_logs(result, voice);
    enum cmd_exit status = finish(result, out, voice);
    if (result->keep_error) {
        complain(
            voice, &(struct trouble){TEXT_READ_CANNOT_KEEP, result->keep_error, out->files_path});
        status = CMD_FAILED;
    }
    bool written = o->folder && was_analysed(result) && result->write_error == 0;
    if (summary && out->explained) {
        enum lang lang = cmd_lang(config->output.lang);
        if (!read_summary_explain(result, config, lang, o->explain, out->explained))
            status = CMD_USAGE;
    } else if (summary)
        read_summary_print(result, config, cmd_lang(config->output.lang),
            !written  ? NULL
            : o->zeek ? o->folder
                      : out->events.path);
    return status;
}

// Put captures before other products' logs, each in the order given. Returns how many there are.
static size_t captures_first(const char **paths, size_t count)
{
    size_t captures = 0;
    for (size_t i = 0; i < count; i++) {
        if (import_is_log(paths[i]))
            continue;
        const char *capture = paths[i];
        memmove(&paths[captures + 1], &paths[captures], (i - captures) * sizeof *paths);
        paths[captures++] = capture;
    }
    return captures;
}

// What a run needs beside its inputs, all borrowed.
struct means {
    const struct config *config;
    const struct tls_secrets *secrets;
    struct detection *detection;
    struct voice voice;
};

static enum cmd_exit run(
    const struct read_options *o, const struct means *means, const char **paths, size_t count)
{
    const struct config *config = means->config;
    struct voice voice = means->voice;
    struct progress progress;
    progress_start(&progress, cmd_lang(config->output.lang));
    struct outputs out;
    enum cmd_exit status = outputs_open(&out, o, paths, count, behaviours_separate(config), voice);
    if (status != CMD_DONE)
        return status;
    size_t captures = captures_first(paths, count);
    struct analysis_options options = {
        .config = config,
        .paths = paths,
        .paths_count = captures,
        .logs = &paths[captures],
        .logs_count = count - captures,
        .zeek = out.zeek,
        .workers = workers_of(o, config),
        .events_fd = out.events.fd,
        .findings_fd = out.findings.fd,
        .incidents_fd = out.incidents.fd,
        .separation_fd = out.separation.fd,
        .files_folder = out.files_fd,
        .secrets = means->secrets,
        .detection = means->detection,
        .summarise = !o->quiet,
        .progress = o->quiet || !isatty(STDERR_FILENO) ? NULL : progress_tell,
        .progress_context = &progress,
    };
    stop_on_signals();
    struct analysis_result result;
    if (analysis_run(&options, &result)) {
        progress_end(&progress);
        status = conclude(&result, o, config, &out, voice);
    } else {
        tell(voice, LOG_LEVEL_ERROR, TEXT_READ_CANNOT_START, NULL, NULL);
        (void)events_close(&out.events, EVENTS_NOTHING);
        (void)events_close(&out.findings, EVENTS_NOTHING);
        (void)events_close(&out.incidents, EVENTS_NOTHING);
        (void)events_close(&out.separation, EVENTS_NOTHING);
        if (out.zeek)
            (void)zeek_folder_close(out.zeek, EVENTS_NOTHING);
        status = CMD_FAILED;
    }
    analysis_finish(&result);
    if (out.explained)
        (void)fclose(out.explained);
    return status;
}

enum cmd_exit cmd_read(int argc, char **argv)
{
    struct read_options options = {0};
    bool finished;
    enum cmd_exit status = parse(argc, argv, &options, &finished);
    if (status != CMD_DONE || finished)
        return status;
    log_setup(&(struct log_options){.least = LOG_LEVEL_INFO, .json = options.log_json, .fd = 2});
    struct config config;
    if (!cmd_config(options.config, &config))
        return CMD_USAGE;
    struct tls_secrets *secrets;
    struct detection *detection = NULL;
    enum lang lang = options.log_json ? LANG_EN : cmd_lang(config.output.lang);
    struct voice voice = {lang, options.log_json};
    status = read_secrets(options.key_log, options.private_keys, options.private_keys_count,
        options.log_json, cmd_lang(config.output.lang), &secrets);
    if (status == CMD_DONE)
        status = detection_load(&options.detection, &config, voice, &detection);
    if (status == CMD_DONE)
        status = run(&options, &(struct means){&config, secrets, detection, voice},
            (const char **)&argv[options.first_path], (size_t)(argc - options.first_path));
    detection_destroy(detection);
    tls_secrets_destroy(secrets);
    config_finish(&config);
    return status;
}
