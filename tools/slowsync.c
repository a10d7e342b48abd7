/* Adds ISOGATE_SLOW_SYNC_MS milliseconds to every call that forces data to disk.
 *
 * Preloaded by bench/slow_sync.py, to see how the store fares on a hospital's disk:
 *     cc -shared -fPIC -O2 -o slowsync.so slowsync.c -ldl
 *     ISOGATE_SLOW_SYNC_MS=8 LD_PRELOAD=./slowsync.so program
 * The delay comes before the real call, so that a process killed meanwhile has not synced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void delay(void)
{
    const char *text = getenv("ISOGATE_SLOW_SYNC_MS");
    double milliseconds = text ? atof(text) : 0;
    if (milliseconds <= 0)
        return;
    struct timespec rest;
    rest.tv_sec = (time_t)(milliseconds / 1000);
    rest.tv_nsec = (long)((milliseconds - 1000.0 * rest.tv_sec) * 1e6);
    while (nanosleep(&rest, &rest) == -1 && errno == EINTR)
        ;
}

int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    delay();
    return real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    delay();
    return real(fd);
}

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned int flags)
{
    int (*real)(int, off64_t, off64_t, unsigned int) = dlsym(RTLD_NEXT, "sync_file_range");
    delay();
    return real(fd, offset, count, flags);
}

int msync(void *address, size_t length, int flags)
{
    int (*real)(void *, size_t, int) = dlsym(RTLD_NEXT, "msync");
    if (flags & MS_SYNC)
        delay();
    return real(address, length, flags);
}
