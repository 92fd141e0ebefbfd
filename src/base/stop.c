// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

enum { LOOK_MS = 200 }; // how often a thread that waits for bytes looks whether it is asked to stop

static atomic_bool asked; // lock-free, as a signal handler needs it

static void ask(int number)
{
    (void)number;
    atomic_store(&asked, true);
}

void stop_on_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    // Calls that wait are not started again, so that opening a pipe nobody writes to ends, too.
    struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction now;
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

static atomic_bool anew;

static void ask_anew(int number)
{
    (void)number;
    atomic_store(&anew, true);
}

void reload_on_signal(void)
{
    struct sigaction now, action = {.sa_handler = ask_anew, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

bool reload_asked(void)
{
    return atomic_exchange(&anew, false);
}

bool stop_asked(void)
{
    return atomic_load(&asked);
}

bool stop_or_readable(int fd)
{
    while (!stop_asked()) {
        struct pollfd one = {.fd = fd, .events = POLLIN};
        if (poll(&one, 1, LOOK_MS) > 0) // an error or hang-up, too: read(2) tells which
            return true;
    }
    return false;
}
