/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transfer.h"

#include "transfer-cause.h"
#include "transfer-trust.h"
#include "url.h"

#include <curl/curl.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

/* What update-ca-certificates(8) makes of all authorities that the machine trusts. */
#define TRANSFER_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

enum {
        TRANSFER_MAX_CONNECTIONS = 2 /* that check certificates, each by a list of its own */
};

struct transfers {
        struct transfers_options options;
        CURLM *multi;             /* owned */
        struct transfer *waiting; /* borrowed; to begin later */
        struct transfer *ended;   /* borrowed; oldest first */
        size_t running;
        int64_t next_poll;
        bool own_trust; /* each connection has a list of authorities (transfer-trust.h) */
};

int64_t transfer_clock(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- lists */

static void transfers_append(struct transfer **list, struct transfer *transfer)
{
        while (*list)
                list = &(*list)->next;
        transfer->next = NULL;
        *list = transfer;
}

/* Take a transfer (NULL: the first) out of the list; NULL where it is not in there. */
static struct transfer *transfers_take(struct transfer **list, const struct transfer *which)
{
        struct transfer *found;

        while (*list && which && *list != which)
                list = &(*list)->next;
        found = *list;
        if (found)
                *list = found->next;
        return found;
}

/* --- what libcurl calls */

static size_t transfer_on_header(char *data, size_t size, size_t count, void *context)
{
        struct transfer *transfer = context;
        size_t length = size * count;
        size_t end = length;

        /* A new answer: what came before was a "100 Continue", or a proxy's. */
        if (length > 5 && strncmp(data, "HTTP/", 5) == 0) {
                strv_free(&transfer->answer_headers);
                if (transfer->owner->own_trust)
                        transfer_trust_forget(transfer->easy);
                return length;
        }
        transfer->header_bytes += length;
        while (end && strchr("\r\n \t", data[end - 1]))
                end--;
        if (!end)
                return length;
        if (transfer->header_bytes > TRANSFER_MAX_HEADERS ||
            transfer->answer_headers.count >= TRANSFER_MAX_HEADER_LINES) {
                error_set(&transfer->error, EPROTO, "the answer has too many headers");
                return 0;
        }
        strv_append_owned(&transfer->answer_headers, str_dupn(data, end));
        return length;
}

static int transfer_take_body(struct transfer *transfer, const char *data, size_t length)
{
        if (transfer->status < 200 || transfer->status > 299) {
                size_t space = TRANSFER_MAX_REFUSAL - transfer->answer.length;

                transfer->cut = length > space;
                strbuf_append_n(&transfer->answer, data, transfer->cut ? space : length);
                return transfer->cut ? -1 : 0;
        }
        if (length > transfer->max_body - transfer->received)
                return error_set(&transfer->error, EFBIG, "more than the %llu bytes allowed",
                                 (unsigned long long)transfer->max_body);
        if (transfer->take)
                return transfer->take(transfer, data, length, &transfer->error);
        strbuf_append_n(&transfer->answer, data, length);
        return 0;
}

static size_t transfer_on_body(char *data, size_t size, size_t count, void *context)
{
        struct transfer *transfer = context;
        size_t length = size * count;

        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &transfer->status);
        if (transfer_take_body(transfer, data, length) < 0)
                return 0;
        transfer->received += length;
        return length;
}

static size_t transfer_on_send(char *buffer, size_t size, size_t count, void *context)
{
        struct transfer *transfer = context;
        uint64_t left = transfer->body_length - transfer->position;
        size_t length = size * count < left ? size * count : (size_t)left;
        ssize_t got = (ssize_t)length;

        if (transfer->body)
                memcpy(buffer, (const char *)transfer->body + transfer->position, length);
        else if (length)
                got = pread(transfer->body_fd, buffer, length,
                            (off_t)(transfer->body_start + transfer->position));
        if (got < 0 || (length && !got)) {
                error_set(&transfer->error, got < 0 ? errno : EIO,
                          "cannot read what is to be sent: %s",
                          got < 0 ? strerror(errno) : "the file is too short");
                return CURL_READFUNC_ABORT;
        }
        transfer->position += (uint64_t)got;
        if (transfer->sent && got)
                transfer->sent(transfer, (uint64_t)got);
        return (size_t)got;
}

/* A kept connection turned out to be closed: libcurl begins anew on another. */
static int transfer_on_seek(void *context, curl_off_t offset, int origin)
{
        struct transfer *transfer = context;

        if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->body_length)
                return CURL_SEEKFUNC_FAIL;
        transfer->position = (uint64_t)offset;
        return CURL_SEEKFUNC_OK;
}

/* --- one exchange */

static unsigned transfer_stall(const struct transfer *transfer)
{
        unsigned usual = transfer->owner->options.stall_timeout;

        return transfer->patience > usual ? transfer->patience : usual;
}

/* libcurl reads the proxy variables but one, for the sake of CGI programs, which we are not. */
static const char *transfer_proxy(const char *url)
{
        if (url_is_loopback(url))
                return "";
        if (!url_is_https(url) && !getenv("http_proxy") && !getenv("REQUEST_METHOD"))
                return getenv("HTTP_PROXY");
        return NULL;
}

static void transfer_set_tls(const struct transfer *transfer)
{
        const struct transfers_options *options = &transfer->owner->options;
        CURL *easy = transfer->easy;

        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        if (options->insecure) {
                curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
                curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        }
        /* Debian's curl reads a directory of hundreds of certificates for each connection, even
         * where it is not asked to compare; the same ones are in one file. */
        if (options->insecure || options->ca_file || access(TRANSFER_AUTHORITIES, R_OK) == 0) {
                const char *file = options->ca_file ? options->ca_file : TRANSFER_AUTHORITIES;

                curl_easy_setopt(easy, CURLOPT_CAINFO, options->insecure ? NULL : file);
                curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        }
        if (transfer->trusted && options->client_cert) {
                curl_easy_setopt(easy, CURLOPT_SSLCERT, options->client_cert);
                curl_easy_setopt(easy, CURLOPT_SSLKEY, options->client_key);
        }
}

static void transfer_set_body(struct transfer *transfer)
{
        CURL *easy = transfer->easy;

        if (str_equal(transfer->method, "GET"))
                return;
        if (str_equal(transfer->method, "HEAD")) {
                curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
                return;
        }
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, transfer->method);
        if (str_equal(transfer->method, "DELETE"))
                return;
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->body_length);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, transfer_on_send);
        curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, transfer_on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
}

static void transfer_set_headers(struct transfer *transfer)
{
        /* libcurl would wait a second for servers that do not know it. */
        struct curl_slist *lines = curl_slist_append(NULL, "Expect:");

        for (size_t i = 0; i < transfer->headers.count; i++)
                lines = curl_slist_append(lines, transfer->headers.items[i]);
        if (transfer->authorization) {
                AUTO_FREE char *line = str_concat("Authorization: ", transfer->authorization);

                lines = curl_slist_append(lines, line);
        }
        transfer->lines = lines;
        curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, lines);
}

static void transfer_set_up(struct transfer *transfer)
{
        CURL *easy = transfer->easy;

        curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
        curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_PROXY, transfer_proxy(transfer->url));
        curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
        curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)TRANSFER_CONNECT_TIMEOUT);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)TRANSFER_STALL_RATE);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)transfer_stall(transfer));
        /* TLS gives 16 kB at a time. */
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
                         url_is_https(transfer->url) ? 32L << 10 : 128L << 10);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
        transfer_set_tls(transfer);
        transfer_set_body(transfer);
        transfer_set_headers(transfer);
}

/* Forget the last answer. */
static void transfer_reset(struct transfer *transfer)
{
        strv_free(&transfer->answer_headers);
        strbuf_free(&transfer->answer);
        error_clear(&transfer->error);
        transfer->status = 0;
        transfer->received = transfer->position = 0;
        transfer->header_bytes = 0;
        transfer->passing = transfer->no_tls = transfer->cut = transfer->ended = false;
        *transfer->detail = '\0';
}

static void transfer_release(struct transfer *transfer)
{
        if (transfer->easy) {
                curl_multi_remove_handle(transfer->owner->multi, transfer->easy);
                curl_easy_cleanup(transfer->easy);
                transfer->easy = NULL;
        }
        curl_slist_free_all(transfer->lines);
        transfer->lines = NULL;
}

static int transfer_begin(struct transfer *transfer, struct error *err)
{
        CURLMcode result;

        transfer->easy = curl_easy_init();
        if (!transfer->easy)
                return error_set(err, ENOMEM, "libcurl does not begin a transfer");
        transfer_set_up(transfer);
        result = curl_multi_add_handle(transfer->owner->multi, transfer->easy);
        if (result != CURLM_OK)
                return error_set(err, ENOMEM, "libcurl does not begin a transfer: %s",
                                 curl_multi_strerror(result));
        transfer->owner->running++;
        return 0;
}

int transfer_start(struct transfers *transfers, struct transfer *transfer, struct error *err)
{
        transfer_reset(transfer);
        transfer->owner = transfers;
        if (transfer->not_before > transfer_clock()) {
                transfers_append(&transfers->waiting, transfer);
                return 0;
        }
        return transfer_begin(transfer, err);
}

static void transfer_finish(struct transfer *transfer, CURLcode result)
{
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &transfer->status);
        if (result != CURLE_OK && !transfer->error.message && !transfer->cut)
                transfer_explain(transfer, result, transfer_stall(transfer));
        transfer_release(transfer);
        transfer->ended = true;
        transfer->owner->running--;
        transfers_append(&transfer->owner->ended, transfer);
}

void transfer_end(struct transfer *transfer)
{
        struct transfers *owner = transfer->owner;

        if (owner) {
                if (transfer->easy)
                        owner->running--;
                transfer_release(transfer);
                transfers_take(&owner->waiting, transfer);
                transfers_take(&owner->ended, transfer);
        }
        transfer_reset(transfer);
        strv_free(&transfer->headers);
        free(transfer->authorization);
        transfer->authorization = NULL;
        transfer->owner = NULL;
}

const char *transfer_header(const struct transfer *transfer, const char *name, size_t index)
{
        size_t length = strlen(name);

        for (size_t i = 0; i < transfer->answer_headers.count; i++) {
                const char *line = transfer->answer_headers.items[i];

                if (strncasecmp(line, name, length) == 0 && line[length] == ':' && index-- == 0)
                        return line + length + 1 + strspn(line + length + 1, " \t");
        }
        return NULL;
}

/* --- all of them */

int transfers_open(const struct transfers_options *options, struct transfers **ret,
                   struct error *err)
{
        struct transfers *transfers;

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return error_set(err, ENOMEM, "libcurl cannot be used");
        transfers = alloc_zero(1, sizeof *transfers);
        transfers->options = *options;
        transfers->multi = curl_multi_init();
        if (!transfers->multi) {
                free(transfers);
                return error_set(err, ENOMEM, "libcurl cannot be used");
        }
        transfers->own_trust = !options->insecure && transfer_trust_is_own();
        if (transfers->own_trust)
                curl_multi_setopt(transfers->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                                  (long)TRANSFER_MAX_CONNECTIONS);
        *ret = transfers;
        return 0;
}

void transfers_close(struct transfers **transfers)
{
        if (!*transfers)
                return;
        curl_multi_cleanup((*transfers)->multi);
        free(*transfers);
        *transfers = NULL;
        curl_global_cleanup();
}

static int transfers_check(struct transfers *transfers, struct error *err)
{
        const struct transfers_options *options = &transfers->options;
        int64_t now = transfer_clock();
        bool stop = options->cancel && *options->cancel;

        if (!stop && options->poll && now >= transfers->next_poll) {
                transfers->next_poll = now + TRANSFER_POLL_MS / 2;
                stop = options->poll(options->context);
        }
        return stop ? error_set(err, EINTR, "interrupted") : 0;
}

/* Begin what has waited long enough. */
static int transfers_begin_due(struct transfers *transfers, int *timeout, struct error *err)
{
        int64_t now = transfer_clock();
        struct transfer *next;

        for (struct transfer *t = transfers->waiting; t; t = next) {
                next = t->next;
                if (t->not_before > now) {
                        if (t->not_before - now < *timeout)
                                *timeout = (int)(t->not_before - now);
                        continue;
                }
                transfers_take(&transfers->waiting, t);
                if (transfer_begin(t, err) < 0)
                        return -1;
        }
        return 0;
}

static void transfers_collect(struct transfers *transfers)
{
        struct CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(transfers->multi, &left))) {
                void *transfer = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
                transfer_finish(transfer, message->data.result);
        }
}

static int transfers_step(struct transfers *transfers, struct error *err)
{
        int timeout = TRANSFER_POLL_MS;
        int running;
        CURLMcode result;

        if (transfers_check(transfers, err) < 0 ||
            transfers_begin_due(transfers, &timeout, err) < 0)
                return -1;
        result = curl_multi_perform(transfers->multi, &running);
        if (result == CURLM_OK)
                transfers_collect(transfers);
        if (result == CURLM_OK && !transfers->ended)
                result = curl_multi_poll(transfers->multi, NULL, 0, timeout, NULL);
        if (result != CURLM_OK)
                return error_set(err, EIO, "libcurl: %s", curl_multi_strerror(result));
        return 0;
}

int transfers_wait(struct transfers *transfers, struct transfer *which, struct transfer **ret,
                   struct error *err)
{
        for (;;) {
                struct transfer *ended = transfers_take(&transfers->ended, which);

                if (ended) {
                        *ret = ended;
                        return 0;
                }
                if (!transfers->running && !transfers->waiting)
                        return error_set(err, EINVAL, "nothing is being transferred");
                if (transfers_step(transfers, err) < 0)
                        return -1;
        }
}
