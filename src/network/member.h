/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is on which network now: one file for each container that has networks of ours,
 * RUNTIME/network/members/LABEL (join.h says what is in it). It is written before the container's
 * links are made and removed when it has ended, so whatever is held on its behalf can be found;
 * a label that has no directory in RUNTIME/containers any more has no owner. A pod's label is
 * "@NAME", and that one's owner is RUNTIME/pods/NAME/pod.json. Name services read
 * these files and are told of each change by whoever calls member_write() and member_remove().
 */
#pragma once

#include "join.h"

/* Hold networks still: leases, ports, members, bridges, the firewall. The lock ends with the
 * descriptor. */
int member_lock(const char *runtime, struct error *err);

int member_write(const char *runtime, const struct joined *member, struct error *err);
/* ENOENT where there is none. */
int member_read(const char *runtime, const char *label, struct joined *ret, struct error *err);
int member_remove(const char *runtime, const char *label, struct error *err);
/* Whether nobody is on a network. The directory goes then: who asks does not count files. */
bool member_none(const char *runtime);
bool member_exists(const char *runtime, const char *label);

/* Remove what a write that was killed has left. The caller holds the lock. */
void member_clean(const char *runtime);
/* The same in one directory of small files: temporary names begin with a dot. */
void member_clean_directory(const char *path);

/* All labels. */
int member_list(const char *runtime, struct strv *ret, struct error *err);
/* What is there as long as the label has an owner; owned by the caller. */
char *member_owner(const char *runtime, const char *label);
/* Those without an owner. */
void member_list_stale(const char *runtime, struct strv *ret);
