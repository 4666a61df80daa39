/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the forms that images are saved in share (save.h). */
#pragma once

#include "outgoing.h"
#include "save.h"
#include "whole.h"

struct save {
        const struct save_options *options; /* borrowed */
        struct sink *sink;                  /* borrowed */
        struct reshape reshape;
        struct json_object *written; /* owned; names of files, as keys */
        struct json_object *list; /* owned; what index.json or manifest.json says of the images */
};

/* Was it written for another image, or is it in the directory already? Else it is from now on. */
bool save_is_there(struct save *save, const char *name, uint64_t size);

/* Write it under that name, unless it is there. */
int save_blob(struct save *save, const char *name, const char *digest, uint64_t size, int fd,
              struct error *err);
int save_document(struct save *save, const char *name, const char *data, size_t length,
                  struct error *err);

/* Note an image for index.json, under all of these names, or without one. */
void save_oci_list(struct save *save, const char *media_type, const char *digest, size_t length,
                   const struct strv *names);

int save_docker_begin(struct save *save, struct error *err);
int save_docker(struct save *save, const struct outgoing *outgoing, const struct strv *names,
                struct error *err);
int save_docker_end(struct save *save, struct error *err);

/* An index as it is. EINVAL for one that is Docker's: a layout has OCI's only. */
int save_oci_whole(struct save *save, const struct whole *whole, const struct strv *names,
                   struct error *err);
int save_dir_whole(struct save *save, const struct whole *whole, const struct strv *names,
                   struct error *err);
