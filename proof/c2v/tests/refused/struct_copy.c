#include "../types.h"

struct s {
	u32 a;
};
static struct s x[2];
void f(void)
{
	x[0] = x[1]; /*! whole structure */
}
