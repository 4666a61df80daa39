/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "printable.h"

#include <string.h>

enum {
        PRINTABLE_C1_LEAD = 0xc2, /* U+0080 … U+009F are this byte and one of 80 … 9f */
        PRINTABLE_DELETE = 0x7f
};

void printable_mask(char *text, const char *keep)
{
        for (; *text; text++) {
                unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];

                if (byte == PRINTABLE_C1_LEAD && next >= 0x80 && next <= 0x9f)
                        text[0] = text[1] = '?';
                else if ((byte < ' ' || byte == PRINTABLE_DELETE) && !strchr(keep, byte))
                        text[0] = '?';
        }
}
