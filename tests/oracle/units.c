/* SPDX-License-Identifier: BSD-2-Clause */
/* The unit tests, each in a process of its own as there, without their limit of a minute. */
#include <unistd.h>

#define alarm(seconds) ((void)(seconds))
#include "../unit/main.c"
