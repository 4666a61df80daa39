/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When an image is pulled, as options and container files say it: always, missing, never, newer,
 * and what else Podman takes for these, in any case of letters. */
#pragma once

/* The usual word for it, static; NULL where text is no policy. */
const char *pull_policy_word(const char *text);

/* The word that text may have meant, or NULL. */
const char *pull_policy_nearest(const char *text);
