/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "partner.h"

#include "../src/base/io.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        PARTNER_FILES = 64, /* with fewer, a process costs more than it saves */
};

enum outcome {
        OUTCOME_OPEN,
        OUTCOME_USABLE,
        OUTCOME_FAILED,
};

/* The variable is for tests of either way. */
static bool wants_partner(size_t count)
{
        const char *forced = getenv("CRUNIT_GENERATOR_PROCESSES");
        cpu_set_t cpus;

        if (!str_empty(forced))
                return str_equal(forced, "2");
        return count >= PARTNER_FILES && sched_getaffinity(0, sizeof cpus, &cpus) == 0 &&
               CPU_COUNT(&cpus) > 1;
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

static atomic_uchar *share_memory(size_t size)
{
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        return memory == MAP_FAILED ? NULL : memory;
}

/* Take the end of the socket that is ours, and our share. */
static void take_side(struct partner *partner, FILE **ends, int processor)
{
        size_t half = partner->count / 2;
        bool is_child = partner->child == 0;

        partner->in = ends[is_child];
        fclose(ends[!is_child]);
        partner->first = is_child ? half : 0;
        partner->end = is_child ? partner->count : half;
        /* Who dies is an error that we report, not our own end. */
        signal(SIGPIPE, SIG_IGN);
        if (is_child)
                leave_processor(processor);
}

/* Where there can be no other process, we do all of it. */
void partner_start(struct partner *partner, size_t count, bool alone)
{
        int processor = sched_getcpu();
        int pair[2];
        FILE *ends[2];

        *partner = (struct partner){ .count = count, .end = count };
        if (alone || !wants_partner(count) ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return;
        ends[0] = fdopen(pair[0], "r");
        ends[1] = fdopen(pair[1], "r");
        partner->outcomes = share_memory(count);
        if (ends[0] && ends[1] && partner->outcomes && (partner->child = fork()) >= 0) {
                take_side(partner, ends, processor);
                return;
        }
        for (size_t i = 0; i < 2; i++)
                ends[i] ? fclose(ends[i]) : close(pair[i]);
        partner->child = 0;
}

bool partner_send(const struct partner *partner, const struct strbuf *text)
{
        return io_write_all(fileno(partner->in), text->data, text->length) == 0;
}

/* A file's state is one string, "m": masked, "u": not usable, or "+" and its unit; then another one
 * follows, "-" or "+" and the name of what the unit makes. */
static void write_names(const struct unit_set *set, struct strbuf *buf)
{
        for (size_t i = 0; i < set->count; i++) {
                const struct unit_source *source = &set->sources[i];

                if (source->elsewhere)
                        continue;
                if (!source->usable) {
                        strbuf_append_n(buf, source->masked ? "m" : "u", 2);
                        continue;
                }
                strbuf_append_char(buf, '+');
                strbuf_append_n(buf, source->service, strlen(source->service) + 1);
                strbuf_append_char(buf, source->resource ? '+' : '-');
                if (source->resource)
                        strbuf_append(buf, source->resource);
                strbuf_append_n(buf, "", 1);
        }
}

/* A string that has a sign and ends with the NUL it was sent with. */
static bool take_string(const struct partner *partner, struct strbuf *buf)
{
        ssize_t length = getdelim(&buf->data, &buf->capacity, '\0', partner->in);

        return length > 1 && buf->data[length - 1] == '\0';
}

static bool read_name(const struct partner *partner, struct unit_source *source,
                      struct strbuf *string)
{
        if (!take_string(partner, string))
                return false;
        source->usable = *string->data == '+';
        source->masked = *string->data == 'm';
        if (!source->usable)
                return true;
        source->service = str_dup(string->data + 1);
        if (!take_string(partner, string))
                return false;
        if (*string->data == '+')
                source->resource = str_dup(string->data + 1);
        return true;
}

static bool read_names(const struct partner *partner, struct unit_set *set)
{
        AUTO_STRBUF struct strbuf string = { 0 };

        for (size_t i = 0; i < set->count; i++)
                if (set->sources[i].elsewhere && !read_name(partner, &set->sources[i], &string))
                        return false;
        return true;
}

/* One speaks and the other listens, so that neither waits for room. */
bool partner_trade_names(struct partner *partner, struct unit_set *set)
{
        AUTO_STRBUF struct strbuf own = { 0 };

        write_names(set, &own);
        if (partner->child == 0)
                return partner_send(partner, &own) && read_names(partner, set);
        return read_names(partner, set) && partner_send(partner, &own);
}

void partner_tell(const struct partner *partner, size_t index, bool usable)
{
        if (partner->in)
                atomic_store(&partner->outcomes[index], usable ? OUTCOME_USABLE : OUTCOME_FAILED);
}

/* Waits for a moment, if it is not. */
static bool is_gone(const struct partner *partner)
{
        struct pollfd in = { .fd = fileno(partner->in) };

        return poll(&in, 1, 1) > 0 && (in.revents & (POLLHUP | POLLERR));
}

bool partner_ask(const struct partner *partner, size_t index)
{
        while (atomic_load(&partner->outcomes[index]) == OUTCOME_OPEN && !is_gone(partner))
                continue;
        return atomic_load(&partner->outcomes[index]) == OUTCOME_USABLE;
}

int partner_wait(struct partner *partner, bool whole, struct error *err)
{
        int status = 0;

        /* If it has more to say, it must not wait for us. */
        fclose(partner->in);
        partner->in = NULL;
        while (waitpid(partner->child, &status, 0) < 0 && errno == EINTR)
                continue;
        if (WIFSIGNALED(status))
                return error_set(err, 0, "the process that makes them was killed by signal %d",
                                 WTERMSIG(status));
        if (!whole || status != 0)
                return error_set(err, 0, "the process that makes them failed");
        return 0;
}

void partner_free(struct partner *partner)
{
        cleanup_fclose(&partner->in);
        if (partner->outcomes)
                munmap(partner->outcomes, partner->count);
}
