/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unpack.h"

#include "../base/notify.h"
#include "../base/str.h"
#include "image-program.h"

#include <errno.h>

int unpack_image(const char *storage, const char *reference, const sigset_t *signals,
                 struct error *err)
{
        AUTO_STRV struct strv args = { 0 };
        AUTO_FREE char *said = NULL;
        const struct image_program program = {
                .args = &args, .signals = signals, .silent = true, .patient = true
        };
        int status;

        strv_append(&args, "image");
        strv_append(&args, "unpack");
        strv_append(&args, "--quiet");
        strv_appendf(&args, "--root=%s", storage);
        strv_append(&args, "--");
        strv_append(&args, reference);
        notify_sendf("STATUS=unpacking image %s", reference);
        status = image_program_run(&program, &said, err);
        notify_send("STATUS=");
        if (status <= 0)
                return status;
        return error_set(err, EIO, "cannot unpack image %s again: %s", reference,
                         image_program_last_line(said));
}
