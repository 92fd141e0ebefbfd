// SPDX-License-Identifier: Apache-2.0
#include "file/scan_clamd.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 64 * 1024, // of INSTREAM
    REPLY_BYTES = 1024,
    LENGTH_BYTES = 4,
};

struct clamd {
    char *socket;
    int64_t timeout_us, retry_us;
    int fd;                // -1: not connected
    bool session;          // answered once: an error may mean that it closed an idle session
    int64_t not_before_us; // it failed: left alone until then
    bool told;             // that it does not answer, since it last did
    int64_t deadline_us;   // of the scan that runs
    char cause[CLAMD_NAME_BYTES];
};

struct clamd *clamd_create(const char *socket, int64_t timeout_us, int64_t retry_us)
{
    struct clamd *clamd = base_calloc(1, sizeof *clamd);
    size_t len = strlen(socket) + 1;
    if (!clamd)
        return NULL;
    *clamd = (struct clamd){.timeout_us = timeout_us, .retry_us = retry_us, .fd = -1};
    clamd->socket = base_malloc(len);
    if (!clamd->socket) {
        base_free(clamd);
        return NULL;
    }
    memcpy(clamd->socket, socket, len);
    return clamd;
}

static void hang_up(struct clamd *clamd)
{
    if (clamd->fd >= 0)
        close(clamd->fd);
    clamd->fd = -1;
    clamd->session = false;
}

void clamd_destroy(struct clamd *clamd)
{
    if (!clamd)
        return;
    hang_up(clamd);
    base_free(clamd->socket);
    base_free(clamd);
}

static bool fail(struct clamd *clamd, const char *what)
{
    snprintf(clamd->cause, sizeof clamd->cause, "%s", what);
    return false;
}

// Until the socket is ready or the time over.
static bool wait_for(struct clamd *clamd, short events)
{
    for (;;) {
        int64_t left_us = clamd->deadline_us - clock_monotonic_us();
        if (left_us <= 0)
            return fail(clamd, "no answer in time");
        struct pollfd one = {.fd = clamd->fd, .events = events};
        int ready = poll(&one, 1, (int)(left_us / 1000 + 1));
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return fail(clamd, strerror(errno));
    }
}

static bool connect_to(struct clamd *clamd, const struct sockaddr *to, socklen_t len)
{
    int error = 0;
    socklen_t error_len = sizeof error;
    clamd->fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (clamd->fd < 0)
        return fail(clamd, strerror(errno));
    if (connect(clamd->fd, to, len) == 0)
        return true;
    if (errno != EINPROGRESS && errno != EINTR)
        return fail(clamd, strerror(errno));
    if (!wait_for(clamd, POLLOUT))
        return false;
    if (getsockopt(clamd->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0)
        error = errno;
    return error == 0 || fail(clamd, strerror(error));
}

static bool connect_path(struct clamd *clamd)
{
    union {
        struct sockaddr any;
        struct sockaddr_un path;
    } to = {.path = {.sun_family = AF_UNIX}};
    if (strlen(clamd->socket) >= sizeof to.path.sun_path)
        return fail(clamd, "the path of the socket is too long");
    strcpy(to.path.sun_path, clamd->socket);
    return connect_to(clamd, &to.any, sizeof to.path);
}

// host:port or [address]:port; a name is looked up by the system, which may take its time: give an
// address.
static bool connect_host(struct clamd *clamd)
{
    char host[256];
    const char *colon = strrchr(clamd->socket, ':');
    struct bytes name = bytes_from_text(clamd->socket);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (!colon || name.len >= sizeof host)
        return fail(clamd, "neither a path nor host:port");
    name = bytes_sub(name, 0, name.len - strlen(colon));
    if (name.len > 2 && name.data[0] == '[' && name.data[name.len - 1] == ']')
        name = bytes_sub(name, 1, name.len - 2);
    snprintf(host, sizeof host, "%.*s", (int)name.len, (const char *)name.data);
    int status = getaddrinfo(host, &colon[1], &hints, &found);
    if (status != 0)
        return fail(clamd, gai_strerror(status));
    bool ok = false;
    for (const struct addrinfo *a = found; a && !ok; a = a->ai_next) {
        hang_up(clamd);
        ok = connect_to(clamd, a->ai_addr, a->ai_addrlen);
    }
    freeaddrinfo(found);
    return ok;
}

static bool send_all(struct clamd *clamd, const void *data, size_t len)
{
    struct bytes left = bytes_make(data, len);
    while (left.len > 0) {
        ssize_t n = send(clamd->fd, left.data, left.len, MSG_NOSIGNAL);
        if (n >= 0)
            left = bytes_from(left, (size_t)n);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            if (!wait_for(clamd, POLLOUT))
                return false;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return fail(clamd, strerror(errno));
    }
    return true;
}

// Up to the zero byte that ends it.
static bool receive(struct clamd *clamd, char reply[REPLY_BYTES])
{
    size_t len = 0;
    while (len < REPLY_BYTES) {
        if (!wait_for(clamd, POLLIN))
            return false;
        ssize_t n = recv(clamd->fd, &reply[len], 1, 0);
        if (n == 0)
            return fail(clamd, "it closed the connection");
        if (n < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
            return fail(clamd, strerror(errno));
        if (n == 1 && reply[len++] == '\0')
            return true;
    }
    return fail(clamd, "its answer is too long");
}

static bool connected(struct clamd *clamd)
{
    if (clamd->fd >= 0)
        return true;
    bool ok = clamd->socket[0] == '/' ? connect_path(clamd) : connect_host(clamd);
    return ok && send_all(clamd, "zIDSESSION", sizeof "zIDSESSION");
}

static bool send_chunk(struct clamd *clamd, struct bytes chunk)
{
    const uint8_t length[LENGTH_BYTES] = {(uint8_t)(chunk.len >> 24), (uint8_t)(chunk.len >> 16),
        (uint8_t)(chunk.len >> 8), (uint8_t)chunk.len};
    return send_all(clamd, length, sizeof length) &&
           (chunk.len == 0 || send_all(clamd, chunk.data, chunk.len));
}

// Has it answered while we are still sending? Then the stream is too long for it.
static bool answered_early(const struct clamd *clamd)
{
    struct pollfd one = {.fd = clamd->fd, .events = POLLIN};
    return poll(&one, 1, 0) > 0;
}

static bool exchange(struct clamd *clamd, struct bytes data, char reply[REPLY_BYTES])
{
    if (!connected(clamd) || !send_all(clamd, "zINSTREAM", sizeof "zINSTREAM"))
        return false;
    for (size_t at = 0; at < data.len; at += CHUNK_BYTES) {
        if (!send_chunk(clamd, bytes_sub(data, at, CHUNK_BYTES)))
            return answered_early(clamd) && receive(clamd, reply);
        if (answered_early(clamd))
            return receive(clamd, reply);
    }
    return send_chunk(clamd, (struct bytes){NULL, 0}) && receive(clamd, reply);
}

// "1: stream: Name FOUND", "1: stream: OK", "INSTREAM size limit exceeded. ERROR"
static enum clamd_answer understand(
    struct clamd *clamd, const char *reply, char name[CLAMD_NAME_BYTES])
{
    struct bytes text = bytes_from_text(reply), found = BYTES(" FOUND"), prefix = BYTES("stream: ");
    size_t at = bytes_find(text, prefix);
    if (at != BYTES_NOT_FOUND)
        text = bytes_from(text, at + prefix.len);
    if (bytes_equal(text, BYTES("OK")))
        return CLAMD_CLEAN;
    bool hit = text.len > found.len && bytes_equal(bytes_from(text, text.len - found.len), found);
    if (hit)
        text = bytes_sub(text, 0, text.len - found.len);
    snprintf(name, CLAMD_NAME_BYTES, "%.*s", (int)text.len, (const char *)text.data);
    if (!hit)
        hang_up(clamd); // after an error clamd ends the session
    return hit ? CLAMD_FOUND : CLAMD_FAILED;
}

static void tell_failure(struct clamd *clamd)
{
    clamd->not_before_us = clock_monotonic_us() + clamd->retry_us;
    if (!clamd->told)
        log_warning("file", "clamd does not scan; files are counted as not scanned until it does",
            LOG_NAME("socket", clamd->socket), LOG_NAME("cause", clamd->cause));
    clamd->told = true;
}

enum clamd_answer clamd_scan(struct clamd *clamd, struct bytes data, char name[CLAMD_NAME_BYTES])
{
    char reply[REPLY_BYTES];
    int64_t now_us = clock_monotonic_us();
    if (now_us < clamd->not_before_us) {
        snprintf(name, CLAMD_NAME_BYTES, "%s", clamd->cause);
        return CLAMD_FAILED;
    }
    clamd->deadline_us = now_us + clamd->timeout_us;
    bool session = clamd->session;
    bool ok = exchange(clamd, data, reply);
    if (!ok && session) { // it may have closed an idle session
        hang_up(clamd);
        ok = exchange(clamd, data, reply);
    }
    if (!ok) {
        hang_up(clamd);
        tell_failure(clamd);
        snprintf(name, CLAMD_NAME_BYTES, "%s", clamd->cause);
        return CLAMD_FAILED;
    }
    if (clamd->told)
        log_info("file", "clamd scans again", LOG_NAME("socket", clamd->socket));
    clamd->told = false;
    clamd->session = true;
    return understand(clamd, reply, name);
}
