/* SPDX-License-Identifier: BSD-2-Clause */
/* Function ids and results of the realm services interface (DEN 0137) that KCore knows. */
#ifndef KCORE_RSI_H
#define KCORE_RSI_H

#define RSI_VERSION       0xc4000190ul
#define RSI_REALM_CONFIG  0xc4000196ul
#define RSI_IPA_STATE_SET 0xc4000197ul
#define RSI_IPA_STATE_GET 0xc4000198ul
#define RSI_FIRST         0xc4000190ul
#define RSI_LAST          0xc40001aful

#define RSI_ABI           0x10000ul
#define RSI_SUCCESS       0ul
#define RSI_ERROR_INPUT   1ul
#define RSI_NOT_SUPPORTED 0xfffffffffffffffful

#define RSI_EMPTY 0ul
#define RSI_RAM   1ul

/*
 * ipa_bits below the page shift: kernels built for 52-bit physical addresses compute a shared
 * attribute of zero from it, so no address bit tells shared from private; the ipa's state alone
 * does.
 */
#define RSI_IPA_BITS_NO_ALIAS 8ul

#endif
