/* Making the two network namespaces, by the way that the process is allowed, and pinning their settings. */
#include "lab/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t length = strlen(text);
    bool written = write(fd, text, length) == (ssize_t)length;
    int error = errno;
    close(fd);
    errno = error;
    return written;
}

/* Reads a short file without its newline; false, with errno, when it can't be read. */
static bool read_file(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, out, size - 1);
    int error = errno;
    close(fd);
    errno = error;
    if (got < 0)
        return false;
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return true;
}

static void setting_path(char *out, size_t size, const char *name)
{
    snprintf(out, size, "/proc/sys/%s", name);
}

long namespaces_setting(const char *path, long otherwise)
{
    char file[128], value[64];
    char *end;

    setting_path(file, sizeof(file), path);
    if (!read_file(file, value, sizeof(value)))
        return otherwise;
    long number = strtol(value, &end, 10);
    return end == value ? otherwise : number;
}

/* Says in words why the kernel would not make a namespace, as far as its settings tell. */
static bool forbidden(const char *doing, int error, struct fault *fault)
{
    const char *cure = "the system call filter of a container, or a chroot, may forbid it; try as root";

    if (error == ENOSPC && namespaces_setting("user/max_user_namespaces", 1) == 0)
        cure = "user.max_user_namespaces is 0 here; try as root, or raise it (sysctl)";
    else if (error == ENOSPC && namespaces_setting("user/max_net_namespaces", 1) == 0)
        cure = "user.max_net_namespaces is 0 here: raise it (sysctl)";
    else if (error == ENOSPC)
        cure = "the limit user.max_user_namespaces or user.max_net_namespaces is reached (sysctl)";
    else if (error == EINVAL)
        cure = "the kernel has no user namespaces (CONFIG_USER_NS), or the process has several threads";
    else if (namespaces_setting("kernel/unprivileged_userns_clone", 1) == 0)
        cure = "kernel.unprivileged_userns_clone is 0 here; try as root, or set it to 1 (sysctl)";
    else if (namespaces_setting("kernel/apparmor_restrict_unprivileged_userns", 0) == 1)
        cure = "AppArmor forbids it (kernel.apparmor_restrict_unprivileged_userns is 1); try as root, or set "
               "it to 0 "
               "(sysctl)";
    return fault_set(fault, FAULT_LOCAL, "can't %s: %s: %s", doing, strerror(error), cure);
}

/* In the new user namespace the process is root, so that programs it starts keep the rights over the networks. */
static bool map_to_root(uid_t uid, gid_t gid, struct fault *fault)
{
    char uid_map[32], gid_map[32];

    /*
     * A binary with file capabilities can't be dumped, which makes /proc/self root's. All rights that the process has
     * left are over namespaces that belong to this user anyway, so nothing is given away here.
     */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    snprintf(uid_map, sizeof(uid_map), "0 %u 1", (unsigned)uid);
    snprintf(gid_map, sizeof(gid_map), "0 %u 1", (unsigned)gid);
    if (!write_file("/proc/self/setgroups", "deny") && errno != ENOENT)
        return forbidden("give up setgroups in a user namespace", errno, fault);
    if (!write_file("/proc/self/uid_map", uid_map) || !write_file("/proc/self/gid_map", gid_map)) {
        if (uid == 0 && errno == EPERM)
            return fault_set(fault, FAULT_LOCAL,
                             "root has neither CAP_SYS_ADMIN nor CAP_SETFCAP here (a container?): try as an "
                             "ordinary user");
        return forbidden("map the user into a user namespace", errno, fault);
    }
    return true;
}

static bool enter_first(struct fault *fault)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (uid == 0 && unshare(CLONE_NEWNET) == 0)
        return true;
    /* Root of a container may lack CAP_SYS_ADMIN, and still be allowed what every user is. */
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return forbidden("make a user and a network namespace", errno, fault);
    return map_to_root(uid, gid, fault);
}

bool namespaces_make(int *server_netns, struct fault *fault)
{
    if (!enter_first(fault))
        return false;
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fault_set(fault, FAULT_LOCAL, "can't open the new network namespace (/proc/self/ns/net): %s",
                         strerror(errno));
    if (unshare(CLONE_NEWNET) < 0) {
        forbidden("make a second network namespace", errno, fault);
        close(fd);
        return false;
    }
    *server_netns = fd;
    return true;
}

struct setting {
    const char *name;
    const char *value;
    bool needed; /* a service would break its promise without it */
};

/*
 * What the lab hangs on, and what makes one lab look like another. Most are the kernel's defaults, pinned
 * because a distribution may have changed them or the new namespace may have inherited the machine's.
 */
static const struct setting settings[] = {
    {"net/ipv6/conf/all/disable_ipv6", "0", true},
    {"net/ipv6/conf/default/disable_ipv6", "0", true},
    {"net/ipv6/conf/default/accept_ra", "0", false}, /* no router solicitations in the captures */
    {"net/ipv4/tcp_syncookies", "1", true},          /* cookies only where a SYN queue is full: syn-cookies */
    {"net/ipv4/tcp_abort_on_overflow", "0", true},   /* queue-full drops the ACK instead of answering with RST */
    {"net/ipv4/tcp_synack_retries", "5", true},
    {"net/ipv4/tcp_max_syn_backlog", "4096", false},
    {"net/core/somaxconn", "4096", false},
    {"net/ipv4/tcp_fin_timeout", "60", true},
    {"net/ipv4/tcp_timestamps", "1", true},
    {"net/ipv4/tcp_sack", "1", true},
    {"net/ipv4/tcp_window_scaling", "1", true},
    {"net/ipv4/tcp_rmem", "4096 131072 6291456", false}, /* the window that the server offers */
    {NULL, NULL, false},
};

/* "unreachable" and "prohibited" answer every SYN, not one a second. */
static const struct setting router_settings[] = {
    {"net/ipv4/icmp_ratelimit", "0", false},
    {"net/ipv6/icmp/ratelimit", "0", false},
    {NULL, NULL, false},
};

/* Equal as rows of words: the kernel separates with tabs what was written with spaces. */
static bool same_words(const char *a, const char *b)
{
    for (;;) {
        size_t spaces_a = strspn(a, " \t"), spaces_b = strspn(b, " \t");
        a += spaces_a;
        b += spaces_b;
        if (*a != *b || ((spaces_a == 0) != (spaces_b == 0) && *a))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

static bool settle(const struct setting *list, struct fault *fault)
{
    for (; list->name; list++) {
        char file[128], value[64];
        setting_path(file, sizeof(file), list->name);
        if (write_file(file, list->value))
            continue;
        int error = errno;
        if (!list->needed || error == ENOENT) /* a kernel without it (IPv6 absent) has nothing to settle */
            continue;
        /* Where /proc/sys can't be written (a container), the value that is there may still be the right one. */
        if (!read_file(file, value, sizeof(value)) || !same_words(value, list->value))
            return fault_set(fault, FAULT_LOCAL, "can't write \"%s\" to %s: %s", list->value, file, strerror(error));
    }
    return true;
}

bool namespaces_settle(bool router, struct fault *fault)
{
    return settle(settings, fault) && (!router || settle(router_settings, fault));
}
