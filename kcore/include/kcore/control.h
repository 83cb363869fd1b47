/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of the EL2 control registers. They are KCore's constants: nothing of them comes from
 * KServ but the few bits named in abi.h. Names and bit numbers are those of the Arm ARM (DDI
 * 0487).
 */
#ifndef KCORE_CONTROL_H
#define KCORE_CONTROL_H

#ifdef __ASSEMBLER__
#define UL(x) x
#else
#define UL(x) x##ul
#endif

#define HCR_VM     (1ul << 0)
#define HCR_SWIO   (1ul << 1)
#define HCR_PTW    (1ul << 2)
#define HCR_FMO    (1ul << 3)
#define HCR_IMO    (1ul << 4)
#define HCR_AMO    (1ul << 5)
#define HCR_FB     (1ul << 9)
#define HCR_BSU_IS (1ul << 10)
#define HCR_TID1   (1ul << 16)
#define HCR_TID2   (1ul << 17)
#define HCR_TID3   (1ul << 18)
#define HCR_TSC    (1ul << 19)
#define HCR_TIDCP  (1ul << 20)
#define HCR_TACR   (1ul << 21)
#define HCR_TSW    (1ul << 22)
#define HCR_RW     (1ul << 31)
#define HCR_TLOR   (1ul << 35)
#define HCR_TERR   (1ul << 36)
#define HCR_APK    (1ul << 40)
#define HCR_API    (1ul << 41)
#define HCR_ENSCXT (1ul << 53)
#define HCR_ATA    (1ul << 56)

/* KServ: stage 2 on, SMC trapped; pointer authentication and tags are its own. */
#define HCR_HOST                                                                                   \
	(HCR_RW | HCR_VM | HCR_SWIO | HCR_PTW | HCR_TSC | HCR_APK | HCR_API | HCR_ENSCXT | HCR_ATA)

#define HCR_GUEST                                                                                  \
	(HCR_RW | HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB |             \
	 HCR_BSU_IS | HCR_TID1 | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TLOR |  \
	 HCR_TERR)

/* MDCR_EL2: TPMCR, TPM, TDA, TDOSA, TDRA, TPMS, TTRF; HPMN is kept from reset. */
#define MDCR_HPMN_MASK 0x1ful
#define MDCR_GUEST                                                                                 \
	((1ul << 5) | (1ul << 6) | (1ul << 9) | (1ul << 10) | (1ul << 11) | (1ul << 14) |          \
	 (1ul << 19))

/*
 * CPTR_EL2: RES1 bits; TZ, TSM for guests; TFP until the guest touches FP. TTA and TAM for
 * everybody: trace and activity monitors would count a protected guest's instructions for KServ.
 */
#define CPTR_HOST  (UL(0x22ff) | (UL(1) << 20) | (UL(1) << 30))
#define CPTR_GUEST (0x33fful | (1ul << 20) | (1ul << 30))
#define CPTR_TFP   (1ul << 10)

#define CNTHCTL_HOST  UL(3) /* EL1PCTEN, EL1PCEN: KServ has the physical timer */
#define CNTHCTL_GUEST 1ul   /* counter yes, physical timer trapped */

/*
 * VTCR_EL2: T0SZ = 24 (40 bits), SL0 = 1 (start at level 1, two concatenated tables), inner and
 * outer write-back, inner shareable, 4 KiB, PS = 40 bits, VS = 0 (8-bit VMID), HA = HD = 0.
 */
#define VTCR_VALUE                                                                                 \
	((UL(1) << 31) | (UL(2) << 16) | (UL(3) << 12) | (UL(1) << 10) | (UL(1) << 8) |            \
	 (UL(1) << 6) | UL(24))

#define VTTBR(vmid, root_pfn) (((u64)(vmid) << 48) | ((u64)(root_pfn) << 12))

/* PSTATE as in SPSR_EL2 */
#define PSTATE_M_MASK 0x1ful
#define PSTATE_EL0T   0x00ul
#define PSTATE_EL1T   0x04ul
#define PSTATE_EL1H   0x05ul
#define PSTATE_AA32   0x10ul
#define PSTATE_DAIF   0x3c0ul
#define PSTATE_RESET  (PSTATE_DAIF | PSTATE_EL1H)

#define SCTLR_RESET 0x30d00800ul

/* ESR_EL2 */
#define ESR_EC(esr)  (((esr) >> 26) & 0x3ful)
#define EC_UNKNOWN   0x00ul
#define EC_WFX       0x01ul
#define EC_FP        0x07ul
#define EC_PAC       0x09ul
#define EC_ILL       0x0eul
#define EC_HVC64     0x16ul
#define EC_SMC64     0x17ul
#define EC_SYS64     0x18ul
#define EC_SVE       0x19ul
#define EC_IABT_LOW  0x20ul
#define EC_IABT_CUR  0x21ul
#define EC_DABT_LOW  0x24ul
#define EC_DABT_CUR  0x25ul
#define ESR_IL       (1ul << 25)
#define ESR_ISV      (1ul << 24)
#define ESR_WNR      (1ul << 6)
#define ESR_S1PTW    (1ul << 7)
#define ESR_FSC(esr) ((esr)&0x3ful)

#endif
