/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a container file to the unit that systemd reads. The unit is the file itself with its own
 * sections renamed ([X-Container]), references to other container files replaced by their units,
 * and what the file means added; for each key that is the row of the table in keys.h and its
 * function below.
 */
#pragma once

#include "keys.h"
#include "reader.h"
#include "set.h"
#include "values.h"

struct translation {
        const struct unit_set *set; /* borrowed */
        struct unit_source *source; /* borrowed; the file being translated */
        struct report *report;      /* borrowed */
        struct unit_file service;   /* the unit under construction */
        struct strbuf global;       /* words: the program, what stands in front of a subcommand */
        struct strbuf args;         /* words: the subcommand and its options, as they come */
        struct strv required;       /* units that Requires= and After= name already */
        struct strv allowed;        /* DeviceAllow= for the devices of a container */
        char *name;                 /* owned; of a container, what ContainerName= says or means */
        bool closed;                /* systemd is to close all devices but those */
        bool oneshot;               /* [Service] Type=oneshot */
};

/* Make the unit of a source; everything that is wrong is reported, and then -1 is returned (the
 * functions below return -1 without a message where they have reported all of it themselves). The
 * result borrows from source; after a failure it is what could be made, to look at. */
int translate_source(const struct unit_set *set, struct unit_source *source, struct report *report,
                     struct unit_file *ret_service);

/* Call the functions of all keys in the type's section; every failure is reported. */
int translate_keys(struct translation *t);

/* Whether the file sets this key in [Service]; an empty value is systemd's default again. */
static inline bool translate_has(const struct translation *t, const char *key)
{
        return !str_empty(unit_last_value(&t->source->file, "Service", key));
}

/* Add a key to [Service] unless the file has it there; value is borrowed, or owned from then on. */
static inline void translate_default(struct translation *t, const char *key, const char *value)
{
        if (!translate_has(t, key))
                unit_add(&t->service, "Service", key, value);
}
void translate_default_owned(struct translation *t, const char *key, char *value);

/* Add an Exec line: the program, the global arguments and these words. */
void translate_exec(struct translation *t, const char *key, const struct strbuf *words);

/* The service and the name of what another container file makes, as this unit can say them: the
 * specifiers in the name are the other unit's. Owned by the caller. */
int reference_resolve(const struct translation *t, const char *file, char **ret_service,
                      char **ret_resource, struct error *err);

/* path as seen from the directory of the container file, without . and .. in it; what begins with /
 * or with a specifier stays. Owned. */
char *reference_path(const struct translation *t, const char *path);

/* The unit needs the file systems that path lies on. */
void reference_mount(struct translation *t, const char *path);

/* An image's name; x.image and x.build stand for what these units make. Owned, NULL on failure. */
char *reference_image(struct translation *t, const char *image, const struct unit_line *line,
                      struct error *err);

/* Warn of an image's name that has no registry in front. */
void reference_warn_short(struct translation *t, const char *image, const struct unit_line *line);

/* Begin the command line of a service that runs once, and add what the keys say. */
int translate_oneshot(struct translation *t, const char *command, struct error *err);

/* The types. */
int translate_container(struct translation *t, struct error *err);
int translate_volume(struct translation *t, struct error *err);
int translate_network(struct translation *t, struct error *err);
int translate_image(struct translation *t, struct error *err);
int translate_pod(struct translation *t, struct error *err);
int translate_build(struct translation *t, struct error *err);
int translate_kube(struct translation *t, struct error *err);
int translate_artifact(struct translation *t, struct error *err);

/* The functions of the table's rows: emit.c has those that serve many keys, the others stand with
 * their subject. */
key_function emit_nothing;
key_function emit_global;
key_function emit_global_words;
key_function emit_option;
key_function emit_joined;
key_function emit_flag;
key_function emit_if_true;
key_function emit_lower;
key_function emit_words;
key_function emit_file;

key_function emit_container_name;
key_function emit_cgroups;
key_function emit_notify;
key_function emit_device;
key_function emit_volatile_tmp;
key_function emit_user;
key_function emit_image;

key_function emit_userns;
key_function emit_remap;
key_function emit_remap_detail;

key_function emit_network;
key_function emit_volume;
key_function emit_mount;
key_function emit_pod;

key_function emit_expose;
key_function emit_publish;

key_function emit_volume_options;
key_function emit_subnets;
key_function emit_pull_image;
key_function emit_pull_policy;
key_function emit_retry;
key_function emit_retry_delay;
key_function emit_exit_policy;
key_function emit_pod_name;
key_function emit_pull_artifact;

key_function emit_build_tag;
key_function emit_kube_update;
key_function emit_kube_files;
