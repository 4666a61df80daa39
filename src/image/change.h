/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of an image's settings by lines as build files have them: CMD, ENTRYPOINT, ENV, EXPOSE,
 * LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR, in upper or lower case, followed by a blank or `=` and
 * the value.
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"

/* Apply one line to the member "config" of a configuration document (image-spec, config.md).
 * Borrowed; EINVAL with the line where it makes no sense. */
int change_apply(struct json_object *config, const char *line, struct error *err);

/*
 * Bring a document that describes an image into the form that a configuration has: "config" with
 * the settings is there. A document that is that member itself is taken as well. Nothing about
 * layers and history is kept. name is for messages. Owned by the caller.
 */
int change_adopt(struct json_object *document, const char *name, struct json_object **ret,
                 struct error *err);
