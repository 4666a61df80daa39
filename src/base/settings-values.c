/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings-values.h"

#include "duration.h"

#include <arpa/inet.h>
#include <errno.h>

static int take_words(const char *value, bool again, struct strv *list, struct error *err,
                      int (*check)(const char *word, struct error *err))
{
        AUTO_STRV struct strv words = { 0 };

        strv_split(&words, value, " \t,", false);
        for (size_t i = 0; i < words.count; i++)
                if (check(words.items[i], err) < 0)
                        return -1;
        if (!again)
                strv_free(list);
        strv_append_all(list, &words);
        return 0;
}

static int check_path(const char *path, struct error *err)
{
        if (path[0] != '/')
                return error_set(err, EINVAL, "'%s' is not an absolute path", path);
        return 0;
}

int settings_take_path(struct settings *settings, void *place, const char *value, bool again,
                       struct error *err)
{
        (void)settings;
        (void)again;
        if (check_path(value, err) < 0)
                return -1;
        str_replace(place, value);
        return 0;
}

int settings_take_paths(struct settings *settings, void *place, const char *value, bool again,
                        struct error *err)
{
        (void)settings;
        return take_words(value, again, place, err, check_path);
}

int settings_take_bool(struct settings *settings, void *place, const char *value, bool again,
                       struct error *err)
{
        static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

        (void)settings;
        (void)again;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
                if (str_equal_nocase(value, words[i])) {
                        *(bool *)place = i % 2;
                        return 0;
                }
        }
        return error_set(err, EINVAL, "'%s' is neither yes nor no", value);
}

static int check_registry(const char *name, struct error *err)
{
        if (strstr(name, "://"))
                return error_set(err, EINVAL, "'%s': write the registry without %.*s", name,
                                 (int)(strstr(name, "://") - name) + 3, name);
        if (strchr(name, '/') || (!strpbrk(name, ".:") && !str_equal(name, "localhost")))
                return error_set(err, EINVAL,
                                 "'%s' is not a registry, such as reg.lan or host:5000", name);
        return 0;
}

int settings_take_registries(struct settings *settings, void *place, const char *value, bool again,
                             struct error *err)
{
        (void)settings;
        return take_words(value, again, place, err, check_registry);
}

static int take_number(void *place, const char *value, unsigned least, unsigned most,
                       const char *what, struct error *err)
{
        unsigned long long number;

        if (!str_to_u64(value, most, &number) || number < least)
                return error_set(err, EINVAL, "'%s' is not a number of %s", value, what);
        *(unsigned *)place = (unsigned)number;
        return 0;
}

int settings_take_parallel(struct settings *settings, void *place, const char *value, bool again,
                           struct error *err)
{
        (void)settings;
        (void)again;
        return take_number(place, value, 1, 64, "layers (1 to 64)", err);
}

int settings_take_retry(struct settings *settings, void *place, const char *value, bool again,
                        struct error *err)
{
        (void)settings;
        (void)again;
        return take_number(place, value, 0, 1000, "tries", err);
}

int settings_take_seconds(struct settings *settings, void *place, const char *value, bool again,
                          struct error *err)
{
        (void)settings;
        (void)again;
        return take_number(place, value, 0, 365U * 24 * 3600, "seconds", err);
}

/* A plain number is seconds. */
int settings_take_duration(struct settings *settings, void *place, const char *value, bool again,
                           struct error *err)
{
        unsigned long long seconds;

        (void)settings;
        (void)again;
        if (str_to_u64(value, DURATION_MAX_MS / 1000, &seconds))
                *(uint64_t *)place = seconds * 1000;
        else if (!duration_parse(value, place))
                return error_set(err, EINVAL, "'%s' is not a time, such as 30s or 1m30s", value);
        return 0;
}

int settings_take_stall(struct settings *settings, void *place, const char *value, bool again,
                        struct error *err)
{
        uint64_t milliseconds;

        if (settings_take_duration(settings, &milliseconds, value, again, err) < 0)
                return -1;
        if (milliseconds < 1000)
                return error_set(err, EINVAL, "'%s' is less than a second", value);
        *(uint64_t *)place = milliseconds;
        return 0;
}

int settings_take_log_driver(struct settings *settings, void *place, const char *value, bool again,
                             struct error *err)
{
        static const char *const drivers[] = { "journald", "passthrough", "none" };

        (void)settings;
        (void)again;
        for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
                if (str_equal(value, drivers[i])) {
                        str_replace(place, value);
                        return 0;
                }
        }
        return error_set(err, EINVAL, "'%s' is not one of journald, passthrough, none", value);
}

/* Clear the bits of an address from the given one on. */
static void mask_address(unsigned char *address, unsigned bits, unsigned from)
{
        for (unsigned i = from; i < bits; i++)
                address[i / 8] &= (unsigned char)~(0x80 >> i % 8);
}

static int refuse_host_bits(const struct settings_pool *pool, const char *word, struct error *err)
{
        char text[INET6_ADDRSTRLEN];

        inet_ntop(pool->family, pool->base, text, sizeof text);
        return error_set(err, EINVAL, "'%s' has bits behind its prefix, did you mean %s/%u?", word,
                         text, pool->prefix);
}

/* ADDRESS/PREFIX; size becomes prefix. */
static int parse_subnet(const char *word, struct settings_pool *ret, struct error *err)
{
        const char *slash = strchr(word, '/');
        AUTO_FREE char *address = slash ? str_dupn(word, (size_t)(slash - word)) : NULL;
        struct settings_pool pool = { 0 };
        unsigned char given[sizeof pool.base];
        unsigned bits;
        unsigned long long prefix;

        pool.family = address && strchr(address, ':') ? AF_INET6 : AF_INET;
        bits = pool.family == AF_INET6 ? 128 : 32;
        if (!address || inet_pton(pool.family, address, pool.base) != 1 ||
            !str_to_u64(slash + 1, bits - 2, &prefix) || prefix < 1)
                return error_set(err, EINVAL, "'%s' is not a subnet, such as 10.89.0.0/16", word);
        memcpy(given, pool.base, sizeof given);
        pool.prefix = pool.size = (unsigned)prefix;
        mask_address(pool.base, bits, pool.prefix);
        if (memcmp(given, pool.base, sizeof given) != 0)
                return refuse_host_bits(&pool, word, err);
        *ret = pool;
        return 0;
}

int settings_take_subnet(struct settings *settings, void *place, const char *value, bool again,
                         struct error *err)
{
        (void)settings;
        (void)again;
        return parse_subnet(value, place, err);
}

/* ADDRESS/PREFIX:SIZE */
static int parse_pool(const char *word, struct settings_pool *ret, struct error *err)
{
        const char *slash = strchr(word, '/'), *colon = slash ? strchr(slash, ':') : NULL;
        AUTO_FREE char *subnet = str_dupn(word, colon ? (size_t)(colon - word) : strlen(word));
        struct settings_pool pool;
        unsigned long long size;

        if (parse_subnet(subnet, &pool, err) < 0)
                return -1;
        size = pool.family == AF_INET6 ? 64 : 24;
        if (colon && !str_to_u64(colon + 1, pool.family == AF_INET6 ? 126 : 30, &size))
                return error_set(err, EINVAL, "'%s': '%s' is not a network's prefix", word,
                                 colon + 1);
        if (size < pool.prefix)
                return error_set(err, EINVAL, "'%s': networks of /%llu do not fit in /%u", word,
                                 size, pool.prefix);
        pool.size = (unsigned)size;
        *ret = pool;
        return 0;
}

static bool pools_overlap(const struct settings_pool *a, const struct settings_pool *b)
{
        unsigned shorter = a->prefix < b->prefix ? a->prefix : b->prefix;
        unsigned char left[sizeof a->base], right[sizeof b->base];

        if (a->family != b->family)
                return false;
        memcpy(left, a->base, sizeof left);
        memcpy(right, b->base, sizeof right);
        mask_address(left, 8 * sizeof left, shorter);
        mask_address(right, 8 * sizeof right, shorter);
        return memcmp(left, right, sizeof left) == 0;
}

static int add_pool(struct settings *settings, const char *word, struct error *err)
{
        struct settings_pool pool;

        if (parse_pool(word, &pool, err) < 0)
                return -1;
        for (size_t i = 0; i < settings->pool_count; i++)
                if (pools_overlap(&pool, &settings->pools[i]))
                        return error_set(err, EINVAL, "'%s' overlaps another pool", word);
        settings->pools = alloc_grow(settings->pools, settings->pool_count + 1, sizeof pool);
        settings->pools[settings->pool_count++] = pool;
        return 0;
}

int settings_take_pools(struct settings *settings, void *place, const char *value, bool again,
                        struct error *err)
{
        AUTO_STRV struct strv words = { 0 };

        (void)place;
        strv_split(&words, value, " \t,", false);
        if (!again)
                settings->pool_count = 0;
        for (size_t i = 0; i < words.count; i++)
                if (add_pool(settings, words.items[i], err) < 0)
                        return -1;
        return 0;
}
