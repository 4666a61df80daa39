/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "answer.h"
#include "url.h"

#include <errno.h>

void request_begin(struct request *request, struct session *session, const char *method, char *url,
                   char *what)
{
        *request = (struct request){ .session = session, .url = url, .what = what };
        request->transfer.method = method;
        request->transfer.body_fd = -1;
        request->transfer.max_body = TRANSFER_MAX_REFUSAL;
}

void request_end(struct request *request)
{
        transfer_end(&request->transfer);
        free(request->url);
        free(request->what);
        free(request->location);
        strv_free(&request->headers);
        error_clear(&request->error);
        *request = (struct request){ .ended = true };
}

bool request_is_at_home(const struct request *request)
{
        const char *home = request->anonymous ? request->url : request->session->origin;

        return url_same_origin(home, request->location);
}

/* --- one exchange */

static void request_set_headers(struct request *request)
{
        struct strv *headers = &request->transfer.headers;

        strv_free(headers);
        strv_append_all(headers, &request->headers);
        if (request->resume && *request->resume)
                strv_appendf(headers, "Range: bytes=%llu-", (unsigned long long)*request->resume);
}

static int request_authorize(struct request *request, struct error *err)
{
        struct request_authority *authority = request->session->authority;

        str_replace(&request->transfer.authorization, NULL);
        request->transfer.trusted = url_same_origin(request->session->origin, request->location);
        if (!request_is_at_home(request))
                return 0;
        if (request->anonymous)
                str_replace(&request->transfer.authorization, request->own_authorization);
        else if (authority)
                return authority->authorize(authority->context, request, err);
        return 0;
}

/* Somebody else's failure becomes the request's end; but who is to stop stops all. */
static int request_take_failure(struct request *request, struct error *failure, struct error *err)
{
        if (failure->code == EINTR)
                return error_set(err, EINTR, "%s", failure->message);
        error_clear(&request->error);
        request->error = *failure;
        *failure = (struct error){ 0 };
        request->ended = true;
        return 0;
}

/* Begin an exchange, so many milliseconds from now. */
static int request_exchange(struct request *request, uint64_t pause, struct error *err)
{
        struct transfer *transfer = &request->transfer;
        AUTO_ERROR struct error failure = { 0 };

        transfer->url = request->location;
        transfer->not_before = pause ? transfer_clock() + (int64_t)pause : 0;
        request_set_headers(request);
        request->began = request->resume ? *request->resume : 0;
        if (request_authorize(request, &failure) < 0)
                return request_take_failure(request, &failure, err);
        return transfer_start(request->session->transfers, transfer, err);
}

int request_start(struct request *request, struct error *err)
{
        str_replace(&request->location, request->url);
        if (request_exchange(request, 0, err) < 0)
                return -1;
        if (request->ended)
                return error_set(err, request->error.code, "%s", request->error.message);
        return 0;
}

/* --- its end */

static void request_fail(struct request *request, int code, const char *reason)
{
        AUTO_FREE char *host = NULL;
        bool elsewhere = !request_is_at_home(request);

        if (elsewhere)
                host = url_host(request->location);
        request->ended = true;
        error_clear(&request->error);
        error_set(&request->error, code, "%s: %s: %s%s%s%s", request->session->name, request->what,
                  reason, elsewhere ? " (from " : "", elsewhere ? host : "", elsewhere ? ")" : "");
}

/* What a status says; the first row that fits. */
struct request_status {
        long first, last;
        int code;
        bool passing;
        const char *text;
};

static const struct request_status request_statuses[] = {
        { 300, 399, EPROTO, false, "a redirect to nowhere" },
        { 401, 401, EACCES, false, "not authorised" },
        { 403, 403, EACCES, false, "denied" },
        { 404, 404, ENOENT, false, "not found" },
        { 408, 408, ETIMEDOUT, true, "the registry has waited too long" },
        { 413, 413, EFBIG, false, "too large for the registry" },
        { 416, 416, EBADMSG, false, "the registry has fewer bytes" },
        { 429, 429, EAGAIN, true, "too many requests" },
        { 400, 499, EREMOTEIO, false, "refused" },
        { 501, 501, EREMOTEIO, false, "the registry cannot do that" },
        { 500, 599, EREMOTEIO, true, "the registry failed" },
};

static const struct request_status *request_status(long status)
{
        static const struct request_status other = { 0, 0, EPROTO, false,
                                                     "an answer that makes no "
                                                     "sense" };

        for (size_t i = 0; i < sizeof request_statuses / sizeof *request_statuses; i++)
                if (status >= request_statuses[i].first && status <= request_statuses[i].last)
                        return &request_statuses[i];
        return &other;
}

static char *request_status_text(const struct request *request)
{
        const struct transfer *transfer = &request->transfer;
        AUTO_FREE char *said = answer_message(transfer->answer.data, transfer->answer.length);

        return str_format("%s (%ld)%s%s", request_status(transfer->status)->text, transfer->status,
                          said ? ": " : "", said ? said : "");
}

/* --- again */

static void request_say(const struct request *request, const char *reason, uint64_t pause)
{
        AUTO_FREE char *message = NULL;

        if (!request->session->notice)
                return;
        message = str_format(
                "%s: %s: %s; again in %llu %s (%u of %u)", request->session->name, request->what,
                reason, (unsigned long long)(pause % 1000 ? pause : pause / 1000),
                pause % 1000 ? "ms" : "s", request->failures, request->session->retries);
        request->session->notice(request->session->context, message);
}

uint64_t request_pause(uint64_t wanted, unsigned failures)
{
        uint64_t pause = REQUEST_FIRST_PAUSE;

        if (wanted)
                return wanted;
        for (unsigned i = 1; i < failures && pause < REQUEST_MAX_PAUSE; i++)
                pause *= 2;
        return pause < REQUEST_MAX_PAUSE ? pause : REQUEST_MAX_PAUSE;
}

/* It failed for a passing reason: ask again from the beginning of the way, or give up. */
static int request_retry(struct request *request, int code, const char *reason, uint64_t asked,
                         struct error *err)
{
        uint64_t pause;

        request->passing = true;
        if (request->resume && *request->resume - request->began >= REQUEST_GOOD_PIECE)
                request->failures = 0;
        if (request->once || request->failures >= request->session->retries ||
            asked > REQUEST_MAX_RETRY_AFTER) {
                request_fail(request, code, reason);
                return 0;
        }
        request->failures++;
        request->redirects = 0;
        pause = request_pause(request->session->retry_delay_ms, request->failures);
        if (asked * 1000 > pause)
                pause = asked * 1000;
        request_say(request, reason, pause);
        str_replace(&request->location, request->url);
        return request_exchange(request, pause, err);
}

/* --- the answers that lead on */

static int request_follow(struct request *request, const char *location, struct error *err)
{
        AUTO_ERROR struct error wrong = { 0 };
        AUTO_FREE char *next = NULL;

        if (++request->redirects > REQUEST_MAX_REDIRECTS)
                error_set(&wrong, EPROTO, "more than %d redirects", REQUEST_MAX_REDIRECTS);
        else if (url_resolve(request->location, location, &next, &wrong) == 0 &&
                 url_is_https(request->location) && !url_is_https(next) &&
                 !request->session->insecure)
                error_set(&wrong, EPROTO, "a redirect from https to http");
        else if (!wrong.message && request->secret_body && !url_same_origin(request->url, next))
                error_set(&wrong, EPROTO, "a redirect of credentials to another host");
        if (wrong.message) {
                request_fail(request, EPROTO, wrong.message);
                return 0;
        }
        free(request->location);
        request->location = steal_str(&next);
        return request_exchange(request, 0, err);
}

/* 401: prove who we are, where that is possible. */
static int request_answer_challenge(struct request *request, struct error *err)
{
        struct request_authority *authority = request->session->authority;
        AUTO_ERROR struct error failure = { 0 };
        AUTO_FREE char *text = NULL;
        int again = 0;

        if (authority && !request->anonymous && request_is_at_home(request) &&
            ++request->challenges <= REQUEST_MAX_CHALLENGES)
                again = authority->challenged(authority->context, request, &failure);
        if (again < 0)
                return request_take_failure(request, &failure, err);
        if (again)
                return request_exchange(request, 0, err);
        text = request_status_text(request);
        request_fail(request, EACCES, text);
        return 0;
}

/* The address of a storage that we were sent to is good for minutes only. */
static bool request_is_stale(const struct request *request)
{
        long status = request->transfer.status;

        return (status == 401 || status == 403) && !request_is_at_home(request);
}

static int request_judge_status(struct request *request, struct error *err)
{
        const struct transfer *transfer = &request->transfer;
        const struct request_status *row = request_status(transfer->status);
        const char *location = transfer_header(transfer, "Location", 0);
        const char *after = transfer_header(transfer, "Retry-After", 0);
        AUTO_FREE char *text = NULL;

        if ((transfer->status >= 200 && transfer->status < 300) ||
            (transfer->status == 404 && request->missing_is_fine)) {
                request->ended = true;
                return 0;
        }
        if (transfer->status >= 300 && transfer->status < 400 && location)
                return request_follow(request, location, err);
        if (transfer->status == 401 && request_is_at_home(request))
                return request_answer_challenge(request, err);
        text = request_status_text(request);
        if (row->passing || request_is_stale(request))
                return request_retry(request, row->code, text,
                                     row->passing && after ? answer_retry_after(after) : 0, err);
        request_fail(request, row->code, text);
        return 0;
}

/* An exchange has ended: go on, or end. */
static int request_advance(struct request *request, struct error *err)
{
        struct transfer *transfer = &request->transfer;
        AUTO_FREE char *text = NULL;

        if (!transfer->error.message)
                return request_judge_status(request, err);
        text = str_dup(transfer->error.message);
        if (transfer->passing)
                return request_retry(request, transfer->error.code, text, 0, err);
        request_fail(request, transfer->error.code, text);
        return 0;
}

int request_perform(struct request *request, struct error *err)
{
        struct transfer *ended;

        if (request_start(request, err) < 0)
                return -1;
        while (!request->ended)
                if (transfers_wait(request->session->transfers, &request->transfer, &ended, err) <
                            0 ||
                    request_advance(request, err) < 0)
                        return -1;
        if (request->error.message)
                return error_set(err, request->error.code, "%s", request->error.message);
        return 0;
}

int session_wait(struct session *session, struct request **ret, struct error *err)
{
        for (;;) {
                struct transfer *ended;
                struct request *request;

                if (transfers_wait(session->transfers, NULL, &ended, err) < 0)
                        return -1;
                /* Each exchange of a session is the first member of a request. */
                request = (struct request *)ended;
                if (request_advance(request, err) < 0)
                        return -1;
                if (request->ended) {
                        *ret = request;
                        return 0;
                }
        }
}
