/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WWW-Authenticate headers as registries write them, and as they should not. */
#include "../../src/base/str.h"
#include "../../src/registry/challenge.h"
#include "../tap.h"

#include <errno.h>

static void test_one(const char *header, const char *scheme, const char *realm, const char *service,
                     const char *scope)
{
        AUTO_CHALLENGES struct challenges list = { .count = 0 };
        AUTO_ERROR struct error err = { 0 };
        const struct challenge *found;

        check(challenges_parse(&list, header, &err) == 0, header);
        found = challenges_find(&list, scheme);
        check(found != NULL, "the scheme is found");
        if (!found)
                return;
        check_str(found->realm, realm, "realm");
        check_str(found->service, service, "service");
        check_str(found->scope, scope, "scope");
}

static void test_registries(void)
{
        test_one("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
                 "scope=\"repository:library/x:pull\"",
                 "Bearer", "https://auth.docker.io/token", "registry.docker.io",
                 "repository:library/x:pull");
        test_one("bearer REALM = \"a\" , Service=b,error=\"insufficient_scope\"", "Bearer", "a",
                 "b", NULL);
        test_one("Basic realm=\"a \\\"quoted\\\" \\\\ one, Bearer realm=no\"", "basic",
                 "a \"quoted\" \\ one, Bearer realm=no", NULL, NULL);
        test_one("Basic", "Basic", NULL, NULL, NULL);
        test_one(" , Basic ,, Bearer realm=x", "Bearer", "x", NULL, NULL);
        test_one("Negotiate abc==, Basic realm=\"b\"", "Basic", "b", NULL, NULL);
        test_one("Basic realm=\"b\", Negotiate, Bearer service=s,realm=r", "Bearer", "r", "s",
                 NULL);
        test_one("Basic realm=\"first\", realm=\"second\"", "Basic", "first", NULL, NULL);
        test_one("Basic realm=\"\"", "Basic", "", NULL, NULL);
        test_one("Digest realm=\"d\", nonce=\"a,b\", Basic realm=\"b\"", "Basic", "b", NULL, NULL);
}

static void test_several(void)
{
        AUTO_CHALLENGES struct challenges list = { .count = 0 };

        check(challenges_parse(&list, "Basic realm=a, Bearer realm=b", NULL) == 0 &&
                      challenges_parse(&list, "Bearer realm=c", NULL) == 0 && list.count == 3,
              "three challenges in two headers");
        check_str(challenges_find(&list, "bearer")->realm, "b", "the first of a scheme counts");
        check(!challenges_find(&list, "Digest"), "a scheme that is not offered");
}

static void test_wrong(const char *header, const char *message)
{
        AUTO_CHALLENGES struct challenges list = { .count = 0 };
        AUTO_ERROR struct error err = { 0 };

        check(challenges_parse(&list, header, &err) == -1 && err.code == EPROTO, header);
        check_str(err.message, message, "says why");
}

static void test_too_much(void)
{
        AUTO_CHALLENGES struct challenges list = { .count = 0 };
        AUTO_STRBUF struct strbuf many = { 0 };
        AUTO_STRBUF struct strbuf parameters = { 0 };
        AUTO_STRBUF struct strbuf longer = { 0 };

        for (int i = 0; i <= CHALLENGE_MAX_COUNT; i++)
                strbuf_append(&many, "Basic realm=x, ");
        check(challenges_parse(&list, many.data, NULL) == -1 && list.count == CHALLENGE_MAX_COUNT,
              "too many challenges");
        challenges_free(&list);
        strbuf_append(&parameters, "Basic ");
        for (int i = 0; i <= CHALLENGE_MAX_PARAMETERS; i++)
                strbuf_append(&parameters, "a=b,");
        check(challenges_parse(&list, parameters.data, NULL) == -1, "too many parameters");
        for (int i = 0; i <= CHALLENGE_MAX_HEADER; i++)
                strbuf_append_char(&longer, 'x');
        check(challenges_parse(&list, longer.data, NULL) == -1, "a long header");
}

int main(void)
{
        test_registries();
        test_several();
        test_wrong("Basic realm=\"open", "WWW-Authenticate: the value of 'realm' is malformed");
        test_wrong("Basic realm=\"a\x7f\"", "WWW-Authenticate: the value of 'realm' is malformed");
        test_wrong("Basic a=b, realm=", "WWW-Authenticate: the value of 'realm' is malformed");
        test_wrong("Basic realm=a b c", "WWW-Authenticate: no comma before 'b'");
        test_wrong("\"quoted\"", "WWW-Authenticate: a name is expected");
        test_wrong("Basic realm=\"a\" \x01", "WWW-Authenticate: a name is expected");
        test_wrong("Basic\"x\"", "WWW-Authenticate: no blank behind 'Basic'");
        test_too_much();
        return tap_done();
}
