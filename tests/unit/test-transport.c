/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of places that images come from and go to. */
#include "../../src/base/str.h"
#include "../../src/image/transport.h"
#include "../tap.h"

static void test_places(void)
{
        static const struct {
                const char *text;
                enum transport_kind kind;
                const char *path, *reference;
        } places[] = {
                { "docker://x.y/z:1", TRANSPORT_REGISTRY, NULL, "x.y/z:1" },
                { "oci:/a/b", TRANSPORT_OCI, "/a/b", NULL },
                { "oci:a:x.y/z:1", TRANSPORT_OCI, "a", "x.y/z:1" },
                { "oci-archive:a.tar:@2", TRANSPORT_OCI_ARCHIVE, "a.tar", "@2" },
                { "docker-archive:a.tar:web:1", TRANSPORT_DOCKER_ARCHIVE, "a.tar", "web:1" },
                { "dir:a:b", TRANSPORT_DIR, "a:b", NULL },
                { "tarball:a:b.tar", TRANSPORT_TARBALL, "a:b.tar", NULL },
        };

        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                AUTO_TRANSPORT struct transport transport = { 0 };

                check(transport_parse(places[i].text, &transport, NULL) == 1 &&
                              transport.kind == places[i].kind,
                      places[i].text);
                check_str(transport.path, places[i].path, "its path");
                check_str(transport.reference, places[i].reference, "its name");
        }
}

static void test_names(void)
{
        static const char *const names[] = { "web", "oci/web:1", "docker.io/dir:1", "" };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                AUTO_TRANSPORT struct transport transport = { 0 };

                check(transport_parse(names[i], &transport, NULL) == 0, "an image's name is none");
        }
}

static void test_refusals(void)
{
        static const struct {
                const char *text, *message;
        } refusals[] = {
                { "oci:", "oci:: there is no path behind oci:" },
                { "oci::x", "oci::x: there is no path behind oci:" },
                { "oci:a:", "oci:a:: there is no name behind the last colon" },
                { "docker://", "docker://: there is no name behind docker://" },
                { "ostree:x", "ostree:x: ostree is not supported: use an archive" },
                { "docker-daemon:x", "docker-daemon:x: docker-daemon is not supported: use "
                                     "`docker save IMAGE | crunit load`, or `crunit save IMAGE | "
                                     "docker load`" },
                { "containers-storage:x", "containers-storage:x: containers-storage is not "
                                          "supported: use `podman save IMAGE | crunit load`, or "
                                          "`crunit save IMAGE | podman load`" },
        };

        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
                AUTO_TRANSPORT struct transport transport = { 0 };
                AUTO_ERROR struct error err = { 0 };

                check(transport_parse(refusals[i].text, &transport, &err) < 0, refusals[i].text);
                check_str(err.message, refusals[i].message, "is refused by name");
        }
}

int main(void)
{
        test_places();
        test_names();
        test_refusals();
        return tap_done();
}
