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
        PARTNER_PORTION = 8,
        PARTNER_YIELDS = 1000, /* some times as long as writing a batch takes */
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

/* Half of the processors for each process. */
struct halves {
        cpu_set_t own, others; /* own has the one that we are on */
        bool known;
};

static void halve_processors(struct halves *halves)
{
        int present = sched_getcpu();
        cpu_set_t cpus;
        bool ours = false;

        *halves = (struct halves){ .known = false };
        if (present < 0 || sched_getaffinity(0, sizeof cpus, &cpus) < 0)
                return;
        for (int i = 0; i < CPU_SETSIZE; i++) {
                if (!CPU_ISSET((unsigned)i, &cpus))
                        continue;
                CPU_SET((unsigned)i, i == present || ours ? &halves->own : &halves->others);
                if (i != present)
                        ours = !ours;
        }
        halves->known = CPU_COUNT(&halves->others) > 0;
}

/* The scheduler often leaves a new process where its parent runs, or brings one to the other that
 * wakes it, and they are done before it parts them again. Whichever of them it lets run first moves
 * the child. */
static void part(const struct halves *halves, pid_t child)
{
        if (!halves->known)
                return;
        sched_setaffinity(child, sizeof halves->others, &halves->others);
        if (child > 0)
                sched_setaffinity(0, sizeof halves->own, &halves->own);
}

static struct partner_shared *share_memory(size_t count)
{
        void *memory = mmap(NULL, sizeof(struct partner_shared) + count, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        return memory == MAP_FAILED ? NULL : memory;
}

/* Take the end of the socket that is ours. */
static void take_side(struct partner *partner, FILE **ends)
{
        bool is_child = partner->child == 0;

        partner->in = ends[is_child];
        fclose(ends[!is_child]);
        partner->first = is_child ? partner->count : 0;
        partner->end = partner->first;
        /* Who dies is an error that we report, not our own end. */
        signal(SIGPIPE, SIG_IGN);
}

/* Where there can be no other process, we do all of it. */
void partner_start(struct partner *partner, size_t count, bool alone)
{
        struct halves halves;
        int pair[2];
        FILE *ends[2];

        *partner = (struct partner){ .count = count, .portion = count };
        if (alone || !wants_partner(count) ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return;
        ends[0] = fdopen(pair[0], "r");
        ends[1] = fdopen(pair[1], "r");
        partner->shared = share_memory(count);
        halve_processors(&halves);
        if (ends[0] && ends[1] && partner->shared && (partner->child = fork()) >= 0) {
                part(&halves, partner->child);
                partner->portion = count > PARTNER_FILES ? PARTNER_PORTION : 1;
                take_side(partner, ends);
                return;
        }
        for (size_t i = 0; i < 2; i++)
                ends[i] ? fclose(ends[i]) : close(pair[i]);
        partner->child = 0;
}

bool partner_is_child(const struct partner *partner)
{
        return partner->in && partner->child == 0;
}

/* Whoever is first, one portion of each is its own: the first, and the last. */
static bool is_left(const struct partner *partner, size_t portions)
{
        size_t reserved = 2;

        if (!partner->in)
                return partner->own < portions;
        if (partner->own == 0)
                return partner->child == 0 || portions > 1; /* a single one is the child's */
        return reserved + atomic_fetch_add(&partner->shared->taken, 1) < portions;
}

bool partner_take(struct partner *partner, size_t *ret_first, size_t *ret_end)
{
        size_t portions = (partner->count + partner->portion - 1) / partner->portion;
        bool is_child = partner_is_child(partner);
        size_t at;

        if (!is_left(partner, portions))
                return false;
        partner->own++;
        at = (is_child ? portions - partner->own : partner->own - 1) * partner->portion;
        *ret_first = at;
        *ret_end = partner->count - at < partner->portion ? partner->count : at + partner->portion;
        if (is_child)
                partner->first = at;
        else
                partner->end = *ret_end;
        return true;
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

/* What there is room for without waiting for the other. */
static size_t send_some(const struct partner *partner, const struct strbuf *text)
{
        ssize_t sent = send(fileno(partner->in), text->data, text->length, MSG_DONTWAIT);

        return sent < 0 ? 0 : (size_t)sent;
}

/* Both speak at once, as far as there is room, which most often is enough. Of what is left, one
 * speaks and the other listens, so that they never wait for each other. */
bool partner_trade_names(struct partner *partner, struct unit_set *set)
{
        AUTO_STRBUF struct strbuf own = { 0 };
        size_t sent;

        write_names(set, &own);
        if (partner->child == 0)
                return partner_send(partner, &own) && read_names(partner, set);
        sent = send_some(partner, &own);
        return read_names(partner, set) &&
               (sent == own.length ||
                io_write_all(fileno(partner->in), own.data + sent, own.length - sent) == 0);
}

void partner_tell(const struct partner *partner, size_t index, bool usable)
{
        if (partner->in)
                atomic_store(&partner->shared->outcomes[index],
                             usable ? OUTCOME_USABLE : OUTCOME_FAILED);
}

/* Waits for a moment, if it is not. */
static bool is_gone(const struct partner *partner)
{
        struct pollfd in = { .fd = partner->in ? fileno(partner->in) : -1 };

        return in.fd < 0 || (poll(&in, 1, 1) > 0 && (in.revents & (POLLHUP | POLLERR)));
}

bool partner_ask(const struct partner *partner, size_t index)
{
        while (atomic_load(&partner->shared->outcomes[index]) == OUTCOME_OPEN && !is_gone(partner))
                continue;
        return atomic_load(&partner->shared->outcomes[index]) == OUTCOME_USABLE;
}

bool partner_try_enter(const struct partner *partner)
{
        return !partner->in || !atomic_exchange(&partner->shared->writing, true);
}

void partner_enter(const struct partner *partner)
{
        for (int i = 0; i < PARTNER_YIELDS && !partner_try_enter(partner); i++)
                sched_yield();
}

void partner_leave(const struct partner *partner)
{
        if (partner->in)
                atomic_store(&partner->shared->writing, false);
}

/* Returns its status. */
static int wait_for_child(struct partner *partner)
{
        int status = 0;

        /* If it has more to say, it must not wait for us. */
        if (partner->in)
                fclose(partner->in);
        partner->in = NULL;
        while (waitpid(partner->child, &status, 0) < 0 && errno == EINTR)
                continue;
        partner->child = 0;
        return status;
}

void partner_explain(struct partner *partner, struct error *err)
{
        int status = wait_for_child(partner);

        if (WIFSIGNALED(status))
                error_set(err, 0, "the process that makes them was killed by signal %d",
                          WTERMSIG(status));
        else
                error_set(err, 0, "the process that makes them failed");
}

void partner_free(struct partner *partner)
{
        if (partner->child > 0)
                wait_for_child(partner);
        cleanup_fclose(&partner->in);
        if (partner->shared)
                munmap(partner->shared, sizeof *partner->shared + partner->count);
}
