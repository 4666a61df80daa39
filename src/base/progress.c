/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include "log.h"
#include "notify.h"
#include "printable.h"
#include "str.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
        PROGRESS_TERMINAL_MS = 100, /* between two pictures */
        PROGRESS_NOTIFY_MS = 1000,
        PROGRESS_LABEL = 12,
        PROGRESS_MAX_BAR = 40,
        PROGRESS_MIN_WIDTH = 30
};

struct progress_part {
        char *label; /* owned */
        uint64_t done, total;
        bool finished, said;
};

struct progress {
        char *title;                 /* owned */
        struct progress_part *parts; /* owned */
        size_t count;
        bool terminal, lines, notify;
        unsigned patience;
        int64_t shown, notified; /* milliseconds; when it was */
        uint64_t extended;       /* bytes when systemd was last asked for time */
        unsigned bars;           /* lines of the picture on the terminal, and how long they are */
        unsigned bar_length;
        unsigned text_length; /* of the last one; 0: there is none */
};

static int64_t progress_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct progress *progress_new(const char *title, enum progress_quiet quiet, unsigned patience)
{
        struct progress *progress = alloc_zero(1, sizeof *progress);

        progress->title = str_dup(title);
        printable_mask(progress->title, "");
        progress->patience = patience;
        progress->terminal = quiet == PROGRESS_SAID && isatty(STDERR_FILENO);
        progress->lines = quiet == PROGRESS_SAID && !progress->terminal;
        progress->notify = getenv("NOTIFY_SOCKET") != NULL;
        progress->shown = progress->notified = INT64_MIN / 2;
        return progress;
}

size_t progress_add(struct progress *progress, const char *label, uint64_t total)
{
        if (!progress)
                return 0;
        progress->parts = alloc_grow(progress->parts, progress->count + 1, sizeof *progress->parts);
        progress->parts[progress->count] =
                (struct progress_part){ .label = str_dupn(label, PROGRESS_LABEL), .total = total };
        printable_mask(progress->parts[progress->count].label, "");
        return progress->count++;
}

void progress_set(struct progress *progress, size_t part, uint64_t done)
{
        if (progress && part < progress->count)
                progress->parts[part].done = done;
}

void progress_set_total(struct progress *progress, size_t part, uint64_t total)
{
        if (progress && part < progress->count)
                progress->parts[part].total = total;
}

void progress_finish(struct progress *progress, size_t part)
{
        if (!progress || part >= progress->count)
                return;
        progress->parts[part].finished = true;
        if (progress->parts[part].total)
                progress->parts[part].done = progress->parts[part].total;
}

uint64_t progress_bytes(const struct progress *progress)
{
        uint64_t bytes = 0;

        for (size_t i = 0; progress && i < progress->count; i++)
                bytes += progress->parts[i].done;
        return bytes;
}

static uint64_t progress_total(const struct progress *progress)
{
        uint64_t bytes = 0;

        for (size_t i = 0; i < progress->count; i++)
                bytes += progress->parts[i].total;
        return bytes;
}

static size_t progress_finished(const struct progress *progress)
{
        size_t finished = 0;

        for (size_t i = 0; i < progress->count; i++)
                finished += progress->parts[i].finished;
        return finished;
}

static unsigned long long progress_mb(uint64_t bytes)
{
        return (bytes + 500000) / 1000000;
}

/* "Pulling nginx: 34 of 120 MB, 3 of 5 layers" */
static char *progress_text(const struct progress *progress)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        uint64_t total = progress_total(progress);

        strbuf_append(&text, progress->title);
        if (!progress->count)
                return strbuf_steal(&text);
        strbuf_appendf(&text, ": %llu", progress_mb(progress_bytes(progress)));
        if (total)
                strbuf_appendf(&text, " of %llu", progress_mb(total));
        strbuf_append(&text, " MB");
        if (progress->count > 1)
                strbuf_appendf(&text, ", %zu of %zu layers", progress_finished(progress),
                               progress->count);
        return strbuf_steal(&text);
}

/* --- systemd */

static void progress_notify(struct progress *progress, int64_t now)
{
        AUTO_FREE char *text = NULL;
        AUTO_FREE char *message = NULL;
        uint64_t bytes = progress_bytes(progress);

        if (!progress->notify || now - progress->notified < PROGRESS_NOTIFY_MS)
                return;
        progress->notified = now;
        text = progress_text(progress);
        message = str_format("STATUS=%s\n", text);
        notify_send(message);
        if (bytes == progress->extended)
                return;
        progress->extended = bytes;
        free(steal_str(&message));
        message = str_format("EXTEND_TIMEOUT_USEC=%llu\n",
                             (unsigned long long)progress->patience * 1000000);
        notify_send(message);
}

/* --- a pipe */

static void progress_print_lines(struct progress *progress)
{
        for (size_t i = 0; i < progress->count; i++) {
                struct progress_part *part = progress->parts + i;

                if (!part->finished || part->said)
                        continue;
                part->said = true;
                log_info("%s: %s: %llu kB", progress->title, part->label,
                         (unsigned long long)((part->done + 500) / 1000));
        }
}

/* --- a terminal */

static struct winsize progress_window(void)
{
        struct winsize size = { 0 };

        ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
        if (!size.ws_row || !size.ws_col) /* a terminal that does not know */
                size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
        return size;
}

/* Where the window has become narrower, terminals have broken a line into several. */
static unsigned progress_rows(unsigned length, unsigned columns)
{
        return length ? (length - 1) / columns + 1 : 0;
}

/* To the first line of the picture, with all of it gone. */
static void progress_erase(struct progress *progress)
{
        unsigned columns = progress_window().ws_col;
        unsigned rows = progress->bars * progress_rows(progress->bar_length, columns) +
                        progress_rows(progress->text_length, columns);

        if (rows)
                fprintf(stderr, "\033[%uA\r\033[J", rows);
        progress->bars = progress->text_length = 0;
}

/* Returns its length. */
static unsigned progress_draw_bar(const char *label, uint64_t done, uint64_t total,
                                  unsigned columns)
{
        static const char full[] = "########################################";
        unsigned room = columns - PROGRESS_LABEL - 16;
        unsigned width = room < PROGRESS_MAX_BAR ? room : PROGRESS_MAX_BAR;
        unsigned filled;

        if (done > total)
                done = total;
        filled = total ? (unsigned)(done * width / total) : width;
        return (unsigned)fprintf(stderr, "%-*s [%-*.*s] %5llu MB\n", PROGRESS_LABEL, label,
                                 (int)width, (int)filled, full, progress_mb(total)) -
               1;
}

/* As many parts as there is room for; those that are done are not interesting. */
static void progress_draw(struct progress *progress)
{
        const struct winsize size = progress_window();
        AUTO_FREE char *text = progress_text(progress);
        unsigned rows;

        progress_erase(progress);
        rows = size.ws_row > 4 ? size.ws_row - 2U : 2;
        for (size_t i = 0; i < progress->count && size.ws_col >= PROGRESS_MIN_WIDTH; i++) {
                const struct progress_part *part = progress->parts + i;

                if (part->finished || !part->done || !part->total || progress->bars + 1 >= rows)
                        continue;
                progress->bar_length =
                        progress_draw_bar(part->label, part->done, part->total, size.ws_col);
                progress->bars++;
        }
        if (size.ws_col < 8)
                return;
        progress->text_length = (unsigned)fprintf(stderr, "%.*s\n", (int)size.ws_col - 1, text) - 1;
        fflush(stderr);
}

void progress_show(struct progress *progress)
{
        int64_t now;

        if (!progress)
                return;
        now = progress_now();
        progress_notify(progress, now);
        if (progress->lines)
                progress_print_lines(progress);
        if (!progress->terminal || now - progress->shown < PROGRESS_TERMINAL_MS)
                return;
        progress->shown = now;
        progress_draw(progress);
}

void progress_say(struct progress *progress, const char *text)
{
        if (progress)
                progress_erase(progress);
        log_info("%s", text);
}

void progress_end(struct progress **place)
{
        struct progress *progress = *place;

        if (!progress)
                return;
        if (progress->lines)
                progress_print_lines(progress);
        progress_erase(progress);
        fflush(stderr);
        if (progress->notify && progress->notified > 0)
                notify_send("STATUS=\n");
        for (size_t i = 0; i < progress->count; i++)
                free(progress->parts[i].label);
        free(progress->parts);
        free(progress->title);
        free(progress);
        *place = NULL;
}
