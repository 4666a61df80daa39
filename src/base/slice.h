/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of slices, systemd's units that hold limits for several others. systemd has no templates of
 * them, and within a name each '-' leads to a slice below.
 */
#pragma once

/*
 * The slice within another ("system") for what belongs to a service; owned by the caller:
 *
 *   web-pod.service     system-web\x2dpod.slice
 *   web-pod@a.service   system-web\x2dpod-a-limits.slice
 *   web-pod@.service    the same with %i, for systemd to fill in
 *
 * An instance that is called a-b is below that called a. So that it is not within the limits of
 * that one, limits are in the slice behind the name.
 */
char *slice_name(const char *within, const char *service);
