/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a key does not do what it does with Podman: for the manual, beside what it does. */
#include "keys-differences.h"

#include "../base/str.h"

#define REFUSED_MODULE "there are no modules here, the unit fails when it starts"
#define OTHER_OPTIONS                                                                              \
        "options that crunit cannot do fail the start with the reason, and crunit check names "    \
        "them before"
#define CHECKED    "checked when the unit is made"
#define FILE_ORDER "in the order of the file, not sorted"
#define UNIT_NAME                                                                                  \
        "has to be the name of a unit; of two files for the same unit the second gets none"

static const struct {
        const char *section; /* NULL: of each that has the key */
        const char *key, *text;
} differences[] = {
        { NULL, "Annotation", FILE_ORDER },
        { NULL, "BuildArg", FILE_ORDER },
        { NULL, "ContainersConfModule", REFUSED_MODULE },
        { NULL, "Environment", FILE_ORDER },
        { NULL, "GlobalArgs", OTHER_OPTIONS },
        { NULL, "Label", FILE_ORDER },
        { NULL, "PodmanArgs", OTHER_OPTIONS },
        { NULL, "PublishPort", CHECKED },
        { NULL, "RemapUidSize", "without RemapUsers= a warning says that it has no effect" },
        { NULL, "ServiceName", UNIT_NAME },
        { NULL, "StopTimeout", CHECKED },
        { "Container", "AppArmor", "where the kernel has none, a warning and no failure" },
        { "Container", "ContainerName", CHECKED },
        { "Container", "EnvironmentFile",
          "a minus sign in front is refused; it is no part of a name" },
        { "Container", "Exec",
          "an empty word in quotes counts, and the word \\(lq;\\(rq does not end the command" },
        { "Container", "ExposeHostPort", "the whole value is checked; sctp and specifiers can be" },
        { "Container", "LogDriver",
          "k8s-file and json-file fail the start: lines go to the journal" },
        { "Container", "LogOpt", "all but tag= have no effect, which a warning says" },
        { "Container", "Mount", "the type artifact fails the start" },
        { "Container", "Network",
          "pasta and slirp4netns fail the start; without the key it is the network crunit" },
        { "Container", "Notify", "a word that is none of these costs the unit" },
        { "Container", "PidsLimit", CHECKED },
        { "Container", "Pull", "checked when the unit is made; small and capital letters are one" },
        { "Container", "Retry", CHECKED },
        { "Container", "RetryDelay", CHECKED },
        { "Container", "Secret", "a credential of systemd's; crunit secret keeps them" },
        { "Container", "UserNS", "nomap fails the start: root cannot be left out" },
        { "Image", "DecryptionKey", "fails the start: encrypted images cannot be used" },
        { "Image", "Retry", CHECKED },
        { "Image", "RetryDelay", CHECKED },
        { "Image", "Policy", "checked when the unit is made; small and capital letters are one" },
        { "Network", "IPAMDriver", "dhcp fails the start" },
        { "Network", "Options", FILE_ORDER },
        { "Pod", "ExitPolicy", CHECKED },
        { "Pod", "PodName", "checked when the unit is made; that of a template ends in -%i" },
        { "Quadlet", "DefaultDependencies", "in a user's own systemd, no network is waited for" },
        { "Volume", "Driver", "plugins fail the start" },
        { "Volume", "Group", "names are names, and numbers are decimal" },
        { "Volume", "User", "names are names, and numbers are decimal" },
};

enum {
        DIFFERENCES = sizeof differences / sizeof *differences
};

static bool is_about(size_t index, const struct unit_key *row)
{
        return str_equal(differences[index].key, row->name) &&
               (!differences[index].section || str_equal(differences[index].section, row->section));
}

const char *keys_difference(const struct unit_key *row)
{
        for (size_t i = 0; i < DIFFERENCES; i++)
                if (is_about(i, row))
                        return differences[i].text;
        return NULL;
}

static bool has_row(size_t index)
{
        for (size_t k = 0; unit_keys[k]; k++)
                for (size_t i = 0; i < unit_keys[k]->count; i++)
                        if (is_about(index, &unit_keys[k]->rows[i]))
                                return true;
        return false;
}

bool keys_differences_fit(void)
{
        for (size_t i = 0; i < DIFFERENCES; i++)
                if (!has_row(i))
                        return false;
        return true;
}
