/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the virtual counter. With -icount shift=0 and cntfrq=1000000000 one tick is one instruction
 * of the emulated machine, whatever its privilege.
 */
#include <stdio.h>

int main(void)
{
	unsigned long v;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v)::"memory");
	printf("%lu\n", v);
	return 0;
}
