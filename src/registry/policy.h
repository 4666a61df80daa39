/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy.json (containers-policy.json(5)): which images may come onto this machine. Read from
 * ~/.config/containers/policy.json, else /etc/containers/policy.json, else
 * /usr/share/containers/policy.json. Where none of them is there, everything is accepted: who wants
 * rules writes them down.
 *
 * The most specific scope of the image's transport that the file has decides, else the transport's
 * "", else "default". All requirements of it have to hold: insecureAcceptAnything does, reject does
 * not; signedBy, sigstoreSigned and anything else cannot be checked by this version, and so never
 * hold. A file that is wrong in any way (also unknown or repeated keys) refuses everything.
 */
#pragma once

#include "../base/error.h"

#include <stddef.h>

/*
 * May this image be taken? transport is "docker", "docker-archive", "oci", "oci-archive", "dir",
 * "containers-storage" or "tarball" (a root file system's tar). identity is
 *   docker, containers-storage    the full name with tag and/or digest ("latest" is not added)
 *   oci, oci-archive, dir         the path, made absolute and free of links here
 *   docker-archive, tarball       not looked at, may be NULL
 * EPERM where it is refused: the message says by which line of which file.
 */
int policy_check(const char *transport, const char *identity, struct error *err);

/* The same with the file given: text of length bytes, called path in messages. */
int policy_check_text(const char *path, const char *text, size_t length, const char *transport,
                      const char *identity, struct error *err);
