/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "answer.h"

#include "../base/json.h"

#include <ctype.h>
#include <time.h>

/* --- words for messages */

/* Length of the character at text that may be shown as it is; 0 for a control character (C1 ones
 * are two bytes in UTF-8), a mark that turns the direction of text, or no character at all. */
static size_t answer_character(const char *text, size_t length)
{
        const unsigned char *s = (const unsigned char *)text;
        size_t size = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

        if (*s < 0x20 || *s == 0x7f || size > length || str_utf8_valid(text, size) != size)
                return 0;
        if (*s == 0xc2 && s[1] < 0xa0)
                return 0;
        if (*s == 0xe2 && ((s[1] == 0x80 && s[2] >= 0x8b && (s[2] <= 0x8f || s[2] >= 0xa8)) ||
                           (s[1] == 0x81 && s[2] >= 0xa0)))
                return 0;
        return size;
}

char *answer_clean(const char *text, size_t length, size_t max)
{
        AUTO_STRBUF struct strbuf clean = { 0 };
        size_t i = 0;

        while (i < length && clean.length < max) {
                size_t size = answer_character(text + i, length - i);

                if (clean.length + size > max)
                        break;
                if (size)
                        strbuf_append_n(&clean, text + i, size);
                else if ((unsigned char)text[i] >= 0x80)
                        strbuf_append_char(&clean, '?');
                else if (clean.length && clean.data[clean.length - 1] != ' ')
                        strbuf_append_char(&clean, ' ');
                i += size ? size : 1;
        }
        while (clean.length && clean.data[clean.length - 1] == ' ')
                clean.data[--clean.length] = '\0';
        if (i < length && clean.length)
                strbuf_append(&clean, "…");
        return strbuf_steal(&clean);
}

static char *answer_clean_string(const char *text)
{
        return answer_clean(text, strlen(text), ANSWER_MAX_MESSAGE);
}

/* {"errors": [{"code": "DENIED", "message": "…"}, …]}: the first one. */
static const char *answer_first_error(struct json_object *document)
{
        struct json_object *errors = NULL;
        struct json_object *first;
        const char *text = NULL;

        if (json_get_array(document, "errors", &errors, NULL) < 0 || !errors ||
            !json_object_array_length(errors))
                return NULL;
        first = json_object_array_get_idx(errors, 0);
        if (!json_object_is_type(first, json_type_object))
                return NULL;
        json_get_string(first, "message", &text, NULL);
        if (str_empty(text))
                json_get_string(first, "code", &text, NULL);
        return text;
}

static const char *answer_json_message(struct json_object *document)
{
        static const char *const members[] = { "details", "error_description", "message", "error" };
        const char *text;

        if (!json_object_is_type(document, json_type_object))
                return NULL;
        text = answer_first_error(document);
        for (size_t i = 0; str_empty(text) && i < sizeof members / sizeof *members; i++)
                json_get_string(document, members[i], &text, NULL);
        return str_empty(text) ? NULL : text;
}

char *answer_message(const char *body, size_t length)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_FREE char *clean = NULL;
        const char *text;

        while (length && isspace((unsigned char)*body)) {
                body++;
                length--;
        }
        /* A page for browsers says nothing in its first bytes. */
        if (!length || *body == '<')
                return NULL;
        if (json_parse(body, length, "", &document, NULL) == 0) {
                text = answer_json_message(document);
                return text ? answer_clean_string(text) : NULL;
        }
        if (*body == '{')
                return NULL;
        clean = answer_clean(body, length, ANSWER_MAX_MESSAGE);
        return *clean ? steal_str(&clean) : NULL;
}

/* --- headers */

uint64_t answer_retry_after(const char *value)
{
        unsigned long long seconds;
        struct tm tm = { 0 };
        const char *end;
        time_t then;
        time_t now = time(NULL);

        if (str_to_u64(value, UINT32_MAX, &seconds))
                return seconds;
        end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (!end || *end)
                return 0;
        then = timegm(&tm);
        return then > now ? (uint64_t)(then - now) : 0;
}

/* A number at *s, which goes on behind it. */
static bool answer_number(const char **s, uint64_t *ret)
{
        uint64_t number = 0;
        const char *p = *s;

        for (; *p >= '0' && *p <= '9'; p++) {
                unsigned digit = (unsigned)(*p - '0');

                if (number > ((uint64_t)INT64_MAX - digit) / 10)
                        return false;
                number = number * 10 + digit;
        }
        if (p == *s)
                return false;
        *s = p;
        *ret = number;
        return true;
}

static bool answer_skip(const char **s, char c)
{
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

bool answer_content_range(const char *value, uint64_t *ret_first, uint64_t *ret_last,
                          uint64_t *ret_total)
{
        uint64_t first, last, total = 0;
        const char *s = str_after(value, "bytes ");

        if (!s || !answer_number(&s, &first) || !answer_skip(&s, '-') ||
            !answer_number(&s, &last) || !answer_skip(&s, '/'))
                return false;
        if (!answer_skip(&s, '*') && !answer_number(&s, &total))
                return false;
        if (*s || last < first || (total && last >= total))
                return false;
        *ret_first = first;
        *ret_last = last;
        *ret_total = total;
        return true;
}

bool answer_upload_offset(const char *value, uint64_t *ret_offset)
{
        const char *behind = str_after(value, "bytes=");
        const char *s = behind ? behind : value;
        uint64_t first, last;

        if (!answer_number(&s, &first) || !answer_skip(&s, '-') || !answer_number(&s, &last) ||
            *s || first != 0)
                return false;
        *ret_offset = last ? last + 1 : 0;
        return true;
}

/* Does one of the parameters, which end at end, say rel=next? */
static bool answer_is_next(const char *parameters, const char *end)
{
        while ((parameters = memchr(parameters, ';', (size_t)(end - parameters)))) {
                do
                        parameters++;
                while (parameters < end && isblank((unsigned char)*parameters));
                if (str_has_prefix(parameters, "rel=\"next\"") ||
                    str_has_prefix(parameters, "rel=next"))
                        return true;
        }
        return false;
}

char *answer_next_link(const char *value)
{
        const char *open;

        while ((open = strchr(value, '<'))) {
                const char *close = strchr(open, '>');
                const char *end;

                if (!close)
                        return NULL;
                end = close + strcspn(close, ",");
                if (answer_is_next(close, end))
                        return str_dupn(open + 1, (size_t)(close - open - 1));
                value = end;
        }
        return NULL;
}

char *answer_media_type(const char *value)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+";
        size_t length = strcspn(value, "; \t");
        AUTO_FREE char *type = str_dupn(value, length);
        size_t main_part, sub_part;

        for (char *p = type; *p; p++)
                *p = (char)tolower((unsigned char)*p);
        main_part = strspn(type, allowed);
        if (!main_part || type[main_part] != '/')
                return NULL;
        sub_part = strspn(type + main_part + 1, allowed);
        if (!sub_part || type[main_part + 1 + sub_part])
                return NULL;
        return steal_str(&type);
}
