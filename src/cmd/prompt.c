/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prompt.h"

#include "../base/io.h"
#include "../base/log.h"
#include "../base/str.h"

#include <errno.h>
#include <termios.h>

bool prompt_is_possible(void)
{
        return isatty(STDIN_FILENO) == 1;
}

static void prompt_say(const char *text)
{
        fputs(text, stderr);
        fflush(stderr);
}

/* Byte by byte: what is behind the line is for others. */
static int prompt_read(char **ret, struct error *err)
{
        AUTO_STRBUF struct strbuf line = { 0 };
        char c;
        ssize_t got;

        while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
                if (line.length == PROMPT_MAX)
                        return error_set(err, EFBIG, "more than %d bytes", PROMPT_MAX);
                strbuf_append_char(&line, c);
        }
        if (got < 0)
                return error_errno(err, errno, "cannot read an answer");
        if (got == 0 && !line.length)
                return error_set(err, ENODATA, "no answer");
        *ret = strbuf_steal(&line);
        return 0;
}

int prompt_line(const char *question, char **ret, struct error *err)
{
        prompt_say(question);
        return prompt_read(ret, err);
}

int prompt_removal(const char *command, const char *what)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *line = NULL;
        AUTO_FREE char *question = str_format("WARNING! This command removes all %s.\n"
                                              "Are you sure you want to continue? [y/N] ",
                                              what);

        if (prompt_line(question, &line, &err) == 0)
                return *line == 'y' || *line == 'Y';
        prompt_say("\n");
        log_error("%s: no answer: say --force where nobody can be asked", command);
        return -1;
}

int prompt_secret(const char *question, char **ret, struct error *err)
{
        struct termios before, silent;
        int result;

        if (tcgetattr(STDIN_FILENO, &before) < 0)
                return error_errno(err, errno, "cannot keep the terminal from showing a password");
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        silent.c_lflag |= ICANON | ECHONL;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
                return error_errno(err, errno, "cannot keep the terminal from showing a password");
        prompt_say(question);
        result = prompt_read(ret, err);
        if (result < 0)
                prompt_say("\n");
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
        return result;
}

int prompt_read_input(char **ret, struct error *err)
{
        AUTO_FREE char *text = NULL;
        size_t length;

        if (io_read_fd(STDIN_FILENO, "standard input", PROMPT_MAX, &text, &length, err) < 0)
                return -1;
        while (length && strchr("\r\n", text[length - 1]))
                text[--length] = '\0';
        if (strlen(text) != length || strpbrk(text, "\r\n"))
                return error_set(err, EINVAL, "standard input has more than one line");
        if (!length)
                return error_set(err, ENODATA, "standard input is empty");
        *ret = steal_str(&text);
        return 0;
}
