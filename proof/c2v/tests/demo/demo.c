/* A small program for the test of the tactics (DemoProof.v): ownership of pages under a lock. */
typedef unsigned int u32;
typedef unsigned long u64;

#define NPAGE 64u
#define NONE  0xffffffffu

struct page {
	u32 owner;
	u32 used;
};

static struct page pages[NPAGE];
static u32 n_taken;
static const u32 weight[4] = { 1u, 2u, 4u, 8u };

extern void spin_lock(u32 id);
extern void spin_unlock(u32 id);

static u64 field(u64 d)
{
	return ((d & 0xfffffffff000ul) >> 12) | (1ul << 40);
}

static u32 is_free(u32 i)
{
	u32 r = 0u;

	if (pages[i].owner == 0u && pages[i].used == 0u)
		r = 1u;
	return r;
}

/* The first free page at or above `from`, or NONE. */
static u32 find_free(u32 from)
{
	u32 r = NONE;

	for (u32 i = from; i < NPAGE; i++) {
		u32 ok;

		if (pages[i].used != 0u)
			continue;
		ok = is_free(i);
		if (ok != 0u) {
			r = i;
			break;
		}
	}
	return r;
}

static u32 class_weight(u32 class)
{
	switch (class) {
	case 0u:
	case 1u:
		return weight[class];
	case 2u:
		return weight[3u - 1u];
	default:
		return weight[3];
	}
}

u32 take(u32 owner, u32 from)
{
	u32 i;
	u32 w;

	if (owner == 0u || from >= NPAGE)
		return NONE;
	spin_lock(0u);
	i = find_free(from);
	if (i != NONE) {
		pages[i].owner = owner;
		w = class_weight(owner);
		n_taken += w;
	}
	spin_unlock(0u);
	return i;
}
