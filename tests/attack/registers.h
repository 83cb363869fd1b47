/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a protected guest may read with MRS, op0 = 3: registers that KCore switches or answers (regs.def),
 * the virtual CPU interface, PSTATE, counters, random numbers. All else must be undefined. op0 = 2 (debug)
 * reads as zero but for the OS lock's status. Ranges of encodings, both ends included.
 */
#define ONE(op1, crn, crm, op2)                                                                    \
	{                                                                                          \
		ENC(3, op1, crn, crm, op2), ENC(3, op1, crn, crm, op2)                             \
	}
#define FROM_TO(op1, crn, crm, op2, last)                                                          \
	{                                                                                          \
		ENC(3, op1, crn, crm, op2), ENC(3, op1, crn, crm, last)                            \
	}
static const struct {
	u64 first, last;
} allowed[] = {
	{ENC(3, 0, 0, 0, 0), ENC(3, 0, 0, 7, 7)}, /* identification: KCore's answers */
	FROM_TO(1, 0, 0, 0, 7),                   /* CCSIDR, CLIDR, CCSIDR2, SMIDR, AIDR */
	ONE(2, 0, 0, 0),                          /* CSSELR */
	ONE(3, 0, 0, 1),
	ONE(3, 0, 0, 7),        /* CTR, DCZID */
	FROM_TO(0, 1, 0, 0, 2), /* SCTLR, ACTLR, CPACR */
	FROM_TO(0, 2, 0, 0, 2), /* TTBR0, TTBR1, TCR */
	FROM_TO(0, 4, 0, 0, 1),
	ONE(0, 4, 1, 0), /* SPSR, ELR, SP_EL0 */
	ONE(0, 4, 2, 0),
	FROM_TO(0, 4, 2, 2, 4), /* SPSel, CurrentEL, PAN, UAO */
	ONE(0, 4, 3, 0),
	ONE(0, 4, 6, 0), /* ALLINT, ICC_PMR */
	FROM_TO(0, 5, 1, 0, 1),
	ONE(0, 5, 2, 0), /* AFSR0, AFSR1, ESR */
	ONE(0, 6, 0, 0),
	ONE(0, 7, 4, 0), /* FAR, PAR */
	ONE(0, 10, 2, 0),
	ONE(0, 10, 3, 0), /* MAIR, AMAIR */
	ONE(0, 12, 0, 0),
	FROM_TO(0, 12, 1, 0, 1),                     /* VBAR, ISR, DISR (virtual) */
	{ENC(3, 0, 12, 8, 0), ENC(3, 0, 12, 12, 7)}, /* ICC_*: the virtual CPU interface */
	ONE(0, 13, 0, 1),
	ONE(0, 13, 0, 4),        /* CONTEXTIDR, TPIDR */
	ONE(0, 14, 1, 0),        /* CNTKCTL */
	FROM_TO(3, 2, 4, 0, 1),  /* RNDR, RNDRRS */
	FROM_TO(3, 4, 2, 0, 7),  /* NZCV, DAIF, DIT, SSBS, TCO */
	FROM_TO(3, 4, 4, 0, 1),  /* FPCR, FPSR */
	FROM_TO(3, 13, 0, 2, 3), /* TPIDR_EL0, TPIDRRO_EL0 */
	FROM_TO(3, 14, 0, 0, 2),
	FROM_TO(3, 14, 0, 5, 6), /* CNTFRQ, counters */
	FROM_TO(3, 14, 2, 0, 2), /* CNTP_*: KServ answers */
	FROM_TO(3, 14, 3, 0, 2), /* CNTV_*: the VM's own timer */
};
