/* A disk of a size of its own: a library that is preloaded into the program under test.
 *
 * One directory and what is below it are a disk of so many bytes as a file says, which a test may write anew at any time.
 * What the files there take is counted from their blocks each time that one would grow. Where there is not enough left the
 * call fails with ENOSPC, whole: nothing is written in part. statvfs tells what is left.
 *
 *   STROWGER_FULLDISK_DIR   the directory; it exists
 *   STROWGER_FULLDISK_SIZE  a file of eight bytes outside of it: the size, in the byte order of the machine
 *
 * A file counts as taking what its blocks do, which file systems that put off setting space aside tell late: writing into space that was set aside for it is always possible, and so is
 * making a file longer without blocks (ftruncate). Holes in the middle of a file that are filled do not count until they
 * have been. Files that are removed while somebody has them open count no more. Directories take nothing. Two threads that
 * write at one moment may together take a little more than there is. Not followed: mappings, copy_file_range, sendfile,
 * and calls that bypass libc. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(result, name, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static char root[PATH_MAX];
static size_t root_length;
static volatile uint64_t *size;

static void fail(const char *what) {
    fprintf(stderr, "fulldisk: %s: %s\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *dir = getenv("STROWGER_FULLDISK_DIR"), *file = getenv("STROWGER_FULLDISK_SIZE");
    if (!dir || !file) return;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(file);
    void *mapped = mmap(NULL, sizeof *size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) fail(file);
    close(fd);
    if (!realpath(dir, root)) fail(dir);
    root_length = strlen(root);
    size = mapped;
}

static int is_below(const char *path) {
    return size && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* Whether it is a file of the disk. */
static int watched(int fd) {
    char link[64], path[PATH_MAX];
    if (!size) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static uint64_t used_below(int dir) {
    uint64_t all = 0;
    DIR *entries = fdopendir(dir);
    if (!entries) return close(dir), 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct stat found;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (fstatat(dirfd(entries), entry->d_name, &found, AT_SYMLINK_NOFOLLOW)) continue;
        if (S_ISDIR(found.st_mode)) {
            int inner = openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (inner >= 0) all += used_below(inner);
        } else {
            all += (uint64_t)found.st_blocks * 512;
        }
    }
    closedir(entries);
    return all;
}

static uint64_t left(void) {
    int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t used = dir < 0 ? 0 : used_below(dir), all = *size;
    return used < all ? all - used : 0;
}

/* Whether a file of the disk may have space up to that place. */
static int fits(int fd, uint64_t end) {
    struct stat found;
    int before = errno;
    if (fstat(fd, &found)) return errno = before, 1;
    uint64_t has = (uint64_t)found.st_blocks * 512;
    if (end <= has || end - has <= left()) return errno = before, 1;
    errno = ENOSPC;
    return 0;
}

/* Where a write without a place would begin. */
static uint64_t place(int fd) {
    struct stat found;
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && flags & O_APPEND) return fstat(fd, &found) ? 0 : (uint64_t)found.st_size;
    off_t at = lseek(fd, 0, SEEK_CUR);
    return at < 0 ? 0 : (uint64_t)at;
}

static uint64_t length_of(const struct iovec *parts, int count) {
    uint64_t all = 0;
    for (int i = 0; i < count; i++) all += parts[i].iov_len;
    return all;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (watched(fd) && !fits(fd, place(fd) + length)) return -1;
    return real_write(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (watched(fd) && !fits(fd, place(fd) + length_of(parts, count))) return -1;
    return real_writev(fd, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    if (watched(fd) && !fits(fd, (uint64_t)at + length)) return -1;
    return real_pwrite(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite(fd, bytes, length, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t);
    if (watched(fd) && !fits(fd, (uint64_t)at + length_of(parts, count))) return -1;
    return real_pwritev(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev(fd, parts, count, at); }

int fallocate(int fd, int mode, off_t at, off_t length) {
    REAL(int, fallocate, int, int, off_t, off_t);
    if (!(mode & FALLOC_FL_PUNCH_HOLE) && watched(fd) && !fits(fd, (uint64_t)at + (uint64_t)length)) return -1;
    return real_fallocate(fd, mode, at, length);
}

int fallocate64(int fd, int mode, off_t at, off_t length) { return fallocate(fd, mode, at, length); }

static int told(const char *path, int result, struct statvfs *found) {
    char whole[PATH_MAX];
    if (result || !size || !realpath(path, whole) || !is_below(whole)) return result;
    uint64_t unit = found->f_frsize ? found->f_frsize : 1;
    found->f_blocks = *size / unit;
    found->f_bfree = found->f_bavail = left() / unit;
    return result;
}

int statvfs(const char *path, struct statvfs *found) {
    REAL(int, statvfs, const char *, struct statvfs *);
    return told(path, real_statvfs(path, found), found);
}

/* On machines of 64 bits the two are one. */
int statvfs64(const char *path, struct statvfs64 *found) { return statvfs(path, (struct statvfs *)found); }
