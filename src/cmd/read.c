// SPDX-License-Identifier: Apache-2.0
// yagura read FILE...: captures in, records and a summary out.
#include "base/clock.h"
#include "base/gate.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "cmd/analysis.h"
#include "cmd/cmd.h"
#include "cmd/layout.h"
#include "cmd/read_summary.h"
#include "schema/reason.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUIET_US = 2'000'000, REFRESH_US = 200'000 };

struct read_options {
    const char *folder; // NULL: no records are written
    const char *config;
    bool quiet, log_json;
    bool keep_files;
    unsigned workers; // 0: as configured
    int first_path;   // its index in argv
};

// Messages are for people, in their language, or for machines, in JSON and English.
struct voice {
    enum lang lang;
    bool json;
};

struct progress {
    int64_t started_us, shown_us;
    bool shown;
    enum lang lang;
};

static void progress_show(struct progress *p, double share, uint64_t packets, int64_t now_us)
{
    double seconds = (double)(now_us - p->started_us) / 1e6;
    char percent[8], count[LAYOUT_NUMBER], rate[LAYOUT_NUMBER], left[16];
    snprintf(percent, sizeof percent, "%3.0f", share < 0 ? 0 : share * 100);
    layout_number(packets, count);
    layout_number((uint64_t)((double)packets / seconds), rate);
    double rest = share > 0 ? seconds / share - seconds : 0;
    snprintf(left, sizeof left, "%d:%02d", (int)rest / 60, (int)rest % 60);
    struct text_arg args[] = {{"percent", bytes_from_text(percent)},
        {"packets", bytes_from_text(count)}, {"rate", bytes_from_text(rate)},
        {"left", bytes_from_text(left)}};
    fputs("\r\033[K", stderr);
    if (share >= 0)
        cmd_print(stderr, TEXT_READ_PROGRESS, p->lang, args, 4);
    else
        cmd_print(stderr, TEXT_READ_PROGRESS_PIPE, p->lang, args + 1, 2);
    fflush(stderr);
}

static void progress_tell(void *context, double share, uint64_t packets)
{
    struct progress *p = context;
    int64_t now = clock_monotonic_us();
    if (now - p->started_us < QUIET_US || now - p->shown_us < REFRESH_US)
        return;
    p->shown_us = now;
    p->shown = true;
    progress_show(p, share, packets, now);
}

static bool parse_workers(const char *word, unsigned *out)
{
    uint64_t n;
    if (!bytes_to_u64(bytes_from_text(word), &n) || n < 1 || n > 64)
        return false;
    *out = (unsigned)n;
    return true;
}

// Returns CMD_DONE to go on; *finished: help was printed.
static enum cmd_exit parse(int argc, char **argv, struct read_options *o, bool *finished)
{
    static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
        {"config", required_argument, NULL, 'c'}, {"quiet", no_argument, NULL, 'q'},
        {"workers", required_argument, NULL, 'w'}, {"log-json", no_argument, NULL, 'j'},
        {"files", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
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
        case 'w':
            if (!parse_workers(optarg, &o->workers))
                return cmd_usage("read", TEXT_CMD_BAD_WORKERS, lang, optarg);
            break;
        case 'h':
            cmd_put(stdout, TEXT_READ_HELP, lang);
            putchar('\n');
            *finished = true;
            return CMD_DONE;
        case ':': return cmd_usage("read", TEXT_CMD_OPTION_NEEDS_VALUE, lang, argv[optind - 1]);
        default: return cmd_usage("read", TEXT_CMD_UNKNOWN_OPTION, lang, argv[optind - 1]);
        }
    }
    o->first_path = optind;
    if (o->keep_files && !o->folder)
        return cmd_usage("read", TEXT_READ_FILES_NEED_OUTPUT, lang, "");
    return optind < argc ? CMD_DONE : cmd_usage("read", TEXT_CMD_NO_FILES, lang, "");
}

// One message on standard error.
static void tell(
    struct voice voice, enum log_level level, enum text_id id, const char *file, const char *reason)
{
    char name[PATH_MAX], message[2 * PATH_MAX];
    size_t len = utf8_print(bytes_from_text(file), name, sizeof name);
    struct text_arg args[] = {{"file", bytes_make(name, len)}, {"reason", bytes_from_text(reason)}};
    (void)text_format(message, sizeof message, id, voice.lang, args, 2);
    if (!voice.json)
        fprintf(stderr, "yagura: %s\n", message);
    else if (!file)
        LOG_WRITE(level, "read", message);
    else
        LOG_WRITE(level, "read", message, LOG_NAME("file", file), LOG_NAME("cause", reason));
}

static void complain(struct voice voice, enum text_id id, const char *file, int error)
{
    tell(voice, LOG_LEVEL_ERROR, id, file, reason_of_errno(error, voice.lang));
}

// Open DIR/events.jsonl for writing; -1: told on standard error.
static int events_open(const char *folder, char path[PATH_MAX], struct voice voice)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        complain(voice, TEXT_READ_CANNOT_MAKE_FOLDER, folder, errno);
        return -1;
    }
    if (snprintf(path, PATH_MAX, "%s/events.jsonl", folder) >= PATH_MAX) {
        complain(voice, TEXT_READ_CANNOT_MAKE_FOLDER, folder, ENAMETOOLONG);
        return -1;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        complain(voice, TEXT_READ_CANNOT_WRITE, path, errno);
    return fd;
}

// Make and open DIR/files; -1: told on standard error.
static int files_open(const char *folder, char path[PATH_MAX], struct voice voice)
{
    int fd = -1;
    errno = ENAMETOOLONG;
    if (snprintf(path, PATH_MAX, "%s/files", folder) < PATH_MAX &&
        (mkdir(path, 0700) == 0 || errno == EEXIST))
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        complain(voice, TEXT_READ_CANNOT_MAKE_FOLDER, path, errno);
    return fd;
}

// What the summary says is not said here as well: damage is told when there is none.
static void warn_of_inputs(const struct analysis_result *result, bool summary, struct voice voice)
{
    char damage[CAPTURE_TEXT_BYTES];
    for (size_t i = 0; i < capture_sources(result->capture); i++) {
        struct capture_report report;
        capture_report(result->capture, i, &report);
        size_t len = capture_damage_text(result->capture, i, voice.lang, damage, sizeof damage);
        if (report.unreadable || (len && !summary))
            tell(voice, LOG_LEVEL_WARNING, TEXT_READ_UNREADABLE, report.path, damage);
    }
}

static enum cmd_exit finish(const struct analysis_result *result, int events_fd,
    const char *events_path, struct voice voice)
{
    int error = result->write_error;
    if (events_fd >= 0 && close(events_fd) != 0 && error == 0)
        error = errno;
    if (error) {
        complain(voice, TEXT_READ_CANNOT_WRITE, events_path, error);
        return CMD_FAILED;
    }
    if (result->interrupted) {
        tell(voice, LOG_LEVEL_ERROR, TEXT_READ_INTERRUPTED, NULL, NULL);
        return CMD_FAILED;
    }
    if (result->packets == 0) {
        tell(voice, LOG_LEVEL_ERROR, TEXT_READ_NOTHING, NULL, NULL);
        return CMD_FAILED;
    }
    return CMD_DONE;
}

static unsigned workers_of(const struct read_options *o, const struct config *config)
{
    return o->workers ? o->workers : config->workers ? (unsigned)config->workers : thread_cores();
}

static enum cmd_exit run(const struct read_options *o, const struct config *config,
    const char *const *paths, size_t count)
{
    char events_path[PATH_MAX] = "";
    struct progress progress = {
        .started_us = clock_monotonic_us(), .lang = cmd_lang(config->output.lang)};
    struct voice voice = {o->log_json ? LANG_EN : progress.lang, o->log_json};
    int events_fd = o->folder ? events_open(o->folder, events_path, voice) : -1;
    if (o->folder && events_fd < 0)
        return CMD_FAILED;
    char files_path[PATH_MAX] = "";
    int files_fd = o->keep_files ? files_open(o->folder, files_path, voice) : -1;
    if (o->keep_files && files_fd < 0)
        return CMD_FAILED;
    struct analysis_options options = {
        .config = config,
        .paths = paths,
        .paths_count = count,
        .workers = workers_of(o, config),
        .events_fd = events_fd,
        .files_folder = files_fd,
        .summarise = !o->quiet,
        .progress = o->quiet || !isatty(STDERR_FILENO) ? NULL : progress_tell,
        .progress_context = &progress,
    };
    stop_on_signals();
    struct analysis_result result;
    enum cmd_exit status = CMD_FAILED;
    if (analysis_run(&options, &result)) {
        if (progress.shown)
            fputs("\r\033[K", stderr);
        warn_of_inputs(&result, !o->quiet && result.packets > 0, voice);
        status = finish(&result, events_fd, events_path, voice);
        if (result.keep_error) {
            complain(voice, TEXT_READ_CANNOT_KEEP, files_path, result.keep_error);
            status = CMD_FAILED;
        }
        if (!o->quiet && result.packets > 0)
            read_summary_print(&result, config, progress.lang, o->folder ? events_path : NULL);
    } else {
        tell(voice, LOG_LEVEL_ERROR, TEXT_READ_CANNOT_START, NULL, NULL);
    }
    analysis_finish(&result);
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
    status = run(&options, &config, (const char *const *)&argv[options.first_path],
        (size_t)(argc - options.first_path));
    config_finish(&config);
    return status;
}
