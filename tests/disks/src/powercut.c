/* What a power cut would have left: a library that is preloaded into the program under test.
 *
 * It watches one directory and keeps a shadow of it that holds only what was synced: the contents of a file as of its last
 * fsync or fdatasync, the entries of a directory as of the directory's last fsync. Kill the program at any moment, build a
 * directory from the shadow (src/lib.rs does), and open it: that is what a disk that loses everything unsynced would give.
 *
 *   STROWGER_POWERCUT_DIR     directory to watch; it exists, and what is in it at the start counts as durable
 *   STROWGER_POWERCUT_SHADOW  empty directory for the shadow, outside the watched one
 *   STROWGER_POWERCUT_LEAK    a number: seed by which some unsynced pages and directory entries reach the shadow all the
 *                             same, in no order, as a disk's cache may write them back by itself
 *
 * Shadow: objects/N is a file's durable contents, dirs/N a directory's durable entries ("f OBJECT NAME" or
 * "d OBJECT NAME" by line); directory 0 is the watched one; a file "ready" says that the start is in it. Objects stand for inodes, so a rename needs no care.
 *
 * Not durable, on purpose: sync_file_range, msync, sync, syncfs. Not followed, so refused by abort: shared writable
 * mappings and O_SYNC or O_DSYNC of watched files. Calls that bypass libc are not seen. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(result, name, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

enum { MAX_FILES = 65536, MAX_RANGES = 64, PAGE = 4096 };

/* A watched file or directory. */
struct entry {
    ino_t inode;
    int object;
    off_t kept;      /* Bytes of the durable contents that no truncation has cut since the last sync. */
    int ranges;      /* Unsynced writes; when there are too many, the last one is widened. */
    off_t from[MAX_RANGES], to[MAX_RANGES];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *table[MAX_FILES];
static int objects;
static char root[PATH_MAX], shadow[PATH_MAX - 64];
static dev_t device;
static uint64_t leak;
static int active;

static void fail(const char *what) {
    fprintf(stderr, "powercut: %s: %s\n", what, strerror(errno));
    abort();
}

static int leaks(void) {
    if (!leak) return 0;
    leak ^= leak << 13; leak ^= leak >> 7; leak ^= leak << 17;
    return (leak & 3) == 0;
}

/* --- the real calls, for our own use ------------------------------------------------------------------------------- */

static int raw_open(const char *path, int flags, mode_t mode) {
    REAL(int, open, const char *, int, ...);
    return real_open(path, flags | O_CLOEXEC, mode);
}

static ssize_t raw_pwrite(int fd, const void *bytes, size_t length, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    return real_pwrite(fd, bytes, length, at);
}

static int raw_truncate(int fd, off_t length) {
    REAL(int, ftruncate, int, off_t);
    return real_ftruncate(fd, length);
}

/* --- the table ----------------------------------------------------------------------------------------------------- */

static struct entry **slot_of(ino_t inode) {
    for (size_t i = 0, at = (size_t)inode * 0x9E3779B97F4A7C15u >> 48; i < MAX_FILES; i++, at = (at + 1) % MAX_FILES)
        if (!table[at] || table[at]->inode == inode) return &table[at];
    errno = ENFILE;
    fail("too many files");
    return NULL;
}

/* The entry of an inode; a new file or directory never continues a removed one of the same inode. */
static struct entry *entry_of(ino_t inode, int is_new) {
    struct entry **slot = slot_of(inode);
    if (!*slot) {
        *slot = calloc(1, sizeof **slot);
        if (!*slot) fail("memory");
        (*slot)->inode = inode;
        (*slot)->object = objects++;
    } else if (is_new) {
        (*slot)->object = objects++;
        (*slot)->kept = 0;
        (*slot)->ranges = 0;
    }
    return *slot;
}

/* The entry of a watched regular file by descriptor, or nothing. */
static struct entry *watched(int fd) {
    struct stat found;
    if (!active || fstat(fd, &found) || found.st_dev != device || !S_ISREG(found.st_mode)) return NULL;
    return *slot_of(found.st_ino);
}

/* --- writing the shadow -------------------------------------------------------------------------------------------- */

static void shadow_path(char *out, const char *kind, int object) {
    snprintf(out, PATH_MAX, "%s/%s/%d", shadow, kind, object);
}

static int open_object(const struct entry *entry) {
    char path[PATH_MAX];
    shadow_path(path, "objects", entry->object);
    int fd = raw_open(path, O_RDWR | O_CREAT, 0644);
    if (fd < 0) fail("shadow object");
    return fd;
}

static void copy_range(int from, int to, off_t at, off_t end) {
    char buffer[65536];
    while (at < end) {
        size_t most = (size_t)(end - at) < sizeof buffer ? (size_t)(end - at) : sizeof buffer;
        ssize_t got = pread(from, buffer, most, at);
        if (got < 0) fail("read back");
        if (got == 0) return;
        if (raw_pwrite(to, buffer, (size_t)got, at) != got) fail("shadow write");
        at += got;
    }
}

/* A descriptor of the same file that can be read, whatever the program's own can do. */
static int readable(int fd) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = raw_open(path, O_RDONLY, 0);
    if (own < 0) fail("reopen");
    return own;
}

/* The file's contents are durable from here on. */
static void settle_file(int fd, struct entry *entry) {
    struct stat live, kept;
    int from = readable(fd), to = open_object(entry);
    if (fstat(from, &live) || fstat(to, &kept)) fail("stat");
    if (entry->kept < kept.st_size && raw_truncate(to, entry->kept)) fail("shadow truncate");
    if (raw_truncate(to, live.st_size)) fail("shadow truncate");
    for (int i = 0; i < entry->ranges; i++)
        copy_range(from, to, entry->from[i], entry->to[i] < live.st_size ? entry->to[i] : live.st_size);
    entry->ranges = 0;
    entry->kept = live.st_size;
    close(from);
    close(to);
}

/* The directory's entries are durable from here on. */
static void settle_dir(const char *path) {
    char listing[PATH_MAX], draft[PATH_MAX + 8], child[PATH_MAX + 256];
    struct stat found;
    if (stat(path, &found)) fail("stat of a directory");
    shadow_path(listing, "dirs", entry_of(found.st_ino, 0)->object);
    snprintf(draft, sizeof draft, "%s.new", listing);
    REAL(FILE *, fopen, const char *, const char *);
    FILE *out = real_fopen(draft, "w");
    DIR *dir = opendir(path);
    if (!out || !dir) fail("directory");
    for (struct dirent *item; (item = readdir(dir));) {
        if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, "..")) continue;
        snprintf(child, sizeof child, "%s/%s", path, item->d_name);
        if (lstat(child, &found)) continue;
        if (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode))
            fprintf(out, "%c %d %s\n", S_ISDIR(found.st_mode) ? 'd' : 'f', entry_of(found.st_ino, 0)->object, item->d_name);
    }
    closedir(dir);
    if (fclose(out) || rename(draft, listing)) fail("shadow directory");
}

/* What is there at the start is durable. */
static void settle_all(const char *path) {
    char child[PATH_MAX + 256];
    struct stat found;
    DIR *dir = opendir(path);
    if (!dir || stat(path, &found)) fail("watched directory");
    entry_of(found.st_ino, 0);
    for (struct dirent *item; (item = readdir(dir));) {
        if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, "..")) continue;
        snprintf(child, sizeof child, "%s/%s", path, item->d_name);
        if (lstat(child, &found)) continue;
        if (S_ISDIR(found.st_mode)) settle_all(child);
        if (!S_ISREG(found.st_mode)) continue;
        struct entry *entry = entry_of(found.st_ino, 0);
        int fd = raw_open(child, O_RDONLY, 0);
        if (fd < 0) fail(child);
        entry->ranges = 1;
        entry->from[0] = 0;
        entry->to[0] = found.st_size;
        settle_file(fd, entry);
        close(fd);
    }
    closedir(dir);
    settle_dir(path);
}

__attribute__((constructor)) static void start(void) {
    const char *dir = getenv("STROWGER_POWERCUT_DIR"), *to = getenv("STROWGER_POWERCUT_SHADOW");
    const char *seed = getenv("STROWGER_POWERCUT_LEAK");
    struct stat found;
    char path[PATH_MAX];
    if (!dir || !to) return;
    if (!realpath(dir, root) || stat(root, &found)) fail(dir);
    device = found.st_dev;
    leak = seed ? strtoull(seed, NULL, 10) * 2 + 1 : 0;
    snprintf(shadow, sizeof shadow, "%s", to);
    snprintf(path, sizeof path, "%s/objects", shadow);
    if (mkdir(path, 0755)) fail(path);
    snprintf(path, sizeof path, "%s/dirs", shadow);
    if (mkdir(path, 0755)) fail(path);
    settle_all(root);
    snprintf(path, sizeof path, "%s/ready", shadow);
    if (close(raw_open(path, O_WRONLY | O_CREAT, 0644))) fail(path);
    /* Programs that this one starts are not watched. */
    unsetenv("LD_PRELOAD");
    unsetenv("STROWGER_POWERCUT_SHADOW");
    active = 1;
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

/* Notes a descriptor that the program has opened, if it is of the watched directory. The lock is held. */
static void note_open(int fd, int flags, int is_new) {
    char link[64], path[PATH_MAX];
    struct stat found;
    if (fstat(fd, &found) || found.st_dev != device || !(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode))) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    size_t prefix = strlen(root);
    if (strncmp(path, root, prefix) || (path[prefix] && path[prefix] != '/')) return;
    struct entry *entry = entry_of(found.st_ino, is_new);
    if (!S_ISREG(found.st_mode)) return;
    if (flags & (O_SYNC | O_DSYNC)) fail("O_SYNC is not followed");
    if (flags & O_TRUNC) {
        entry->kept = 0;
        entry->ranges = 0;
    }
    if (is_new && leaks()) {
        *strrchr(path, '/') = 0;
        settle_dir(path);
    }
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
    REAL(int, openat, int, const char *, int, ...);
    if (!active) return real_openat(at, path, flags, mode);
    struct stat found;
    pthread_mutex_lock(&lock);
    int is_new = (flags & O_CREAT) && fstatat(at, path, &found, 0);
    int fd = real_openat(at, path, flags, mode), error = errno;
    if (fd >= 0) note_open(fd, flags, is_new);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define MODE(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, last); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags, flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags, flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags, flags) return open_at(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static int note_mkdir(int result, int at, const char *path) {
    struct stat found;
    int error = errno;
    pthread_mutex_lock(&lock);
    if (active && !result && !fstatat(at, path, &found, 0) && found.st_dev == device) entry_of(found.st_ino, 1);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int mkdirat(int at, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    return note_mkdir(real_mkdirat(at, path, mode), at, path);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* --- writing ------------------------------------------------------------------------------------------------------- */

static void note_write(int fd, struct entry *entry, off_t at, ssize_t length) {
    int last = entry->ranges - 1;
    off_t end = at + length;
    if (last >= 0 && ((at <= entry->to[last] && at >= entry->from[last]) || entry->ranges == MAX_RANGES)) {
        if (at < entry->from[last]) entry->from[last] = at;
        if (end > entry->to[last]) entry->to[last] = end;
    } else {
        entry->from[entry->ranges] = at;
        entry->to[entry->ranges++] = end;
    }
    for (off_t page = at & ~(off_t)(PAGE - 1); leak && page < end; page += PAGE) {
        if (!leaks()) continue;
        int from = readable(fd), to = open_object(entry);
        copy_range(from, to, page < at ? at : page, page + PAGE < end ? page + PAGE : end);
        close(from);
        close(to);
    }
}

/* Makes a call that writes, and notes what it wrote. `position` is where, or -1 for the descriptor's own. */
#define WRITE(fd, position, call) \
    struct entry *entry; \
    pthread_mutex_lock(&lock); \
    ssize_t done = call; \
    int error = errno; \
    if (done > 0 && (entry = watched(fd))) { \
        note_write(fd, entry, (position) < 0 ? lseek(fd, 0, SEEK_CUR) - done : (position), done); \
    } \
    pthread_mutex_unlock(&lock); \
    errno = error; \
    return done;

ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (!active) return real_write(fd, bytes, length);
    struct stat found;
    /* Pipes and sockets may block for long: they go by without the lock. */
    if (fstat(fd, &found) || !S_ISREG(found.st_mode)) return real_write(fd, bytes, length);
    WRITE(fd, (off_t)-1, real_write(fd, bytes, length))
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    struct stat found;
    if (!active || fstat(fd, &found) || !S_ISREG(found.st_mode)) return real_writev(fd, parts, count);
    WRITE(fd, (off_t)-1, real_writev(fd, parts, count))
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    WRITE(fd, at, raw_pwrite(fd, bytes, length, at))
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite(fd, bytes, length, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t);
    WRITE(fd, at, real_pwritev(fd, parts, count, at))
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev(fd, parts, count, at); }

int ftruncate(int fd, off_t length) {
    pthread_mutex_lock(&lock);
    int result = raw_truncate(fd, length), error = errno;
    struct entry *entry = result ? NULL : watched(fd);
    if (entry) {
        if (length < entry->kept) entry->kept = length;
        for (int i = 0; i < entry->ranges; i++) {
            if (entry->to[i] > length) entry->to[i] = length;
            if (entry->from[i] > length) entry->from[i] = length;
        }
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

int fallocate(int fd, int mode, off_t at, off_t length) {
    REAL(int, fallocate, int, int, off_t, off_t);
    pthread_mutex_lock(&lock);
    int result = real_fallocate(fd, mode, at, length), error = errno;
    struct entry *entry = result ? NULL : watched(fd);
    /* Growing only changes the length, which a sync takes from the file; punching and zeroing change contents. */
    if (entry && (mode & ~FALLOC_FL_KEEP_SIZE)) note_write(fd, entry, at, length);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fallocate64(int fd, int mode, off_t at, off_t length) { return fallocate(fd, mode, at, length); }

/* Callers fall back to reading and writing. */
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
    REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned);
    if (!watched(out)) return real_copy_file_range(in, from, out, to, length, flags);
    errno = EINVAL;
    return -1;
}

ssize_t sendfile64(int out, int in, off64_t *from, size_t length) {
    REAL(ssize_t, sendfile64, int, int, off64_t *, size_t);
    if (!watched(out)) return real_sendfile64(out, in, from, length);
    errno = EINVAL;
    return -1;
}

ssize_t sendfile(int out, int in, off_t *from, size_t length) { return sendfile64(out, in, from, length); }

static void *map(void *address, size_t length, int protection, int flags, int fd, off_t at) {
    REAL(void *, mmap, void *, size_t, int, int, int, off_t);
    if (fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE) && watched(fd)) fail("shared mappings are not followed");
    return real_mmap(address, length, protection, flags, fd, at);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t at) {
    return map(address, length, protection, flags, fd, at);
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t at) {
    return map(address, length, protection, flags, fd, at);
}

/* --- syncing ------------------------------------------------------------------------------------------------------- */

static int note_sync(int result, int fd) {
    char link[64], path[PATH_MAX];
    struct stat found;
    int error = errno;
    if (!active || result || fstat(fd, &found) || found.st_dev != device) return result;
    pthread_mutex_lock(&lock);
    struct entry *entry = *slot_of(found.st_ino);
    if (entry && S_ISREG(found.st_mode)) settle_file(fd, entry);
    if (entry && S_ISDIR(found.st_mode)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length < 0) fail("directory name");
        path[length] = 0;
        settle_dir(path);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) {
    REAL(int, fsync, int);
    return note_sync(real_fsync(fd), fd);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return note_sync(real_fdatasync(fd), fd);
}
