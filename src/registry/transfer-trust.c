/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transfer-trust.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <malloc.h>
#include <stddef.h>

enum {
        TRUST_SHARING_CURL = 0x080900
};

bool transfer_trust_is_own(void)
{
        return curl_version_info(CURLVERSION_NOW)->version_num < TRUST_SHARING_CURL;
}

void transfer_trust_forget(CURL *easy)
{
        struct curl_tlssessioninfo *session = NULL;
        gnutls_certificate_credentials_t credentials;
        gnutls_x509_trust_list_t nothing;
        void *found = NULL;
        long connects = 0;

        if (curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects) != CURLE_OK || !connects ||
            curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session ||
            session->backend != CURLSSLBACKEND_GNUTLS || !session->internals ||
            gnutls_credentials_get(session->internals, GNUTLS_CRD_CERTIFICATE, &found) != 0)
                return;
        credentials = found;
        /* The credentials free the list that they had, and own this one. */
        if (gnutls_x509_trust_list_init(&nothing, 1) != 0)
                return;
        gnutls_certificate_set_trust_list(credentials, nothing, 0);
        malloc_trim(0); /* thousands of small pieces, which nobody else would fill */
}
