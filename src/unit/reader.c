/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reader.h"

#include <stdint.h>
#include <stdlib.h>

enum {
        NO_SECTION = -1
};

/* A file being read. Lines point into its text, which is cut up in place. */
struct reader {
        struct unit_file *file; /* borrowed */
        const char *path;       /* borrowed */
        char *next;             /* the first byte not looked at */
        char *end;
        char *start;               /* of the physical line taken last */
        unsigned number;           /* its number */
        long section;              /* index of the one being filled */
        struct unit_lines pending; /* comments that may belong to the next section */
};

static inline void lines_add(struct unit_lines *lines, struct unit_line line)
{
        if (lines->count == lines->capacity) {
                lines->capacity = lines->capacity ? lines->capacity * 2 : 4;
                lines->items = alloc_grow(lines->items, lines->capacity, sizeof *lines->items);
        }
        lines->items[lines->count++] = line;
}

/* Move all of from, which is most often nothing, behind lines. */
static inline void lines_move(struct unit_lines *lines, struct unit_lines *from)
{
        if (!from->count)
                return;
        for (size_t i = 0; i < from->count; i++)
                lines_add(lines, from->items[i]);
        free(from->items);
        *from = (struct unit_lines){ 0 };
}

static void lines_copy(const struct unit_lines *lines, struct unit_lines *ret)
{
        *ret = (struct unit_lines){ 0 };
        if (!lines->count)
                return;
        /* Room for what the translation adds, so that it need not grow. */
        ret->capacity = lines->count + 16;
        ret->items = alloc_grow(NULL, ret->capacity, sizeof *ret->items);
        memcpy(ret->items, lines->items, lines->count * sizeof *lines->items);
        ret->count = lines->count;
}

static struct unit_section *section_append(struct unit_file *file, const char *name)
{
        struct unit_section *section;

        if (file->count == file->capacity) {
                file->capacity = file->capacity ? file->capacity * 2 : 4;
                file->sections = alloc_grow(file->sections, file->capacity, sizeof *file->sections);
        }
        section = &file->sections[file->count++];
        *section = (struct unit_section){ .name = name };
        return section;
}

static bool is_blank(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline void trim(char **start, size_t *length)
{
        char *first = *start, *end = first + *length;

        while (first < end && is_blank(*first))
                first++;
        while (first < end && is_blank(end[-1]))
                end--;
        *start = first;
        *length = (size_t)(end - first);
}

static bool is_comment(const char *start, size_t length)
{
        return !length || *start == '#' || *start == ';';
}

/* Take the next physical line, trimmed. */
static bool reader_take(struct reader *reader, char **ret_start, size_t *ret_length)
{
        char *start = reader->next;
        char *stop;

        if (start >= reader->end)
                return false;
        stop = memchr(start, '\n', (size_t)(reader->end - start));
        if (!stop)
                stop = reader->end;
        reader->start = start;
        reader->next = stop + 1;
        reader->number++;
        *ret_start = start;
        *ret_length = (size_t)(stop - start);
        trim(ret_start, ret_length);
        return true;
}

/* Join the lines that continue the one at start, in place: what is added always comes from further
 * behind. */
static size_t reader_continue(struct reader *reader, char *start, size_t length)
{
        char *more;
        size_t more_length;

        while (length && start[length - 1] == '\\') {
                length--;
                do {
                        if (!reader_take(reader, &more, &more_length))
                                return length;
                } while (is_comment(more, more_length));
                memmove(start + length, more, more_length);
                length += more_length;
        }
        return length;
}

static bool is_section_name(const char *name)
{
        if (!*name)
                return false;
        for (; *name; name++)
                if (*name == '[' || *name == ']' || (unsigned char)*name < ' ' || *name == 0x7f)
                        return false;
        return true;
}

static void reader_open_section(struct reader *reader, const char *name, unsigned number)
{
        struct unit_section *section = unit_section(reader->file, name);

        if (section) {
                lines_move(&section->lines, &reader->pending);
        } else {
                section = section_append(reader->file, name);
                section->path = reader->path;
                section->number = number;
                lines_move(&section->head, &reader->pending);
        }
        reader->section = section - reader->file->sections;
}

static int reader_fail(const struct reader *reader, unsigned number, struct error *err,
                       const char *reason)
{
        error_set(err, 0, "%s", reason);
        if (err)
                err->place = (struct error_place){ reader->path, number, 1 };
        return -1;
}

static int reader_fail_line(const struct reader *reader, unsigned number, const char *line,
                            struct error *err, const char *reason)
{
        reader_fail(reader, number, err, reason);
        return error_alias(err,
                           "file contains line %u: “%.200s” which is not a key-value pair, group, "
                           "or comment",
                           number, line);
}

/* Take in a logical line that is no comment; it is NUL-terminated. */
static int reader_add(struct reader *reader, char *start, size_t length, unsigned number,
                      unsigned column, struct error *err)
{
        char *equals, *value;
        size_t key_length, value_length;
        struct unit_lines *lines;

        if (*start == '[') {
                if (start[length - 1] != ']')
                        return reader_fail_line(reader, number, start, err,
                                                "section header without ']'");
                start[length - 1] = '\0';
                if (!is_section_name(start + 1))
                        return reader_fail(reader, number, err, "not a section name");
                reader_open_section(reader, start + 1, number);
                return 0;
        }
        equals = memchr(start, '=', length);
        if (!equals) {
                AUTO_FREE char *reason =
                        str_format("'%.60s' is not KEY=VALUE, a [section] or a comment", start);

                return reader_fail_line(reader, number, start, err, reason);
        }
        if (reader->section == NO_SECTION) {
                reader_fail(reader, number, err, "key before the first [section]");
                return error_alias(err, "key file does not start with a group");
        }
        key_length = (size_t)(equals - start);
        value = equals + 1;
        value_length = length - key_length - 1;
        trim(&start, &key_length);
        if (!key_length)
                return reader_fail(reader, number, err, "no key in front of '='");
        trim(&value, &value_length);
        start[key_length] = '\0';
        value[value_length] = '\0';
        byte_set_add(&reader->file->keys, unit_key_hash(start, key_length));
        lines = &reader->file->sections[reader->section].lines;
        lines_move(lines, &reader->pending);
        lines_add(lines, (struct unit_line){ .key = start,
                                             .value = value,
                                             .key_length = (unsigned)key_length,
                                             .value_length = (unsigned)value_length,
                                             .path = reader->path,
                                             .number = number,
                                             .column = column });
        return 0;
}

static int reader_run(struct reader *reader, struct error *err)
{
        char *start;
        size_t length;

        while (reader_take(reader, &start, &length)) {
                unsigned number = reader->number;
                unsigned column = (unsigned)(start - reader->start) + 1;

                if (is_comment(start, length)) {
                        start[length] = '\0';
                        lines_add(&reader->pending,
                                  (struct unit_line){ .value = start,
                                                      .value_length = (unsigned)length,
                                                      .path = reader->path,
                                                      .number = number });
                        continue;
                }
                if (start[length - 1] == '\\') {
                        length = reader_continue(reader, start, length);
                        /* At the end of the file: what is still left there continues to nothing. */
                        for (trim(&start, &length); length && start[length - 1] == '\\';
                             trim(&start, &length))
                                length--;
                }
                if (length > UNIT_LINE_MAX)
                        return reader_fail(reader, number, err, "line of more than 1 MiB");
                start[length] = '\0';
                /* A line of nothing but a backslash, at the end of the file. */
                if (length && reader_add(reader, start, length, number, column, err) < 0)
                        return -1;
        }
        lines_move(reader->section == NO_SECTION ? &reader->file->comments
                                                 : &reader->file->sections[reader->section].lines,
                   &reader->pending);
        return 0;
}

static unsigned line_of(const char *text, size_t offset)
{
        unsigned number = 1;

        for (size_t i = 0; i < offset; i++)
                number += text[i] == '\n';
        return number;
}

/* What would be cut or mangled on the way through systemd is refused before anything is read. */
static int check_bytes(const struct reader *reader, const char *text, size_t length,
                       struct error *err)
{
        const char *nul = memchr(text, '\0', length);
        size_t valid = str_utf8_valid(text, length);

        if (nul)
                return reader_fail(reader, line_of(text, (size_t)(nul - text)), err, "NUL byte");
        if (valid != length)
                return reader_fail(reader, line_of(text, valid), err, "not valid UTF-8");
        return 0;
}

int unit_parse(struct unit_file *file, const char *path, char *text, size_t length,
               struct error *err)
{
        AUTO_UNIT struct unit_file parsed = { 0 };
        struct reader reader = { .file = &parsed, .path = path, .section = NO_SECTION };
        size_t skip = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        int result;

        strv_append_owned(&parsed.texts, text);
        if (check_bytes(&reader, text, length, err) < 0)
                return -1;
        reader.next = text + skip;
        reader.end = text + length;
        result = reader_run(&reader, err);
        free(reader.pending.items);
        if (result == 0)
                unit_merge(file, &parsed);
        return result;
}

void unit_merge(struct unit_file *file, struct unit_file *from)
{
        if (!file->count && !file->comments.count && !file->texts.count) {
                *file = *from;
                *from = (struct unit_file){ 0 };
                return;
        }
        lines_move(&file->comments, &from->comments);
        byte_set_add_all(&file->keys, &from->keys);
        for (size_t i = 0; i < from->count; i++) {
                struct unit_section *source = &from->sections[i];
                struct unit_section *target = unit_section(file, source->name);

                if (!target) {
                        target = section_append(file, source->name);
                        lines_move(&target->head, &source->head);
                }
                lines_move(&target->lines, &source->head);
                lines_move(&target->lines, &source->lines);
        }
        for (size_t i = 0; i < from->texts.count; i++) {
                strv_append_owned(&file->texts, from->texts.items[i]);
                from->texts.items[i] = NULL;
        }
        unit_free(from);
}

void unit_borrow(const struct unit_file *file, struct unit_file *ret)
{
        struct unit_file copy = { .keys = file->keys };

        lines_copy(&file->comments, &copy.comments);
        for (size_t i = 0; i < file->count; i++) {
                struct unit_section *section = section_append(&copy, file->sections[i].name);

                lines_copy(&file->sections[i].head, &section->head);
                lines_copy(&file->sections[i].lines, &section->lines);
        }
        *ret = copy;
}

void unit_free(struct unit_file *file)
{
        for (size_t i = 0; i < file->count; i++) {
                free(file->sections[i].head.items);
                free(file->sections[i].lines.items);
        }
        free(file->sections);
        free(file->comments.items);
        strv_free(&file->texts);
        *file = (struct unit_file){ 0 };
}

struct unit_section *unit_section(const struct unit_file *file, const char *name)
{
        for (size_t i = 0; i < file->count; i++)
                if (str_is(file->sections[i].name, name))
                        return &file->sections[i];
        return NULL;
}

const struct unit_line *unit_search(const struct unit_file *file, const char *section,
                                    const char *key)
{
        const struct unit_section *found = unit_section(file, section);

        for (size_t i = found ? found->lines.count : 0; i > 0; i--) {
                const struct unit_line *line = &found->lines.items[i - 1];

                if (line->key && str_is(line->key, key))
                        return line;
        }
        return NULL;
}

/* The lines of a section that is to get one. */
static struct unit_lines *unit_lines_for(struct unit_file *file, const char *section)
{
        struct unit_section *found = unit_section(file, section);

        return found ? &found->lines : &section_append(file, section)->lines;
}

void unit_append(struct unit_file *file, const char *section, const struct unit_line *line)
{
        lines_add(unit_lines_for(file, section), *line);
}

void unit_prepend(struct unit_file *file, const char *section, const char *key, const char *value)
{
        struct unit_line line = unit_line_of(key, value);
        struct unit_lines *lines = unit_lines_for(file, section);

        byte_set_add(&file->keys, unit_key_hash(key, line.key_length));
        lines_add(lines, line);
        memmove(lines->items + 1, lines->items, (lines->count - 1) * sizeof line);
        lines->items[0] = line;
}

void unit_replace(struct unit_file *file, struct unit_line *line, char *value)
{
        strv_append_owned(&file->texts, value);
        line->value = value;
        line->value_length = (unsigned)strlen(value);
}

void unit_rename(struct unit_file *file, const char *section, const char *name)
{
        struct unit_section *from = unit_section(file, section);
        struct unit_section *to = from ? unit_section(file, name) : NULL;
        size_t index;

        if (!from)
                return;
        if (!to) {
                from->name = name;
                return;
        }
        lines_move(&to->lines, &from->head);
        lines_move(&to->lines, &from->lines);
        index = (size_t)(from - file->sections);
        memmove(from, from + 1, (file->count - index - 1) * sizeof *from);
        file->count--;
}

static void write_lines(const struct unit_lines *lines, struct strbuf *buf)
{
        for (size_t i = 0; i < lines->count; i++) {
                const struct unit_line *line = &lines->items[i];
                char *end;

                strbuf_reserve(buf, (size_t)line->key_length + line->value_length + 2);
                end = buf->data + buf->length;
                if (line->key) {
                        end = mempcpy(end, line->key, line->key_length);
                        *end++ = '=';
                }
                end = mempcpy(end, line->value, line->value_length);
                *end++ = '\n';
                *end = '\0';
                buf->length = (size_t)(end - buf->data);
        }
}

bool unit_is_value(const char *text)
{
        size_t length = strlen(text);

        if (!length)
                return true;
        return !strchr(text, '\n') && !is_blank(text[0]) && !is_blank(text[length - 1]) &&
               text[length - 1] != '\\' && str_utf8_valid(text, length) == length;
}

void unit_write(const struct unit_file *file, struct strbuf *buf)
{
        write_lines(&file->comments, buf);
        for (size_t i = 0; i < file->count; i++) {
                const struct unit_section *section = &file->sections[i];

                if (i && !section->head.count)
                        strbuf_append_char(buf, '\n');
                write_lines(&section->head, buf);
                strbuf_append_char(buf, '[');
                strbuf_append(buf, section->name);
                strbuf_append(buf, "]\n");
                write_lines(&section->lines, buf);
        }
}

struct error_place unit_key_place(const struct unit_line *line)
{
        if (!line || !line->path)
                return (struct error_place){ 0 };
        return (struct error_place){ line->path, line->number, line->column };
}

/* A value that begins behind a continued line is said to begin at the end of the first one. */
struct error_place unit_value_place(const struct unit_line *line)
{
        struct error_place place = unit_key_place(line);

        if (place.path && line->key && line->value > line->key)
                place.column += (unsigned)(line->value - line->key);
        return place;
}

static void unit_set_error(struct error *err, struct error_place place, const char *format,
                           va_list args) PRINTF_LIKE(3, 0);
static void unit_set_error(struct error *err, struct error_place place, const char *format,
                           va_list args)
{
        AUTO_FREE char *reason = str_vformat(format, args);

        error_set(err, 0, "%s", reason);
        if (err)
                err->place = place;
}

int unit_error(struct error *err, const struct unit_line *line, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        unit_set_error(err, unit_value_place(line), format, args);
        va_end(args);
        return -1;
}

int unit_error_file(struct error *err, const char *path, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        unit_set_error(err, (struct error_place){ .path = path }, format, args);
        va_end(args);
        return -1;
}
