/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "home.h"

#include "str.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static char *home_directory(void)
{
        const char *home = getenv("HOME");
        const struct passwd *user;

        if (!str_empty(home))
                return *home == '/' ? str_dup(home) : NULL;
        user = getpwuid(geteuid());
        return user && user->pw_dir && user->pw_dir[0] == '/' ? str_dup(user->pw_dir) : NULL;
}

char *home_path(const char *name)
{
        AUTO_FREE char *home = home_directory();

        return home ? str_concat(home, "/", name) : NULL;
}

/* The XDG base directories are to be ignored where they are not absolute. */
static char *home_xdg_path(const char *variable, const char *directory, const char *name)
{
        const char *base = getenv(variable);
        AUTO_FREE char *path = NULL;

        if (base && *base == '/')
                return str_concat(base, "/", name);
        path = str_concat(directory, "/", name);
        return home_path(path);
}

char *home_config_path(const char *name)
{
        return home_xdg_path("XDG_CONFIG_HOME", ".config", name);
}

char *home_cache_path(const char *name)
{
        return home_xdg_path("XDG_CACHE_HOME", ".cache", name);
}

char *home_data_path(const char *name)
{
        return home_xdg_path("XDG_DATA_HOME", ".local/share", name);
}
