/* Forks the process that sleeps for 4242 ns, in a pid namespace of its own if it sleeps for 4243 ns:
 * preloaded, so that a test forks without exec, and without unsafe code. Afterwards the environment
 * variable FORKED says who is who. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int forks(const struct timespec *time) {
    if (time->tv_sec != 0 || (time->tv_nsec != 4242 && time->tv_nsec != 4243)) return 0;
    if (time->tv_nsec == 4243 && unshare(CLONE_NEWPID) != 0) {
        perror("unshare");
        _exit(3);
    }
    pid_t child = fork();
    if (child < 0) _exit(4);
    setenv("FORKED", child == 0 ? "child" : "parent", 1);
    return 1;
}

int nanosleep(const struct timespec *time, struct timespec *left) {
    if (forks(time)) return 0;
    int (*next)(const struct timespec *, struct timespec *) = dlsym(RTLD_NEXT, "nanosleep");
    return next(time, left);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left) {
    if (forks(time)) return 0;
    int (*next)(clockid_t, int, const struct timespec *, struct timespec *) =
        dlsym(RTLD_NEXT, "clock_nanosleep");
    return next(clock, flags, time, left);
}
