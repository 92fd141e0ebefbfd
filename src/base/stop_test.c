// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"
#include "base/test.h"
#include <signal.h>
#include <unistd.h>

TEST(the_first_signal_asks)
{
    int pipe_fd[2];
    CHECK(pipe(pipe_fd) == 0);
    stop_on_signals();
    CHECK(!stop_asked());
    CHECK(write(pipe_fd[1], "x", 1) == 1);
    CHECK(stop_or_readable(pipe_fd[0]));
    char byte;
    CHECK(read(pipe_fd[0], &byte, 1) == 1);
    CHECK(raise(SIGTERM) == 0);
    CHECK(stop_asked());
    CHECK(!stop_or_readable(pipe_fd[0])); // nothing to read, and nobody waits
    struct sigaction now;
    CHECK(sigaction(SIGTERM, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
}

TEST_MAIN(T(the_first_signal_asks))
