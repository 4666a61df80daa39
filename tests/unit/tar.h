/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes tar archives into memory, header by header, so that a test can lie in each field. */
#pragma once

#include "../../src/base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

struct tar_entry {
        const char *name;
        char type; /* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' directory,
                      '6' fifo; 0 is '0' */
        unsigned mode, uid, gid;
        const char *link;
        const char *data; /* or NULL */
        uint64_t size;    /* 0: the data's length; else what the header says */
        unsigned major, minor;
        const char *mtime;  /* octal; NULL: 14000000000 */
        const char *pax[9]; /* "key=value", NULL-terminated */
};

static inline void tar_pad(struct strbuf *tar)
{
        static const char zeros[512];

        strbuf_append_n(tar, zeros, (512 - tar->length % 512) % 512);
}

static inline void tar_header(struct strbuf *tar, const struct tar_entry *entry, uint64_t size)
{
        char header[512] = { 0 };
        unsigned sum = 0;
        char field[24];
        size_t length = strlen(entry->name);

        memcpy(header, entry->name, length < 100 ? length : 100);
        snprintf(header + 100, 8, "%07o", (entry->mode ? entry->mode : 0644) & 07777777);
        snprintf(header + 108, 8, "%07o", entry->uid & 07777777);
        snprintf(header + 116, 8, "%07o", entry->gid & 07777777);
        snprintf(field, sizeof field, "%011llo", (unsigned long long)size);
        memcpy(header + 124, field, 11);
        snprintf(header + 136, 12, "%s", entry->mtime ? entry->mtime : "14000000000");
        header[156] = entry->type ? entry->type : '0';
        if (entry->link)
                strncpy(header + 157, entry->link, 99);
        memcpy(header + 257, "ustar\00000", 8);
        snprintf(header + 329, 8, "%07o", entry->major & 07777777);
        snprintf(header + 337, 8, "%07o", entry->minor & 07777777);
        memset(header + 148, ' ', 8);
        for (size_t i = 0; i < sizeof header; i++)
                sum += (unsigned char)header[i];
        snprintf(header + 148, 8, "%06o", sum & 0777777);
        strbuf_append_n(tar, header, sizeof header);
}

/* One pax record, "LENGTH KEY=VALUE\n", whose length counts itself. */
static inline void tar_pax_record(struct strbuf *records, const char *text)
{
        size_t length = strlen(text) + 3, digits;

        do {
                AUTO_FREE char *number = str_format("%zu", length);

                digits = strlen(number);
                if (strlen(text) + 2 + digits == length)
                        break;
                length = strlen(text) + 2 + digits;
        } while (true);
        strbuf_appendf(records, "%zu %s\n", length, text);
}

static inline void tar_add(struct strbuf *tar, const struct tar_entry *entry)
{
        AUTO_STRBUF struct strbuf pax = { 0 };
        size_t length = entry->data ? strlen(entry->data) : 0;

        for (size_t i = 0; entry->pax[i]; i++)
                tar_pax_record(&pax, entry->pax[i]);
        if (pax.length) {
                tar_header(tar, &(struct tar_entry){ .name = "PaxHeader", .type = 'x' },
                           pax.length);
                strbuf_append_n(tar, pax.data, pax.length);
                tar_pad(tar);
        }
        tar_header(tar, entry, entry->size ? entry->size : length);
        strbuf_append_n(tar, entry->data ? entry->data : "", length);
        tar_pad(tar);
}

static inline void tar_end(struct strbuf *tar)
{
        static const char zeros[1024];

        strbuf_append_n(tar, zeros, sizeof zeros);
}

/* All entries up to one without a name. */
static inline void tar_make(struct strbuf *tar, const struct tar_entry *entries)
{
        for (; entries->name; entries++)
                tar_add(tar, entries);
        tar_end(tar);
}
