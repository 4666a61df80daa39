/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the makers of a load plan share: one for each kind of bundle (load-plan.h). */
#pragma once

#include "load-plan.h"

/* Does "@N" mean the image at this place? */
bool load_is_place(const char *select, size_t place);

/* Is text, as the archive has it, the name that was asked for? registry stands for a missing one.
 */
bool load_is_name(const char *select, const char *text, const char *registry);

/* The image's config is in memory: read it, compare its platform with this machine's, and note its
 * digest. */
int load_image_read_config(struct load_image *image, const char *name, struct image_config *ret,
                           struct error *err);

/* Where a blob is: in an OCI layout, or in skopeo's dir:, which has manifests below an index under
 * a longer name. NULL where it is in none of these places. */
const struct bundle_member *load_find_blob(struct bundle *bundle, const char *digest);

/* A document, compared with its descriptor. */
int load_read_blob(struct bundle *bundle, const struct descriptor *descriptor, size_t max,
                   char **ret_data, size_t *ret_length, struct error *err);

/* The kinds; each adds its images to plan. list, text: of manifest.json. */
int load_plan_docker(struct bundle *bundle, struct json_object *list, const char *select,
                     struct load_plan *plan, struct error *err);
int load_plan_oci(struct bundle *bundle, const struct load_wish *wish, struct load_plan *plan,
                  struct error *err);
int load_plan_directory(struct bundle *bundle, const char *text, size_t length, bool all,
                        struct load_plan *plan, struct error *err);

/*
 * The image was planned for this machine, from an index (top): plan the rest of what that leads to
 * as well, documents and blobs, which are kept and not unpacked. The index becomes what the image's
 * name leads to. ENOENT where the bundle has not all of it. text (borrowed) is the index's.
 */
int load_carry_index(struct bundle *bundle, struct load_plan *plan, struct load_image *image,
                     const struct descriptor *top, const char *type_or_null, const char *text,
                     size_t length, struct error *err);
