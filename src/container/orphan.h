/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a start that was killed in the middle has left of crun: processes that wait for a parent
 * that is gone, and the created container that nobody knows of. In a unit systemd kills them; of a
 * run from a shell they would stay for ever.
 */
#pragma once

/* Kill them and wait for their end. run: the container's run directory, by which their command
 * lines are known: they have executed nothing of the image yet. The starter has ended. */
void orphan_kill(const char *run);
