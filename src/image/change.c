/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "change.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

struct change_row;

/* value: without blanks around it, not empty. */
typedef int change_function(struct json_object *config, const struct change_row *row,
                            const char *value, struct error *err);

struct change_row {
        const char *name;
        const char *key; /* in the configuration */
        change_function *take;
};

/* The member of that type, made where it is missing or of another one. Borrowed. */
static struct json_object *change_member(struct json_object *config, const char *key,
                                         enum json_type type)
{
        struct json_object *member = NULL;

        if (json_object_object_get_ex(config, key, &member) && json_object_is_type(member, type))
                return member;
        return type == json_type_array ? json_add_array(config, key) : json_add_object(config, key);
}

/* Words between blanks; quotes keep blanks, a backslash keeps what follows it. */
static int change_split(const char *value, struct strv *ret, struct error *err)
{
        while (*value) {
                AUTO_STRBUF struct strbuf word = { 0 };
                char quote = '\0';

                for (; *value && (quote || !isspace((unsigned char)*value)); value++) {
                        if (*value == '\\' && value[1] && quote != '\'')
                                strbuf_append_char(&word, *++value);
                        else if (*value == quote)
                                quote = '\0';
                        else if (!quote && (*value == '"' || *value == '\''))
                                quote = *value;
                        else
                                strbuf_append_char(&word, *value);
                }
                if (quote)
                        return error_set(err, EINVAL, "there is no second %c", quote);
                strv_append_owned(ret, strbuf_steal(&word));
                while (isspace((unsigned char)*value))
                        value++;
        }
        return 0;
}

/* A list in JSON; 0 where value does not begin like one. */
static int change_list(const char *value, struct strv *ret, struct error *err)
{
        AUTO_JSON struct json_object *list = NULL;
        AUTO_JSON struct json_object *holder = json_object_new_object();

        if (*value != '[')
                return 0;
        if (json_parse(value, strlen(value), "the list", &list, err) < 0)
                return -1;
        json_object_object_add(holder, "the list", steal_ptr(&list));
        return json_get_strv(holder, "the list", ret, err) < 0 ? -1 : 1;
}

static int change_take_text(struct json_object *config, const struct change_row *row,
                            const char *value, struct error *err)
{
        (void)err;
        json_set_string(config, row->key, value);
        return 0;
}

/* What is no list is for the image's shell. */
static int change_take_command(struct json_object *config, const struct change_row *row,
                               const char *value, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        int listed = change_list(value, &words, err);

        if (listed < 0)
                return -1;
        if (!listed) {
                strv_append(&words, "/bin/sh");
                strv_append(&words, "-c");
                strv_append(&words, value);
        }
        json_set_strv(config, row->key, &words);
        return 0;
}

/* VOLUME and EXPOSE: members with nothing in them. */
static int change_take_keys(struct json_object *config, const struct change_row *row,
                            const char *value, struct error *err)
{
        struct json_object *object = change_member(config, row->key, json_type_object);
        bool ports = str_equal(row->name, "EXPOSE");
        AUTO_STRV struct strv words = { 0 };
        int listed = change_list(value, &words, err);

        if (listed < 0 || (!listed && change_split(value, &words, err) < 0))
                return -1;
        for (size_t i = 0; i < words.count; i++) {
                const char *word = words.items[i];
                AUTO_FREE char *port =
                        ports && !strchr(word, '/') ? str_format("%s/tcp", word) : str_dup(word);

                json_object_object_add(object, port, json_object_new_object());
        }
        return 0;
}

/* "A=1 B=2", or "A text to the end of the line". */
static int change_pairs(const char *value, struct strv *ret, struct error *err)
{
        size_t name = strcspn(value, "= \t");

        if (value[name] == '=' || value[name] == '\0')
                return change_split(value, ret, err);
        strv_append_owned(ret, str_format("%.*s=%s", (int)name, value,
                                          value + name + strspn(value + name, " \t")));
        return 0;
}

static int change_check_pair(const char *pair, struct error *err)
{
        if (*pair == '=' || !strchr(pair, '='))
                return error_set(err, EINVAL, "'%s' is not NAME=VALUE", pair);
        return 0;
}

/* The value that was there under the name gives way. */
static int change_take_environment(struct json_object *config, const struct change_row *row,
                                   const char *value, struct error *err)
{
        struct json_object *list = change_member(config, row->key, json_type_array);
        AUTO_STRV struct strv pairs = { 0 };

        if (change_pairs(value, &pairs, err) < 0)
                return -1;
        for (size_t i = 0; i < pairs.count; i++) {
                size_t name = strcspn(pairs.items[i], "=") + 1;

                if (change_check_pair(pairs.items[i], err) < 0)
                        return -1;
                for (size_t j = json_object_array_length(list); j-- > 0;)
                        if (strncmp(json_object_get_string(json_object_array_get_idx(list, j)),
                                    pairs.items[i], name) == 0)
                                json_object_array_del_idx(list, j, 1);
                json_object_array_add(list, json_object_new_string(pairs.items[i]));
        }
        return 0;
}

static int change_take_labels(struct json_object *config, const struct change_row *row,
                              const char *value, struct error *err)
{
        struct json_object *object = change_member(config, row->key, json_type_object);
        AUTO_STRV struct strv pairs = { 0 };

        if (change_pairs(value, &pairs, err) < 0)
                return -1;
        for (size_t i = 0; i < pairs.count; i++) {
                size_t length = strcspn(pairs.items[i], "=");
                AUTO_FREE char *name = str_dupn(pairs.items[i], length);

                if (change_check_pair(pairs.items[i], err) < 0)
                        return -1;
                json_set_string(object, name, pairs.items[i] + length + 1);
        }
        return 0;
}

static const struct change_row change_rows[] = {
        { "CMD", "Cmd", change_take_command },
        { "ENTRYPOINT", "Entrypoint", change_take_command },
        { "ENV", "Env", change_take_environment },
        { "EXPOSE", "ExposedPorts", change_take_keys },
        { "LABEL", "Labels", change_take_labels },
        { "STOPSIGNAL", "StopSignal", change_take_text },
        { "USER", "User", change_take_text },
        { "VOLUME", "Volumes", change_take_keys },
        { "WORKDIR", "WorkingDir", change_take_text },
};

static const struct change_row *change_find(const char *line, size_t length)
{
        for (size_t i = 0; i < sizeof change_rows / sizeof *change_rows; i++)
                if (strlen(change_rows[i].name) == length &&
                    strncasecmp(change_rows[i].name, line, length) == 0)
                        return change_rows + i;
        return NULL;
}

int change_apply(struct json_object *config, const char *line, struct error *err)
{
        size_t length = strcspn(line, "= \t");
        const struct change_row *row = change_find(line, length);
        const char *value = line + length;
        AUTO_FREE char *text = NULL;

        if (!row)
                return error_set(
                        err, EINVAL,
                        "'%s': not one of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, "
                        "USER, VOLUME, WORKDIR",
                        line);
        value += strspn(value, " \t");
        if (*value == '=')
                value++;
        value += strspn(value, " \t");
        text = str_dup(value);
        while (*text && isspace((unsigned char)text[strlen(text) - 1]))
                text[strlen(text) - 1] = '\0';
        if (!*text)
                return error_set(err, EINVAL, "'%s': no value is given", line);
        if (row->take(change_member(config, "config", json_type_object), row, text, err) < 0)
                return error_wrap(err, "'%s'", line);
        return 0;
}

static bool change_has(struct json_object *document, const char *key)
{
        return json_object_object_get_ex(document, key, NULL);
}

int change_adopt(struct json_object *document, const char *name, struct json_object **ret,
                 struct error *err)
{
        static const char *const kept[] = { "created", "author",  "architecture",
                                            "os",      "variant", "config" };
        AUTO_JSON struct json_object *result = json_object_new_object();
        struct json_object *member = NULL;

        if (!json_object_is_type(document, json_type_object))
                return error_set(err, EBADMSG, "%s: not an image's configuration: no JSON object",
                                 name);
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
                if (json_object_object_get_ex(document, kept[i], &member))
                        json_object_object_add(result, kept[i], json_object_get(member));
        if (!change_has(document, "config") && !change_has(document, "rootfs"))
                json_object_object_add(result, "config", json_object_get(document));
        change_member(result, "config", json_type_object);
        *ret = steal_ptr(&result);
        return 0;
}
