/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands in the file of a transient unit. */
#include "src/container/transient-file.h"
#include "tests/tap.h"

#include <stdlib.h>

#define HEAD  "# made by systemd\n[Service]\nType=notify\n"
#define TAIL  "Restart=always\n\n[Unit]\nCollectMode=inactive\n"
#define START "ExecStart=\nExecStart=:/bin/crunit run \"a; b\" 100%% $HOME \"two\\nlines\" \"\"\n"
#define STOP  "ExecStop=\nExecStop=:/bin/crunit stop web\n"

static void becomes(const char *text, const char *expected_or_null, const char *name)
{
        AUTO_STRV struct strv start = { 0 }, stop = { 0 };
        AUTO_FREE char *mended = NULL;
        static const char *const words[] = { "/bin/crunit", "run",        "a; b", "100%",
                                             "$HOME",       "two\nlines", "" };

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                strv_append(&start, words[i]);
        strv_split(&stop, "/bin/crunit stop web", " ", false);
        mended = transient_file_rewrite(text, &start, &stop);
        check_str(mended, expected_or_null, name);
}

int main(void)
{
        becomes(HEAD "ExecStartEx=\nExecStartEx=:\"/bin/crunit\" \"run\" \"a\\;b\"\n"
                     "ExecStopEx=\nExecStopEx=:\"/bin/crunit\" \"stop\"\n" TAIL,
                HEAD START STOP TAIL, "names that no file has");
        becomes(HEAD "ExecStart=\nExecStart=:/bin/crunit run a\\;b\n"
                     "ExecStop=\nExecStop=:/bin/crunit stop web\n" TAIL,
                HEAD START STOP TAIL, "escapes that nobody reads");
        becomes(HEAD "ExecStart=\nExecStart=:/bin/crunit \"x\nExecStop=\nExecStop=no\n\"\n"
                     "ExecStopEx=\nExecStopEx=:/bin/crunit stop web\n" TAIL,
                HEAD START STOP TAIL, "lines within a word");
        becomes(HEAD "ExecStart=\nExecStart=:/bin/crunit\nExecStop=\nExecStop=:/bin/crunit",
                HEAD START STOP, "nothing behind it");
        becomes(HEAD START STOP TAIL, HEAD START STOP TAIL, "once more");
        becomes(HEAD TAIL, NULL, "no commands");
        becomes(HEAD STOP START, NULL, "in another order");
        becomes(HEAD START TAIL, NULL, "no stop");
        becomes("", NULL, "nothing");
        return tap_done();
}
