/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-start.h"

#include "../base/notify.h"
#include "health-unit.h"

#include <errno.h>

/* Where the container itself tells systemd of its state, nobody else does. */
static void health_choose_told(const struct container_spec *spec, struct health *health)
{
        health->notify = spec->notify == SPEC_NOTIFY_HEALTHY;
        if (spec->detach && (health->notify || spec->notify == SPEC_NOTIFY_CONMON))
                health->socket = str_dup(getenv("NOTIFY_SOCKET"));
}

int health_prepare(const struct container_spec *spec, struct health_settings *settings,
                   const char *run, struct error *err)
{
        AUTO_HEALTH struct health health = { 0 };

        if (!settings->test.count)
                return 0;
        health_begin(settings, &health);
        health_choose_told(spec, &health);
        if (health_write(run, &health, err) < 0)
                return -1;
        return health.settings.interval != 0;
}

static int health_read_asked(const char *run, struct health *ret, struct error *err)
{
        if (!notify_booted())
                return error_set(err, ENOSYS, "there is no systemd that could check its health");
        return health_read(run, ret, err);
}

int health_announce(const struct container_state *state, const char *run, struct error *err)
{
        AUTO_HEALTH struct health health = { 0 };

        if (health_read_asked(run, &health, err) < 0)
                return -1;
        return health_unit_make(state, &health.settings, err);
}

int health_start(const struct container_state *state, const char *run, bool made, unsigned patience,
                 struct error *err)
{
        AUTO_HEALTH struct health health = { 0 };

        if (health_read_asked(run, &health, err) < 0)
                return -1;
        return health_unit_start(state, &health.settings, made, patience, err);
}
