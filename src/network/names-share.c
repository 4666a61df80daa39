/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names for addresses that another has: no service is to be started, and no library is needed. */
#include "../base/io.h"
#include "names.h"

int names_share(const char *runtime, const struct joined *joined, struct error *err)
{
        for (size_t i = 0; i < joined->network_count; i++) {
                const struct joined_network *network = &joined->networks[i];
                AUTO_FREE char *hosts =
                        str_format("%s/network/names/%s/hosts", runtime, network->network);
                AUTO_FREE char *path = str_format("%s/%s", hosts, joined->label);
                AUTO_FREE char *text = names_hosts(network);

                if (!network->dns || access(hosts, F_OK) < 0)
                        continue;
                if (io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, err) < 0)
                        return -1;
        }
        return 0;
}
