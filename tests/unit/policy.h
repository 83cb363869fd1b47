/* SPDX-License-Identifier: BSD-2-Clause */
/* What each call may change, and must: the top specification as a check of one step (policy.c). */
#ifndef UNIT_POLICY_H
#define UNIT_POLICY_H

#include <kcore/types.h>

enum op {
	CREATE,
	RAM,
	TABLE,
	VCPU,
	TEARDOWN,
	FREE,
	RECLAIM,
	DONATE,
	LEND,
	UNLEND,
	PROT,
	FORCE,
	FLUSH,
	LOAD,
	PUT,
	SEAL,
	SHARE,
	UNSHARE,
	STATE,
	FAULT,
	STORE,
	STAT,
	HOST_STORE,
	GUEST_STORE,
	N_OPS
};

struct call {
	enum op op;
	u32 cpu;
	u64 h;          /* VM: of guest calls, the one loaded on cpu; of CREATE, the flags */
	u64 a, b, c, d; /* as in abi.h and calls.h, without the handle */
	u64 result;     /* of FAULT and STORE: what the function returned */
};

extern const char *const op_names[N_OPS];

/* Remember the state before a call. */
void policy_keep(void);
/* The call has succeeded (or is a guest's): the state is what the call makes of the one kept. */
void policy_check(const struct call *c, u64 status);

#endif
