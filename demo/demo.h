/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest's program and the host's attacks both know. */
#ifndef DEMO_H
#define DEMO_H

#define SECRET_BYTES    32
#define COPIES_PER_PAGE (4096 / SECRET_BYTES)
/* The first word is announced and searched for masked, so that no search finds its own question. */
#define MASK 0x5ca1ab1e0ddba115ull

#endif
