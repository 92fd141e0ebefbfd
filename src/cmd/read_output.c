// SPDX-License-Identifier: Apache-2.0
#include "cmd/read_output.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct trouble *why, enum text_id id, const char *path, int error)
{
    *why = (struct trouble){id, error, path};
    return false;
}

static bool make_folder(const char *folder, struct trouble *why)
{
    struct stat st;
    if (mkdir(folder, 0777) == 0)
        return true;
    if (errno != EEXIST)
        return fail(why, TEXT_READ_CANNOT_MAKE_FOLDER, folder, errno);
    if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
        return fail(why, TEXT_READ_NOT_A_FOLDER, folder, ENOTDIR);
    return true;
}

bool events_name(
    struct events_file *file, const char *folder, const char *name, struct trouble *why)
{
    struct stat st;
    file->fd = -1;
    file->nameless = false;
    if (!make_folder(folder, why))
        return false;
    bool fits = snprintf(file->path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
    if (fits && !realpath(file->path, file->target))
        snprintf(file->target, PATH_MAX, "%s", file->path);
    fits = fits && snprintf(file->part, PATH_MAX, "%s.part", file->target) < PATH_MAX;
    if (!fits)
        return fail(why, TEXT_READ_CANNOT_MAKE_FOLDER, folder, ENAMETOOLONG);
    file->in_place = stat(file->target, &st) == 0 && !S_ISREG(st.st_mode);
    return true;
}

static bool same_file(const struct stat *input, const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_dev == input->st_dev && st.st_ino == input->st_ino;
}

bool events_is_input(const struct events_file *file, const char *path)
{
    struct stat input;
    bool standard = path[0] == '-' && path[1] == '\0';
    if ((standard ? fstat(STDIN_FILENO, &input) : stat(path, &input)) != 0)
        return false;
    return S_ISREG(input.st_mode) &&
           (same_file(&input, file->target) || same_file(&input, file->part));
}

bool events_open(struct events_file *file, struct trouble *why)
{
    const char *name = file->in_place ? file->target : file->part;
    int more = file->in_place ? 0 : O_CREAT | O_TRUNC | O_NOFOLLOW;
    file->fd = open(name, O_WRONLY | O_CLOEXEC | more, 0666);
    return file->fd >= 0 || fail(why, TEXT_READ_CANNOT_WRITE, file->path, errno);
}

int events_close(struct events_file *file, enum events_fate fate)
{
    if (file->fd < 0 || file->nameless)
        return 0;
    if (close(file->fd) != 0)
        return errno;
    if (file->in_place || fate == EVENTS_STAY_PART)
        return 0;
    if (fate == EVENTS_WHOLE)
        return rename(file->part, file->target) == 0 ? 0 : errno;
    (void)unlink(file->part);
    return 0;
}

int files_open(const char *folder, char path[PATH_MAX], struct trouble *why)
{
    int fd = -1;
    errno = ENAMETOOLONG;
    if (snprintf(path, PATH_MAX, "%s/files", folder) < PATH_MAX &&
        (mkdir(path, 0700) == 0 || errno == EEXIST))
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        (void)fail(why, TEXT_READ_CANNOT_MAKE_FOLDER, path, errno);
    return fd;
}
