/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the virtual counter. With -icount shift=0 and cntfrq=1000000000 one tick is one instruction
 * of the emulated machine, whatever its privilege. With an argument it also makes the mark of that kind for
 * bench/profile.c: begin or end.
 */
#include <stdio.h>

#include "../abi.h"

int main(int argc, char **argv)
{
	unsigned long v;

	if (argc == 2 && argv[1][0] == 'e')
		MARK(MARK_END);

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v)::"memory");
	printf("%lu\n", v);
	if (argc == 2 && argv[1][0] == 'b')
		MARK(MARK_BEGIN);
	return 0;
}
