// A file system that lists names in another spelling than it was given, and answers to both: HFS+
// lists `é` as two characters. This is what its `readdir` shows.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char whole[] = "\xc3\xa9", taken_apart[] = "e\xcc\x81";

struct dirent64 *readdir64(DIR *directory)
{
    static _Thread_local struct dirent64 other;
    struct dirent64 *(*list)(DIR *) = dlsym(RTLD_NEXT, "readdir64");
    struct dirent64 *entry = list(directory);
    const char *at = entry ? strstr(entry->d_name, whole) : NULL;
    if (!at)
        return entry;
    memcpy(&other, entry, offsetof(struct dirent64, d_name));
    snprintf(other.d_name, sizeof other.d_name, "%.*s%s%s", (int)(at - entry->d_name),
             entry->d_name, taken_apart, at + strlen(whole));
    return &other;
}
