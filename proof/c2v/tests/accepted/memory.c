#include "../types.h"
/* Structures in arrays in structures, constants, bounds. */
enum kind { FREE, USED = 4, LAST };

struct point {
	u32 x;
	u64 y[3];
};

struct shape {
	u8 kind;
	struct point corner[4];
	u16 tag;
};

static struct shape shapes[5];
static struct point origin;
static u32 matrix[3][5];
static u32 zero_by_name = 0u;
static const struct point home[2] = { { 1u, { 2ul, 3ul } }, { .y = { [2] = 9ul }, .x = 4u } };
static const u8 order[6] = { 5, 4, [4] = USED, LAST };
static const u64 answer = 42ul;

u64 walk(u32 s, u32 c, u32 i)
{
	u64 r = shapes[s].corner[c].y[i];

	shapes[s].corner[c].y[i] = r + 1ul;
	shapes[s].corner[c].x = (u32)r;
	shapes[s].kind = USED;
	shapes[s].tag = 0xffffu;
	return r;
}

u32 grid(u32 i, u32 j)
{
	matrix[i][j] = matrix[j % 3u][i % 5u] + 1u;
	return matrix[i][j];
}

u64 tables(u32 i, u32 j)
{
	return home[i].y[j] + home[i].x + order[j] + answer;
}

u32 at_literal(void)
{
	origin.y[2] = answer;
	zero_by_name = zero_by_name + 1u;
	return order[5] + 1u + FREE;
}

u32 through(u32 i)
{
	return matrix[2][order[i] % 5u];
}
