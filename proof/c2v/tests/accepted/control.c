#include "../types.h"
/* Loops, switches, early exits. */
static u32 hist[8];
static u32 order;

extern void note(u32 x);

u32 count(u32 n)
{
	u32 r = 0u;

	for (u32 i = 0u; i < (n & 15u); i++) {
		if (i == 3u)
			continue;
		if (i == 9u)
			break;
		note(i);
		r += i;
	}
	for (u32 i = 10u; i > 0u; i -= 2u)
		r = r + 1u;
	return r;
}

u32 nested(u32 n)
{
	u32 r = 0u;
	u32 i = 0u;

	while (i < 4u) {
		u32 j;

		for (j = 0u; j < 4u; j = j + 1u) {
			if (i == j)
				continue;
			if (r > (n & 31u))
				return r;
			r = r + 1u;
		}
		i = i + 1u;
	}
	return 1000u + r;
}

u32 choose(u32 x)
{
	u32 r;

	switch (x & 15u) {
	case 0u:
		r = 10u;
		break;
	case 1:
	case 2: {
		u32 y = x + 1u;

		r = y;
		break;
	}
	case 3u:
		return 77u;
	case 4u:
		if (x > 100u)
			return 5u;
		else
			return 6u;
	default:
		r = 99u;
		break;
	}
	return r;
}

u32 loop_switch(u32 n)
{
	u32 r = 0u;

	for (u32 i = 0u; i < 6u; i++) {
		u32 k = (i + n) & 3u;

		switch (k) {
		case 0u:
			continue;
		case 1u:
			for (u32 j = 0u; j < 5u; j++) {
				if (j == 2u)
					break;
				r = r + 1u;
			}
			break;
		default:
			r = r + 10u;
			break;
		}
		hist[k] = hist[k] + 1u;
	}
	return r;
}

/* A local is uninitialised again in every round: none may see an earlier round's value. */
u32 again(u32 n)
{
	u32 r = 0u;

	for (u32 i = 0u; i < 3u; i++) {
		u32 x;

		if (i == (n & 3u))
			x = 7u;
		if (x == 7u)
			r = r + 1u;
	}
	return r;
}

void side(u32 x)
{
	(void)x;
	order = 0u;
	if (x == 1u && hist[1] == 0u)
		order = 1u;
	else if (x == 2u || hist[2] == 0u)
		order = 2u;
	;
	if (x == 5u)
		return;
	note(order);
}
