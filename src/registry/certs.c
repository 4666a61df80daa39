/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "certs.h"

#include "../base/io.h"
#include "../base/str.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where systems keep the authorities that everybody trusts. */
static const char *const certs_bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
};

void certs_free(struct certs *certs)
{
        if (certs->ca_in_memory)
                close(certs->ca_fd);
        free(certs->ca_file);
        free(certs->client_cert);
        free(certs->client_key);
        *certs = (struct certs){ 0 };
}

/* --- the directory */

static bool certs_is_directory(const char *path)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0;
}

/* The one of the registry in there; NULL where there is none. */
static char *certs_choose(const char *parent, const char *registry)
{
        AUTO_FREE char *path = str_concat(parent, "/", registry);

        return certs_is_directory(path) ? steal_str(&path) : NULL;
}

static char *certs_user_parent(void)
{
        const char *config = getenv("XDG_CONFIG_HOME");
        const char *home = getenv("HOME");

        if (!str_empty(config))
                return str_concat(config, "/containers/certs.d");
        return str_empty(home) ? NULL : str_concat(home, "/.config/containers/certs.d");
}

static char *certs_directory(const char *registry)
{
        static const char *const parents[] = { "/etc/containers/certs.d", "/etc/docker/certs.d" };
        AUTO_FREE char *user = certs_user_parent();
        char *found = user ? certs_choose(user, registry) : NULL;

        for (size_t i = 0; !found && i < sizeof parents / sizeof *parents; i++)
                found = certs_choose(parents[i], registry);
        return found;
}

/* --- what is in there */

static int certs_append_file(int dirfd, const char *name, struct strbuf *bundle, struct error *err)
{
        AUTO_FREE char *data = NULL;
        size_t length;

        if (io_read_file(dirfd, name, CERTS_MAX_FILE, &data, &length, err) < 0)
                return -1;
        strbuf_append_n(bundle, data, length);
        strbuf_append_char(bundle, '\n');
        return 0;
}

static int certs_take_client(int fd, const char *directory, const char *name, struct certs *certs,
                             struct error *err)
{
        AUTO_FREE char *stem = str_dupn(name, strlen(name) - strlen(".cert"));
        AUTO_FREE char *key = str_concat(stem, ".key");

        if (faccessat(fd, key, R_OK, 0) < 0)
                return error_errno(err, errno, "%s/%s has no key %s", directory, name, key);
        if (certs->client_cert)
                return 0;
        certs->client_cert = str_concat(directory, "/", name);
        certs->client_key = str_concat(directory, "/", key);
        return 0;
}

static int certs_take_entry(int fd, const char *directory, const char *name, struct certs *certs,
                            struct strbuf *bundle, struct error *err)
{
        if (str_has_suffix(name, ".crt") && certs_append_file(fd, name, bundle, err) < 0)
                return error_wrap(err, "%s", directory);
        if (str_has_suffix(name, ".cert"))
                return certs_take_client(fd, directory, name, certs, err);
        return 0;
}

/* The names, sorted: the result does not depend on the file system. */
static int certs_list(const char *directory, struct strv *names, struct error *err)
{
        struct dirent **entries = NULL;
        int count = scandir(directory, &entries, NULL, alphasort);

        if (count < 0)
                return error_errno(err, errno, "cannot read %s", directory);
        for (int i = 0; i < count; i++) {
                strv_append(names, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return 0;
}

static int certs_read(const char *directory, struct certs *certs, struct strbuf *bundle,
                      struct error *err)
{
        AUTO_STRV struct strv names = { 0 };
        AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", directory);
        if (certs_list(directory, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++)
                if (certs_take_entry(fd, directory, names.items[i], certs, bundle, err) < 0)
                        return -1;
        return 0;
}

/* --- one file for libcurl, which takes only one */

static int certs_append_system(struct strbuf *bundle, const char *named, struct error *err)
{
        if (named)
                return certs_append_file(AT_FDCWD, named, bundle, err) < 0
                               ? error_wrap(err, "$SSL_CERT_FILE")
                               : 0;
        for (size_t i = 0; i < sizeof certs_bundles / sizeof *certs_bundles; i++)
                if (certs_append_file(AT_FDCWD, certs_bundles[i], bundle, NULL) == 0)
                        break;
        return 0;
}

/* NULL where nobody knows. */
static char *certs_system_file(void)
{
        for (size_t i = 0; i < sizeof certs_bundles / sizeof *certs_bundles; i++)
                if (access(certs_bundles[i], R_OK) == 0)
                        return str_dup(certs_bundles[i]);
        return NULL;
}

static int certs_make_file(const struct strbuf *bundle, struct certs *certs, struct error *err)
{
        AUTO_CLOSE int fd = memfd_create("certificates", MFD_CLOEXEC);

        if (fd < 0 || io_write_all(fd, bundle->data, bundle->length) < 0)
                return error_errno(err, errno, "cannot hold certificates in memory");
        certs->ca_file = str_format("/proc/self/fd/%d", fd);
        certs->ca_fd = steal_fd(&fd);
        certs->ca_in_memory = true;
        return 0;
}

int certs_find(const char *directory, const char *registry, struct certs *ret, struct error *err)
{
        AUTO_CERTS struct certs certs = { 0 };
        AUTO_STRBUF struct strbuf bundle = { 0 };
        const char *named = getenv("SSL_CERT_FILE");
        AUTO_FREE char *found = directory ? str_dup(directory) : certs_directory(registry);

        if (found && certs_read(found, &certs, &bundle, err) < 0)
                return -1;
        if (str_empty(named))
                named = NULL;
        if ((bundle.length || named) && (certs_append_system(&bundle, named, err) < 0 ||
                                         certs_make_file(&bundle, &certs, err) < 0))
                return -1;
        if (!certs.ca_file)
                certs.ca_file = certs_system_file();
        *ret = certs;
        certs = (struct certs){ 0 };
        return 0;
}
