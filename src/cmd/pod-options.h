/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The options of `crunit pod create`: the names and values of podman-pod-create(1). A pod's record
 * keeps them as words, which whoever starts one of its containers reads again.
 */
#pragma once

#include "../base/option.h"
#include "../container/pod.h"
#include "../container/spec.h"

struct pod_request {
        struct container_spec spec; /* first, for the functions that serve containers as well */
        char *exit_policy;          /* owned; continue or stop */
        char *share;                /* owned; as given, or NULL */
        char *id_file;              /* owned */
        bool infra;                 /* something is shared at all */
        bool make_slice;            /* of a unit's: it has limits that no file's slice has */
};

extern const struct option_row pod_create_options[];

void pod_request_init(struct pod_request *request);
void pod_request_free(struct pod_request *request);
#define AUTO_POD_REQUEST CLEANUP(pod_request_free)

/* Parse words, the first of which is the command; relative sources of volumes are in directory. */
int pod_request_parse(const struct strv *words, const char *directory, struct pod_request *ret,
                      struct error *err);
/* Refuse what this version cannot do; adds to spec.notes. */
int pod_request_check(struct pod_request *request, struct error *err);

/* The namespaces that the pod is to hold. */
int pod_request_namespaces(const struct pod_request *request, struct strv *ret, struct error *err);

/* What the pod gives to each of its containers: volumes, name servers, hosts. */
int pod_request_apply(const struct pod *pod, struct container_spec *spec, struct error *err);
