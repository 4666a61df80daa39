/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-context.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Of each kind, the member of blockIO and that of its elements. */
static const struct {
        const char *list, *member;
} plan_io_kinds[] = {
        [SPEC_IO_WEIGHT] = { "weightDevice", "weight" },
        [SPEC_IO_READ_BYTES] = { "throttleReadBpsDevice", "rate" },
        [SPEC_IO_WRITE_BYTES] = { "throttleWriteBpsDevice", "rate" },
        [SPEC_IO_READ_COUNT] = { "throttleReadIOPSDevice", "rate" },
        [SPEC_IO_WRITE_COUNT] = { "throttleWriteIOPSDevice", "rate" },
};

static int plan_io_device(const struct spec_io *io, struct json_object *block, struct error *err)
{
        const char *list = plan_io_kinds[io->kind].list;
        struct json_object *array = NULL, *object;
        struct stat st;

        if (stat(io->device, &st) < 0)
                return error_errno(err, errno, "cannot limit the device %s", io->device);
        if (!S_ISBLK(st.st_mode))
                return error_set(err, ENOTBLK, "cannot limit %s: not a block device", io->device);
        if (!json_object_object_get_ex(block, list, &array))
                array = json_add_array(block, list);
        object = json_object_new_object();
        json_object_object_add(object, "major", json_object_new_int64(major(st.st_rdev)));
        json_object_object_add(object, "minor", json_object_new_int64(minor(st.st_rdev)));
        json_object_object_add(object, plan_io_kinds[io->kind].member,
                               json_object_new_uint64(io->limit));
        json_object_array_add(array, object);
        return 0;
}

int plan_io(const struct plan_context *context, struct json_object *resources, struct error *err)
{
        const struct container_spec *spec = context->spec;
        struct json_object *block;

        if (!spec->io_weight && !spec->io_count)
                return 0;
        block = json_add_object(resources, "blockIO");
        if (spec->io_weight)
                json_object_object_add(block, "weight", json_object_new_uint64(spec->io_weight));
        for (size_t i = 0; i < spec->io_count; i++)
                if (plan_io_device(&spec->ios[i], block, err) < 0)
                        return -1;
        return 0;
}
