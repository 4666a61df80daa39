/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "challenge.h"

#include "../base/str.h"

#include <errno.h>

#define CHALLENGE_ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define CHALLENGE_TOKEN CHALLENGE_ALNUM "!#$%&'*+-.^_`|~"
#define CHALLENGE_BLANK " \t"

/* A place in the header. */
struct challenge_reader {
        const char *next;
        struct challenge *current; /* borrowed; whose parameters these are; NULL before the first */
        size_t parameters;
};

static void challenge_free(struct challenge *challenge)
{
        free(challenge->scheme);
        free(challenge->realm);
        free(challenge->service);
        free(challenge->scope);
}

void challenges_free(struct challenges *list)
{
        for (size_t i = 0; i < list->count; i++)
                challenge_free(&list->items[i]);
        list->count = 0;
}

const struct challenge *challenges_find(const struct challenges *list, const char *scheme)
{
        for (size_t i = 0; i < list->count; i++)
                if (str_equal_nocase(list->items[i].scheme, scheme))
                        return &list->items[i];
        return NULL;
}

static char *challenge_read_token(struct challenge_reader *reader)
{
        size_t length = strspn(reader->next, CHALLENGE_TOKEN);
        char *token = length ? str_dupn(reader->next, length) : NULL;

        reader->next += length;
        return token;
}

static void challenge_skip_blanks(struct challenge_reader *reader)
{
        reader->next += strspn(reader->next, CHALLENGE_BLANK);
}

/* "…", with \ before any character. NULL where it does not end, or holds control characters. */
static char *challenge_read_quoted(struct challenge_reader *reader)
{
        AUTO_STRBUF struct strbuf text = { 0 };

        for (const char *s = reader->next + 1; *s; s++) {
                if (*s == '"') {
                        reader->next = s + 1;
                        return strbuf_steal(&text);
                }
                if (*s == '\\' && s[1])
                        s++;
                if ((unsigned char)*s < ' ' || *s == 0x7f)
                        return NULL;
                strbuf_append_char(&text, *s);
        }
        return NULL;
}

static char *challenge_read_value(struct challenge_reader *reader)
{
        return *reader->next == '"' ? challenge_read_quoted(reader) : challenge_read_token(reader);
}

/* Where a parameter of that name is kept; NULL: nowhere. */
static char **challenge_place(struct challenge *challenge, const char *name)
{
        if (str_equal_nocase(name, "realm"))
                return &challenge->realm;
        if (str_equal_nocase(name, "service"))
                return &challenge->service;
        if (str_equal_nocase(name, "scope"))
                return &challenge->scope;
        return NULL;
}

/* The reader is behind NAME and "=". Of equal names the first one counts. */
static int challenge_take_parameter(struct challenge_reader *reader, const char *name,
                                    struct error *err)
{
        AUTO_FREE char *value = challenge_read_value(reader);
        char **place;

        if (!value)
                return error_set(err, EPROTO, "the value of '%s' is malformed", name);
        if (++reader->parameters > CHALLENGE_MAX_PARAMETERS)
                return error_set(err, EPROTO, "more than %d parameters", CHALLENGE_MAX_PARAMETERS);
        place = challenge_place(reader->current, name);
        if (place && !*place)
                *place = steal_str(&value);
        return 0;
}

/* What some schemes have instead of parameters: "Negotiate abc==". */
static void challenge_skip_token68(struct challenge_reader *reader)
{
        const char *s = reader->next + strspn(reader->next, CHALLENGE_ALNUM "-._~+/");

        if (s == reader->next)
                return;
        s += strspn(s, "=");
        s += strspn(s, CHALLENGE_BLANK);
        if (!*s || *s == ',')
                reader->next = s;
}

/* Is the reader, behind a token, at the "=" of a parameter? Goes behind it then. */
static bool challenge_is_parameter(struct challenge_reader *reader)
{
        const char *s = reader->next + strspn(reader->next, CHALLENGE_BLANK);

        if (!reader->current || *s != '=')
                return false;
        reader->next = s + 1;
        challenge_skip_blanks(reader);
        return true;
}

static int challenge_begin(struct challenges *list, struct challenge_reader *reader, char **scheme,
                           struct error *err)
{
        if (list->count == CHALLENGE_MAX_COUNT)
                return error_set(err, EPROTO, "more than %d challenges", CHALLENGE_MAX_COUNT);
        reader->current = &list->items[list->count++];
        *reader->current = (struct challenge){ .scheme = steal_str(scheme) };
        if (*reader->next && !strchr(CHALLENGE_BLANK ",", *reader->next))
                return error_set(err, EPROTO, "no blank behind '%s'", reader->current->scheme);
        challenge_skip_blanks(reader);
        challenge_skip_token68(reader);
        return 0;
}

/* One parameter, or one scheme with its first parameter still to come. */
static int challenge_step(struct challenges *list, struct challenge_reader *reader, bool *separated,
                          struct error *err)
{
        AUTO_FREE char *token = challenge_read_token(reader);

        if (!token)
                return error_set(err, EPROTO, "a name is expected");
        if (challenge_is_parameter(reader)) {
                *separated = false;
                return challenge_take_parameter(reader, token, err);
        }
        if (!*separated)
                return error_set(err, EPROTO, "no comma before '%s'", token);
        /* The first parameter follows the scheme without a comma. */
        return challenge_begin(list, reader, &token, err);
}

static int challenges_read(struct challenges *list, const char *header, struct error *err)
{
        struct challenge_reader reader = { .next = header };
        bool separated = true;

        for (;;) {
                size_t blanks = strspn(reader.next, CHALLENGE_BLANK ",");

                if (memchr(reader.next, ',', blanks))
                        separated = true;
                reader.next += blanks;
                if (!*reader.next)
                        return 0;
                if (challenge_step(list, &reader, &separated, err) < 0)
                        return -1;
        }
}

int challenges_parse(struct challenges *list, const char *header, struct error *err)
{
        if (strlen(header) > CHALLENGE_MAX_HEADER)
                return error_set(err, EPROTO, "WWW-Authenticate: longer than %d bytes",
                                 CHALLENGE_MAX_HEADER);
        if (challenges_read(list, header, err) < 0)
                return error_wrap(err, "WWW-Authenticate");
        return 0;
}
