/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gate.h"

#include "../base/cleanup.h"
#include "../base/io.h"
#include "../base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int gate_link(const char *path, const char *to)
{
        AUTO_FREE char *fresh = str_concat(path, ".new");

        if ((unlink(fresh) < 0 && errno != ENOENT) || symlink(to, fresh) < 0)
                return -1;
        return rename(fresh, path);
}

/* A pipe, with one end where crun is to find it. */
static int gate_pipe(int lowest, bool inner_reads, int *ret_inner, int *ret_outer,
                     struct error *err)
{
        AUTO_CLOSE int first = -1;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        first = ends[inner_reads ? 0 : 1];
        *ret_outer = ends[inner_reads ? 1 : 0];
        *ret_inner = fcntl(first, F_DUPFD_CLOEXEC, lowest);
        return *ret_inner < 0 ? error_errno(err, errno, "cannot duplicate a descriptor") : 0;
}

int gate_open(const char *run, int lowest, struct gate *ret, struct error *err)
{
        AUTO_FREE char *path = str_concat(run, "/config.link"), *to = NULL;
        AUTO_CLOSE int read = -1, write = -1, said = -1, say = -1;

        if (gate_pipe(lowest, true, &read, &write, err) < 0 ||
            gate_pipe(lowest, false, &say, &said, err) < 0)
                return -1;
        to = str_format("/proc/self/fd/%d", read);
        if (gate_link(path, to) < 0)
                return error_errno(err, errno, "cannot link %s", path);
        *ret = (struct gate){ .read = steal_fd(&read),
                              .write = steal_fd(&write),
                              .path = steal_str(&path),
                              .said = steal_fd(&said),
                              .say = steal_fd(&say) };
        return 0;
}

void gate_close_inner(struct gate *gate)
{
        cleanup_close(&gate->read);
        cleanup_close(&gate->say);
        gate->read = gate->say = -1;
}

static bool gate_holds(const struct gate *gate, size_t length)
{
        int size = fcntl(gate->write, F_GETPIPE_SZ);

        return size >= 0 && length <= INT_MAX &&
               (length <= (size_t)size || fcntl(gate->write, F_SETPIPE_SZ, (int)length) >= 0);
}

bool gate_pass(struct gate *gate, const char *text, size_t length, const char *file)
{
        if (!gate_holds(gate, length))
                return false;
        if (!file) {
                gate->text = str_concat(gate->path, ".text");
                file = strrchr(gate->text, '/') + 1;
                if (io_write_file(AT_FDCWD, gate->text, text, length, 0600, IO_NO_SYNC, NULL) < 0)
                        return false;
        }
        if (gate_link(gate->path, file) < 0)
                return false;
        if (write(gate->write, text, length) != (ssize_t)length)
                return false;
        cleanup_close(&gate->write);
        gate->write = -1;
        return true;
}

void gate_close(struct gate *gate)
{
        gate_close_inner(gate);
        cleanup_close(&gate->write);
        cleanup_close(&gate->said);
        if (gate->path)
                unlink(gate->path);
        if (gate->text)
                unlink(gate->text);
        free(gate->path);
        free(gate->text);
        *gate = GATE_NONE;
}
