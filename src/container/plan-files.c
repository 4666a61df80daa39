/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../network/join.h"
#include "../network/names.h"
#include "plan-context.h"

#include <errno.h>

/* Takes ownership of text. */
static void plan_add_file(struct plan *plan, const char *name, char *text)
{
        plan->files = alloc_grow(plan->files, plan->file_count + 1, sizeof *plan->files);
        plan->files[plan->file_count++] = (struct plan_file){ .name = str_dup(name), .text = text };
}

/* Whether the user mounts something of his own there. */
static bool plan_is_users(const struct container_spec *spec, const char *target)
{
        for (size_t i = 0; i < spec->mount_count; i++)
                if (str_equal(spec->mounts[i].target, target))
                        return true;
        return false;
}

static void plan_append_line_end(struct strbuf *text)
{
        if (text->length && text->data[text->length - 1] != '\n')
                strbuf_append_char(text, '\n');
}

/* Whether a hosts file has this name on one of its lines. */
static bool plan_hosts_has(const char *hosts, const char *name)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, hosts, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                AUTO_STRV struct strv words = { 0 };

                lines.items[i][strcspn(lines.items[i], "#")] = '\0';
                strv_split(&words, lines.items[i], " \t", false);
                for (size_t j = 1; j < words.count; j++)
                        if (str_equal(words.items[j], name))
                                return true;
        }
        return false;
}

/* The address of the host as the container sees it; NULL where there is none. */
static const char *plan_host_address(const struct plan_context *context)
{
        const struct joined *joined = context->facts->joined;

        for (size_t i = 0; joined && i < joined->network_count; i++)
                if (joined->networks[i].gateways.count)
                        return joined->networks[i].gateways.items[0];
        return context->host_network ? "127.0.0.1" : NULL;
}

/* --add-host NAME[;NAME…]:ADDRESS */
static int plan_add_host(const struct plan_context *context, const char *entry, struct strbuf *text,
                         struct error *err)
{
        size_t length = strcspn(entry, ":");
        AUTO_FREE char *names = str_dupn(entry, length);
        const char *address = entry[length] ? entry + length + 1 : "";

        if (str_equal(address, "host-gateway"))
                address = plan_host_address(context);
        if (!address)
                return error_set(err, EINVAL,
                                 "--add-host %s: the container is on no network with the host",
                                 entry);
        for (char *at = names; *at; at++)
                if (*at == ';')
                        *at = ' ';
        strbuf_appendf(text, "%s\t%s\n", address, names);
        return 0;
}

/* The container by its own addresses; without networks of ours, by the loopback's. */
static void plan_add_self(const struct plan_context *context, struct strbuf *text)
{
        const struct container_spec *spec = context->spec;
        const struct joined *joined = context->facts->joined;
        AUTO_FREE char *names = str_format("%s%s%s", context->hostname, spec->name ? " " : "",
                                           spec->name ? spec->name : "");
        bool any = false;

        for (size_t i = 0; joined && i < joined->network_count; i++)
                for (size_t j = 0; j < joined->networks[i].addresses.count; j++) {
                        const char *address = joined->networks[i].addresses.items[j];

                        strbuf_appendf(text, "%.*s\t%s\n", (int)strcspn(address, "/"), address,
                                       names);
                        any = true;
                }
        if (!any)
                strbuf_appendf(text, "127.0.0.1\t%s\n", names);
}

/* --add-host lines first (the first match counts), then the host's own, then the container. */
static int plan_hosts(const struct plan_context *context, char **ret, struct error *err)
{
        const struct container_spec *spec = context->spec;
        const char *host = plan_host_address(context);
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_FREE char *base = NULL;

        for (size_t i = 0; i < spec->add_hosts.count; i++)
                if (plan_add_host(context, spec->add_hosts.items[i], &text, err) < 0)
                        return -1;
        if (context->facts->shared_hosts) {
                strbuf_append(&text, context->facts->shared_hosts);
                *ret = strbuf_steal(&text);
                return 0;
        }
        if (plan_hosts_base(context, &base, err) < 0)
                return -1;
        strbuf_append(&text, base);
        plan_append_line_end(&text);
        if (!plan_hosts_has(text.data, "localhost"))
                strbuf_append(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost\n");
        if (context->facts->joined && host)
                strbuf_appendf(&text, "%s\thost.containers.internal host.docker.internal\n", host);
        if (!context->host_network)
                plan_add_self(context, &text);
        *ret = strbuf_steal(&text);
        return 0;
}

/* The lines of the host's file that begin with this word. */
static void plan_copy_lines(struct strbuf *text, const char *from, const char *word)
{
        AUTO_STRV struct strv lines = { 0 };

        strv_split(&lines, from, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *rest = str_after(lines.items[i], word);

                if (rest && (*rest == ' ' || *rest == '\t'))
                        strbuf_appendf(text, "%s\n", lines.items[i]);
        }
}

static void plan_append_list(struct strbuf *text, const char *word, const struct strv *values)
{
        AUTO_FREE char *joined = strv_join(values, " ");

        strbuf_appendf(text, "%s %s\n", word, joined);
}

/* Whether it asks its own servers itself: no name service of its networks does it in its place. */
static bool plan_asks_itself(const struct plan_context *context)
{
        const struct joined *joined = context->facts->joined;
        const struct strv *dns = &context->spec->dns;

        return dns->count && !(joined && strv_equal(&joined->servers, dns));
}

/* The servers that the container's networks name, or those of the host that it can reach. */
static void plan_append_servers(const struct plan_context *context, struct strbuf *text,
                                const char *host)
{
        const struct joined *joined = context->facts->joined;
        AUTO_STRV struct strv lines = { 0 };

        for (size_t i = 0; joined && i < joined->nameservers.count; i++)
                strbuf_appendf(text, "nameserver %s\n", joined->nameservers.items[i]);
        if (joined && joined->nameservers.count)
                return;
        strv_split(&lines, host, "\n", false);
        for (size_t i = 0; joined && i < lines.count; i++)
                if (facts_line_is_server(lines.items[i]))
                        strbuf_appendf(text, "%s\n", lines.items[i]);
        if (!joined)
                plan_copy_lines(text, host, "nameserver");
}

/* The domains of the container's networks, if it asks their servers, and those of the host. */
static void plan_append_search(const struct plan_context *context, struct strbuf *text,
                               const char *host)
{
        const struct joined *joined = context->facts->joined;
        AUTO_STRV struct strv domains = { 0 }, lines = { 0 };

        if (joined && !plan_asks_itself(context))
                names_search(joined, &domains);
        if (!domains.count) {
                plan_copy_lines(text, host, "search");
                plan_copy_lines(text, host, "domain");
                return;
        }
        strv_split(&lines, host, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                const char *rest = str_after(lines.items[i], "search");

                if (!rest)
                        rest = str_after(lines.items[i], "domain");
                if (rest && (*rest == ' ' || *rest == '\t'))
                        strv_split(&domains, rest, " \t", false);
        }
        plan_append_list(text, "search", &domains);
}

/* The file that the container's own is made from. Without a network there is nobody to ask. */
static const char *plan_resolv_base(const struct plan_context *context)
{
        const struct plan_facts *facts = context->facts;

        if (facts->shared_resolv_conf)
                return facts->shared_resolv_conf;
        if (facts->joined)
                return facts->resolv_upstream;
        return context->shared_network ? facts->resolv_conf : "";
}

/* The host's file as it is; where options are given, each replaces the host's lines of its kind. */
static char *plan_resolv_conf(const struct plan_context *context)
{
        const struct container_spec *spec = context->spec;
        const char *host = plan_resolv_base(context);
        struct strbuf text = { 0 };

        if (!spec->dns.count && !spec->dns_search.count && !spec->dns_options.count &&
            !context->facts->joined)
                return str_dup(host);
        if (!spec->dns_search.count) {
                plan_append_search(context, &text, host);
        } else if (!strv_contains(&spec->dns_search, ".")) {
                plan_append_list(&text, "search", &spec->dns_search);
        }
        if (!plan_asks_itself(context))
                plan_append_servers(context, &text, host);
        for (size_t i = 0; plan_asks_itself(context) && i < spec->dns.count; i++)
                strbuf_appendf(&text, "nameserver %s\n", spec->dns.items[i]);
        if (!spec->dns_options.count)
                plan_copy_lines(&text, host, "options");
        else
                plan_append_list(&text, "options", &spec->dns_options);
        return strbuf_steal(&text);
}

/* Programs test for the file; its lines are for privileged containers, which may act on the host.
 */
static char *plan_container_env(const struct plan_context *context)
{
        const struct container_spec *spec = context->spec;

        if (!spec->privileged)
                return str_dup("");
        return str_format("engine=\"crunit-%s\"\nname=\"%s\"\nid=\"%s\"\nimage=\"%s\"\n"
                          "imageid=\"%s\"\nrootless=0\n",
                          PACKAGE_VERSION, spec->name ? spec->name : "", context->facts->id,
                          spec->image ? spec->image : "",
                          context->facts->image_id ? context->facts->image_id : "");
}

static int plan_passwd(struct plan_context *context, struct error *err)
{
        const char *home =
                context->spec->workdir ? context->spec->workdir : context->image->workdir;
        char *text;

        if (plan_passwd_text(context, str_empty(home) ? "/" : home, &text, err) < 0)
                return -1;
        if (text)
                plan_add_file(context->plan, "passwd", text);
        return 0;
}

int plan_files(struct plan_context *context, struct error *err)
{
        const struct container_spec *spec = context->spec;
        struct plan *plan = context->plan;
        char *hosts, *group;

        if (!spec->no_hosts && !plan_is_users(spec, "/etc/hosts")) {
                if (plan_hosts(context, &hosts, err) < 0)
                        return -1;
                plan_add_file(plan, "hosts", hosts);
        }
        if (!spec->no_hostname && !plan_is_users(spec, "/etc/hostname"))
                plan_add_file(plan, "hostname", str_format("%s\n", context->hostname));
        if (!strv_contains(&spec->dns, "none") && !plan_is_users(spec, "/etc/resolv.conf"))
                plan_add_file(plan, "resolv.conf", plan_resolv_conf(context));
        if (!plan_is_users(spec, "/run/.containerenv"))
                plan_add_file(plan, ".containerenv", plan_container_env(context));
        if (spec->passwd && !plan_is_users(spec, "/etc/group")) {
                if (plan_group_text(context, &group, err) < 0)
                        return -1;
                if (group)
                        plan_add_file(plan, "group", group);
        }
        if (spec->passwd && !plan_is_users(spec, "/etc/passwd"))
                return plan_passwd(context, err);
        return 0;
}
