/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "headroom.h"

#include "../base/io.h"
#include "../base/json.h"
#include "ulimit.h"

#include <stdlib.h>
#include <sys/resource.h>

static const char headroom_file[] = "/proc/self/oom_score_adj";

enum {
        HEADROOM_FILE_MAX = 64
};

static int headroom_limit(struct json_object *limit, struct error *err)
{
        const char *type = NULL;
        struct json_object *hard = NULL;
        struct rlimit present;
        int resource;
        rlim_t wanted;

        if (json_get_string(limit, "type", &type, err) < 0)
                return -1;
        resource = ulimit_resource(type ? type : "");
        if (resource < 0 || !json_object_object_get_ex(limit, "hard", &hard) ||
            getrlimit((__rlimit_resource_t)resource, &present) < 0)
                return 0;
        wanted = json_object_get_uint64(hard);
        if (wanted <= present.rlim_max)
                return 0;
        present.rlim_max = wanted;
        if (setrlimit((__rlimit_resource_t)resource, &present) < 0)
                return error_errno(err, errno, "cannot raise %s to %llu", type,
                                   (unsigned long long)wanted);
        return 0;
}

static int headroom_write_score(int score)
{
        AUTO_FREE char *text = str_format("%d", score);
        AUTO_CLOSE int fd = open(headroom_file, O_WRONLY | O_CLOEXEC);

        return fd < 0 ? -1 : io_write_all(fd, text, strlen(text));
}

static int headroom_score(struct json_object *process, struct headroom *ret, struct error *err)
{
        AUTO_FREE char *text = NULL;
        int64_t wanted = INT64_MAX;

        if (json_get_int(process, "oomScoreAdj", &wanted, err) < 0 || wanted == INT64_MAX)
                return 0;
        if (io_read_file(AT_FDCWD, headroom_file, HEADROOM_FILE_MAX, &text, NULL, err) < 0)
                return -1;
        ret->oom_score = atoi(text);
        if (wanted >= ret->oom_score)
                return 0;
        if (headroom_write_score((int)wanted) < 0)
                return error_errno(err, errno, "cannot lower the OOM score to %d", (int)wanted);
        ret->lowered = true;
        return 0;
}

int headroom_make(struct json_object *config, struct headroom *ret, struct error *err)
{
        struct json_object *process = NULL, *limits = NULL;

        if (json_get_object(config, "process", &process, err) < 0 || !process ||
            json_get_array(process, "rlimits", &limits, err) < 0)
                return -1;
        for (size_t i = 0; limits && i < json_object_array_length(limits); i++)
                if (headroom_limit(json_object_array_get_idx(limits, i), err) < 0)
                        return -1;
        return headroom_score(process, ret, err);
}

void headroom_return(const struct headroom *headroom)
{
        if (headroom->lowered)
                headroom_write_score(headroom->oom_score);
}
