// SPDX-License-Identifier: Apache-2.0
// `fuzz --target=NAME [OPTION OF LIBFUZZER | FILE | FOLDER]...` runs one target, `fuzz --list`
// names them: those of fuzz.def and every protocol. One program for all, since each by itself
// would hold the whole of Yagura with its sanitizers, 50 MB.
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct target {
    const char *name;
    void (*run)(const uint8_t *data, size_t size);
    const struct proto *proto;
} targets[] = {
#define TARGET(name, function) {#name, fuzz_##function, NULL},
#include "fuzz.def"
#undef TARGET
#define PROTO(name) {#name, fuzz_proto, &proto_##name},
#include "proto/proto.def"
#undef PROTO
};

enum { TARGETS = sizeof targets / sizeof *targets };

static const struct target *target;

static void list(void)
{
    for (size_t i = 0; i < TARGETS; i++)
        puts(targets[i].name);
}

static void choose(const char *name)
{
    for (size_t i = 0; i < TARGETS; i++)
        if (!strcmp(targets[i].name, name))
            target = &targets[i];
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char option[] = "--target=";
    for (int i = 1; i < *argc; i++) {
        if (!strcmp((*argv)[i], "--list")) {
            list();
            exit(0);
        }
        if (!strncmp((*argv)[i], option, sizeof option - 1))
            choose((*argv)[i] + sizeof option - 1);
    }
    if (!target) {
        fprintf(stderr, "%s: say --target=NAME with one of the names that --list prints\n", **argv);
        exit(2);
    }
    fuzz_proto_under_test = target->proto;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target->run(data, size);
    return 0;
}
