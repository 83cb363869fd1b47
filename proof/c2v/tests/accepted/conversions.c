#include "../types.h"
/* Conversions that keep the value need no cast; results of calls may be converted too. */
static u8 g8;
static u16 g16[4];
static u64 g64;

static u8 low(u64 x)
{
	return (u8)x;
}

static u64 wide(u32 x)
{
	return x;
}

u64 widen(u8 a, u16 b, u32 c)
{
	u64 r = a;
	u32 s = b;

	r = r + b + c;
	r = r | (a == 3);
	s = s + a;
	return r + s;
}

u64 from_calls(u64 x)
{
	u64 a = low(x);
	u32 b = (u32)wide((u32)x);
	u16 c = low(x >> 8);
	u32 d = (u8)wide((u32)x);

	g64 = low(x >> 16);
	g8 = (u8)wide((u32)(x >> 4));
	g16[x & 3ul] = low(x >> 24);
	return a + b + c + d;
}

u64 tail(u32 x)
{
	if (x > 100u)
		return low(x);
	return wide(x);
}

u16 tail_cast(u32 x)
{
	return (u16)wide(x);
}

u8 literals(u32 x)
{
	u8 r = 255;

	if (x == 0)
		r = 0u;
	if (x == 1)
		r = (x == 1u);
	return x ? r : 17;
}

u32 promoted(u8 a, u16 b)
{
	u32 r = a < b;

	if (a == b)
		r = r + 2u;
	if (a != 0 && b >= 100)
		r = r + 4u;
	return r + (a ? b : a);
}
