/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "writer.h"

#include "../src/base/io.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        CHILD_UNITS = 64, /* with fewer, a process costs more than it saves */
        CHILD_BUFFER = 64 << 10,
        ANSWER_MAX = 64 << 20,
};

static void add_failure(struct writer *writer, struct error *err)
{
        strbuf_append_n(&writer->failures, err->message, strlen(err->message) + 1);
        error_clear(err);
}

static void write_link(struct writer *writer, const char *path, const char *target)
{
        AUTO_ERROR struct error err = { 0 };

        if (output_link(&writer->output, path, target, &err) < 0)
                add_failure(writer, &err);
}

/* False: no unit, no links to it. */
static bool write_text(struct writer *writer, const char *service, const char *text, size_t length)
{
        AUTO_ERROR struct error err = { 0 };

        if (output_write(&writer->output, service, text, length, &err) == 0)
                return true;
        add_failure(writer, &err);
        return false;
}

/* A string that ends with the NUL it was sent with; false where the parent came no further. */
static bool take_string(FILE *units, struct strbuf *buf)
{
        ssize_t length = getdelim(&buf->data, &buf->capacity, '\0', units);

        buf->length = length > 0 ? (size_t)length - 1 : 0;
        return length > 0 && buf->data[length - 1] == '\0';
}

/* A unit is its name, its text, and a pair of strings for each link, behind them an empty string.
 * Links are made as they come: they are complete in themselves. */
static bool take_unit(struct writer *writer, FILE *units)
{
        AUTO_STRBUF struct strbuf service = { 0 };
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_STRBUF struct strbuf path = { 0 };
        AUTO_STRBUF struct strbuf target = { 0 };
        bool written;

        if (!take_string(units, &service) || !take_string(units, &text))
                return false;
        written = write_text(writer, service.data, text.data, text.length);
        while (take_string(units, &path)) {
                if (!path.length)
                        return true;
                if (!take_string(units, &target))
                        return false;
                if (written)
                        write_link(writer, path.data, target.data);
        }
        return false;
}

/* The scheduler often leaves a new process where its parent runs, and has not moved it by the time
 * it is done. Where there is no other processor, it stays. */
static void leave_processor(int processor)
{
        cpu_set_t others;

        if (processor < 0 || sched_getaffinity(0, sizeof others, &others) < 0)
                return;
        CPU_CLR((unsigned)processor, &others);
        sched_setaffinity(0, sizeof others, &others);
}

/* The child's life. It answers at the end: before, nobody listens. */
static void run_child(struct writer *writer, int fd)
{
        FILE *units = fdopen(fd, "r");

        if (!units)
                _exit(EXIT_FAILURE);
        while (take_unit(writer, units))
                continue;
        if (io_write_all(fd, writer->failures.data, writer->failures.length) < 0)
                _exit(EXIT_FAILURE);
        _exit(EXIT_SUCCESS);
}

/* The variable is for tests of either way. */
static bool wants_child(size_t count)
{
        const char *forced = getenv("CRUNIT_GENERATOR_WRITER");
        cpu_set_t cpus;

        if (!str_empty(forced))
                return str_equal(forced, "child");
        return count >= CHILD_UNITS && sched_getaffinity(0, sizeof cpus, &cpus) == 0 &&
               CPU_COUNT(&cpus) > 1;
}

/* Where there can be no child, we write ourselves. */
static void start_child(struct writer *writer)
{
        int processor = sched_getcpu();
        int pair[2];
        AUTO_CLOSE int ours = -1;
        AUTO_CLOSE int theirs = -1;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return;
        ours = pair[0];
        theirs = pair[1];
        if (!(writer->units = fdopen(ours, "w")))
                return;
        setvbuf(writer->units, NULL, _IOFBF, CHILD_BUFFER);
        writer->socket = steal_fd(&ours);
        /* A child that dies is an error we report, not our own end. */
        signal(SIGPIPE, SIG_IGN);
        writer->child = fork();
        if (writer->child == 0) {
                close(writer->socket);
                leave_processor(processor);
                run_child(writer, theirs);
        }
}

int writer_open(struct writer *writer, const char *directory, size_t count, struct error *err)
{
        if (output_open(&writer->output, directory, err) < 0)
                return -1;
        if (wants_child(count))
                start_child(writer);
        return 0;
}

static void send_string(struct writer *writer, const char *s)
{
        fwrite(s, 1, strlen(s) + 1, writer->units);
}

void writer_put(struct writer *writer, const char *service, const struct strbuf *text,
                const struct install *install)
{
        if (writer->child > 0) {
                send_string(writer, service);
                send_string(writer, text->data);
                for (size_t i = 0; i < install->count; i++) {
                        send_string(writer, install->links[i].path);
                        send_string(writer, install->links[i].target);
                }
                send_string(writer, "");
                return;
        }
        if (!write_text(writer, service, text->data, text->length))
                return;
        for (size_t i = 0; i < install->count; i++)
                write_link(writer, install->links[i].path, install->links[i].target);
}

static int wait_child(struct writer *writer, struct error *err)
{
        AUTO_FREE char *answer = NULL;
        size_t length = 0;
        int status = 0;
        bool whole = fflush(writer->units) == 0 && !ferror(writer->units);

        /* Also where sending failed: it ends the child. */
        shutdown(writer->socket, SHUT_WR);
        if (io_read_fd(writer->socket, "the answer", ANSWER_MAX, &answer, &length, NULL) == 0)
                strbuf_append_n(&writer->failures, answer, length);
        else
                whole = false;
        /* A child that has more to say must not wait for us. */
        fclose(writer->units);
        writer->units = NULL;
        while (waitpid(writer->child, &status, 0) < 0 && errno == EINTR)
                continue;
        writer->child = 0;
        if (WIFSIGNALED(status))
                return error_set(err, 0,
                                 "the process that writes the units was killed by signal %d"
                                 "; some are missing",
                                 WTERMSIG(status));
        if (!whole || status != 0)
                return error_set(err, 0,
                                 "the process that writes the units failed; some are missing");
        return 0;
}

void writer_finish(struct writer *writer, struct report *report)
{
        AUTO_ERROR struct error err = { 0 };
        int result = writer->child > 0 ? wait_child(writer, &err) : 0;
        const struct strbuf *failures = &writer->failures;

        for (size_t at = 0; at < failures->length; at += strlen(failures->data + at) + 1)
                report_error(report, "%s", failures->data + at);
        if (result < 0)
                report_failure(report, &err);
}

void writer_close(struct writer *writer)
{
        output_close(&writer->output);
        strbuf_free(&writer->failures);
        cleanup_fclose(&writer->units);
}
