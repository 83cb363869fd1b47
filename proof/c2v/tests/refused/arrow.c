#include "../types.h"

struct s {
	u32 x;
};
static struct s a[2];
u32 f(void)
{
	return a->x; /*! `->` */
}
