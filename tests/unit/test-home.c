/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/home.h"
#include "src/base/str.h"
#include "tests/tap.h"

#include <pwd.h>
#include <unistd.h>

static void expect(char *path, const char *expected, const char *what)
{
        check_str(path, expected, what);
        free(path);
}

int main(void)
{
        const struct passwd *user;
        AUTO_FREE char *known = NULL;

        unsetenv("XDG_CONFIG_HOME");
        unsetenv("XDG_CACHE_HOME");
        unsetenv("XDG_DATA_HOME");
        setenv("HOME", "/h", 1);
        expect(home_path("x"), "/h/x", "in the home directory");
        expect(home_config_path("c/x"), "/h/.config/c/x", "configuration");
        expect(home_cache_path("c/x"), "/h/.cache/c/x", "cache");
        expect(home_data_path("x"), "/h/.local/share/x", "data");
        setenv("XDG_CONFIG_HOME", "/x/conf", 1);
        setenv("XDG_CACHE_HOME", "relative", 1);
        expect(home_config_path("c"), "/x/conf/c", "XDG_CONFIG_HOME");
        expect(home_cache_path("c"), "/h/.cache/c", "a relative XDG_CACHE_HOME is ignored");
        setenv("HOME", "relative", 1);
        expect(home_path("x"), NULL, "a relative HOME is none");
        unsetenv("HOME");
        user = getpwuid(geteuid());
        known = user ? str_concat(user->pw_dir, "/x") : NULL;
        expect(home_path("x"), known, "without HOME, the user database's");
        return tap_done();
}
