// SPDX-License-Identifier: Apache-2.0
// What the program says about itself, one line a message on standard error:
//   yagura: warning: the file ends inside a packet (file cut.pcap, packet 17)
// or, after log_setup() with json, one object a line:
//   {"time":"…","level":"warning","room":"capture","message":"…","file":"cut.pcap","packet":17}
// Messages are constants; what varies goes into pairs, and is escaped there so that a name from the
// wire can neither forge a line nor drive a terminal. A message repeated more often than limit.h
// allows is left out, and the next one says how many were. Any thread may log; a message is one
// write.
#pragma once
#include "base/bytes.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

enum log_kind { LOG_KIND_END, LOG_KIND_TEXT, LOG_KIND_NUMBER };

struct log_pair {
    const char *key;
    enum log_kind kind;
    struct bytes text; // longer than 256 characters printed: cut
    int64_t number;
};

// Pairs of a message: a slice, a C string, a number, the text of errno.
#define LOG_TEXT(name, slice)                                                                      \
    {                                                                                              \
        .key = (name), .kind = LOG_KIND_TEXT, .text = (slice)                                      \
    }
#define LOG_NAME(name, string) LOG_TEXT(name, bytes_from_text(string))
#define LOG_NUMBER(name, value)                                                                    \
    {                                                                                              \
        .key = (name), .kind = LOG_KIND_NUMBER, .number = (int64_t)(value)                         \
    }
#define LOG_ERRNO(error) LOG_NAME("cause", strerror(error))

struct log_options {
    enum log_level least; // quieter ones are left out
    bool json;
    int fd; // where lines go, usually 2
};

// Before that, or without it: INFO and louder, for people, on standard error. Not while other
// threads log.
void log_setup(const struct log_options *options);

// Says how many messages were left out and not told yet; gives memory back. Logging still works.
void log_finish(void);

// log_warning("capture", "the file ends inside a packet", LOG_NAME("file", path));
#define log_debug(...)   LOG_WRITE(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)    LOG_WRITE(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) LOG_WRITE(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)   LOG_WRITE(LOG_LEVEL_ERROR, __VA_ARGS__)

#define LOG_WRITE(level, room, message, ...)                                                       \
    log_write(level, room, message,                                                                \
        (const struct log_pair[]){__VA_ARGS__ __VA_OPT__(, ){.kind = LOG_KIND_END}})

// Pairs end with one of LOG_KIND_END.
void log_write(
    enum log_level level, const char *room, const char *message, const struct log_pair *pairs);
