#include "../types.h"
/* Every operator, at both widths. */
static u32 g32;
static u64 g64[4];

u32 ops32(u32 a, u32 b)
{
	u32 r = a + b;

	r = r - (a * 3u);
	r = r ^ (b | 1u);
	r = r & ~(a << 3);
	r = r | (b >> 5);
	r = r + a / (b | 1u);
	r = r + a % (b | 1u);
	r = -r;
	return r;
}

u64 ops64(u64 a, u64 b)
{
	u64 r = a + b;

	r = r - (a * 0xffffffffffffffful);
	r = r ^ (b | 1ul);
	r = r & ~(a << 33);
	r = r | (b >> 63);
	r = r + a / (b | 1u);
	r = r + a % (b | 1u);
	r = -r;
	return r;
}

u32 truth(u32 a, u64 b)
{
	u32 r = !a;

	r = r + (a && b) * 2u;
	r = r + (a || b) * 4u;
	r = r + (u32)(a < b) * 8u;
	r = r + (u32)!(a <= 7u && !(b > 3ul)) * 16u;
	return r;
}

void updates(u32 i, u64 x)
{
	u32 n = i;

	n += 3u;
	n -= i;
	n *= i;
	n &= 0xffu;
	n |= 0x100u;
	n ^= i;
	n <<= 2;
	n >>= 1u;
	n++;
	++n;
	n--;
	g32 += n;
	g64[i & 3u] += x;
	g64[i & 3u] ^= i;
	g64[1]++;
}

u32 div_by(u32 a, u32 b)
{
	return a / b;
}

u32 mod_by(u64 a, u64 b)
{
	return (u32)(a % b);
}

u64 shift_by(u64 a, u32 n)
{
	return a << n;
}

u32 shift_right_by(u32 a, u32 n)
{
	return a >> n;
}
