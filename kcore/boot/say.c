/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of the boot stage on a PL011, polled. After KServ has started nothing is printed. */
#include "boot.h"

#define UART_DR 0ul
#define UART_FR 0x18ul
#define FR_TXFF (1u << 5)

static u64 uart_base;

void say_start(u64 uart)
{
	uart_base = uart;
}

static void say_char(char c)
{
	volatile u32 *dr = (volatile u32 *)(uart_base + UART_DR);
	volatile u32 *fr = (volatile u32 *)(uart_base + UART_FR);

	if (uart_base == 0ul)
		return;
	while ((*fr & FR_TXFF) != 0u)
		;
	*dr = (u32)(unsigned char)c;
}

void say(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			say_char('\r');
		say_char(*s);
	}
}

void say_hex(u64 v)
{
	say("0x");
	for (u32 i = 0; i < 16u; i++) {
		u32 d = (u32)(v >> (60u - 4u * i)) & 15u;

		say_char((char)(d < 10u ? '0' + d : 'a' + d - 10u));
	}
}

void refuse(const char *why)
{
	say("kcore: refusing to boot: ");
	say(why);
	say("\n");
	for (;;)
		__asm__ volatile("wfi");
}
