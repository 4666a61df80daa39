/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit-firewall: loads the nftables script on standard input, at once or not at all. A program
 * of its own, since libnftables costs more to load than a start's whole share of the network;
 * most starts need no script (network/firewall.h).
 */
#include "base/io.h"
#include "base/str.h"

#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>

enum {
        SCRIPT_MAX = 256 * 1024 * 1024
};

static void nft_cleanup(struct nft_ctx **context)
{
        if (*context)
                nft_ctx_free(*context);
}

static char *firewall_first_error(struct nft_ctx *context)
{
        const char *text = nft_ctx_get_error_buffer(context);

        return str_dupn(text ? text : "", text ? strcspn(text, "\n") : 0);
}

int main(void)
{
        CLEANUP(nft_cleanup) struct nft_ctx *context = nft_ctx_new(NFT_CTX_DEFAULT);
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *script = NULL, *message = NULL;

        if (!context) {
                fputs("out of memory\n", stderr);
                return EXIT_FAILURE;
        }
        if (io_read_fd(STDIN_FILENO, "the script", SCRIPT_MAX, &script, NULL, &err) < 0) {
                fprintf(stderr, "%s\n", err.message);
                return EXIT_FAILURE;
        }
        nft_ctx_buffer_output(context);
        nft_ctx_buffer_error(context);
        if (nft_run_cmd_from_buffer(context, script) == 0)
                return EXIT_SUCCESS;
        message = firewall_first_error(context);
        fprintf(stderr, "%s\n", message);
        return EXIT_FAILURE;
}
