/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transfer-cause.h"

#include "answer.h"

#include <errno.h>

struct transfer_cause {
        CURLcode curl;
        int code;
        bool passing;
        const char *text; /* NULL: libcurl's own words */
};

static const struct transfer_cause transfer_causes[] = {
        { CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH, true, "the host's name cannot be resolved" },
        { CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH, true, "the proxy's name cannot be resolved" },
        { CURLE_COULDNT_CONNECT, ECONNREFUSED, true, NULL },
        { CURLE_OPERATION_TIMEDOUT, ETIMEDOUT, true, NULL },
        { CURLE_PEER_FAILED_VERIFICATION, EKEYREJECTED, false, NULL },
        { CURLE_SSL_CONNECT_ERROR, EPROTO, true, NULL },
        { CURLE_SSL_CERTPROBLEM, EKEYREJECTED, false, NULL },
        { CURLE_SSL_CACERT_BADFILE, EKEYREJECTED, false, NULL },
        { CURLE_GOT_NOTHING, ECONNRESET, true, "the connection was closed without an answer" },
        { CURLE_SEND_ERROR, ECONNRESET, true, "the connection broke while sending" },
        { CURLE_RECV_ERROR, ECONNRESET, true, "the connection broke" },
        { CURLE_PARTIAL_FILE, ECONNRESET, true, "the connection broke in the middle" },
        { CURLE_HTTP2, ECONNRESET, true, NULL },
        { CURLE_HTTP2_STREAM, ECONNRESET, true, NULL },
};

static void transfer_fail(struct transfer *transfer, const struct transfer_cause *cause,
                          const char *text)
{
        AUTO_FREE char *clean = answer_clean(text, strlen(text), ANSWER_MAX_MESSAGE);

        transfer->passing = cause->passing;
        error_set(&transfer->error, cause->code, "%s", clean);
}

/* The same number of libcurl stands for two causes. */
static void transfer_fail_timeout(struct transfer *transfer, const struct transfer_cause *cause,
                                  unsigned stall)
{
        curl_off_t connected = 0;
        AUTO_FREE char *text = NULL;

        curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
        if (connected > 0)
                text = str_format("stalled: hardly a byte for %u s", stall);
        else
                text = str_format("no connection within %d s", TRANSFER_CONNECT_TIMEOUT);
        transfer_fail(transfer, cause, text);
}

static void transfer_fail_connect(struct transfer *transfer, const struct transfer_cause *cause)
{
        struct transfer_cause exact = *cause;
        long number = 0;

        curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
        if (number == EHOSTUNREACH || number == ENETUNREACH)
                exact.code = EHOSTUNREACH;
        transfer_fail(transfer, &exact, number ? strerror((int)number) : "cannot connect");
}

/* Bytes that are no TLS where TLS was expected; or a connection that broke in the handshake. */
static void transfer_fail_tls(struct transfer *transfer, const struct transfer_cause *cause)
{
        struct transfer_cause exact = *cause;

        transfer->no_tls = strstr(transfer->detail, "unexpected TLS packet") != NULL ||
                           strstr(transfer->detail, "wrong version number") != NULL;
        exact.passing = strstr(transfer->detail, "non-properly terminated") != NULL;
        if (transfer->no_tls)
                transfer_fail(transfer, &exact, "the server speaks no TLS");
        else
                transfer_fail(transfer, &exact, transfer->detail);
}

void transfer_explain(struct transfer *transfer, CURLcode result, unsigned stall)
{
        static const struct transfer_cause other = { CURLE_OK, EPROTO, false, NULL };
        const struct transfer_cause *cause = &other;

        for (size_t i = 0; i < sizeof transfer_causes / sizeof *transfer_causes; i++)
                if (transfer_causes[i].curl == result)
                        cause = &transfer_causes[i];
        if (result == CURLE_OPERATION_TIMEDOUT)
                transfer_fail_timeout(transfer, cause, stall);
        else if (result == CURLE_COULDNT_CONNECT)
                transfer_fail_connect(transfer, cause);
        else if (result == CURLE_SSL_CONNECT_ERROR)
                transfer_fail_tls(transfer, cause);
        else if (cause->text)
                transfer_fail(transfer, cause, cause->text);
        else
                transfer_fail(transfer, cause,
                              *transfer->detail ? transfer->detail : curl_easy_strerror(result));
}
