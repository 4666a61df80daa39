/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two compiler attributes this project uses, each behind one name. */
#pragma once

/* Let the compiler check the arguments of printf-like functions; both numbers count from one. */
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* Call function(&variable) when the variable goes out of scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))
